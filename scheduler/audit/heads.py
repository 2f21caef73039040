"""The ends of the chain, day by day, in a file where nothing is written twice.

Whoever may alter the database may hash all of it anew; not what has been carried away. A line of the
file says: up to this record, this is the seal.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.database import reading
from scheduler.audit.chain import LOWEST, RECORDS, SEALS

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Head:
    """The last seal of a day (of UTC), as far as it had come."""

    record_id: int
    hash: str
    day: date


def export_heads(engine: Engine, path: Path) -> list[Head]:
    """Add to the file the head of each day since its last line, today's as it is now; give what is new.

    What is cut off behind the last line cannot be missed afterwards: so do this often, not daily.
    """
    known = read_heads(path) if path.exists() else []
    with reading(engine) as session:
        new = list(_heads(session, known[-1] if known else None))
    if new:
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f"{_line(head)}\n" for head in new)
            file.flush()
            os.fsync(file.fileno())
    return new


def read_heads(path: Path) -> list[Head]:
    """The lines of such a file, in their order.

    Raises:
        ValueError: a line is none of these.
    """
    heads = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            told = json.loads(line)
            head = Head(int(told["record"]), str(told["hash"]), date.fromisoformat(told["day"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}, line {number}: this is no head of a day") from error
        heads.append(head)
    return heads


def _line(head: Head) -> str:
    return json.dumps(
        {"day": head.day.isoformat(), "record": head.record_id, "hash": head.hash}, sort_keys=True
    )


def _heads(session: Session, last: Head | None) -> Iterator[Head]:
    known = LOWEST if last is None else last.record_id
    day = _next_day(session, date.min if last is None else last.day)
    while day is not None:
        of_day = (
            select(SEALS.c.record_id, SEALS.c.hash)
            .join(RECORDS, RECORDS.c.id == SEALS.c.record_id)
            .where(RECORDS.c.at >= _midnight(day), RECORDS.c.at < _midnight(day + DAY))
            .order_by(SEALS.c.record_id.desc())
            .limit(1)
        )
        head = session.execute(of_day).one_or_none()
        if head is not None and head.record_id > known:
            known = head.record_id
            yield Head(head.record_id, head.hash, day)
        day = _next_day(session, day + DAY)


def _next_day(session: Session, since: date) -> date | None:
    """The first day from `since` on that has records."""
    at = session.scalar(select(func.min(RECORDS.c.at)).where(RECORDS.c.at >= _midnight(since)))
    return None if at is None else at.date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
