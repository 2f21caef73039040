"""One request, from the wish until it is planned or withdrawn. Domain §§3, 5."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models.appointments import Hold
from models.requests import TO_BE_PLANNED, RequestState
from scheduler.actor import Actor
from scheduler.booking.locks import Concerned, lock
from scheduler.guarded import guarded
from scheduler.intake.known import Known, known
from scheduler.intake.making import LOCATIONS, columns, make, write_locations
from scheduler.intake.rules import Question, judge
from scheduler.intake.wishes import Asked, First, May, Wish, asked
from scheduler.lifecycles import REQUESTS, OutdatedError, Situation, Step, advance, reasons_against
from scheduler.refusals import Refusal, RefusedError

NEEDS_PLACING = "needs_placing"

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        NEEDS_PLACING: "this waits to be planned already; only who may place requests makes it another,"
        " without approval"
    }
)


def create(
    session: Session, wish: Wish, first: First, *, may: May, by: Actor, now: datetime
) -> UUID:
    """Make a request: a draft, or open, or for approval where the caller may not place one.

    Raises:
        RefusedError: every rule that is against it.
    """
    with session.begin_nested():
        (outcome,) = make(session, [wish], first, may=may, by=by, now=now)
        if outcome.request_id is None:
            raise RefusedError(outcome.refusals)
    return outcome.request_id


def edit(
    session: Session,
    request_id: UUID,
    version: int,
    wish: Wish,
    *,
    may: May,
    by: Actor,
    now: datetime,
) -> None:
    """Ask something else: all of the wish is written, and the rules are asked about what it changes.

    A place that was kept for it is given back: it was for what was asked before.

    Raises:
        NoSuchRequestError: there is none.
        OutdatedError: it has another version by now.
        RefusedError: its state, or a rule, does not allow it.
    """
    before = _seen(session, request_id, version, "edit")
    if fixed := against_editing(before.state, may):
        raise RefusedError(fixed)
    facts = _ask(session, _changed(before, wish, may), now)
    day = wish.requested_on or before.wish.requested_on
    values = columns(replace(wish, requested_on=day), facts)
    changed = {k: v for k, v in values.items() if v != getattr(before.wish, k)}
    was = {name: getattr(before.wish, name) for name in changed}
    with guarded(session):
        _go(session, before, "edit", by=by, now=now, values=changed, was=was)
        if wish.location_ids != before.wish.location_ids:
            session.execute(delete(LOCATIONS).where(LOCATIONS.c.request_id == request_id))
            write_locations(session, {request_id: wish})


def against(
    session: Session, wish: Wish, first: First, *, may: May, now: datetime
) -> tuple[Refusal, ...]:
    """Every rule that speaks against making it so; nothing is made."""
    question = Question(wish, may, first == First.PLACED)
    return judge([question], known(session, [wish], now=now, sees=may.sees))[0]


def against_change(
    session: Session, request_id: UUID, wish: Wish, *, may: May, now: datetime
) -> tuple[Refusal, ...]:
    """Every rule that speaks against asking this instead; nothing is changed.

    Raises:
        NoSuchRequestError: there is none.
    """
    before = asked(session, request_id)
    question = _changed(before, wish, may)
    facts = known(session, [wish], now=now, sees=may.sees)
    return (*against_editing(before.state, may), *judge([question], facts)[0])


def _changed(before: Asked, wish: Wish, may: May) -> Question:
    placed = before.state in TO_BE_PLANNED
    return Question(wish, may, placed, before=before.wish, request_id=before.id)


def against_editing(state: RequestState, may: May) -> tuple[Refusal, ...]:
    """`approval`: what was approved stays as it is for whoever cannot place a request. Domain §3."""
    return () if may.place or state != RequestState.OPEN else (Refusal(NEEDS_PLACING),)


def place(
    session: Session, request_id: UUID, version: int, *, may: May, by: Actor, now: datetime
) -> None:
    """Let a draft be planned; where the caller may not place it, submit it for approval.

    Raises:
        NoSuchRequestError: there is none.
        OutdatedError: it has another version by now.
        RefusedError: it is no draft, or a rule is against it as it stands.
    """
    _ask_again(session, request_id, version, "open" if may.place else "submit", by=by, now=now)


def approve(session: Session, request_id: UUID, version: int, *, by: Actor, now: datetime) -> None:
    """It waits to be planned from now on. Raises as `withdraw` does."""
    _step(session, request_id, version, "approve", by=by, now=now)


def reject(
    session: Session, request_id: UUID, version: int, reason: str, *, by: Actor, now: datetime
) -> None:
    """Not as it is; it can be edited and offered again. Raises as `withdraw` does, and without a reason."""
    _step(session, request_id, version, "reject", by=by, now=now, reason=reason)


def offer_again(
    session: Session, request_id: UUID, version: int, *, by: Actor, now: datetime
) -> None:
    """Ask for approval once more.

    Raises:
        NoSuchRequestError: there is none.
        OutdatedError: it has another version by now.
        RefusedError: it was not rejected, or a rule is against it as it stands.
    """
    _ask_again(session, request_id, version, "offer_again", by=by, now=now)


def withdraw(
    session: Session,
    request_id: UUID,
    version: int,
    *,
    reason: str | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """It is no longer wanted; a place that was kept for it is given back.

    Raises:
        NoSuchRequestError: there is none.
        OutdatedError: it has another version by now.
        RefusedError: its state does not allow it.
    """
    _step(session, request_id, version, "withdraw", by=by, now=now, reason=reason)


# --- Steps --------------------------------------------------------------------------------------------


def _step(
    session: Session,
    request_id: UUID,
    version: int,
    event: str,
    *,
    by: Actor,
    now: datetime,
    reason: str | None = None,
) -> None:
    before = _seen(session, request_id, version, event)
    with guarded(session):
        _go(session, before, event, by=by, now=now, reason=reason)


def _ask_again(
    session: Session, request_id: UUID, version: int, event: str, *, by: Actor, now: datetime
) -> None:
    """A step by which it counts from now on: all rules are asked about it as it stands."""
    before = _seen(session, request_id, version, event)
    # its date was set by somebody who had the right to
    question = Question(
        before.wish, May(set_request_date=True), is_placed=True, request_id=request_id
    )
    _ask(session, question, now)
    with guarded(session):
        _go(session, before, event, by=by, now=now)


def _seen(session: Session, request_id: UUID, version: int, event: str) -> Asked:
    """The request under its locks, as the caller saw it."""
    employee = asked(session, request_id).wish.employee_id
    lock(session, Concerned(employees=[employee], requests=[request_id]))
    before = asked(session, request_id)
    if before.version != version:
        raise OutdatedError(REQUESTS.name, [request_id])
    not_now = reasons_against(REQUESTS, event, Situation(before.state))
    if not_now:
        raise RefusedError(not_now)
    return before


def _ask(session: Session, question: Question, now: datetime) -> Known:
    facts = known(session, [question.wish], now=now, sees=question.may.sees)
    (broken,) = judge([question], facts)
    if broken:
        raise RefusedError(broken)
    return facts


def _go(  # noqa: PLR0913 (a step has many parts)
    session: Session,
    before: Asked,
    event: str,
    *,
    by: Actor,
    now: datetime,
    reason: str | None = None,
    values: Mapping[str, object] | None = None,
    was: Mapping[str, object] | None = None,
) -> None:
    step = Step(
        before.id, before.version, before.state, event, values or {}, reason=reason, before=was
    )
    advance(session, REQUESTS, [step], by=by, at=now)
    if before.state == RequestState.OPEN:
        session.execute(delete(Hold).where(Hold.request_id == before.id))
    session.expire_all()
