"""Availabilities: the list by day, and one of them, opened, changed, removed. Domain §§1-3."""

from datetime import timedelta
from itertools import groupby
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query

from api.http.calls import Call
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.replies import Reply
from api.http.routes import availabilities as api
from api.http.routes import series
from api.http.routes import series_changes as parts
from api.http.shapes import Day, Given
from api.pages.answers import go_to
from api.pages.availabilities import Hours, called, field_time, offered
from api.pages.declaring import Pages
from api.pages.forms import shaped
from api.pages.listing import further
from api.pages.rendering import render
from models.agenda import Availability
from models.audit import Act
from scheduler.access import Right
from scheduler.agenda.overview import zones
from scheduler.loading.days import midnight

pages = Pages("availabilities")

ADD = everywhere(Right.MANAGE_AVAILABILITIES, of=Availability, act=Act.CREATE)
CHANGE = everywhere(Right.MANAGE_AVAILABILITIES, of=Availability, act=Act.UPDATE)
REMOVE = everywhere(Right.MANAGE_AVAILABILITIES, of=Availability, act=Act.DELETE)
MANAGE = everywhere(Right.MANAGE_AVAILABILITIES, of=Availability)
A_DAY = timedelta(days=1)


class ListFilters(Paging):
    """Whose, where, when. `until_day` is among the days."""

    practitioner_id: UUID | None = None
    location_id: UUID | None = None
    series_id: UUID | None = None
    from_day: Day | None = None
    until_day: Day | None = None


class OpenForm(Hours, api.NewAvailability):
    """A new one, as the form sends it."""


class ChangeForm(Hours, api.ChangedAvailability):
    """What it is to be."""


class Prefilled(Given):
    """What is known already."""

    practitioner_id: UUID | None = None
    location_id: UUID | None = None
    day: Day | None = None


# --- Looked at ------------------------------------------------------------------------------------------


@pages.get("/availabilities", api.LOOK)
def availabilities_page(call: Call, filters: Annotated[ListFilters, Query()]) -> Reply:
    """By day; from today on, unless something else is asked for."""
    zone = zones(call.session, filters.location_id)[0]
    if not (filters.from_day or filters.until_day or filters.series_id):
        filters.from_day = call.now.astimezone(ZoneInfo(zone)).date()
    found = api.list_availabilities(call, _asked(filters, zone))
    return render(
        call,
        "availabilities/list.html",
        filters=filters,
        by_day=[(day, list(those)) for day, those in groupby(found.items, lambda one: one.day)],
        next=further(filters, found.next),
        called=called(call, found.items),
        **offered(call),
    )


def _asked(filters: ListFilters, zone: str) -> api.AvailabilityFilters:
    same = filters.model_dump(exclude={"from_day", "until_day"}, exclude_none=True)
    if filters.from_day is not None:
        same["ends_after"] = midnight(zone, filters.from_day).isoformat()
    if filters.until_day is not None:
        same["starts_before"] = midnight(zone, filters.until_day + A_DAY).isoformat()
    return shaped(api.AvailabilityFilters, same)


@pages.get("/availabilities/new", MANAGE)
def new_availability_page(call: Call, known: Annotated[Prefilled, Query()]) -> Reply:
    """The form for one."""
    return render(
        call,
        "availabilities/new.html",
        one={**known.model_dump(), "types": [], "modalities": None, "start": "", "end": ""},
        **offered(call),
    )


@pages.get("/availabilities/{availability_id}", api.LOOK)
def availability_page(call: Call, availability_id: UUID) -> Reply:
    """One of them, to be changed."""
    one = api.read_availability(call, availability_id)
    return render(
        call,
        "availabilities/one.html",
        one=one,
        rule=series.read_series(call, one.series_id).rule if one.series_id else None,
        called=called(call, [one]),
        field_time=field_time,
        **offered(call, [one]),
    )


@pages.get("/availabilities/{availability_id}/removal", MANAGE)
def removal_form(call: Call, availability_id: UUID) -> Reply:
    """How far it goes, and what becomes of the appointments in it."""
    one = api.read_availability(call, availability_id)
    return render(call, "availabilities/remove.html", one=one, called=called(call, [one]))


# --- Changed --------------------------------------------------------------------------------------------


@pages.post("/availabilities", ADD)
def add_availability_at_page(call: Call, given: OpenForm) -> Reply:
    """Open it: what is shown next is its day."""
    return _day(api.add_availability(call, given))


@pages.post("/availabilities/{availability_id}/change", CHANGE, if_match=True)
def change_availability_at_page(call: Call, availability_id: UUID, given: ChangeForm) -> Reply:
    """Make another one of it."""
    return _day(api.change_availability(call, availability_id, given))


@pages.post("/availabilities/{availability_id}/remove", REMOVE, if_match=True)
def remove_availability_at_page(
    call: Call, availability_id: UUID, given: parts.RemovedSeries
) -> Reply:
    """Take it away, or it and those of its series that follow, or all."""
    one = api.read_availability(call, availability_id)
    parts.remove_series(call, availability_id, given)
    return _day(one)


def _day(one: api.AvailabilityView) -> Reply:
    those = {"from_day": one.day, "practitioner_id": one.practitioner_id}
    return go_to(f"/availabilities?{urlencode(those)}")
