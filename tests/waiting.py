"""Waiting for what happens beside the tests: as long as it takes, unless the machine is drowning."""

import time
from collections.abc import Callable
from typing import TypeVar

from models.database import BusyError, retried

Result = TypeVar("Result")

PATIENCE = 60.0
"""Seconds; what is waited for takes a few, on a machine that has a great deal to do."""


def soon(holds: Callable[[], object]) -> bool:
    """Whether it comes to hold."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def insisting(act: Callable[[], Result]) -> Result:
    """As `retried`, by somebody who comes back when he is told that the database is busy: a machine may be slow."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return retried(act)
        except BusyError:
            if time.monotonic() > deadline:
                raise
