"""All employers' drafts of a period, some employers to a transaction: killed anywhere, it is begun again. Domain §7."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Engine

from models.database import reading, retried, writing
from scheduler.billing.generating import Generated, Period, generate, to_be_billed

AT_ONCE = 25
"""Employers in one transaction."""


def generate_all(engine: Engine, period: Period) -> Iterator[Generated]:
    """Make the drafts, portion by portion; what was made by a run that did not end is made again, and not twice."""
    with reading(engine) as session:
        employers = to_be_billed(session, period)
    for start in range(0, len(employers), AT_ONCE):
        yield _portion(engine, employers[start : start + AT_ONCE], period)


def _portion(engine: Engine, employers: list[UUID], period: Period) -> Generated:
    def act() -> Generated:
        with writing(engine) as session:
            return generate(session, employers, period)

    return retried(act)
