"""Receivers of webhooks: who administers them, what they may hear of, and what is sent to them again. Domain §6 [000 §4.1.2].

What leaves, and how, is not known here: that is `notifications`', and both meet in the outbox.
"""

from scheduler.receivers.catalogue import CATALOGUE, TESTED, About
from scheduler.receivers.hearing import may_hear
from scheduler.receivers.keeping import (
    OAuth2,
    Wish,
    add,
    change,
    remove,
    retire_secret,
    rotate_secret,
    topics_of,
)
from scheduler.receivers.messages import MESSAGES, OF_WHAT_WAS_SENT
from scheduler.receivers.redelivery import redeliver, redeliver_failed, try_out
from scheduler.receivers.secrets import SEALED, secrets_of

__all__ = [
    "CATALOGUE",
    "MESSAGES",
    "OF_WHAT_WAS_SENT",
    "SEALED",
    "TESTED",
    "About",
    "OAuth2",
    "Wish",
    "add",
    "change",
    "may_hear",
    "redeliver",
    "redeliver_failed",
    "remove",
    "retire_secret",
    "rotate_secret",
    "secrets_of",
    "topics_of",
    "try_out",
]
