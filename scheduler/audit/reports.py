"""Who looked at or changed whose data: per employee, per account, and a monthly sample for review.

Reading a report is itself a look, and whoever answers with one puts it on record. The sample is there
because logs that nobody reads guard nothing (AP against HagaZiekenhuis, reliability §2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from models.access import Account
from models.audit import Act, AuditRecord, AuditSeal

PAGE = 1_000
MOST_LATE = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` until before `until`."""

    since: datetime
    until: datetime


EVER = Period(datetime(1970, 1, 1, tzinfo=UTC), MOST_LATE)


@dataclass(frozen=True, slots=True)
class Line:
    """One look or one change, with the names of the accounts as they are today."""

    record_id: int
    at: datetime
    actor_id: UUID | None
    actor: str | None
    on_behalf_of_id: UUID | None
    on_behalf_of: str | None
    act: Act
    kind: str
    object_id: UUID | None
    employee_id: UUID | None
    fields: Sequence[str]
    ground: str
    allowed: bool
    address: str | None
    request_reference: str | None


def of_employee(
    session: Session,
    employee_id: UUID,
    period: Period = EVER,
    *,
    after: int = 0,
    page: int = PAGE,
    seen: ColumnElement[bool] | None = None,
) -> list[Line]:
    """Who looked at or changed the data of an employee, in order, from behind record `after` on.

    `seen`: of which lines; all, unless it is said.
    """
    of = AuditRecord.employee_id == employee_id
    return _lines(session, of if seen is None else of & seen, period, after, page)


def by_account(
    session: Session, account_id: UUID, period: Period = EVER, *, after: int = 0, page: int = PAGE
) -> list[Line]:
    """Whose data an account looked at or changed, or had another look at or change."""
    own = (AuditRecord.actor_id == account_id) | (AuditRecord.on_behalf_of_id == account_id)
    return _lines(session, own, period, after, page)


def sample(session: Session, month: date, size: int) -> list[Line]:
    """Looks and changes of that month (of UTC), to be reviewed: everybody's, before anybody's second.

    Drawn by their seals, which nobody can foresee and everybody can follow: whoever asks again later
    gets the same, once the month is over and sealed.
    """
    first = datetime(month.year, month.month, 1, tzinfo=UTC)
    next_one = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
    turn = func.row_number().over(
        partition_by=(AuditRecord.actor_id, AuditRecord.on_behalf_of_id), order_by=AuditSeal.hash
    )
    drawn = (
        select(AuditRecord.id, AuditSeal.hash, turn.label("turn"))
        .join(AuditSeal, AuditSeal.record_id == AuditRecord.id)
        .where(
            AuditRecord.at >= first,
            AuditRecord.at < next_one,
            AuditRecord.employee_id.is_not(None),
            AuditRecord.actor_id.is_not(None),
        )
        .subquery()
    )
    query = _query().join(drawn, drawn.c.id == AuditRecord.id)
    return _read(session, query.order_by(drawn.c.turn, drawn.c.hash).limit(size))


def _lines(
    session: Session, of: ColumnElement[bool], period: Period, after: int, page: int
) -> list[Line]:
    within = (AuditRecord.at >= period.since, AuditRecord.at < period.until)
    query = _query().where(of, *within, AuditRecord.id > after)
    return _read(session, query.order_by(AuditRecord.id).limit(page))


def _query() -> Select[*tuple[Any, ...]]:
    actor, behind = aliased(Account), aliased(Account)
    return (
        select(
            AuditRecord.id,
            AuditRecord.at,
            AuditRecord.actor_id,
            actor.name,
            AuditRecord.on_behalf_of_id,
            behind.name,
            AuditRecord.act,
            AuditRecord.kind,
            AuditRecord.object_id,
            AuditRecord.employee_id,
            AuditRecord.fields,
            AuditRecord.ground,
            AuditRecord.allowed,
            AuditRecord.address,
            AuditRecord.request_reference,
        )
        .outerjoin(actor, actor.id == AuditRecord.actor_id)
        .outerjoin(behind, behind.id == AuditRecord.on_behalf_of_id)
    )


def _read(session: Session, query: Select[*tuple[Any, ...]]) -> list[Line]:
    return [Line(*row) for row in session.execute(query)]
