"""What was done to a record that does not hang together with the one before it."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.base import Code
from scheduler.audit.chain import LOWEST, RECORDS, SEALS, START, Raw, digest, in_order


class Harm(Code):
    """What was done, as far as what is left can tell."""

    ALTERED = "altered"
    MOVED = "moved"
    """What stood here stands elsewhere."""
    DELETED = "deleted"
    INSERTED = "inserted"
    REWRITTEN = "rewritten"
    """The chain is whole, but it was another one when its head was carried away."""
    CUT_OFF = "cut_off"
    """Where the chain ends it once went on."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first record that is not as it was.

    Of records that are gone with their seals only the place is left: behind `after`, before `record_id`.
    """

    harm: Harm
    record_id: int
    after: int | None
    """The last one before it that is as it was; nothing where it is the first."""


@dataclass(frozen=True, slots=True)
class Link:
    """A record that is as it was, and its seal."""

    record_id: int | None
    hash: str


FIRST = Link(None, START)


def follows(last: Link, record: Raw, seal: Raw) -> bool:
    return bool(seal["previous"] == last.hash and seal["hash"] == digest(last.hash, record))


def diagnosed(session: Session, last: Link, record: Raw, seal: Raw) -> Broken:
    """What was done to a record that does not follow the `last` one."""
    here: int = record["id"]
    if seal["previous"] != last.hash and seal["hash"] != digest(last.hash, record):
        if _is_followed(session, last):
            return Broken(Harm.MOVED, here, last.record_id)
        inserted = _inserted(session, record, seal)
        if inserted is not None:
            return inserted
        if seal["hash"] == digest(seal["previous"], record):
            return Broken(Harm.DELETED, here, last.record_id)  # whole, but what it followed is gone
    elif _stands_elsewhere(session, last, here, seal):
        return Broken(Harm.MOVED, here, last.record_id)
    return Broken(Harm.ALTERED, here, last.record_id)


def _is_followed(session: Session, last: Link) -> bool:
    """Whether the seal that followed is still there: it is another record's now."""
    followers = select(SEALS.c.record_id).where(SEALS.c.previous == last.hash)
    return session.scalar(followers.limit(1)) is not None


def _inserted(session: Session, record: Raw, seal: Raw) -> Broken | None:
    """The first of those that came between the record and what it once followed."""
    once = select(SEALS.c.record_id).where(SEALS.c.hash == seal["previous"])
    followed = session.scalar(once.where(SEALS.c.record_id < record["id"]).limit(1))
    if followed is None and seal["previous"] != START:
        return None
    between = select(func.min(SEALS.c.record_id)).where(
        SEALS.c.record_id > (LOWEST if followed is None else followed)
    )
    return Broken(Harm.INSERTED, session.scalar(between) or 0, followed)


def _stands_elsewhere(session: Session, last: Link, here: int, seal: Raw) -> bool:
    """Whether the content that was sealed here is now under another id."""
    return any(
        digest(last.hash, {**other, "id": here}) == seal["hash"]
        for other in in_order(session, RECORDS)
        if other["id"] != here
    )
