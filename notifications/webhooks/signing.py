"""How a receiver knows that it is ours: WebSub's header, and those of Standard Webhooks beside it."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from uuid import UUID

SECRET_BYTES = 32
PREFIX = "whsec_"


def new_secret() -> str:
    """As Standard Webhooks writes it; the whole text is the secret of WebSub."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def named(message: UUID, timestamp: int) -> dict[str, str]:
    """Which message it is, and when it was sent; the id is the same at every attempt."""
    return {"webhook-id": str(message), "webhook-timestamp": str(timestamp)}


def signed(
    message: UUID, timestamp: int, body: bytes, newest_first: Sequence[str]
) -> dict[str, str]:
    """The headers, signed by each of the secrets that are valid.

    `X-Hub-Signature` holds one only: the oldest, until that is retired, because a receiver that knows
    the new one knows the old one as well.
    """
    content = f"{message}.{timestamp}.".encode() + body
    every = " ".join(f"v1,{_standard(secret, content)}" for secret in newest_first)
    hub = hmac.new(newest_first[-1].encode(), body, hashlib.sha256).hexdigest()
    return {
        **named(message, timestamp),
        "webhook-signature": every,
        "X-Hub-Signature": f"sha256={hub}",
    }


def _standard(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
