"""Absences: who is away when; the appointments in one are told before anything happens to them. Domain §3."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.leaving import Confirmed
from api.http.openings import Start
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.replies import Reply
from api.http.routes import absences as api
from api.http.shapes import Day, Line
from api.pages.answers import go_to
from api.pages.declaring import Pages
from api.pages.forms import shaped
from api.pages.listing import further
from api.pages.names import choices, names
from api.pages.rendering import render, there
from models.audit import Act
from models.people import Absence, Practitioner
from scheduler.access import Right
from scheduler.agenda.overview import zones
from scheduler.loading.days import midnight

pages = Pages("absences")

MANAGE = everywhere(Right.MANAGE_ABSENCES, of=Absence)
ADD = everywhere(Right.MANAGE_ABSENCES, of=Absence, act=Act.CREATE)
CHANGE = everywhere(Right.MANAGE_ABSENCES, of=Absence, act=Act.UPDATE)
REMOVE = everywhere(Right.MANAGE_ABSENCES, of=Absence, act=Act.DELETE)
A_DAY = timedelta(days=1)
A_MINUTE = timedelta(minutes=1)
MIDNIGHT = time()


class ListFilters(Paging):
    """Whose, and when. `until_day` is among the days."""

    practitioner_id: UUID | None = None
    from_day: Day | None = None
    until_day: Day | None = None


class AwayForm(Confirmed):
    """Who is away, from when until when: whole days, unless a time is given."""

    practitioner_id: UUID
    first_day: Day
    first_time: Annotated[Start, Field(default=0)]
    last_day: Day
    last_time: Annotated[Start, Field(default=0)]
    """Midnight is the end of the last day."""
    remark: Line | None = None

    def as_absence(self, zone: str) -> api.NewAbsence:
        """By the clocks of most locations; where they show a time twice, as long as it can be."""
        last = self.last_day + (timedelta() if self.last_time else A_DAY)
        begins = datetime.combine(self.first_day, MIDNIGHT, ZoneInfo(zone))
        ends = datetime.combine(last, MIDNIGHT, ZoneInfo(zone))
        begins = (begins + self.first_time * A_MINUTE).replace(fold=0)
        ends = (ends + self.last_time * A_MINUTE).replace(fold=1)
        same = self.model_dump(include={"practitioner_id", "remark", "confirm"})
        times = {"starts_at": _instant(begins), "ends_at": _instant(ends)}
        return shaped(api.NewAbsence, same | times)


@pages.get("/absences", api.LOOK)
def absences_page(call: Call, filters: Annotated[ListFilters, Query()]) -> Reply:
    """From today on, unless something else is asked for."""
    zone = _zone(call)
    if not (filters.from_day or filters.until_day):
        filters.from_day = call.now.astimezone(ZoneInfo(zone)).date()
    same = filters.model_dump(exclude={"from_day", "until_day"}, exclude_none=True)
    if filters.from_day is not None:
        same["ends_after"] = midnight(zone, filters.from_day).isoformat()
    if filters.until_day is not None:
        same["starts_before"] = midnight(zone, filters.until_day + A_DAY).isoformat()
    found = api.list_absences(call, shaped(api.AbsenceFilters, same))
    return render(
        call,
        "absences/list.html",
        filters=filters,
        found=found,
        next=further(filters, found.next),
        called=names(call, Practitioner, [one.practitioner_id for one in found.items]),
        times={one.id: _times(one, zone) for one in found.items},
        **_choices(call),
    )


@pages.get("/absences/new", MANAGE)
def new_absence_page(call: Call) -> Reply:
    """The form for one."""
    return render(call, "absences/form.html", one=None, times={}, **_choices(call))


@pages.get("/absences/{absence_id}", MANAGE)
def absence_page(call: Call, absence_id: UUID) -> Reply:
    """One of them, to be changed or removed."""
    one = api.read_absence(call, absence_id)
    return render(
        call, "absences/form.html", one=one, times=_times(one, _zone(call)), **_choices(call)
    )


@pages.post("/absences", ADD)
def add_absence_at_page(call: Call, given: AwayForm) -> Reply:
    """Enter it."""
    api.add_absence(call, given.as_absence(_zone(call)))
    return go_to(f"/absences?from_day={given.first_day}")


@pages.post("/absences/{absence_id}/change", CHANGE, if_match=True)
def change_absence_at_page(call: Call, absence_id: UUID, given: AwayForm) -> Reply:
    """Make another of it."""
    api.change_absence(call, absence_id, given.as_absence(_zone(call)))
    return go_to(f"/absences?from_day={given.first_day}")


@pages.post("/absences/{absence_id}/remove", REMOVE, if_match=True)
def remove_absence_at_page(call: Call, absence_id: UUID) -> Reply:
    """He is there after all."""
    api.remove_absence(call, absence_id)
    return go_to("/absences")


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _zone(call: Call) -> str:
    """The clocks on which absences are told: those of most locations."""
    return zones(call.session, None)[0]


def _choices(call: Call) -> dict[str, Any]:
    return {
        "practitioners": choices(call, Practitioner, Practitioner.archived_at.is_(None)),
        "may_manage": call.caller.may(Right.MANAGE_ABSENCES),
    }


def _times(one: api.AbsenceView, zone: str) -> dict[str, Any]:
    """As the form has them; a last day that is whole is told as a day."""
    begins, ends = there(one.starts_at, zone), there(one.ends_at, zone)
    whole = ends.time() == MIDNIGHT
    return {
        "first_day": begins.date(),
        "first_time": "" if begins.time() == MIDNIGHT else f"{begins:%H:%M}",
        "last_day": (ends - A_DAY).date() if whole else ends.date(),
        "last_time": "" if whole else f"{ends:%H:%M}",
    }
