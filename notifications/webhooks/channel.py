"""Webhooks as a channel: who may hear of it at this moment, what is sent, and how."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.base import Code
from models.outbox import Delivery, DeliveryState, Event, Protocol, Receiver
from notifications.delivering import Due, Outcome, Parcel, Verdict
from notifications.egress import Answer, Client, EgressError
from notifications.egress.client import ENDS_WITHIN
from notifications.webhooks.payload import compose
from notifications.webhooks.signing import named, signed
from notifications.webhooks.tokens import Credentials, TokenError, Tokens

May = Callable[[Session, UUID, Event], bool]
"""Whether this account may see, now, what the event is about."""
Open = Callable[[Receiver], Sequence[str]]
"""The secrets of a receiver that are valid, the newest first."""
UNAUTHORISED = 401
JSON = {"Content-Type": "application/json"}


class Failure(Code):
    """Why an attempt came to nothing, beside what the way out says (`egress.errors`)."""

    STATUS = "status"
    REDIRECT = "redirect"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 (a word for it)
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 (a word for it)


@dataclass(frozen=True, slots=True)
class _Post:
    """`secrets`: none where they cannot be opened here."""

    url: str
    event_id: UUID
    secrets: Sequence[str] = field(repr=False)
    token_url: str | None
    client_id: str | None


class Webhooks:
    """`may` and `open_secrets` are handed in: they know of rights and keys. `within`: seconds for an attempt."""

    name: ClassVar[str] = "webhooks"
    lanes: ClassVar[type[Receiver]] = Receiver
    lane: ClassVar[str] = Delivery.receiver_id.key
    at_once: ClassVar[int] = 2

    def __init__(
        self, client: Client, may: May, open_secrets: Open, within: float = ENDS_WITHIN
    ) -> None:
        self._client = client
        self._tokens = Tokens(client)
        self._may = may
        self._open = open_secrets
        self._within = within

    def judge(self, session: Session, due: Sequence[Due]) -> list[Verdict]:
        keys = {one.lane for one in due}
        known = {
            one.id: one for one in session.scalars(select(Receiver).where(Receiver.id.in_(keys)))
        }
        return [self._judged(session, known[one.lane], one) for one in due]

    def _judged(self, session: Session, receiver: Receiver, due: Due) -> Verdict:
        if receiver.removed_at is not None:
            return DeliveryState.CANCELLED
        if not self._may(session, receiver.account_id, due.event):
            return DeliveryState.NOT_AUTHORISED
        how = _Post(
            receiver.url,
            due.event.id,
            self._secrets(receiver),
            receiver.token_url if receiver.protocol is Protocol.OAUTH2 else None,
            receiver.client_id,
        )
        # as it was sent before, should the code that makes it have changed since
        return Parcel(due.delivery.body or compose(due.event), how)

    def _secrets(self, receiver: Receiver) -> Sequence[str]:
        try:
            return self._open(receiver)
        except Exception:  # noqa: BLE001 (sealed by a key that is not here: this one waits, the others go)
            return ()

    # --- On its way -----------------------------------------------------------------------------------

    def send(self, parcel: Parcel) -> Outcome:
        post: _Post = parcel.how
        if not post.secrets:
            return Outcome(error=Failure.SECRET_UNREADABLE)
        until = time.monotonic() + self._within
        try:
            answer = self._answer(post, parcel.body.encode(), until)
        except EgressError as error:
            return Outcome(error=error.why)
        except TokenError as error:
            return Outcome(error.status, Failure.TOKEN_REFUSED)
        return _outcome(answer)

    def _answer(self, post: _Post, body: bytes, until: float) -> Answer:
        now = int(time.time())
        if post.token_url is None or post.client_id is None:
            headers = signed(post.event_id, now, body, post.secrets)
            return self._client.post(post.url, body, headers | JSON, until)
        headers = named(post.event_id, now) | JSON
        credentials = Credentials(post.token_url, post.client_id, post.secrets[0])
        token, is_new = self._tokens.token(credentials, until)
        answer = self._client.post(post.url, body, headers | _bearer(token), until)
        if answer.status == UNAUTHORISED:
            self._tokens.forget(credentials, token)
            if not is_new:
                token, _ = self._tokens.token(credentials, until)
                answer = self._client.post(post.url, body, headers | _bearer(token), until)
        return answer


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _outcome(answer: Answer) -> Outcome:
    match answer.status // 100:
        case 2:
            return Outcome(answer.status)
        case 3:
            return Outcome(answer.status, Failure.REDIRECT)
        case _:
            return Outcome(answer.status, Failure.STATUS, _wish(answer.retry_after))


LONGEST_WISH = 9
"""Digits."""


def _wish(retry_after: str | None) -> timedelta | None:
    """In seconds; a date is not followed: its clock is another one's."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdecimal() and len(text) <= LONGEST_WISH:
        return timedelta(seconds=int(text))
    return None
