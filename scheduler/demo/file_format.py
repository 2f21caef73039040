"""The few words of the file format `appt-instance/1` that several parts of the world write."""

from typing import Any

FORMAT = "appt-instance/1"
GRID = 5
"""Planned starts are multiples of so many minutes."""

MINUTES_PER_DAY = 1440

Row = dict[str, Any]
"""One record of the file, as json has it."""
