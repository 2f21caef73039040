"""Webhooks: to receivers that somebody administers, thin, signed, and only what their account may see. Domain §6."""

from notifications.webhooks.channel import Failure, May, Webhooks
from notifications.webhooks.payload import MOST_BYTES, compose
from notifications.webhooks.signing import new_secret, signed
from notifications.webhooks.subscriber import Outbox

__all__ = [
    "MOST_BYTES",
    "Failure",
    "May",
    "Outbox",
    "Webhooks",
    "compose",
    "new_secret",
    "signed",
]
