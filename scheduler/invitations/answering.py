"""Answers to an invitation: whoever has the link says whether he comes. The planner decides what follows. Domain §6."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.appointments import Appointment, AppointmentState, History
from models.base import new_id
from models.messages import Answer, Invitation, InvitationAnswer
from scheduler.access.denied import NotFoundError, refused
from scheduler.announcing import Fact, News, announce
from scheduler.invitations.messages import OFF, OVER, TOO_OFTEN
from scheduler.topics import Topic

MOST_ANSWERS = 20
"""To one invitation: each is told to whoever listens, and may make a task."""
TOLD: Mapping[Answer, Topic] = {
    Answer.ACCEPTED: Topic.APPOINTMENT_ACCEPTED,
    Answer.DECLINED: Topic.APPOINTMENT_DECLINED,
    Answer.ANOTHER_TIME: Topic.APPOINTMENT_TIME_ASKED,
}


@dataclass(frozen=True, slots=True)
class AtTheLink:
    """An invitation with what it is to. `closed`: why there is nothing to answer any more."""

    invitation: Invitation
    appointment: Appointment
    last: InvitationAnswer | None
    closed: str | None


def at_the_link(session: Session, invitation_id: UUID, now: datetime) -> AtTheLink:
    """As it stands.

    Raises:
        NotFoundError: there is none.
    """
    invitation = session.get(Invitation, invitation_id)
    if invitation is None:
        raise NotFoundError
    appointment = session.get_one(Appointment, invitation.appointment_id)
    last = last_answers(session, [invitation.id]).get(invitation.id)
    return AtTheLink(invitation, appointment, last, _closed(invitation, appointment, now))


def _closed(invitation: Invitation, appointment: Appointment, now: datetime) -> str | None:
    his = invitation.practitioner_id in {None, appointment.practitioner_id}
    if not his or appointment.state in {
        AppointmentState.DRAFT,
        AppointmentState.CANCELLED,
        AppointmentState.DELETED,
    }:
        return OFF
    is_ahead = appointment.state is AppointmentState.PLANNED and now < appointment.ends_at
    return None if is_ahead else OVER


def answer(
    session: Session, invitation_id: UUID, said: Answer, remark: str | None, *, now: datetime
) -> AtTheLink:
    """Keep what is said, and tell it. The same once more is no news. Declining cancels nothing.

    Raises:
        NotFoundError: there is no such invitation.
        RefusedError: there is nothing to answer any more, or it was answered too often.
    """
    found = at_the_link(session, invitation_id, now)
    # whoever announces of it goes alone, and so do two answers at once
    lock = {"key_share": True}
    session.refresh(found.appointment, with_for_update=lock)
    found = at_the_link(session, invitation_id, now)
    if found.closed is not None:
        raise refused(found.closed)
    version, last = found.appointment.version, found.last
    if last is not None and (last.answer, last.remark, last.version) == (said, remark, version):
        return found
    of = select(func.count()).where(InvitationAnswer.invitation_id == invitation_id)
    if (session.scalar(of) or 0) >= MOST_ANSWERS:
        raise refused(TOO_OFTEN, most=MOST_ANSWERS)
    made = InvitationAnswer(
        id=new_id(),
        invitation_id=invitation_id,
        at=now,
        answer=said,
        remark=remark,
        version=version,
    )
    session.add(made)
    session.flush()
    facts: dict[str, Fact] = {"version": version, "recipient": found.invitation.recipient}
    news = News(TOLD[said], Appointment.__tablename__, found.appointment.id, facts)
    announce(session, [news], at=now)
    return AtTheLink(found.invitation, found.appointment, made, None)


def last_answers(
    session: Session, invitations: Collection[UUID]
) -> Mapping[UUID, InvitationAnswer]:
    """By invitation."""
    query = (
        select(InvitationAnswer)
        .where(InvitationAnswer.invitation_id.in_(invitations))
        .order_by(InvitationAnswer.id)
    )
    return {one.invitation_id: one for one in session.scalars(query)}


def moved_at(session: Session, appointment_id: UUID) -> int:
    """The version at which it got its place: what was said to one before is about another time."""
    moved = select(func.max(History.step)).where(
        History.appointment_id == appointment_id, History.event == "reschedule"
    )
    return session.scalar(moved) or 0
