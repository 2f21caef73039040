"""Calendars that practitioners keep elsewhere: what is read, how that goes, and what collides with it. Domain §6."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.http.calls import Call
from api.http.pages import Paging
from api.http.replies import Reply
from api.http.routes import own_calendars as api
from api.pages.answers import again, go_to
from api.pages.declaring import Pages
from api.pages.listing import further
from api.pages.names import choices, names
from api.pages.rendering import render
from api.pages.words import msgid
from models.agenda import Location
from models.people import Employee, Practitioner
from scheduler.access import Right

pages = Pages("own-calendars")

TROUBLES: Mapping[str, str] = {
    "url_refused": msgid("this address is not allowed"),
    "address_refused": msgid("this address is not allowed"),
    "name_unknown": msgid("nobody knows this name"),
    "connection": msgid("there was no connection"),
    "tls": msgid("its certificate is not right"),
    "timeout": msgid("it took too long"),
    "bad_answer": msgid("it answered what cannot be read"),
    "answer_too_large": msgid("it is too large"),
    "refused": msgid("it was refused there"),
    "gone": msgid("it is there no more"),
    "redirects": msgid("it leads on and on"),
    "no_calendar": msgid("it is no calendar"),
    "cut_short": msgid("only a part of it came"),
    "too_much": msgid("there is too much in it"),
    "unsealable": msgid("its address cannot be opened by the keys there are"),
    "internal": msgid("something went wrong here"),
}
SKIPPED: Mapping[str, str] = {
    "broken": msgid("it cannot be read"),
    "no_start": msgid("it has no start"),
    "unknown_zone": msgid("nobody knows its time zone"),
    "too_often": msgid("it comes too often"),
    "too_long": msgid("it lasts too long"),
}


@pages.get("/own-calendars", api.LOOK)
def own_calendars_page(call: Call, filters: Annotated[api.OwnCalendarFilters, Query()]) -> Reply:
    """All of them, and the form for one more."""
    found = api.list_own_calendars(call, filters)
    return render(
        call,
        "own_calendars/list.html",
        filters=filters,
        found=found,
        next=further(filters, found.next),
        called=names(call, Practitioner, [one.practitioner_id for one in found.items]),
        practitioners=choices(call, Practitioner, Practitioner.archived_at.is_(None)),
        may_see_appointments=call.caller.may(Right.VIEW_APPOINTMENTS),
        troubles=TROUBLES,
        skipped=SKIPPED,
    )


@pages.get("/own-calendars/{own_calendar_id}/colliding-appointments", api.COLLIDING)
def colliding_page(call: Call, own_calendar_id: UUID, paging: Annotated[Paging, Query()]) -> Reply:
    """What is planned while he is busy elsewhere."""
    found = api.list_colliding_appointments(call, own_calendar_id, paging)
    return render(
        call,
        "own_calendars/colliding.html",
        found=found,
        next=further(paging, found.next),
        called=names(call, Employee, [one.employee_id for one in found.items]),
        places=names(call, Location, [one.location_id for one in found.items]),
    )


@pages.post("/own-calendars", api.ADD)
def add_own_calendar_at_page(call: Call, given: api.NewOwnCalendar) -> Reply:
    """Read it from now on."""
    api.add_own_calendar(call, given)
    return go_to("/own-calendars")


@pages.post("/own-calendars/{own_calendar_id}/read-again", api.CHANGE, if_match=True)
def read_own_calendar_again_at_page(call: Call, own_calendar_id: UUID) -> Reply:
    """Now."""
    api.read_own_calendar_again(call, own_calendar_id)
    return again()


@pages.post("/own-calendars/{own_calendar_id}/remove", api.REMOVE, if_match=True)
def remove_own_calendar_at_page(call: Call, own_calendar_id: UUID) -> Reply:
    """Read it no more."""
    api.remove_own_calendar(call, own_calendar_id)
    return go_to("/own-calendars")
