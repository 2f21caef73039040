"""What is sent: that something happened to which thing, and nobody's data. Whoever wants more asks the API by its key."""

import json
from typing import Any

from models.outbox import Event

VERSION = 1
MOST_BYTES = 20_000


def compose(event: Event) -> str:
    """The same for the same event, whenever it is made."""
    told: dict[str, Any] = {
        "version": VERSION,
        "id": str(event.id),
        "topic": event.topic,
        "subject": {"kind": event.subject, "id": str(event.subject_id)},
        "sequence": event.sequence,
        "occurred_at": event.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "facts": event.facts,
    }
    body = _written(told)
    # facts are keys and small numbers; if there were very many, the API has them
    return body if len(body) <= MOST_BYTES else _written(told | {"facts": {}})


def _written(told: dict[str, Any]) -> str:
    """In ASCII, so that a character is a byte."""
    return json.dumps(told, separators=(",", ":"), sort_keys=True)
