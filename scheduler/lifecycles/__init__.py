"""What may become of a request, an appointment, a performance: one table each. Domain §5.

`menu` says what is offered, `advance` and `begin` do it, by the same table. Nothing else sets a state.
"""

from scheduler.lifecycles.advancing import OutdatedError, Step, advance, begin
from scheduler.lifecycles.appointments import APPOINTMENTS
from scheduler.lifecycles.aside import put_back, set_aside
from scheduler.lifecycles.face import Lifecycle, Need, Row, Situation
from scheduler.lifecycles.history import Happened, happened, told
from scheduler.lifecycles.menu import MESSAGES, NOT_ALLOWED, menu, reasons_against
from scheduler.lifecycles.performances import PERFORMANCES
from scheduler.lifecycles.requests import REQUESTS
from scheduler.lifecycles.situations import CREDITED, situations

__all__ = [
    "APPOINTMENTS",
    "CREDITED",
    "MESSAGES",
    "NOT_ALLOWED",
    "PERFORMANCES",
    "REQUESTS",
    "Happened",
    "Lifecycle",
    "Need",
    "OutdatedError",
    "Row",
    "Situation",
    "Step",
    "advance",
    "begin",
    "happened",
    "menu",
    "put_back",
    "reasons_against",
    "set_aside",
    "situations",
    "told",
]
