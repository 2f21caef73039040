"""What a run has to say about each request, as it is kept: planned where, or why not. Domain §4."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.requests import AppointmentRequest, RequestState
from models.runs import RunOutcome
from scheduler.loading import Loaded
from solver.displacement import Displacement
from solver.easing import Offer
from solver.facts import Assignment, Plan
from solver.files.plan import MOST_HOLDERS_NAMED
from solver.why_not import Explanation

Outcome = Mapping[str, Any]
"""A row of `run_outcomes`, but for its run."""

WhyNot = dict[str, Any]
"""As the plan file has it, but with the keys of rows for ids, and instants for minutes."""

NOWHERE: WhyNot = {"reasons": {}, "only": {}, "relaxations": [], "offers": [], "suitable": 0}
"""Of a request that no availability of the horizon is even asked about."""


def planned(facts: Loaded, plan: Plan) -> list[Outcome]:
    """The outcome of each request that is planned."""
    return [
        {
            "request_id": facts.requests[assignment.request].id,
            "availability_id": facts.availabilities[assignment.availability].id,
            "starts_at": facts.starts_at(assignment),
        }
        for assignment in plan
    ]


def left_out(why_not: Mapping[UUID, WhyNot]) -> list[Outcome]:
    """The outcome of each request that is not."""
    return [{"request_id": request_id, "why_not": why} for request_id, why in why_not.items()]


def record(session: Session, run_id: UUID, outcomes: Sequence[Outcome]) -> None:
    """Keep these outcomes, in place of what the run said of the same requests before."""
    if not outcomes:
        return
    those = [outcome["request_id"] for outcome in outcomes]
    session.execute(
        delete(RunOutcome).where(RunOutcome.run_id == run_id, RunOutcome.request_id.in_(those))
    )
    # apart, because a column that is named has a value: JSON's null is not the absence of one
    for kind in ("availability_id", "why_not"):
        rows = [{"run_id": run_id, **outcome} for outcome in outcomes if kind in outcome]
        if rows:
            session.execute(insert(RunOutcome), rows)


def forget(session: Session, run_id: UUID, *, preview: bool) -> None:
    """Begin anew in the place of a holder who has gone: what he booked stands, the rest is asked again."""
    those = delete(RunOutcome).where(RunOutcome.run_id == run_id)
    unbooked = those if preview else those.where(RunOutcome.availability_id.is_(None))
    session.execute(unbooked)


def answered(session: Session, run_id: UUID) -> tuple[set[UUID], set[UUID]]:
    """The requests that the run says it has planned, and those it explains."""
    those = select(RunOutcome.request_id, RunOutcome.availability_id).where(
        RunOutcome.run_id == run_id
    )
    planned_: set[UUID] = set()
    explained: set[UUID] = set()
    for request_id, availability_id in session.execute(those):
        (explained if availability_id is None else planned_).add(request_id)
    return planned_, explained


def waiting(session: Session) -> set[UUID]:
    """Every open request, whether or not there is a place that it may go to."""
    open_ = AppointmentRequest.state == RequestState.OPEN
    return set(session.scalars(select(AppointmentRequest.id).where(open_)))


def what_became_of(session: Session, requests: Sequence[UUID]) -> dict[UUID, WhyNot]:
    """Of requests that no zone has answered for: somebody else dealt with them, or there is nowhere to go."""
    those = select(AppointmentRequest.id, AppointmentRequest.state).where(
        AppointmentRequest.id.in_(requests)
    )
    return {
        key: NOWHERE if state is RequestState.OPEN else NOWHERE | {"meanwhile": state.value}
        for key, state in session.execute(those)
    }


# --- An explanation, as it is kept ----------------------------------------------------------------------


def why(facts: Loaded, explanation: Explanation) -> WhyNot:
    """The same as `unplanned` of the plan file says."""
    kept: WhyNot = {
        "zone": facts.days.zone,
        "reasons": dict(explanation.reasons),
        "only": dict(explanation.only),
        "relaxations": [list(offer.rules) for offer in explanation.offers],
        "offers": [_offer(facts, explanation.request, offer) for offer in explanation.offers],
        "suitable": explanation.suitable,
    }
    if (miss := explanation.nearest) is not None:
        place = _place(facts, explanation.request, miss.availability, miss.start)
        kept["nearest_miss"] = place | {"rules": list(miss.rules)}
    if explanation.holders:
        named = explanation.holders[:MOST_HOLDERS_NAMED]
        kept["held_by"] = [_request(facts, holder) for holder in named]
    if explanation.displacement is not None:
        kept["displacement"] = _displacement(facts, explanation.displacement)
    return kept


def _request(facts: Loaded, index: int) -> str:
    return str(facts.requests[index].id)


def _place(facts: Loaded, request: int, availability: int, start: int | None) -> dict[str, Any]:
    """An availability, and where a start fits, the instant of it."""
    place: dict[str, Any] = {"availability": str(facts.availabilities[availability].id)}
    if start is not None:
        instant = facts.starts_at(Assignment(request, availability, start))
        place["starts_at"] = instant.isoformat()
    return place


def _offer(facts: Loaded, request: int, offer: Offer) -> dict[str, Any]:
    details = {"days": offer.days, "minutes": offer.minutes}
    return {
        "rules": list(offer.rules),
        **_place(facts, request, offer.availability, offer.start),
        **{name: detail for name, detail in details.items() if detail is not None},
    }


def _displacement(facts: Loaded, found: Displacement) -> dict[str, Any]:
    return {
        **_place(facts, *found.place),
        "moved": [
            {"request": _request(facts, one.request), **_place(facts, *one)} for one in found.moved
        ],
        "left_out": [_request(facts, holder) for holder in found.left_out],
        "gain": {
            "weight": found.gain.weight,
            "seniority": found.gain.seniority,
            "preference": found.gain.preference,
        },
    }
