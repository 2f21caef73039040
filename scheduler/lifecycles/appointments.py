"""The life of an appointment: the menu of domain §5, as a table."""

from models import Base
from models.appointments import Appointment, AppointmentState
from models.billing import PerformanceState
from scheduler.lifecycles.face import Lifecycle, Need, Row, Situation
from scheduler.topics import Topic

DRAFT, PLANNED, COMPLETED, LAPSED, CANCELLED, DELETED = (
    AppointmentState.DRAFT,
    AppointmentState.PLANNED,
    AppointmentState.COMPLETED,
    AppointmentState.LAPSED,
    AppointmentState.CANCELLED,
    AppointmentState.DELETED,
)

# --- What a step needs --------------------------------------------------------------------------------


def is_submitted(performance: Situation) -> bool:
    """Billed counts as submitted until it is credited. Domain §5."""
    if performance.state == PerformanceState.BILLED:
        return not performance.is_credited
    return performance.state == PerformanceState.SUBMITTED


def is_held(performance: Situation) -> bool:
    """One that was credited counts no more: its money came back, and it stays as it is."""
    if performance.state == PerformanceState.BILLED:
        return performance.is_credited
    return performance.state == PerformanceState.HELD


ALL_HELD = Need(
    "performance_released",
    "it has a performance that is no longer held",
    lambda it: all(is_held(performance) for performance in it.performances),
)
NONE_SUBMITTED = Need(
    "performance_submitted",
    "its performance is on an invoice: all that can be done is to mark it lapsed",
    lambda it: not any(is_submitted(performance) for performance in it.performances),
)
ONE_SUBMITTED = Need(
    "performance_not_submitted",
    "none of its performances is on an invoice: delete it, or undo its completion",
    lambda it: any(is_submitted(performance) for performance in it.performances),
)
NO_NO_SHOW = Need("is_no_show", "it is a no-show: correct that first", lambda it: not it.is_no_show)
A_NO_SHOW = Need("is_not_no_show", "it is no no-show", lambda it: it.is_no_show)

# --- The table ----------------------------------------------------------------------------------------

APPOINTMENTS = Lifecycle(
    "appointment",
    AppointmentState,
    Base.metadata.tables[Appointment.__tablename__],
    (
        Row("book", None, PLANNED, announces=Topic.APPOINTMENT_PLANNED),
        Row("draft", None, DRAFT, announces=Topic.APPOINTMENT_DRAFTED),
        Row("report_ad_hoc", None, PLANNED, announces=Topic.APPOINTMENT_REPORTED),
        # what another system knew already is no news
        Row("take_over", None, PLANNED, spec="an import"),
        Row("take_over_completed", None, COMPLETED, spec="an import"),
        Row("edit", DRAFT, DRAFT, announces=Topic.APPOINTMENT_CHANGED),
        Row("edit", PLANNED, PLANNED, (ALL_HELD,), Topic.APPOINTMENT_CHANGED),
        Row("plan", DRAFT, PLANNED, announces=Topic.APPOINTMENT_PLANNED),
        Row(
            "mark_as_draft",
            PLANNED,
            DRAFT,
            (ALL_HELD, NO_NO_SHOW),
            Topic.APPOINTMENT_MARKED_AS_DRAFT,
        ),
        Row("complete", PLANNED, COMPLETED, (ALL_HELD,), Topic.APPOINTMENT_COMPLETED),
        Row(
            "undo_completion",
            COMPLETED,
            PLANNED,
            (NONE_SUBMITTED,),
            Topic.APPOINTMENT_COMPLETION_UNDONE,
        ),
        Row("reschedule", DRAFT, DRAFT, announces=Topic.APPOINTMENT_MOVED),
        Row("reschedule", PLANNED, PLANNED, (ALL_HELD,), Topic.APPOINTMENT_MOVED),
        Row("reschedule", COMPLETED, COMPLETED, (NONE_SUBMITTED,), Topic.APPOINTMENT_MOVED),
        Row("delete", DRAFT, DELETED, announces=Topic.APPOINTMENT_DELETED),
        Row("delete", PLANNED, DELETED, (ALL_HELD,), Topic.APPOINTMENT_DELETED),
        Row("delete", COMPLETED, DELETED, (NONE_SUBMITTED,), Topic.APPOINTMENT_DELETED),
        Row("cancel", DRAFT, CANCELLED, (), Topic.APPOINTMENT_CANCELLED, asks_reason=True),
        Row(
            "cancel",
            PLANNED,
            CANCELLED,
            (ALL_HELD, NO_NO_SHOW),
            Topic.APPOINTMENT_CANCELLED,
            asks_reason=True,
        ),
        Row("no_show", PLANNED, PLANNED, (ALL_HELD, NO_NO_SHOW), Topic.APPOINTMENT_MISSED),
        Row(
            "correct_no_show",
            PLANNED,
            PLANNED,
            (ALL_HELD, A_NO_SHOW),
            Topic.APPOINTMENT_NO_SHOW_CORRECTED,
        ),
        Row(
            "mark_lapsed",
            COMPLETED,
            LAPSED,
            (ONE_SUBMITTED,),
            Topic.APPOINTMENT_LAPSED,
            asks_reason=True,
        ),
    ),
)
