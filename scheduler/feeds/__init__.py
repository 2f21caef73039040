"""Private feeds: the appointments of a practitioner or a location, for a calendar to subscribe to. Domain §6."""

from scheduler.feeds.keeping import (
    MESSAGES,
    add_own,
    add_to_location,
    add_to_practitioner,
    feeds_of,
    practitioner_of,
    revoke,
    revoke_own,
)
from scheduler.feeds.showing import AHEAD, BACK, MOST, Feeding, feeding, planned

__all__ = [
    "AHEAD",
    "BACK",
    "MESSAGES",
    "MOST",
    "Feeding",
    "add_own",
    "add_to_location",
    "add_to_practitioner",
    "feeding",
    "feeds_of",
    "planned",
    "practitioner_of",
    "revoke",
    "revoke_own",
]
