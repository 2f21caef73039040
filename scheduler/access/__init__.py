"""Who is there, what he may do, and for whom. Domain §8, reliability §3.9.

`door` and `api_door` let people and programs in, `sessions` knows them again, and a `Caller` is what
they are to every command: his rights from the role, his part of the organisation from the group,
both read from the database at each call. What he may see is a condition in SQL (`visible`).
"""

from scheduler.access.caller import Caller, operator
from scheduler.access.rights import Right
from scheduler.access.scope import Scope
from scheduler.access.visible import visible

__all__ = ["Caller", "Right", "Scope", "operator", "visible"]
