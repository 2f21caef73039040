"""What happens by itself: triggers, their firings, and the tasks they leave. Domain §4."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Json, Keyed, Versioned, line, reference

DEEPEST = 5
"""A chain of firings stops here, visibly. Domain §4."""


class Action(Code):
    """What a trigger does."""

    CREATE_REQUEST = "create_request"
    ADD_TASK = "add_task"
    SEND_MESSAGE = "send_message"
    ANNOUNCE = "announce"
    WITHDRAW_REQUEST = "withdraw_request"


class Trigger(Versioned, Base):
    """Event, conditions, action."""

    __tablename__ = "triggers"

    name: Mapped[str] = line()
    topic: Mapped[str] = line(100)
    conditions: Mapped[Json]
    action: Mapped[Action]
    settings: Mapped[Json]
    """Of the action: the consultation type, draft or not, Saturdays, Sundays and holidays, when to plan."""
    enabled: Mapped[bool]
    since: Mapped[datetime | None]
    """When it was last enabled: what happened before is none of its business."""
    removed_at: Mapped[datetime | None]
    """It fires no more; its log stays."""


class Outcome(Code):
    """Of a firing."""

    DONE = "done"
    REFUSED = "refused"
    STOPPED = "stopped"


class TriggerFiring(Keyed, Base):
    """A trigger met an event: once, however often the event is read."""

    __tablename__ = "trigger_firings"
    __table_args__ = (
        UniqueConstraint("trigger_id", "event_id"),
        CheckConstraint(f"depth BETWEEN 1 AND {DEEPEST}", name="depth"),
        CheckConstraint(
            f"outcome <> 'stopped' OR depth = {DEEPEST}", name="stopped_at_the_deepest"
        ),
    )

    trigger_id: Mapped[UUID] = reference("triggers")
    event_id: Mapped[UUID]
    """Not constrained: events are cleared away before the log of firings is."""
    employee_id: Mapped[UUID | None] = reference("employees")
    """Whom the event was about."""
    at: Mapped[datetime]
    depth: Mapped[int]
    outcome: Mapped[Outcome]
    refusals: Mapped[Json | None]
    request_id: Mapped[UUID | None] = reference("requests")
    task_id: Mapped[UUID | None] = reference("tasks")
    appointment_id: Mapped[UUID | None] = reference("appointments")
    """On which the request was planned at once."""
    unplanned: Mapped[Json | None]
    """Why it was not, where it should have been."""


class Occurrence(Base):
    """What a day brings, and nobody does: that it came was told. Domain §4, day N of a case."""

    __tablename__ = "occurrences"

    topic: Mapped[str] = mapped_column(String(100), primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    on_day: Mapped[date] = mapped_column(primary_key=True)


class Task(Versioned, Base):
    """Something for a person to do: to call an employee whose reminders could not be made. Domain §4."""

    __tablename__ = "tasks"

    title: Mapped[str] = line()
    employee_id: Mapped[UUID | None] = reference("employees", index=True)
    case_id: Mapped[UUID | None] = reference("cases")
    appointment_id: Mapped[UUID | None] = reference("appointments")
    assignee_id: Mapped[UUID | None] = reference("accounts", index=True)
    role_id: Mapped[UUID | None] = reference("roles", index=True)
    """Of those who may do it, where it is nobody's yet."""
    due_on: Mapped[date | None]
    done_at: Mapped[datetime | None]
