"""Where whoever is invited to an appointment says whether he comes, by the link in the mail. Domain §6.

Whoever has the link has the mail: there is no log-in. That it is opened answers nothing, since mail programs open
links by themselves; the answer is sent. Declining cancels nothing: a planner decides.
"""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from api.http.declaring import AtTheDoor
from api.http.links import watched_link
from api.http.policies import ANYBODY, AT_THE_DOOR
from api.http.replies import Reply
from api.http.sending import ANSWER
from api.http.shapes import Given, Text
from api.languages import language as spoken_as
from api.pages.appointments import ANSWERS
from api.pages.declaring import Pages
from api.pages.rendering import outside
from models.agenda import Location
from models.audit import Act
from models.database import reading, retried, writing
from models.messages import REMARK, Answer, Invitation, InvitationAnswer
from models.people import Practitioner
from notifications.mail.inviting import addressee_of, where
from notifications.mail.values import language_of
from scheduler import invitations
from scheduler.actor import NOBODY
from scheduler.audit import Entry, Origin, record
from scheduler.invitations import AtTheLink

pages = Pages("answering")

GONE = 410
GROUND = "invitation"
"""By which it is allowed: whoever holds the link is invited."""


class AnswerGiven(Given):
    """Whether he comes, and what he wants to say with it."""

    answer: Answer
    remark: Annotated[Text, StringConstraints(max_length=REMARK)] | None = Field(default=None)


@pages.get(f"{ANSWER}/{{link}}", ANYBODY)
def answer_page(door: AtTheDoor, link: str) -> Reply:
    """The appointment, and what may be said to it."""
    service = door.service
    with watched_link(door), reading(service.engine) as session:
        key = invitations.opened(service.vault, link)
        found = invitations.at_the_link(session, key, service.now())
        shown = _shown(session, found)
    retried(lambda: _put_on_record(door, found, Act.READ))
    status = 200 if found.closed is None else GONE
    return outside(door.request, "answering/answer.html", status=status, **shown)


@pages.door(f"{ANSWER}/{{link}}", AT_THE_DOOR)
def give_answer(
    door: AtTheDoor,
    link: str,
    given: AnswerGiven,
    language: Annotated[str | None, Query(max_length=10)] = None,  # noqa: ARG001 (of a problem: `rendering.bare`)
) -> Reply:
    """It is kept, and told to who plans."""
    service = door.service
    with watched_link(door):
        key = invitations.opened(service.vault, link)

        def answered() -> dict[str, Any]:
            with writing(service.engine) as session:
                found = invitations.answer(
                    session, key, given.answer, given.remark or None, now=service.now()
                )
                _record(session, door, found, Act.UPDATE)
                return _shown(session, found)

        shown = retried(answered)
    service.committed()
    return outside(door.request, "answering/answered.html", **shown)


def _put_on_record(door: AtTheDoor, found: AtTheLink, act: Act) -> None:
    with writing(door.service.engine) as session:
        _record(session, door, found, act)


def _record(session: Session, door: AtTheDoor, found: AtTheLink, act: Act) -> None:
    entry = Entry(
        act,
        Invitation.__tablename__ if act is Act.READ else InvitationAnswer.__tablename__,
        GROUND,
        found.invitation.id,
        found.appointment.employee_id,
        ("starts_at", "ends_at", "location_id") if act is Act.READ else ("answer", "remark"),
    )
    knocked = door.knocked
    by = Origin(NOBODY, address=knocked.address, request_reference=knocked.request_id)
    record(session, [entry], by=by)


def _shown(session: Session, found: AtTheLink) -> dict[str, Any]:
    """In the language of whoever is invited, on the clocks of the place; of what is off no more than that."""
    appointment, invitation = found.appointment, found.invitation
    addressee = addressee_of(session, invitation)
    spoken = None if addressee is None else language_of(session, addressee)
    known: dict[str, Any] = {"spoken": spoken, "closed": found.closed, "answers": ANSWERS}
    if found.closed is not None:
        return known
    location = session.get_one(Location, appointment.location_id)
    there = ZoneInfo(location.time_zone)
    is_practitioner = invitation.practitioner_id is not None
    practitioner = session.get_one(Practitioner, appointment.practitioner_id)
    last = found.last
    moved = last is not None and last.version < invitations.moved_at(session, appointment.id)
    return {
        **known,
        "starts": appointment.starts_at.astimezone(there),
        "ends": appointment.ends_at.astimezone(there),
        "zone": location.time_zone,
        "place": where(_says, spoken_as(spoken).code, appointment.modality, location),
        "practitioner": None if is_practitioner else practitioner.name,
        "last": None if last is None or moved else {"answer": last.answer, "remark": last.remark},
        "longest": REMARK,
    }


def _says(code: str, sentence: str, **holes: object) -> str:
    return spoken_as(code).text(sentence, **holes)
