"""Who sends mail: one mail after the other, over a connection that is kept for as long as there are more."""

import logging
import time
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

from sqlalchemy import Engine

from models.database import reading, retried, writing
from notifications.delivering import Outcome
from notifications.delivering.deliverer import A_JOB, Fault
from notifications.egress import Client
from notifications.mail.claims import (
    Claim,
    Ended,
    House,
    claim,
    expire,
    finish,
    is_anything_due,
    still_ours,
)
from notifications.mail.smtp import ANSWERS_WITHIN, Post, Trouble, Where
from notifications.mail.terms import USUAL, Terms

log = logging.getLogger(__name__)


class Mailer:
    """Sends what is due. Several of them, in any process, do not get in each other's way."""

    def __init__(
        self,
        engine: Engine,
        house: House,
        egress: Client,
        terms: Terms = USUAL,
        within: float = ANSWERS_WITHIN,
    ) -> None:
        self._engine = engine
        self._house = house
        self._egress = egress
        self._terms = terms
        self._within = within

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
            while time.monotonic() < ends and (one := retried(self._claimed)) is not None:
                if one.where not in posts:
                    posts[one.where] = stack.enter_context(
                        Post(one.where, self._egress, self._within)
                    )
                self._send(posts[one.where], one)
                made += 1
        return made

    def _has_something(self) -> bool:
        # on SQLite whoever claims keeps all others from writing
        with reading(self._engine) as session:
            return is_anything_due(session)

    def _expired(self) -> int:
        with writing(self._engine) as session:
            return expire(session, self._house)

    def _claimed(self) -> Claim | None:
        with writing(self._engine) as session:
            return claim(session, self._house, self._terms)

    def _send(self, post: Post, one: Claim) -> None:
        with reading(self._engine) as session:
            if not still_ours(session, one):
                return
        began = time.monotonic()
        outcome = self._sent(post, one)
        took = timedelta(seconds=time.monotonic() - began)
        retried(partial(self._finished, one, Ended(outcome, took)))

    def _sent(self, post: Post, one: Claim) -> Outcome:
        if one.where.username is not None and one.where.password is None:
            return Outcome(error=Trouble.PASSWORD_UNREADABLE)
        try:
            return post.send(one.sender, one.recipient, one.content)
        except Exception as error:  # noqa: BLE001 (whatever it is, it was an attempt)
            # the kind only: the words may hold an address
            log.warning("mail %s: %s", one.id, type(error).__name__)
            return Outcome(error=Fault.INTERNAL)

    def _finished(self, one: Claim, ended: Ended) -> None:
        with writing(self._engine) as session:
            finish(session, self._house, one, ended, self._terms)
