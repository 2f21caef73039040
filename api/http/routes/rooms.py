"""What the limit of a location leaves at some hours: told while somebody fills in an availability. Domain §3 [001, Limitatie]."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.openings import End, Offset, Start
from api.http.policies import everywhere
from api.http.shapes import Day, Given, View
from models.agenda import Availability, Location
from scheduler.access import Right
from scheduler.agenda.placing import Hours
from scheduler.agenda.room import room

routes = Routes("availabilities")


class Hoped(Given):
    """When, by the clocks there. `apart_from`: an availability that is to be changed into this. `language`: of the holiday."""

    day: Day
    start: Start
    end: End
    start_offset: Offset | None = None
    end_offset: Offset | None = None
    apart_from: UUID | None = None
    language: str = Field(default="nl", max_length=10)


class StretchView(View):
    """A part of it, with as many availabilities at once."""

    starts_at: datetime
    ends_at: datetime
    taken: int


class RoomView(View):
    """`limit`: of availabilities at once, where there is one. `holiday`: its name, where the day is one there."""

    starts_at: datetime
    ends_at: datetime
    limit: int | None
    stretches: list[StretchView]
    holiday: str | None


@routes.ask(
    "/locations/{location_id}/room",
    everywhere(Right.VIEW_AGENDA, Right.MANAGE_AVAILABILITIES, of=Availability),
)
def read_room(call: Call, location_id: UUID, given: Hoped) -> RoomView:
    """How many availabilities take a place at a location between two times of a day.

    Only those count that admit appointments at the location.
    """
    location = call.another(Location, location_id)
    found = room(
        call.session,
        location,
        given.day,
        Hours(given.start, given.end, given.start_offset, given.end_offset),
        language=given.language,
        apart_from=[] if given.apart_from is None else [given.apart_from],
    )
    return RoomView.model_validate(found)
