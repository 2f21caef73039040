"""Tasks: done, taken up again, and passed on. Domain §4."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models.access import Account, Role
from models.triggers import Task
from scheduler.refusals import Refusal, RefusedError
from scheduler.triggers.messages import DONE_ALREADY, FOR_BOTH, NAMES_UNKNOWN, NOT_DONE


def complete(session: Session, task: Task, *, now: datetime) -> None:
    """Raises RefusedError where it is done already."""
    if task.done_at is not None:
        raise RefusedError([Refusal(DONE_ALREADY)])
    task.done_at = now
    session.flush()


def reopen(session: Session, task: Task) -> None:
    """Raises RefusedError where it is not done."""
    if task.done_at is None:
        raise RefusedError([Refusal(NOT_DONE)])
    task.done_at = None
    session.flush()


def assign(session: Session, task: Task, account_id: UUID | None, role_id: UUID | None) -> None:
    """For this one, for whoever has this role, or for anybody.

    Raises:
        RefusedError: it is done, or is to be for both, or for somebody who is not there any more.
    """
    if task.done_at is not None:
        raise RefusedError([Refusal(DONE_ALREADY)])
    if account_id is not None and role_id is not None:
        raise RefusedError([Refusal(FOR_BOTH)])
    account = None if account_id is None else session.get(Account, account_id)
    if account_id is not None and (account is None or account.deactivated_at is not None):
        raise RefusedError([Refusal(NAMES_UNKNOWN, {"field": "assignee_id"})])
    if role_id is not None and session.get(Role, role_id) is None:
        raise RefusedError([Refusal(NAMES_UNKNOWN, {"field": "role_id"})])
    task.assignee_id, task.role_id = account_id, role_id
    session.flush()
