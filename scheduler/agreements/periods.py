"""From a day until another, which is not in it; and what was released stays payable when a period ends. Domain §§2, 7."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.billing import Performance, PerformanceState
from models.organisation import Establishment
from scheduler.performing import Wanted, unpriced
from scheduler.refusals import Refusal, RefusedError

NO_DAY = "period_without_a_day"
LEFT_UNPRICED = "performances_left_unpriced"

MESSAGES: Mapping[str, str] = {
    NO_DAY: (
        "the period from {from_day} until {until_day} has no day in it, for the last is not included;"
        " choose a later day"
    ),
    LEFT_UNPRICED: (
        "what was performed on {day}, and waits for its invoice, would have no price;"
        " choose a later day, or undo its completion first"
    ),
}


def against(from_day: date, until_day: date | None) -> list[Refusal]:
    """Why this is no period."""
    if until_day is None or from_day < until_day:
        return []
    return [Refusal(NO_DAY, {"from_day": from_day, "until_day": until_day})]


@contextmanager
def keeping_prices(session: Session, *of: ColumnElement[bool]) -> Iterator[None]:
    """What happens within takes the price of no performance of these that waits for its invoice.

    Raises:
        RefusedError: it would.
    """
    before = unpriced(session, _released(session, *of))
    with session.begin_nested():
        yield
        session.flush()
        after = unpriced(session, _released(session, *of))
        lost = sorted({one.day for one in after if one not in before})
        if lost:
            raise RefusedError([Refusal(LEFT_UNPRICED, {"day": lost[0]})])


def _released(session: Session, *of: ColumnElement[bool]) -> list[Wanted]:
    query = (
        select(Establishment.employer_id, Performance.performance_type_id, Performance.performed_on)
        .join(Establishment, Establishment.id == Performance.establishment_id)
        .where(Performance.state == PerformanceState.RELEASED, *of)
        .distinct()
    )
    return [Wanted._make(row) for row in session.execute(query)]
