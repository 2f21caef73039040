"""A Redis that gives up at once: it is tried within somebody's request, and nothing depends on it."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

WAITS = 0.5
"""Seconds."""


def impatient(url: str) -> Redis:
    """Raises ValueError where the URL is none; connects to nothing yet."""
    return Redis.from_url(
        url,
        socket_connect_timeout=WAITS,
        socket_timeout=WAITS,
        retry=Retry(NoBackoff(), 0),
    )
