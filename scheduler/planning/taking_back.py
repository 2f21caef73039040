"""Taking a run back: its appointments that nobody touched and nobody was told of. Domain §4.

Batch by batch, each a transaction: a taking back that is cut off, or cancelled, is simply asked for again. Where all
went, the run's state says so. Where some had to stay, its state remains what it was, and its report
names them; whoever deals with those by hand may ask again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models import guards
from models.appointments import Appointment, AppointmentState
from models.database import reading, retried, writing
from models.instants import database_now
from models.messages import Message, Reminder
from models.outbox import Claimed, Delivery, DeliveryState, Event
from models.runs import JobRun, RunState
from scheduler.actor import Actor
from scheduler.booking import delete
from scheduler.booking.standing import locked
from scheduler.planning.asking import PLANNING
from scheduler.refusals import Refusal, RefusedError

REASON = "the planning run was taken back"
BATCH = 100

NO_SUCH_RUN = "no_such_run"
RUN_GOES_ON = "run_goes_on"
NOTHING_BOOKED = "run_is_a_preview"
MESSAGES = {
    RUN_GOES_ON: "the run goes on since {since}: nothing is taken back before it has ended",
    NOTHING_BOOKED: "the run has booked nothing",
}

TOUCHED = "touched"
"""Somebody has changed it since: it is his now, whatever he changed."""
TOLD = "told"
"""Somebody has been told of it, or is being told at this moment."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """`taken`: the appointments that went. `kept`: those that stay, each with why. `left`: how many it did not come to."""

    taken: tuple[UUID, ...]
    kept: Mapping[UUID, str]
    left: int = 0


def take_back(
    engine: Engine,
    run_id: UUID,
    *,
    by: Actor,
    now: datetime,
    go_on: Callable[[], bool] = lambda: True,
) -> TakenBack:
    """Delete what the run has booked, as far as it is still its own; those requests are open again.

    `go_on` is asked before each batch; where it says no, the rest stays and may be asked for again.

    Raises:
        RefusedError: there is no such run, it still goes on, or it was a preview and booked nothing.
    """
    appointments = _booked_by(engine, run_id)
    taken: list[UUID] = []
    kept: dict[UUID, str] = {}
    left = len(appointments)
    for start in range(0, len(appointments), BATCH):
        if not go_on():
            break
        batch = appointments[start : start + BATCH]
        answer = retried(partial(_take, engine, batch, by, now))
        taken += answer.taken
        kept |= answer.kept
        left -= len(batch)
    told = TakenBack(tuple(taken), kept, left)
    retried(partial(_tell, engine, run_id, told))
    return told


def _booked_by(engine: Engine, run_id: UUID) -> list[UUID]:
    """What the run has booked and has not been deleted, if it may be taken back at all."""
    with reading(engine) as session:
        run = session.get(JobRun, run_id)
        if run is None:
            raise RefusedError([Refusal(NO_SUCH_RUN, {"run": run_id})])
        require_ended(run)
        those = select(Appointment.id).where(
            Appointment.run_id == run_id, Appointment.state != AppointmentState.DELETED
        )
        return list(session.scalars(those.order_by(Appointment.id)))


def require_ended(run: JobRun) -> None:
    """That it may be taken back at all.

    Raises:
        RefusedError: it still waits or goes on, it was a preview, or no planning run.
    """
    if run.state in {RunState.WAITING, RunState.RUNNING}:
        raise RefusedError([Refusal(RUN_GOES_ON, {"run": run.id, "since": run.started_at})])
    if run.preview or run.kind != PLANNING:
        raise RefusedError([Refusal(NOTHING_BOOKED, {"run": run.id})])


def _take(engine: Engine, batch: Sequence[UUID], by: Actor, now: datetime) -> TakenBack:
    """Decided under the locks: nobody touches one of them between the question and its end."""
    with writing(engine) as session:
        found = locked(session, batch)
        told = _told_of(session, batch)
        kept = {one.id: TOLD for one in found if one.id in told}
        kept |= {
            one.id: TOUCHED
            for one in found
            if one.version > 1 or one.state is not AppointmentState.PLANNED
        }
        return _deleted(session, [one.id for one in found if one.id not in kept], kept, by, now)


def _deleted(
    session: Session, keys: Sequence[UUID], kept: dict[UUID, str], by: Actor, now: datetime
) -> TakenBack:
    """All of them; where one is refused, the others."""
    try:
        with session.begin_nested():
            delete(session, keys, by=by, now=now, reason=REASON)
    except (RefusedError, DBAPIError) as error:
        why = _why(error)
        if len(keys) == 1:
            return TakenBack((), kept | {keys[0]: why})
    else:
        return TakenBack(tuple(keys), kept)
    taken: tuple[UUID, ...] = ()
    for key in keys:
        answer = _deleted(session, [key], kept, by, now)
        taken += answer.taken
        kept |= answer.kept
    return TakenBack(taken, kept)


def _why(error: RefusedError | DBAPIError) -> str:
    """The rule that refuses: by now another request of the employee is open, say."""
    if isinstance(error, RefusedError):
        return error.refusals[0].code
    rule = guards.refused_by(error)
    if rule is None:
        raise error
    return rule


def _told_of(session: Session, keys: Collection[UUID]) -> set[UUID]:
    """Of which a reminder, an invitation or a message has left: one that failed may have arrived all the same."""
    reminded = select(Reminder.appointment_id).where(
        Reminder.appointment_id.in_(keys), _left(Reminder)
    )
    invited = select(Message.appointment_id).where(
        Message.appointment_id.in_(keys), Message.invitation_id.is_not(None), _left(Message)
    )
    heard_of = (
        select(Event.subject_id)
        .join(Delivery, Delivery.event_id == Event.id)
        .where(Event.subject_id.in_(keys), _left(Delivery))
    )
    told = (reminded, invited, heard_of)
    return {key for query in told for key in session.scalars(query) if key is not None}


def _left(message: type[Reminder | Message | Delivery]) -> ColumnElement[bool]:
    claimed: type[Claimed] = message
    return or_(
        message.state == DeliveryState.SENT,
        message.attempts > 0,
        claimed.claimed_until > database_now(),
    )


def _tell(engine: Engine, run_id: UUID, back: TakenBack) -> None:
    """In the run's row: how much went in all, and what stayed, and why."""
    with writing(engine) as session:
        those = select(JobRun.report, JobRun.state).where(JobRun.id == run_id)
        report, state = session.execute(those.with_for_update(key_share=True)).one()
        before = (report or {}).get("taken_back", {}).get("taken", 0)
        told = {
            "taken": before + len(back.taken),
            "kept": {str(key): why for key, why in back.kept.items()},
            "left": back.left,
        }
        session.execute(
            update(JobRun)
            .where(JobRun.id == run_id)
            .values(
                state=state if back.kept or back.left else RunState.TAKEN_BACK,
                report=(report or {}) | {"taken_back": told},
            ),
            execution_options={"synchronize_session": False},
        )
