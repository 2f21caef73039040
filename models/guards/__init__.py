"""What the databases refuse by themselves, beyond what the CHECK of one row can see.

A guard is one condition in SQL, stated once and installed on both databases as triggers, so that no
code path, no race and no statement typed by hand gets past it. On SQLite there is one writer at a
time. On PostgreSQL the trigger first locks the rows that the conditions are about, in the one order
(location, practitioner, employee, availability; reliability §3.1), so that its next statement sees
whatever others have committed; for that it insists on READ COMMITTED.

Triggers are no part of a table's definition: SQLite loses them when a migration rebuilds a table. So
a migration takes all of them away first, and `migrations/env.py` installs those of today at its end.
"""

from models.guards.installed import GUARDS, install, outdated, remove
from models.guards.refused import refused_by

__all__ = ["GUARDS", "install", "outdated", "refused_by", "remove"]
