"""What a planner may change in a request, so that it can go in: an offer, and the changed request.

An exclusion is never eased, nor anything else that is not the request's own wish.
"""

from dataclasses import dataclass, replace
from typing import Any

from solver.facts import NONE, Availability, Members, Request
from solver.rules.date_window import DateWindow
from solver.rules.fits import Fits
from solver.rules.location_wish import LocationWish
from solver.rules.practitioner_wish import PractitionerWish
from solver.rules.saturday import Saturday
from solver.rules.sunday_holiday import SundayHoliday


@dataclass(frozen=True, slots=True)
class Offer:
    """A smallest set of rules whose easing lets the request in, and the nearest place it would get.

    `start` is a minute of the availability's day. `days`: how far outside the window that is,
    negative before it. `minutes`: the longest shorter duration that fits there.
    """

    rules: tuple[str, ...]
    availability: int
    start: int
    days: int | None = None
    minutes: int | None = None


def eased(request: Request, offer: Offer, block: Availability) -> Request:
    """The request as it reads when the offer is taken up; `block` is the availability offered.

    Nothing changes but what the offer's rules speak of, and that no more than this place asks: the
    window is widened to its day, its location joins those wished; nobody is required any more.
    """
    changes: dict[str, Any] = {}
    if DateWindow.code in offer.rules:
        changes["from_day"] = min(request.from_day, block.day)
        changes["until_day"] = max(request.until_day, block.day + 1)
    if Saturday.code in offer.rules:
        changes["allow_saturday"] = True
    if SundayHoliday.code in offer.rules:
        changes["allow_day_off"] = True
    if LocationWish.code in offer.rules:
        changes["locations"] = Members(request.locations | {block.location})
    if PractitionerWish.code in offer.rules:
        changes["required_practitioner"] = NONE
    if Fits.code in offer.rules:
        changes["duration"] = offer.minutes
    return replace(request, **changes) if changes else request


def shortest(request: Request) -> int:
    """Minutes to which a planner may shorten an appointment: half, or it would be another one."""
    return -(-request.duration // 2)


def days_outside(request: Request, block: Availability) -> int:
    """How many days the availability lies after the window, negative before it, 0 inside."""
    if block.day < request.from_day:
        return block.day - request.from_day
    return max(0, block.day - request.until_day + 1)
