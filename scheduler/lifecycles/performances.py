"""The life of a performance. Domain §§5, 7.

Nothing is announced: its appointment's events tell of it. There is no step by which a performance
goes away. That of an appointment which is deleted goes with it: held, and so never invoiced, hidden
where its appointment is hidden.
"""

from models import Base
from models.billing import Performance, PerformanceState
from scheduler.lifecycles.face import Lifecycle, Need, Row

HELD, RELEASED, BILLED, SUBMITTED = (
    PerformanceState.HELD,
    PerformanceState.RELEASED,
    PerformanceState.BILLED,
    PerformanceState.SUBMITTED,
)

# A credited one has come to nothing: neither credited twice, nor offered, nor paid to a supplier.
UNCREDITED = Need(
    "performance_credited", "the performance has been credited", lambda it: not it.is_credited
)

PERFORMANCES = Lifecycle(
    "performance",
    PerformanceState,
    Base.metadata.tables[Performance.__tablename__],
    (
        Row("hold", None, HELD, spec="§7"),
        # where nothing is left to be completed: completion writes it, or it stands by itself on a case
        Row("write", None, RELEASED, spec="§5 Completing, §7"),
        # of a performance that has been invoiced; only what is released gets onto an invoice
        Row("refund", None, RELEASED, spec="§5, §7"),
        # another type: its appointment becomes a no-show, or was none after all
        Row("edit", HELD, HELD, spec="§5 No-show"),
        # another day, and the price of that day
        Row("move", HELD, HELD),
        Row("move", RELEASED, RELEASED),
        Row("release", HELD, RELEASED),
        Row("hold_again", RELEASED, HELD),
        Row("bill", RELEASED, BILLED),
        Row("credit", BILLED, BILLED, needs=(UNCREDITED,)),
        Row("submit", BILLED, SUBMITTED, needs=(UNCREDITED,)),
    ),
)
