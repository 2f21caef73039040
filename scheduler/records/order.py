"""The order of the preferences, as an administrator sets it. Domain §4."""

from collections.abc import Sequence

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from models.settings import Criterion, Preference
from scheduler.guarded import guarded
from scheduler.loading.preferences import order_of
from scheduler.records.lists import TWICE
from scheduler.refusals import Refusal, RefusedError


def preferred_order(session: Session) -> Sequence[Criterion]:
    """The criteria that count, the most important first."""
    return order_of(session)


def set_order(session: Session, order: Sequence[Criterion]) -> None:
    """Let these count, in this order; without any, the usual ones.

    Raises:
        RefusedError: one comes twice.
    """
    if len(set(order)) < len(order):
        raise RefusedError([Refusal(TWICE, {"field": "order"})])
    with guarded(session):
        session.execute(delete(Preference))
        if order:
            ranks = [{"criterion": one, "rank": place} for place, one in enumerate(order, 1)]
            session.execute(insert(Preference), ranks)
