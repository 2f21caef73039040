"""What the limit of a location leaves, and what the clocks do that day: told while somebody types. Domain §§2-3 [001, Limitatie]."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.http.calls import Call
from api.http.openings import Offset, Start
from api.http.replies import Reply
from api.http.routes import rooms
from api.http.routes.availabilities import LOOK
from api.http.shapes import Day, Given
from api.pages.appointments import zones
from api.pages.availabilities import EndOfDay
from api.pages.declaring import Pages
from api.pages.rendering import reader, render
from scheduler.loading.clock import AmbiguousTimeError, offset_text
from scheduler.refusals import Refusal, RefusedError

pages = Pages("availabilities")


class Typed(Given):
    """As far as it has been filled in. `apart_from`: the availability that is changed."""

    location_id: UUID | None = None
    day: Day | None = None
    start: Start | None = None
    end: EndOfDay | None = None
    start_offset: Offset | None = None
    end_offset: Offset | None = None
    apart_from: UUID | None = None


@pages.get("/availabilities/room", LOOK)
def room_page(call: Call, typed: Annotated[Typed, Query()]) -> Reply:
    """What is known of the day and the hours that have been filled in so far."""
    found: rooms.RoomView | None = None
    against: Sequence[Refusal] = ()
    twice: Sequence[Refusal] = ()
    if not {None} & {typed.location_id, typed.day, typed.start, typed.end}:
        found, against = _asked(call, typed, {})
        twice = [one for one in against if one.code == AmbiguousTimeError.code]
        if said := _said(typed, twice):
            found, against = _asked(call, typed, said)
    return render(
        call,
        "availabilities/room.html",
        room=found,
        zone=zones(call, [typed.location_id]).get(typed.location_id) if typed.location_id else None,
        against=against,
        twice=[(one, getattr(typed, _field(one))) for one in twice],
        offset_text=offset_text,
    )


def _asked(
    call: Call, typed: Typed, said: dict[str, timedelta]
) -> tuple[rooms.RoomView | None, Sequence[Refusal]]:
    """The room, or what is wrong with the hours."""
    assert typed.location_id is not None  # noqa: S101 (for mypy: it was filled in)
    told = typed.model_dump(include={"day", "start", "end", "apart_from"})
    hoped = rooms.Hoped.model_construct(None, **told, **said, language=reader(call).language.code)
    try:
        return rooms.read_room(call, typed.location_id, hoped), ()
    except RefusedError as error:
        return None, error.refusals


def _said(typed: Typed, twice: Sequence[Refusal]) -> dict[str, timedelta]:
    """Of the times that come twice, which is meant; nothing as long as one of them was not said."""
    found = {_field(one): getattr(typed, _field(one)) for one in twice}
    return found if found and None not in found.values() else {}


def _field(one: Refusal) -> str:
    return f"{one.params['field']}_offset"
