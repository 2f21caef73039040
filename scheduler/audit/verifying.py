"""Whether the log is as it was when it was sealed; if not, the first record that is not, and how."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database import reading
from scheduler.audit.chain import RECORDS, SEALS, Raw, in_order
from scheduler.audit.diagnosis import FIRST, Broken, Harm, Link, diagnosed, follows
from scheduler.audit.heads import Head

__all__ = ["Broken", "Harm", "Sound", "verify", "walked"]


@dataclass(frozen=True, slots=True)
class Sound:
    """All `sealed` records are as they were; `unsealed` ones came after them."""

    sealed: int
    unsealed: int


def verify(engine: Engine, heads: Iterable[Head] = ()) -> Sound | Broken:
    """Walk the whole chain as it is at one moment, past all heads that were carried away."""
    with reading(engine) as session:
        return walked(session, heads)


def walked(session: Session, heads: Iterable[Head] = ()) -> Sound | Broken:
    """The same within a transaction."""
    walk = _Walk(session, heads)
    for key, record, seal in _beside(session):
        broken = walk.step(key, record, seal)
        if broken is not None:
            return broken
    return walk.end()


class _Walk:
    """How far along the chain all is well."""

    def __init__(self, session: Session, heads: Iterable[Head]) -> None:
        self._session = session
        self._heads = sorted(heads, reverse=True)
        self._last = FIRST
        self._sealed = 0
        self._unsealed = 0
        self._first_unsealed: int | None = None

    def step(self, key: int, record: Raw | None, seal: Raw | None) -> Broken | None:
        """One id, with its record and its seal, as far as they are there."""
        if seal is None:
            self._unsealed += 1
            if self._first_unsealed is None:
                self._first_unsealed = key
            return None
        if self._first_unsealed is not None:
            return self._broken(Harm.INSERTED, self._first_unsealed)
        if record is None:
            return self._broken(Harm.DELETED, key)
        if not follows(self._last, record, seal):
            return diagnosed(self._session, self._last, record, seal)
        return self._go_on(Link(key, seal["hash"]))

    def end(self) -> Sound | Broken:
        if self._heads:
            return self._broken(Harm.CUT_OFF, self._heads[-1].record_id)
        return Sound(self._sealed, self._unsealed)

    def _go_on(self, link: Link) -> Broken | None:
        while self._heads and self._heads[-1].record_id <= (link.record_id or 0):
            head = self._heads.pop()
            if Link(head.record_id, head.hash) != link:
                return self._broken(Harm.REWRITTEN, head.record_id)
        self._last = link
        self._sealed += 1
        return None

    def _broken(self, harm: Harm, record_id: int) -> Broken:
        return Broken(harm, record_id, self._last.record_id)


def _beside(session: Session) -> Iterator[tuple[int, Raw | None, Raw | None]]:
    """Each id there is, with its record and its seal."""
    records = ((row["id"], "record", row) for row in in_order(session, RECORDS))
    seals = ((row["record_id"], "seal", row) for row in in_order(session, SEALS))
    of_one_id = itemgetter(0)
    for key, found in groupby(merge(records, seals, key=of_one_id), of_one_id):
        there = {what: row for _, what, row in found}
        yield key, there.get("record"), there.get("seal")
