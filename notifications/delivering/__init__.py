"""Deliveries: claimed, sent, finished; again by the table of domain §6 where that came to nothing.

Whatever leaves is a `Channel`: it says who may hear of an event at the moment of sending, makes what
is sent, and sends it. All else is the same for each: one worker at a time has a delivery, for as long
as its lease, and writes how it ended only where the token is still his (reliability §0, E8).
"""

from notifications.delivering.channel import Channel, Due, Outcome, Parcel, Verdict
from notifications.delivering.claims import Claim, claim, finish
from notifications.delivering.deliverer import Deliverer, deliver_all
from notifications.delivering.terms import MOST_ATTEMPTS, RETRIES, USUAL, Terms
from notifications.delivering.waiting import Undelivered, undelivered

__all__ = [
    "MOST_ATTEMPTS",
    "RETRIES",
    "USUAL",
    "Channel",
    "Claim",
    "Deliverer",
    "Due",
    "Outcome",
    "Parcel",
    "Terms",
    "Undelivered",
    "Verdict",
    "claim",
    "deliver_all",
    "finish",
    "undelivered",
]
