"""The outbox, relayed: what was committed with its change reaches whoever listens. Reliability §0 (E7, E8), §3.6.

Events are claimed for a while under a token, handed to the subscribers of their topic, and finished in
the transaction in which those write what follows from them: deliveries, firings, reminders. None is
lost, and what is written is written once. What then leaves the house is at least once, under one id.
"""

from scheduler.relay.doorbell import Doorbell, answer
from scheduler.relay.relaying import POLL, relay, relay_all, relay_once
from scheduler.relay.subscriber import Heard, Subscriber
from scheduler.relay.waiting import Waiting, waiting

__all__ = [
    "POLL",
    "Doorbell",
    "Heard",
    "Subscriber",
    "Waiting",
    "answer",
    "relay",
    "relay_all",
    "relay_once",
    "waiting",
]
