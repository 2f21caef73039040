"""Logging in and out. Domain §8."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.declaring import AtTheDoor
from api.http.policies import ANYBODY, AT_THE_DOOR, himself
from api.http.replies import Reply
from api.http.routes import session as doors
from api.http.shapes import Given
from api.pages.answers import go_to, here
from api.pages.declaring import Pages
from api.pages.rendering import outside
from models.access import Session
from models.audit import Act

pages = Pages("door")


class Back(Given):
    """Where he wanted to be, and in which language he reads."""

    next: str | None = Field(default=None, max_length=500)
    language: str | None = Field(default=None, max_length=10)


class LogInForm(doors.LogIn):
    """With where to go then."""

    next: str | None = Field(default=None, max_length=500)


@pages.get("/login", ANYBODY)
def log_in_page(door: AtTheDoor, back: Annotated[Back, Query()]) -> Reply:
    """Where everybody comes in."""
    return outside(door.request, "login.html", next=here(back.next))


@pages.door("/login", AT_THE_DOOR)
def log_in_at_page(door: AtTheDoor, given: LogInForm) -> Reply:
    """Log in; whoever has something to finish first is led there by what he asks for next."""
    asked = doors.LogIn.model_validate(given.model_dump(exclude={"next"}))
    return go_to(here(given.next), cookies=doors.log_in(door, asked).cookies)


@pages.post("/logout", himself(Act.LOGIN, Session, settled=False))
def log_out_at_page(call: Call) -> Reply:
    """Log out."""
    return go_to("/login", cookies=doors.log_out(call).cookies)
