"""By whom and where: functions, practitioners, locations. Domain §§1-3."""

from collections.abc import Iterable

from sqlalchemy import false, select

from models.access import Account, AccountKind
from models.agenda import Availability, Location
from models.appointments import Appointment
from models.people import Function, Practitioner
from scheduler.booking.locks import Concerned
from scheduler.records import places
from scheduler.records.ahead import Ahead
from scheduler.records.lists import Listed
from scheduler.records.record import Draft, Record
from scheduler.refusals import Refusal

DAYS_SHIFT = "days_would_shift"
NO_PERSON = "account_of_a_program"

AT_LOCATION = Ahead(
    lambda key: Availability.location_id == key, lambda key: Appointment.location_id == key
)
WITH_PRACTITIONER = Ahead(
    lambda key: Availability.practitioner_id == key, lambda key: Appointment.practitioner_id == key
)


def days_stay(draft: Draft) -> Iterable[Refusal]:
    """Of what lies ahead there, no day becomes another, or a holiday. Domain §2."""
    names = [one for one in ("country", "subdivision", "time_zone") if draft.changes(one)]
    if draft.key is not None and names:
        yield from AT_LOCATION.refusals(
            draft.session, draft.key, now=draft.now, seen=false(), code=DAYS_SHIFT, fields=names
        )


def account_of_a_person(draft: Draft) -> Iterable[Refusal]:
    """A practitioner logs in as a user, not as a program."""
    key = draft.after.get("account_id")
    if key is None or not draft.gets("account_id"):
        return
    kind = draft.session.scalar(select(Account.kind).where(Account.id == key))
    if kind is AccountKind.API:
        yield Refusal(NO_PERSON, {"field": "account_id"})


FUNCTION = Record(table=Function)
PRACTITIONER = Record(
    table=Practitioner,
    lists=(Listed("functions", "practitioner_functions", "practitioner_id", ("function_id",)),),
    checks=(account_of_a_person,),
    locked=lambda key: Concerned(practitioners=[key]),
    ahead=WITH_PRACTITIONER,
)
LOCATION = Record(
    table=Location,
    checks=(places.country, places.time_zone, places.point, days_stay),
    locked=lambda key: Concerned(locations=[key]),
    ahead=AT_LOCATION,
)
