"""The relay: rounds of claim, tell and finish, until nothing is left to be claimed."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.database import writing
from scheduler.relay.claims import Claim, claim, finish, put_off
from scheduler.relay.subscriber import Subscriber
from scheduler.rounds import Rounds

log = logging.getLogger(__name__)

POLL = timedelta(seconds=30)
"""The safety net where nobody rings."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How much is taken on at once, for how long, and how much is finished in one transaction."""

    batch: int = 100
    portion: int = 20
    lease: timedelta = timedelta(seconds=60)
    pause: timedelta = timedelta(seconds=1)
    """After the first failure; twice as long after each further one."""
    longest_pause: timedelta = timedelta(minutes=5)

    def pause_after(self, tries: int) -> timedelta:
        doublings = min(tries - 1, 30)
        return min(self.longest_pause, self.pause * (1 << doublings))


USUAL = Terms()


def relay_once(engine: Engine, subscribers: Sequence[Subscriber], terms: Terms = USUAL) -> int:
    """Claim some events and tell them; give how many were relayed."""
    return _told(engine, subscribers, terms, _claimed(engine, terms))


def relay_all(engine: Engine, subscribers: Sequence[Subscriber], terms: Terms = USUAL) -> int:
    """The same until nothing can be claimed: what failed waits for another time."""
    relayed = 0
    while claims := _claimed(engine, terms):
        relayed += _told(engine, subscribers, terms, claims)
    return relayed


def relay(
    engine: Engine,
    subscribers: Sequence[Subscriber],
    every: timedelta = POLL,
    then: Callable[[], object] | None = None,
) -> Rounds:
    """A relay in a thread of its own: at once when it is rung, and every so often. Start and stop it.

    `then`: called when something was relayed, and so may have to leave.
    """

    def act() -> None:
        if relay_all(engine, subscribers) and then is not None:
            then()

    return Rounds("relay", act, every)


def _claimed(engine: Engine, terms: Terms) -> list[Claim]:
    with writing(engine) as session:
        return claim(session, terms.batch, terms.lease)


def _told(
    engine: Engine, subscribers: Sequence[Subscriber], terms: Terms, claims: Sequence[Claim]
) -> int:
    return sum(
        _finished(engine, subscribers, terms, portion)
        for portion in _portions(claims, terms.portion)
    )


def _finished(
    engine: Engine, subscribers: Sequence[Subscriber], terms: Terms, claims: Sequence[Claim]
) -> int:
    """Tell events and finish them in one transaction; where one fails, each in its own."""
    try:
        with writing(engine) as session:
            ours = finish(session, claims)
            _tell(session, subscribers, ours)
        return len(ours)
    except Exception as error:  # noqa: BLE001 (whatever a subscriber fails on, the others are told)
        if len(claims) > 1:
            return sum(_finished(engine, subscribers, terms, [one]) for one in claims)
        _put_off(engine, terms, claims[0], error)
        return 0


def _tell(session: Session, subscribers: Sequence[Subscriber], claims: Sequence[Claim]) -> None:
    for subscriber in subscribers:
        wanted = [one.event for one in claims if one.event.topic in subscriber.topics]
        if wanted:
            subscriber.hear(session, wanted)


def _put_off(engine: Engine, terms: Terms, failed: Claim, error: Exception) -> None:
    # the kind of error only: the words of a database error hold what was written
    log.warning(
        "event %s (%s) failed for the %d. time: %s",
        failed.event.id,
        failed.event.topic,
        failed.token,
        type(error).__name__,
    )
    with writing(engine) as session:
        put_off(session, [failed], terms.pause_after(failed.token))


def _portions(claims: Sequence[Claim], size: int) -> Iterator[Sequence[Claim]]:
    return (claims[start : start + size] for start in range(0, len(claims), size))
