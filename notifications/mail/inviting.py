"""What an invitation has to tell, as things stand when it is sent: that there is an appointment, that it is elsewhere, or off.

Each change of an appointment asks for a mail to everybody who is invited (`scheduler.inviting`). Whether there is
anything left to tell, and what, is found out here: of two changes in a row the last is told, and what was never
told is not taken back. What left is known by the attempts; one that nobody finished may have.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models.agenda import Location
from models.appointments import Appointment, AppointmentState, History
from models.consultations import Modality
from models.messages import Invitation, MailAttempt, Message, Method
from models.outbox import DeliveryState
from models.people import Practitioner
from notifications.calendars import Happening, Invited
from notifications.mail.fields import for_line
from notifications.mail.gathered import found
from notifications.mail.smtp import GO_AHEAD, TAKEN
from notifications.mail.values import About, Addressee, Keys, Place, day_of, language_of, place_of

Says = Callable[..., str]
"""A sentence of ours in a language, its holes filled."""
Link = Callable[[UUID], str]
"""Where whoever is invited answers."""


def msgid(sentence: str) -> str:
    """A sentence to be translated."""
    return sentence


SUMMARY = msgid("Appointment")
SUBJECTS: Mapping[tuple[Method, bool], str] = {
    (Method.REQUEST, False): msgid("Appointment on {day} at {time}"),
    (Method.REQUEST, True): msgid("Changed: appointment on {day} at {time}"),
    (Method.CANCEL, True): msgid("Cancelled: appointment on {day} at {time}"),
}
"""By what a calendar is to do, and whether it knows of the appointment."""
TO_EMPLOYEE: Mapping[tuple[Method, bool], str] = {
    (Method.REQUEST, False): msgid("An appointment has been made for you."),
    (Method.REQUEST, True): msgid("Your appointment has been changed. This is how it stands now:"),
    (Method.CANCEL, True): msgid("Your appointment has been cancelled. It was:"),
}
TO_PRACTITIONER: Mapping[tuple[Method, bool], str] = {
    (Method.REQUEST, False): msgid("An appointment has been planned in your agenda."),
    (Method.REQUEST, True): msgid(
        "An appointment in your agenda has been changed. This is how it stands now:"
    ),
    (Method.CANCEL, True): msgid("An appointment is no longer in your agenda. It was:"),
}
REMOTE: Mapping[Modality, str] = {
    Modality.TELEPHONE: msgid("By telephone"),
    Modality.VIDEO: msgid("By video"),
}
WITH = msgid("With: {name}")
ANSWER = msgid("Can you come? Accept, decline or ask for another time:")
GONE = frozenset({AppointmentState.DRAFT, AppointmentState.CANCELLED, AppointmentState.DELETED})
"""In these it is no appointment that anybody has to come to."""


@dataclass(frozen=True, slots=True)
class Told:
    """In words, and for a calendar."""

    addressee: Addressee
    language: str
    subject: str
    lines: list[str] = field(repr=False)
    calendar: Invited


@dataclass(frozen=True, slots=True)
class _Stands:
    """Where and when."""

    starts_at: datetime
    ends_at: datetime
    location: Location
    practitioner: Practitioner


def told(
    session: Session, message: Message, now: datetime, says: Says, link: Link
) -> Told | DeliveryState | None:
    """What is to be said now; `CANCELLED` where there is nothing to say, nothing where nobody can be reached."""
    invitation = session.get_one(Invitation, message.invitation_id)
    appointment = found(session, Appointment, invitation.appointment_id)
    if appointment is None:
        return DeliveryState.CANCELLED
    before = _last(session, message)
    method = _method(appointment, invitation, before, now)
    if method is None:
        return DeliveryState.CANCELLED
    addressee = addressee_of(session, invitation)
    if addressee is None or not addressee.address:
        return None
    stands = _stands(session, appointment, before if method is Method.CANCEL else None)
    language = language_of(session, addressee)
    known = before is not None and before.method is Method.REQUEST
    case = _Case(invitation, appointment, stands, addressee, language, (method, known), now)
    return _worded(case, says, link)


@dataclass(frozen=True, slots=True)
class _Case:
    """`which`: of the sentences."""

    invitation: Invitation
    appointment: Appointment
    stands: _Stands
    addressee: Addressee
    language: str
    which: tuple[Method, bool]
    now: datetime


def _method(
    appointment: Appointment, invitation: Invitation, before: Message | None, now: datetime
) -> Method | None:
    """Nothing where whoever is invited knows all there is to know."""
    knows = before is not None and before.method is Method.REQUEST
    his = invitation.practitioner_id in {None, appointment.practitioner_id}
    stands = appointment.state is AppointmentState.PLANNED and not appointment.ad_hoc
    if stands and his:
        newest = before is not None and (before.sequence or 0) >= appointment.version
        return None if appointment.ends_at <= now or (knows and newest) else Method.REQUEST
    return Method.CANCEL if knows and (appointment.state in GONE or not his) else None


def _last(session: Session, message: Message) -> Message | None:
    """The one before this that left, or may have."""
    left = select(MailAttempt.id).where(
        MailAttempt.message_id == Message.id,
        or_(
            # gone after the last byte, before it was answered: it may have been taken
            MailAttempt.status.in_((TAKEN, GO_AHEAD)),
            # nobody said how it ended
            and_(MailAttempt.status.is_(None), MailAttempt.milliseconds.is_(None)),
        ),
    )
    query = (
        select(Message)
        .where(
            Message.invitation_id == message.invitation_id,
            Message.id != message.id,
            Message.method.is_not(None),
            left.exists(),
        )
        .order_by(Message.sequence.desc(), Message.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def addressee_of(session: Session, invitation: Invitation) -> Addressee | None:
    """Nobody where there is none."""
    about = About(session, Keys(invitation.appointment_id))
    if invitation.practitioner_id is None:
        return about.addressee(invitation.recipient)
    practitioner = session.get_one(Practitioner, invitation.practitioner_id)
    account = about.account(practitioner.account_id)
    if account is None:
        return None
    return Addressee(practitioner.name, account.email, account.language)


def _stands(session: Session, appointment: Appointment, as_told: Message | None) -> _Stands:
    """Now, or as it was told."""
    was: dict[str, Any] = {}
    if as_told is not None:
        later = (
            select(History.before)
            .where(
                History.appointment_id == appointment.id,
                History.step > (as_told.sequence or 0),
                History.before.is_not(None),
            )
            .order_by(History.step)
        )
        for values in session.scalars(later):
            was = {**(values or {}), **was}
    return _Stands(
        _moment(was.get("starts_at")) or appointment.starts_at,
        _moment(was.get("ends_at")) or appointment.ends_at,
        session.get_one(Location, _key(was.get("location_id")) or appointment.location_id),
        session.get_one(
            Practitioner, _key(was.get("practitioner_id")) or appointment.practitioner_id
        ),
    )


def _moment(kept: str | None) -> datetime | None:
    return None if kept is None else datetime.fromisoformat(kept)


def _key(kept: str | None) -> UUID | None:
    return None if kept is None else UUID(kept)


# --- In words -------------------------------------------------------------------------------------------


def _worded(case: _Case, says: Says, link: Link) -> Told:
    language, stands, (method, _) = case.language, case.stands, case.which
    zone = stands.location.time_zone
    starts, ends = (at.astimezone(ZoneInfo(zone)) for at in (stands.starts_at, stands.ends_at))
    when = {"day": day_of(starts, language), "time": f"{starts:%H:%M}"}
    place = where(says, language, case.appointment.modality, stands.location)
    is_practitioner = case.invitation.practitioner_id is not None
    opening = (TO_PRACTITIONER if is_practitioner else TO_EMPLOYEE)[case.which]
    lines = [
        says(language, opening),
        f"{when['day']}, {when['time']}–{ends:%H:%M} ({zone})",
        place,
    ]
    if not is_practitioner:
        lines.append(says(language, WITH, name=for_line(stands.practitioner.name)))
    description = ""
    if method is Method.REQUEST:
        description = f"{says(language, ANSWER)}\n{link(case.invitation.id)}"
        lines += description.split("\n")
    happening = Happening(
        key=case.appointment.id,
        sequence=case.appointment.version,
        starts_at=stands.starts_at,
        ends_at=stands.ends_at,
        zone=zone,
        summary=says(language, SUMMARY),
        place=place,
        told_at=case.now,
        description=description,
    )
    subject = says(language, SUBJECTS[case.which], **when)
    return Told(case.addressee, language, subject, lines, Invited(method, happening))


def where(says: Says, language: str, modality: Modality, location: Place) -> str:
    """Where one has to be: nowhere, for a talk by telephone."""
    if modality in REMOTE:
        return says(language, REMOTE[modality])
    return ", ".join(filter(None, (for_line(location.name), for_line(place_of(location)))))
