"""When practitioners are busy, by the calendars that they keep elsewhere: fetched, read for some months ahead, kept as times without a word.

- `fetching`: through the one way out, each redirect looked at like the first address.
- `reading`: RFC 5545, event by event: what is broken is told by its line, and the rest is kept.
- `child`: the same in a process that may neither hang nor grow.
- `importing`: which are to be read again, and what is kept of them.
"""

from notifications.own_calendars.importing import Importer, Told

__all__ = ["Importer", "Told"]
