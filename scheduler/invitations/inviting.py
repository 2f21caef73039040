"""From events to invitations: whoever comes to an appointment gets a mail when it is made, changed or off.

One that waits for a newer one is dropped: the newer tells how it stands. Nobody is invited as long as no mail
leaves anyway: an invitation of last month helps nobody once a mail server is set up.
"""

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.appointments import Appointment, AppointmentState
from models.base import Base, new_id
from models.instants import database_now
from models.messages import Invitation, MailServer, Message, MessageKind, Method, Sender
from models.outbox import DeliveryState
from models.people import Practitioner
from scheduler import parameters
from scheduler.relay import Heard
from scheduler.topics import Topic

MESSAGES = Base.metadata.tables[Message.__tablename__]
INVITATIONS = Base.metadata.tables[Invitation.__tablename__]
TOPICS = frozenset(
    {
        Topic.APPOINTMENT_PLANNED,
        Topic.APPOINTMENT_MOVED,
        Topic.APPOINTMENT_MARKED_AS_DRAFT,
        Topic.APPOINTMENT_CANCELLED,
        Topic.APPOINTMENT_DELETED,
    }
)
"""Of what happens to an appointment, that which is another entry in a calendar."""


@dataclass(frozen=True)
class Inviting:
    """Hears of appointments."""

    @property
    def topics(self) -> AbstractSet[str]:
        return TOPICS

    def hear(self, session: Session, events: Sequence[Heard]) -> None:
        """Write who is to be told."""
        keys = {event.subject_id for event in events}
        known = _known(session, keys)
        mails = _mail_leaves(session)
        if not known and not mails:
            return
        if mails:
            known += _new(session, keys, known)
        employees = _employees(session, keys)
        _take_back(session, keys)
        rows = [
            {
                "id": new_id(),
                "kind": MessageKind.INVITATION,
                "invitation_id": one.id,
                "appointment_id": one.appointment_id,
                "employee_id": employees[one.appointment_id],
                "recipient": one.recipient,
                "to_previous": False,
                "attempts": 0,
                "token": 0,
                "state": DeliveryState.DUE,
            }
            for one in _open(session, known)
        ]
        if rows:
            session.execute(insert(MESSAGES).values(due_at=database_now()), rows)


def _known(session: Session, keys: Collection[UUID]) -> list[Invitation]:
    query = select(Invitation).where(Invitation.appointment_id.in_(keys)).order_by(Invitation.id)
    return list(session.scalars(query))


def _mail_leaves(session: Session) -> bool:
    """There is a server for what names no sender, with a sender that is verified."""
    verified = (
        select(Sender.id)
        .join(MailServer, MailServer.id == Sender.server_id)
        .where(
            MailServer.is_default, MailServer.archived_at.is_(None), Sender.verified_at.is_not(None)
        )
    )
    return session.scalar(verified.limit(1)) is not None


def _employees(session: Session, keys: Collection[UUID]) -> dict[UUID, UUID]:
    query = select(Appointment.id, Appointment.employee_id).where(Appointment.id.in_(keys))
    return dict(session.execute(query).all())


def _new(session: Session, keys: Collection[UUID], known: Iterable[Invitation]) -> list[Invitation]:
    """Those who come and are not invited yet."""
    employees = parameters.value(session, parameters.INVITE_EMPLOYEES)
    practitioners = parameters.value(session, parameters.INVITE_PRACTITIONERS)
    there = {(one.appointment_id, one.practitioner_id) for one in known}
    query = (
        select(Appointment.id, Appointment.practitioner_id, Practitioner.account_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(
            Appointment.id.in_(keys),
            Appointment.state == AppointmentState.PLANNED,
            Appointment.ad_hoc.is_(False),
            Appointment.ends_at > database_now(),
        )
        .order_by(Appointment.id)
    )
    made = []
    for key, practitioner, account in session.execute(query):
        wanted: list[UUID | None] = [None] if employees else []
        wanted += [practitioner] if practitioners and account is not None else []
        made += [
            Invitation(id=new_id(), appointment_id=key, practitioner_id=one)
            for one in wanted
            if (key, one) not in there
        ]
    session.add_all(made)
    session.flush()
    return made


def _take_back(session: Session, keys: Collection[UUID]) -> None:
    """What waits tells how it stood before."""
    session.execute(
        update(Message)
        .where(
            Message.appointment_id.in_(keys),
            Message.kind == MessageKind.INVITATION,
            Message.state == DeliveryState.DUE,
        )
        .values(state=DeliveryState.CANCELLED),
        execution_options={"synchronize_session": False},
    )


def _open(session: Session, those: Sequence[Invitation]) -> list[Invitation]:
    """But for those of practitioners whose it was once, and who were told that it is theirs no more."""
    keys = [one.id for one in those]
    query = (
        select(Message.invitation_id, Message.method)
        .where(Message.invitation_id.in_(keys), Message.state == DeliveryState.SENT)
        .order_by(Message.sequence)
    )
    last = dict(session.execute(query).all())
    of = select(Appointment.id, Appointment.practitioner_id).where(
        Appointment.id.in_({one.appointment_id for one in those})
    )
    theirs = dict(session.execute(of).all())
    return [
        one
        for one in those
        if one.practitioner_id in {None, theirs[one.appointment_id]}
        or last.get(one.id) is Method.REQUEST
    ]
