"""What is put on record of a request: what it showed or changed, and what was refused. Domain §8, reliability §3.10."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from api.http.calls import columns_of
from api.http.policies import Policy
from api.http.problems import AuditFailedError, trouble_of
from api.http.replies import Asked
from api.http.service import Service
from models.access import Account
from models.database import reading, retried, writing
from models.people import Employee
from scheduler.access import Caller
from scheduler.access.sessions import identify
from scheduler.actor import NOBODY
from scheduler.audit import Entry, Origin, record
from scheduler.refusals import RefusedError


def put_malformed_on_record(service: Service, asked: Asked, names: Iterable[str]) -> None:
    """Somebody sent fields that are not his to set, or nobody's (T3)."""
    with reading(service.engine) as session:
        try:
            caller = identify(session, token_of(asked), service.now()).caller
        except RefusedError:
            return
    _put_on_record(service, asked, caller, "unknown_field", columns_of(names))


def put_refusal_on_record(
    service: Service, asked: Asked, known: list[Caller], error: Exception
) -> None:
    trouble = trouble_of(error)
    if known and trouble is not None:
        retried(lambda: _put_on_record(service, asked, known[0], trouble.code))


def _put_on_record(
    service: Service,
    asked: Asked,
    caller: Caller,
    ground: str,
    fields: frozenset[str] = frozenset(),
) -> None:
    """The same work for what is not there and for what is not his: nobody can tell by the time it takes."""
    with writing(service.engine) as session:
        employee = _employee(session, asked.policy.of, asked.target)
        entry = Entry(
            asked.policy.act,
            table_of(asked.policy),
            ground,
            asked.target,
            employee,
            sorted(fields),
            allowed=False,
        )
        put(session, [entry], origin(session, asked, caller))


def _employee(session: Session, of: type[Any] | None, target: UUID | None) -> UUID | None:
    """Whom it would have been about."""
    column = Employee.id if of is Employee else getattr(of, "employee_id", None)
    if of is None or target is None or column is None:
        return None
    found: UUID | None = session.scalar(select(column).where(of.id == target))
    return found


def token_of(asked: Asked) -> str:
    if asked.knocked.token is None:
        raise RuntimeError("a route was reached without a token")
    return asked.knocked.token


def origin(session: Session, asked: Asked, caller: Caller | None) -> Origin:
    role_id = group_id = None
    if caller is not None and caller.account_id is not None:
        of = select(Account.role_id, Account.group_id).where(Account.id == caller.account_id)
        role_id, group_id = session.execute(of).one()
    return Origin(
        caller.actor if caller is not None else NOBODY,
        role_id,
        group_id,
        asked.knocked.address,
        asked.knocked.request_id,
    )


def put(session: Session, entries: list[Entry], by: Origin) -> None:
    """Raises AuditFailedError where it cannot be done; what may pass is tried again with all of it."""
    try:
        record(session, entries, by=by)
    except DBAPIError as error:
        if isinstance(error, OperationalError):
            raise
        raise AuditFailedError(type(error).__name__) from error


def table_of(policy: Policy) -> str:
    if policy.of is None:
        raise RuntimeError("a policy without a table puts nothing on record")
    name: str = policy.of.__tablename__
    return name
