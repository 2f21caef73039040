"""Logs: one line of JSON each, of the fields that are named here and no others. Reliability §3.11, P21.

What other packages log in words may hold anything; of theirs only the kind, the place and the weight are kept.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO
from uuid import UUID

import structlog

ALLOWED = frozenset(
    {
        "account_id",
        "address",
        "code",
        "count",
        "error",
        "event",
        "level",
        "logger",
        "method",
        "ms",
        "request_id",
        "route",
        "status",
        "timestamp",
        "where",
    }
)
"""All that a line may hold: keys, numbers and words of ours; never what somebody typed."""
OURS = ("spreekuur", "scheduler", "notifications")
TOLD_OF_THE_SERVER = "uvicorn.error"
"""The server's own, of its start and its end; its log of requests holds addresses, and is off."""


def only_allowed(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not named, and whatever is empty."""
    return {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in line.items()
        if name in ALLOWED and value is not None
    }


class _Plain(logging.Handler):
    """Lines of the standard library's loggers, as far as they may be told."""

    def emit(self, record: logging.LogRecord) -> None:
        known = record.name.partition(".")[0] in OURS or record.name == TOLD_OF_THE_SERVER
        line: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            words = "failed"
        else:
            words = record.getMessage() if known else f"{record.filename}:{record.lineno}"
        structlog.get_logger(record.name).log(
            record.levelno, words.splitlines()[0] if words else "", **line
        )


def configure(to: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """For this process, from now on."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(to),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Plain()]
    root.setLevel(logging.WARNING)
    for name in (*OURS, TOLD_OF_THE_SERVER):
        logging.getLogger(name).setLevel(level)
