"""Another time, place or practitioner for an appointment that stands. Domain §5, reschedule."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from models.appointments import Appointment, AppointmentState, Override
from models.instants import EPOCH
from scheduler.actor import Actor
from scheduler.booking.book import NO_AVAILABILITY
from scheduler.booking.loose import Spot, against, loosely
from scheduler.booking.places import Asked, judge
from scheduler.booking.standing import days, locked, reasons, unchanged
from scheduler.booking.targets import Target, about, ask, block, still
from scheduler.booking.wishes import wish
from scheduler.guarded import guarded
from scheduler.lifecycles import APPOINTMENTS, Step, advance, put_back, set_aside
from scheduler.performing import follow_day, without_price_on
from scheduler.refusals import Refusal, RefusedError
from scheduler.reminders import remind
from solver.rules.duplicate import Duplicate

NEEDS_AVAILABILITY = "needs_availability"
SWAPPED_WITH_ITSELF = "swapped_with_itself"

MESSAGES: Mapping[str, str] = {
    NEEDS_AVAILABILITY: "only an ad hoc report can do without an availability",
    SWAPPED_WITH_ITSELF: "an appointment changes places with another one",
}

WHERE_AND_WHEN = (
    "practitioner_id",
    "location_id",
    "availability_id",
    "starts_at",
    "ends_at",
    "occupied_until",
)


def move(
    session: Session,
    appointment_id: UUID,
    target: Target | Spot,
    *,
    by: Actor,
    now: datetime,
    not_before: datetime,
    version: int | None = None,
) -> None:
    """Move an appointment; its request stays planned, and its performances go with it to the new day.

    A `Spot`, outside every availability, is for ad hoc reports.

    Raises:
        RefusedError: a rule, its state, or the want of a price on the new day does not allow it.
        NoSuchAppointmentError: there is none.
        OutdatedError: its version is another by now.
    """
    there = target if isinstance(target, Spot) else block(session, target.availability_id)
    (appointment,) = locked(session, [appointment_id], about(there))
    unchanged(appointment, version)
    _movable(session, [appointment])
    if isinstance(target, Spot):
        asked = loosely(wish(session, appointment), target)
        refused = _against_spot(session, asked, appointment)
        place = _place(asked) | {"availability_id": None}
    else:
        now_there = still(session, target.availability_id, there)
        asked = ask(wish(session, appointment), now_there, target)
        refused = _broken(session, [asked], [appointment], now=now, not_before=not_before)
        place = _place(asked)
    on = _days(session, [appointment], [asked])
    _refuse(refused, without_price_on(session, on))
    with guarded(session):
        advance(session, APPOINTMENTS, [_step(appointment, place)], by=by, at=now)
        follow_day(session, on, by=by, at=now)
        _set_aside_rules(session, asked, appointment.id, by)
        remind(session, [appointment.id], by=by, now=now)


def swap(
    session: Session,
    one_id: UUID,
    other_id: UUID,
    *,
    by: Actor,
    now: datetime,
    not_before: datetime,
) -> None:
    """Let two appointments change places: each starts when and where the other did, and lasts as long as before.

    Raises:
        RefusedError: a rule, or the state of one of them, does not allow it.
        NoSuchAppointmentError: one of them is not there.
    """
    if one_id == other_id:
        raise RefusedError([Refusal(SWAPPED_WITH_ITSELF)])
    both = sorted((one_id, other_id))
    one, other = locked(session, both)
    _movable(session, [one, other])
    if one.availability_id is None or other.availability_id is None:
        raise RefusedError([Refusal(NO_AVAILABILITY)])
    pair = [
        ask(wish(session, mine), block(session, theirs), Target(theirs, start))
        for mine, theirs, start in (
            (one, other.availability_id, other.starts_at),
            (other, one.availability_id, one.starts_at),
        )
    ]
    broken = _broken(session, pair, [one, other], now=now, not_before=not_before)
    on = _days(session, [one, other], pair)
    _refuse(broken, without_price_on(session, on))
    place, others = (_place(asked) for asked in pair)
    steps = _step(one, place), _step(other, {}, before=_where(other))
    with guarded(session):
        set_aside(session, other.id)
        advance(session, APPOINTMENTS, [steps[0]], by=by, at=now)
        put_back(session, other.id, other.state, others)
        advance(session, APPOINTMENTS, [steps[1]], by=by, at=now)
        follow_day(session, on, by=by, at=now)
        for asked, appointment in zip(pair, (one, other), strict=True):
            _set_aside_rules(session, asked, appointment.id, by)
        remind(session, [one.id, other.id], by=by, now=now)


def _movable(session: Session, appointments: Sequence[Appointment]) -> None:
    """Asked before anything else: one that is cancelled has no place to give, or to leave."""
    refusals = reasons(session, "reschedule", appointments)
    if refusals:
        raise RefusedError(refusals)


def _against_spot(session: Session, asked: Asked, appointment: Appointment) -> list[Refusal]:
    no_report = [] if appointment.ad_hoc else [Refusal(NEEDS_AVAILABILITY)]
    return no_report + _here_already(against(session, asked, apart_from=[appointment.id]))


def _broken(
    session: Session,
    asked: Sequence[Asked],
    appointments: Sequence[Appointment],
    *,
    now: datetime,
    not_before: datetime,
) -> list[Refusal]:
    """The rules in the way."""
    # what was held, and an ad hoc report, may lie in the past (`notice`, domain §3)
    any_time = all(one.ad_hoc or one.state == AppointmentState.COMPLETED for one in appointments)
    judged = judge(
        session,
        asked,
        now=EPOCH if any_time else now,
        not_before=EPOCH if any_time else not_before,
        apart_from={one.id for one in appointments},
    )
    return _here_already(refusal for each in judged.refused.values() for refusal in each)


def _here_already(refusals: Iterable[Refusal]) -> list[Refusal]:
    """Whether there may be another of its type was asked when it came (`duplicate`)."""
    return [one for one in refusals if one.code != Duplicate.code]


def _refuse(rules: Sequence[Refusal], prices: Mapping[UUID, Sequence[Refusal]]) -> None:
    refusals = [*rules, *(refusal for each in prices.values() for refusal in each)]
    if refusals:
        raise RefusedError(refusals)


def _days(
    session: Session, appointments: Sequence[Appointment], asked: Sequence[Asked]
) -> dict[UUID, date]:
    """The day on which each would be: that of its performances."""
    return days(
        session,
        {
            one.id: (its.availability.location_id, its.place.starts_at)
            for one, its in zip(appointments, asked, strict=True)
        },
    )


def _place(asked: Asked) -> dict[str, object]:
    block = asked.availability
    values = (
        block.practitioner_id,
        block.location_id,
        block.id,
        asked.place.starts_at,
        asked.ends_at,
        asked.occupied_until,
    )
    return dict(zip(WHERE_AND_WHEN, values, strict=True))


def _where(appointment: Appointment) -> dict[str, object]:
    return {name: getattr(appointment, name) for name in WHERE_AND_WHEN}


def _step(
    appointment: Appointment,
    place: Mapping[str, object],
    before: Mapping[str, object] | None = None,
) -> Step:
    return Step(
        appointment.id,
        appointment.version,
        appointment.state,
        "reschedule",
        values=place,
        before=before or _where(appointment),
    )


def _set_aside_rules(session: Session, asked: Asked, appointment: UUID, by: Actor) -> None:
    """What was set aside for the old place says nothing about the new one."""
    session.execute(delete(Override).where(Override.appointment_id == appointment))
    overrides = [
        {
            "appointment_id": appointment,
            "rule": rule,
            "account_id": by.account_id,
            "reason": reason,
        }
        for rule, reason in asked.place.overrides.items()
    ]
    if overrides:
        session.execute(insert(Override), overrides)
