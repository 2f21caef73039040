"""An appointment without a request: planned directly, as a draft, or ad hoc for a report. Domain §§3, 5."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.appointments import Override
from models.base import new_id
from scheduler.actor import Actor
from scheduler.appointments import choices
from scheduler.appointments.choices import Choice, Shape, shape
from scheduler.appointments.standing import refuse
from scheduler.booking import loose
from scheduler.booking.locks import lock
from scheduler.booking.loose import Spot
from scheduler.booking.places import Asked, judge
from scheduler.booking.standing import days
from scheduler.booking.targets import Target, about, ask, block, still
from scheduler.booking.wishes import Meant, wish_of_nobody
from scheduler.guarded import guarded
from scheduler.lifecycles import APPOINTMENTS, begin
from scheduler.loading.rows import AvailabilityRow, RequestRow
from scheduler.refusals import Refusal
from scheduler.reminders import remind
from solver.rules.duplicate import Duplicate


def plan_directly(
    session: Session,
    choice: Choice,
    target: Target,
    *,
    by: Actor,
    now: datetime,
    not_before: datetime,
) -> UUID:
    """Plan an appointment in an availability, all rules asked as for a request.

    Without a request nobody allowed a Saturday, a Sunday or a holiday: those take an override.

    Raises:
        RefusedError: with every rule that is in the way.
    """
    asked, refusals = _asked(session, choice, target, now=now, not_before=not_before)
    refuse(refusals)
    return _write(session, choice, asked, "book", by=by, now=now)


def draft(
    session: Session,
    choice: Choice,
    target: Target,
    *,
    by: Actor,
    now: datetime,
    not_before: datetime,
) -> UUID:
    """The same as a draft, beside which there may be another of its type (`duplicate`).

    Raises:
        RefusedError: with every rule that is in the way.
    """
    asked, refusals = _asked(session, choice, target, now=now, not_before=not_before)
    refuse([one for one in refusals if one.code != Duplicate.code])
    return _write(session, choice, asked, "draft", by=by, now=now)


def report_ad_hoc(
    session: Session, choice: Choice, spot: Spot, *, by: Actor, now: datetime
) -> UUID:
    """An appointment for a report, of any type, whenever it was; nobody may be in two places at once.

    Raises:
        RefusedError: with every rule that is in the way.
    """
    lock(session, replace(about(spot), employees=[choice.employee_id]))
    day = days(session, {spot.location_id: (spot.location_id, spot.starts_at)})
    if not day:
        refuse([Refusal(loose.NO_LOCATION)])
    kind, refusals = choices.judged(session, choice, day[spot.location_id], now)
    asked = loose.loosely(_wish(choice, shape(choice, kind), spot.starts_at), spot)
    refusals = choices.together(refusals, loose.against(session, asked))
    refuse([one for one in refusals if one.code != NO_SHOW_TYPE])
    return _write(session, choice, asked, "report_ad_hoc", by=by, now=now, **AD_HOC)


AD_HOC: Mapping[str, object] = {"availability_id": None, "ad_hoc": True}
NO_SHOW_TYPE = "no_show_type"
"""What was missed may be reported as just that. Domain §3."""


# --- What is asked --------------------------------------------------------------------------------------


def _asked(
    session: Session, choice: Choice, target: Target, *, now: datetime, not_before: datetime
) -> tuple[Asked, list[Refusal]]:
    """The place as it is under its locks, and all that is against it."""
    there = _locked(session, choice, target.availability_id)
    where = {there.id: (there.location_id, target.starts_at)}
    kind, refusals = choices.judged(session, choice, days(session, where)[there.id], now)
    wish = _wish(choice, shape(choice, kind), target.starts_at)
    asked = ask(wish, there, target)
    judged = judge(session, [asked], now=now, not_before=not_before)
    return asked, choices.together(refusals, judged.refused.get(wish.id, ()))


def _locked(session: Session, choice: Choice, availability: UUID) -> AvailabilityRow:
    """The availability; that of another practitioner, or elsewhere, is not what was locked for."""
    seen = block(session, availability)
    lock(session, replace(about(seen), employees=[choice.employee_id]))
    return still(session, availability, seen)


def _wish(choice: Choice, shape: Shape, starts_at: datetime) -> RequestRow:
    return wish_of_nobody(
        Meant(
            id=new_id(),
            employee_id=choice.employee_id,
            consultation_type_id=choice.consultation_type_id,
            establishment_id=choice.establishment_id,
            starts_at=starts_at,
            duration=shape.duration,
            buffer=shape.buffer,
            modality=shape.modality,
        )
    )


# --- What is written ------------------------------------------------------------------------------------


def _write(
    session: Session,
    choice: Choice,
    asked: Asked,
    event: str,
    *,
    by: Actor,
    now: datetime,
    **others: object,
) -> UUID:
    key, there = asked.request.id, asked.availability
    appointment: dict[str, object] = {
        "id": key,
        "employee_id": choice.employee_id,
        "practitioner_id": there.practitioner_id,
        "location_id": there.location_id,
        "availability_id": there.id,
        "consultation_type_id": choice.consultation_type_id,
        "case_id": choice.case_id,
        "establishment_id": choice.establishment_id,
        "contact_person_id": choice.contact_person_id,
        "starts_at": asked.place.starts_at,
        "ends_at": asked.ends_at,
        "occupied_until": asked.occupied_until,
        "modality": asked.request.modality,
        "remarks": choice.remarks,
        "ad_hoc": False,
    }
    overrides = [
        {"appointment_id": key, "rule": rule, "account_id": by.account_id, "reason": reason}
        for rule, reason in asked.place.overrides.items()
    ]
    with guarded(session):
        begin(session, APPOINTMENTS, [appointment | others], event=event, by=by, at=now)
        if overrides:
            session.execute(insert(Override), overrides)
        remind(session, [key], by=by, now=now)
    return key
