"""Planning runs and what they answer, and requests to the API that must have one effect. Domain §4, reliability §§3.5, 3.7."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Json, Versioned, line, reference


class RunState(Code):
    """Of a run."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TAKEN_BACK = "taken_back"


class JobRun(Versioned, Base):
    """One run of a job. Whoever holds it says so again and again; past `lease_until` another may take over.

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
    )

    kind: Mapped[str] = line(50)
    scope: Mapped[str] = line()
    """Which part of the organisation; empty: all of it."""
    business_date: Mapped[date]
    preview: Mapped[bool] = mapped_column(default=False)
    """Planned and shown, not booked. Domain §4."""
    state: Mapped[RunState]
    token: Mapped[int] = mapped_column(default=1)
    lease_until: Mapped[datetime]
    settings: Mapped[Json]
    """How it was asked for: days, seed, time limit or iterations."""
    progress: Mapped[Json | None]
    """How far it is, while it goes on: stage, planned, weight, bound, seconds."""
    started_at: Mapped[datetime]
    cancel_asked_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    report: Mapped[Json | None]
    """Score, proven bound, gap, seconds, versions."""


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
