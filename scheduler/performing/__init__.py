"""Performances that go with their appointment, and whether there is a price for them. Domain §§5, 7."""

from scheduler.performing.amounts import amounts
from scheduler.performing.following import (
    follow_day,
    follow_type,
    hold_again,
    without_price_on,
)
from scheduler.performing.prices import MESSAGES, Priced, Wanted, prices, unpriced
from scheduler.performing.standing import PerformanceRow, employees, performances

__all__ = [
    "MESSAGES",
    "PerformanceRow",
    "Priced",
    "Wanted",
    "amounts",
    "employees",
    "follow_day",
    "follow_type",
    "hold_again",
    "performances",
    "prices",
    "unpriced",
    "without_price_on",
]
