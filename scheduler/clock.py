"""The one reader of the clock: whoever asks what time it is, is told here, and passes it on. Leases and holds go by the database's."""

from datetime import UTC, datetime


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)
