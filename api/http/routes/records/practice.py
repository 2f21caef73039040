"""By whom and where: functions, practitioners, locations. Domain §§1-3."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from api.http.declaring import Routes
from api.http.keeping import Keeping, KeptFilters
from api.http.keeping_routes import keep
from api.http.routes.records.shapes import AddressGiven, AddressView, RecordView
from api.http.shapes import Given, Line, Short
from models.access import Account
from models.agenda import Location
from models.people import Function, Practitioner
from scheduler import records
from scheduler.access import Right

routes = Routes("practice")

MOST_FUNCTIONS = 50


class FunctionGiven(Given):
    """What a practitioner is."""

    code: Short = Field(examples=["company-doctor"])
    name: Line = Field(examples=["Company doctor"])


class FunctionView(RecordView):
    """What a practitioner is: company doctor, nurse, ..."""

    code: str
    name: str


class PractitionerGiven(Given):
    """Who holds appointments. `score`: the higher, the sooner chosen. `account_id`: by which he logs in."""

    name: Line = Field(examples=["Practitioner 1"])
    reference: Line | None = None
    score: int = Field(default=0, strict=True, ge=0, le=1_000)
    account_id: UUID | None = None
    functions: list[UUID] = Field(default=[], max_length=MOST_FUNCTIONS)


class PractitionerView(RecordView):
    """Who holds appointments."""

    name: str
    reference: str | None
    score: int
    account_id: UUID | None
    functions: list[UUID]
    archived_at: datetime | None


class LocationGiven(AddressGiven):
    """Where consultations are held. `capacity`: in parallel; nothing where there is no limit.

    A lower capacity than what stands there is allowed: what stands stays. Country, subdivision and time zone
    change only while nothing lies ahead there.
    """

    name: Line = Field(examples=["Location 1"])
    reference: Line | None = None
    subdivision: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,10}$")] | None = Field(
        default=None, description="ISO 3166-2 without its country", examples=["NH"]
    )
    time_zone: Short = Field(examples=["Europe/Amsterdam"])
    capacity: int | None = Field(default=None, strict=True, ge=0, le=10_000)


class LocationView(AddressView):
    """Where consultations are held. `capacity`: nothing where there is no limit."""

    name: str
    reference: str | None
    subdivision: str | None
    time_zone: str
    capacity: int | None
    archived_at: datetime | None


FUNCTIONS = keep(
    routes,
    Keeping(
        record=records.FUNCTION,
        one="function",
        many="functions",
        view=FunctionView,
        given=FunctionGiven,
        look=(Right.VIEW_AGENDA, Right.MANAGE_TYPES),
        manage=Right.MANAGE_PRACTITIONERS,
        by=(Function.name,),
        search=(Function.name, Function.code),
    ),
)
PRACTITIONERS = keep(
    routes,
    Keeping(
        record=records.PRACTITIONER,
        one="practitioner",
        many="practitioners",
        view=PractitionerView,
        given=PractitionerGiven,
        look=(Right.VIEW_AGENDA,),
        manage=Right.MANAGE_PRACTITIONERS,
        by=(Practitioner.name,),
        search=(Practitioner.name, Practitioner.reference),
        filters=KeptFilters,
        refers={"account_id": Account},
    ),
)
LOCATIONS = keep(
    routes,
    Keeping(
        record=records.LOCATION,
        one="location",
        many="locations",
        view=LocationView,
        given=LocationGiven,
        look=(Right.VIEW_AGENDA,),
        manage=Right.MANAGE_LOCATIONS,
        by=(Location.name,),
        search=(Location.name, Location.reference),
        filters=KeptFilters,
    ),
)
