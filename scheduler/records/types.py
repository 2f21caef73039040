"""Of what kind: consultation types and kinds of case. Domain §§1, 3, 5."""

from collections.abc import Iterable

from sqlalchemy import select

from models.agenda import Availability, AvailabilityType
from models.appointments import Appointment
from models.consultations import CaseKind, ConsultationType
from scheduler.records.ahead import Ahead
from scheduler.records.lists import Listed
from scheduler.records.record import Draft, Record
from scheduler.refusals import Refusal
from solver.minutes import MINUTES_PER_DAY

TOO_LONG = "longer_than_a_day"
CALLS_AGAIN = "calls_again"


def fits_a_day(draft: Draft) -> Iterable[Refusal]:
    """With its buffer it fits into a day: no availability is longer (`fits`, domain §3)."""
    minutes = draft.after["duration"] + draft.after["buffer"]
    if minutes > MINUTES_PER_DAY:
        yield Refusal(TOO_LONG, {"field": "buffer", "minutes": minutes, "most": MINUTES_PER_DAY})


def called_again(draft: Draft) -> Iterable[Refusal]:
    """Only a no-show is followed by another call. Domain §5 [000 §3.1.11]."""
    if draft.after["calls_again"] and not draft.after["is_no_show"]:
        yield Refusal(CALLS_AGAIN, {"field": "calls_again"})


CASE_KIND = Record(table=CaseKind)
CONSULTATION_TYPE = Record(
    table=ConsultationType,
    lists=(
        Listed(
            "functions", "consultation_type_functions", "consultation_type_id", ("function_id",)
        ),
        Listed("names", "consultation_type_names", "consultation_type_id", ("language", "name")),
    ),
    checks=(fits_a_day, called_again),
    ahead=Ahead(
        lambda key: Availability.id.in_(
            select(AvailabilityType.availability_id).where(
                AvailabilityType.consultation_type_id == key
            )
        ),
        lambda key: Appointment.consultation_type_id == key,
    ),
)
