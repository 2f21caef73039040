"""Planning runs and what they answer, and requests to the API that must have one effect. Domain §4, reliability §§3.5, 3.7."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Json, Keyed, Versioned, line, reference
from models.outbox import Claimed


class RunState(Code):
    """Of a run. A waiting one was asked for, and nobody has taken it on yet."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TAKEN_BACK = "taken_back"


class JobRun(Versioned, Base):
    """One run of a job: one of a kind waits, one goes on. Whoever holds it says so again and again; past `lease_until` another may take over.

    Each write of the run asks first whether `token` is still its own, so that a holder who was
    stopped and wakes up writes nothing (reliability §0, E10).
    """

    __tablename__ = "job_runs"
    __table_args__ = (
        Index(
            "one_running",
            "kind",
            "scope",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        Index(
            "one_waiting",
            "scope",  # the other way round: SQLite names columns where an index refuses
            "kind",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    kind: Mapped[str] = line(50)
    scope: Mapped[str] = line()
    """Which part of the organisation; empty: all of it."""
    business_date: Mapped[date]
    preview: Mapped[bool] = mapped_column(default=False)
    """Planned and shown, not booked. Domain §4."""
    occasion: Mapped[str | None] = line(unique=True)
    """What it was asked for by, where that must ask once: the timetable's hour of that day."""
    asked_by_id: Mapped[UUID | None] = reference("accounts")
    """In whose name it books; nobody's: the timetable's, or the command line's."""
    state: Mapped[RunState]
    token: Mapped[int] = mapped_column(default=1)
    lease_until: Mapped[datetime]
    """While it waits: past."""
    settings: Mapped[Json]
    """How it was asked for: days, seed, time limit or iterations."""
    progress: Mapped[Json | None]
    """How far it is, while it goes on: stage, planned, weight, bound, seconds."""
    started_at: Mapped[datetime]
    """While it waits: when it was asked for."""
    cancel_asked_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    report: Mapped[Json | None]
    """Score, proven bound, gap, seconds, versions."""


class RunShare(Claimed, Keyed, Base):
    """A part of what a run plans, for whoever has time: workers take the shares of a run on, one at a time each.

    It goes when the run has what was found, or goes on without it; who answers late then answers nobody.
    """

    __tablename__ = "run_shares"

    run_id: Mapped[UUID] = reference("job_runs", index=True)
    number: Mapped[int]
    asked: Mapped[bytes] = mapped_column(LargeBinary)
    """The instance and the options, as gzipped JSON: keys and times, nobody's name."""
    ends_at: Mapped[datetime | None]
    """When the run goes on without it; never, where it counts iterations."""
    progress: Mapped[Json | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What was found, in the same way."""
    answered_at: Mapped[datetime | None]


class RunOutcome(Base):
    """What a run has to say about one request: planned there, or not, and why. Domain §4."""

    __tablename__ = "run_outcomes"
    __table_args__ = (
        CheckConstraint("(availability_id IS NULL) = (starts_at IS NULL)", name="planned_where"),
        CheckConstraint(
            "(availability_id IS NULL) <> (why_not IS NULL)", name="planned_or_explained"
        ),
        Index(None, "request_id", "run_id"),
    )

    run_id: Mapped[UUID] = reference("job_runs", primary_key=True)
    request_id: Mapped[UUID] = reference("requests", primary_key=True)
    availability_id: Mapped[UUID | None] = reference("availabilities")
    starts_at: Mapped[datetime | None]
    why_not: Mapped[Json | None]
    """The number of availabilities that each rule excludes, and the easings that would let it in."""


class IdempotencyKey(Base):
    """A request to the API and its answer, written with its effect: a repetition gets the answer again."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        CheckConstraint("(status IS NULL) = (response IS NULL)", name="answered"),
        Index(None, "created_at"),
    )

    account_id: Mapped[UUID] = reference("accounts", primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = line()
    body_hash: Mapped[str] = line(64)
    status: Mapped[int | None]
    response: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: it may hold personal data."""
    created_at: Mapped[datetime]
