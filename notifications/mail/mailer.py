"""Who sends mail: taken on by the batch, sent one after the other over connections that are kept for as long as there are more.

How each ended is written before the next one is sent: whoever dies leaves one at the most of which nobody knows.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

from sqlalchemy import Engine

from models.database import reading, retried, writing
from notifications.delivering import Outcome
from notifications.delivering.deliverer import A_JOB, Fault
from notifications.egress import Client
from notifications.mail.building import UnfitError
from notifications.mail.claims import (
    Claim,
    Ended,
    House,
    Unsent,
    claim,
    expire,
    finish,
    give_back,
    is_anything_due,
    still_ours,
)
from notifications.mail.smtp import ANSWERS_WITHIN, Post, Trouble, Where
from notifications.mail.terms import USUAL, Terms

log = logging.getLogger(__name__)


def _nothing() -> None:
    """Nobody else is there."""


class Mailer:
    """Sends what is due. Several of them, in any process, do not get in each other's way.

    `more`: called when there was more than one takes on at once, so that others come and help.
    """

    def __init__(
        self,
        engine: Engine,
        house: House,
        egress: Client,
        terms: Terms = USUAL,
        within: float = ANSWERS_WITHIN,
    ) -> None:
        self.more: Callable[[], object] = _nothing
        self._engine = engine
        self._house = house
        self._egress = egress
        self._terms = terms
        self._within = within
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let whoever sends end after the mail that is on its way; what he took on he gives back."""
        self._stopped.set()

    def send_all(self, within: timedelta = A_JOB) -> int:
        """Until nothing may go, or for so long; give how many attempts were made."""
        ends = time.monotonic() + within.total_seconds()
        if not self._has_something():
            return 0
        while retried(self._expired):
            pass
        made = 0
        with ExitStack() as stack:
            posts: dict[Where, Post] = {}
            while time.monotonic() < ends and (batch := retried(self._claimed)):
                if len(batch) == self._terms.batch:
                    self.more()
                for number, one in enumerate(batch):
                    if self._stopped.is_set() or time.monotonic() > ends:
                        retried(partial(self._given_back, batch[number:]))
                        return made
                    if one.where not in posts:
                        post = Post(one.where, self._egress, self._within)
                        posts[one.where] = stack.enter_context(post)
                    made += self._send(posts[one.where], one)
        return made

    def _has_something(self) -> bool:
        # on SQLite whoever claims keeps all others from writing
        with reading(self._engine) as session:
            return is_anything_due(session)

    def _expired(self) -> int:
        with writing(self._engine) as session:
            return expire(session, self._house)

    def _claimed(self) -> list[Claim]:
        if self._stopped.is_set():
            return []
        with writing(self._engine) as session:
            return claim(session, self._house, self._terms, self._terms.batch)

    def _given_back(self, claims: Sequence[Claim]) -> None:
        with writing(self._engine) as session:
            give_back(session, claims)

    def _send(self, post: Post, one: Claim) -> bool:
        """Whether it was tried."""
        with reading(self._engine) as session:
            is_ours = still_ours(session, one, self._terms.lease / 2)
        if not is_ours:
            # cancelled, moved, or waited behind others for too long
            retried(partial(self._given_back, [one]))
            return False
        began = time.monotonic()
        outcome = self._sent(post, one)
        took = timedelta(seconds=time.monotonic() - began)
        retried(partial(self._finished, one, Ended(outcome, took)))
        return True

    def _sent(self, post: Post, one: Claim) -> Outcome:
        if one.where.username is not None and one.where.password is None:
            return Outcome(error=Trouble.PASSWORD_UNREADABLE)
        try:
            return post.send(one.sender, one.recipient, one.content())
        except UnfitError:
            return Outcome(error=Unsent.UNFIT)
        except Exception as error:  # noqa: BLE001 (whatever it is, it was an attempt)
            # the kind only: the words may hold an address
            log.warning("mail %s: %s", one.id, type(error).__name__)
            return Outcome(error=Fault.INTERNAL)

    def _finished(self, one: Claim, ended: Ended) -> None:
        with writing(self._engine) as session:
            finish(session, self._house, one, ended, self._terms)
