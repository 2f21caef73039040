"""Availabilities: the blocks of time in which appointments are planned. Domain §§1-3; reliability T23."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.leaving import Confirmed, leave
from api.http.openings import Offset, Opening, OpeningView, shown
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.shapes import Day, Instant, Line, Page
from models.agenda import Availability
from models.audit import Act
from models.instants import LONGEST
from scheduler.access import Right
from scheduler.agenda import availabilities, blocks
from scheduler.agenda.availabilities import Opened

routes = Routes("availabilities")

LOOK = everywhere(Right.VIEW_AGENDA, Right.MANAGE_AVAILABILITIES, of=Availability)
STANDING = Availability.removed_at.is_(None)


class AvailabilityFilters(Paging):
    """Which availabilities. Those that are open at some moment between `ends_after` and `starts_before`."""

    practitioner_id: UUID | None = None
    location_id: UUID | None = None
    series_id: UUID | None = None
    ends_after: Instant | None = None
    starts_before: Instant | None = None
    removed: bool = Field(default=False, description="with those that were removed")


class AvailabilityView(OpeningView):
    """A block of time of one practitioner at one location. `day`, `start` and `end`: by the clocks there."""

    reference: str | None
    series_id: UUID | None
    day: date
    starts_at: datetime
    ends_at: datetime
    removed_at: datetime | None


class NewAvailability(Opening):
    """A block of time on one day.

    A time that the clocks of the location skip on that day is refused (`nonexistent_local_time`), and so is
    one that they show twice (`ambiguous_local_time`), unless its offset from UTC says which is meant.
    """

    day: Day
    start_offset: Offset | None = None
    end_offset: Offset | None = None
    reference: Line | None = None

    def as_opened(self) -> Opened:
        return Opened(
            offer=self.as_offer(),
            day=self.day,
            start_offset=self.start_offset,
            end_offset=self.end_offset,
            reference=self.reference,
        )


class ChangedAvailability(NewAvailability, Confirmed):
    """What it is to be, as a whole. Hours that stay as they are need no offset."""


@routes.get("/availabilities", LOOK)
def list_availabilities(
    call: Call, filters: Annotated[AvailabilityFilters, Query()]
) -> Page[AvailabilityView]:
    """Availabilities, by their time."""
    one = Availability
    equal = {
        one.practitioner_id: filters.practitioner_id,
        one.location_id: filters.location_id,
        one.series_id: filters.series_id,
    }
    conditions = [column == wanted for column, wanted in equal.items() if wanted is not None]
    if filters.ends_after is not None:
        # nothing lasts longer: the lower bound keeps the search short
        since = one.starts_at > filters.ends_after - LONGEST
        conditions += [one.ends_at > filters.ends_after, since]
    if filters.starts_before is not None:
        conditions.append(one.starts_at < filters.starts_before)
    if not filters.removed:
        conditions.append(STANDING)
    found, following = call.rows(one, filters, *conditions, by=(one.starts_at,))
    return Page(items=_views(call, found), next=following)


@routes.get("/availabilities/{availability_id}", LOOK)
def read_availability(call: Call, availability_id: UUID) -> AvailabilityView:
    """One of them, even if it was removed."""
    return _views(call, [call.one(Availability, availability_id)])[0]


@routes.post(
    "/availabilities",
    everywhere(Right.MANAGE_AVAILABILITIES, of=Availability, act=Act.CREATE),
    status=201,
)
def add_availability(call: Call, given: NewAvailability) -> AvailabilityView:
    """Open a block of time, within the limit of its location."""
    key = availabilities.add(call.session, given.as_opened(), now=call.now)
    return _views(call, [call.another(Availability, key)])[0]


@routes.put(
    "/availabilities/{availability_id}",
    everywhere(Right.MANAGE_AVAILABILITIES, of=Availability, act=Act.UPDATE),
    if_match=True,
)
def change_availability(
    call: Call, availability_id: UUID, given: ChangedAvailability
) -> AvailabilityView:
    """Make another block of it.

    Planned appointments that it would leave without a place are listed (`disturbs_appointments`), and
    cancelled once that is confirmed. Where some of them are not yours to see, only somebody who sees them
    can confirm. One of a series stays with it, unless it gets another day.
    """
    row = call.one(Availability, availability_id, STANDING)
    with leave(call, confirmed=given.confirm) as given_leave:
        availabilities.change(
            call.session,
            row.id,
            row.version,
            given.as_opened(),
            leave=given_leave,
            by=call.by,
            now=call.now,
        )
    return _views(call, [row])[0]


@routes.post(
    "/availabilities/{availability_id}/remove",
    everywhere(Right.MANAGE_AVAILABILITIES, of=Availability, act=Act.DELETE),
    if_match=True,
    status=204,
)
def remove_availability(call: Call, availability_id: UUID, given: Confirmed) -> None:
    """Take it away: of a series, leave this one out.

    Planned appointments in it are listed, and cancelled once that is confirmed, as by a change.
    """
    row = call.one(Availability, availability_id, STANDING)
    with leave(call, confirmed=given.confirm) as given_leave:
        availabilities.remove(
            call.session, row.id, row.version, leave=given_leave, by=call.by, now=call.now
        )


def _views(call: Call, found: Sequence[Availability]) -> list[AvailabilityView]:
    types = blocks.types_of(call.session, [one.id for one in found])
    return [
        AvailabilityView(
            **shown(one, types[one.id]),
            reference=one.reference,
            series_id=one.series_id,
            day=one.day,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            removed_at=one.removed_at,
        )
        for one in found
    ]
