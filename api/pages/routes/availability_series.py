"""Availabilities that come again and again: foreseen, made, and changed from one of them on. Domain §1; RFC 5545."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.policies import everywhere
from api.http.replies import Reply
from api.http.routes import availabilities as single
from api.http.routes import series as api
from api.http.routes import series_changes as parts
from api.pages.answers import go_to
from api.pages.appointments import zones
from api.pages.availabilities import Hours, field_time, offered
from api.pages.declaring import Pages
from api.pages.rendering import render, there
from api.pages.repeating import REPEATS, WEEKDAYS, SeriesForm
from api.pages.routes.availabilities import Prefilled
from api.pages.words import msgid
from models.agenda import Availability, AvailabilitySeries
from models.audit import Act
from scheduler.access import Right
from scheduler.agenda.occurrences import Why
from scheduler.agenda.series_parts import Reach
from scheduler.loading.clock import offset_text

pages = Pages("series")

MANAGE = everywhere(Right.MANAGE_AVAILABILITIES, of=AvailabilitySeries)
ADD = everywhere(Right.MANAGE_AVAILABILITIES, of=AvailabilitySeries, act=Act.CREATE)
LOOK_AT_ONE = everywhere(Right.MANAGE_AVAILABILITIES, of=Availability)
CHANGE = everywhere(Right.MANAGE_AVAILABILITIES, of=Availability, act=Act.UPDATE)

ZERO = timedelta()
WHY = {
    Why.HOLIDAY: msgid("a holiday there"),
    Why.NO_SUCH_TIME: msgid("the clocks are put forward past one of its times"),
    Why.REMOVED: msgid("left out by hand"),
    Why.GONE: msgid("it got another day, or the day was a holiday when the series was made"),
}


class ChangeForm(Hours, parts.ChangedSeries):
    """What it is to be, from here on or all of it; without a rule it keeps its days."""

    reach: Annotated[Reach, Field(default=Reach.FOLLOWING)]


@pages.get("/availabilities/series/new", MANAGE)
def new_series_page(call: Call, known: Annotated[Prefilled, Query()]) -> Reply:
    """The form for a series."""
    one = {**known.model_dump(), "types": [], "modalities": None, "start": "", "end": ""}
    return render(
        call,
        "availabilities/series.html",
        one=one,
        repeats=REPEATS,
        weekdays=WEEKDAYS,
        **offered(call),
    )


@pages.ask("/availabilities/series/preview", MANAGE)
def preview_series_at_page(call: Call, given: SeriesForm) -> Reply:
    """Its days, those that are left out, and when there is no room: before it is made."""
    found = api.preview_series(call, given)
    zone = zones(call, [given.location_id])[given.location_id]
    return render(
        call,
        "availabilities/preview.html",
        found=found,
        offsets=[
            offset_text(there(one.starts_at, zone).utcoffset() or ZERO) for one in found.items
        ],
        rule=given.rule,
        zone=zone,
        why=WHY,
    )


@pages.post("/availabilities/series", ADD)
def add_series_at_page(call: Call, given: SeriesForm) -> Reply:
    """Make it: what is shown next is all that it came to."""
    made = api.add_series(call, given)
    those = {"series_id": made.id, "from_day": made.first_day}
    return go_to(f"/availabilities?{urlencode(those)}")


@pages.get("/availabilities/{availability_id}/series", LOOK_AT_ONE)
def series_page(call: Call, availability_id: UUID) -> Reply:
    """The series that one of them is in, to be changed from there on."""
    one = single.read_availability(call, availability_id)
    its = api.details(call, one.series_id) if one.series_id else None
    return render(
        call,
        "availabilities/whole_series.html",
        one=one,
        its=its,
        why=WHY,
        field_time=field_time,
        **offered(call, [one]),
    )


@pages.post("/availabilities/{availability_id}/series", CHANGE, if_match=True)
def change_series_at_page(call: Call, availability_id: UUID, given: ChangeForm) -> Reply:
    """Change it from there on, or all of it."""
    changed = parts.change_series(call, availability_id, given)
    return go_to(f"/availabilities?{urlencode({'series_id': changed.id})}")
