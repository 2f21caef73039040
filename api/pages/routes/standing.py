"""Appointments in the way of a change, told by when and whose they are, where the refusal stands."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.replies import Reply
from api.http.shapes import Given
from api.pages.appointments import known
from api.pages.declaring import Pages
from api.pages.rendering import render
from models.appointments import Appointment
from scheduler.access import Right

pages = Pages("standing")

LOOK = by_right(Right.VIEW_APPOINTMENTS, Right.CANCEL_APPOINTMENTS, of=Appointment)
MOST = 50
KEY = "[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}"


class Those(Given):
    """By their keys, with commas between: a parameter is given once (T2)."""

    ids: str = Field(pattern=rf"^{KEY}(,{KEY}){{0,{MOST - 1}}}$")


@pages.get("/standing", LOOK)
def standing_appointments(call: Call, those: Annotated[Those, Query()]) -> Reply:
    """Those that are yours to see."""
    keys = [UUID(key) for key in those.ids.split(",")]
    asked = Paging(page_size=MOST)
    found, _ = call.rows(Appointment, asked, Appointment.id.in_(keys), by=(Appointment.starts_at,))
    return render(call, "standing.html", appointments=found, known=known(call, found))
