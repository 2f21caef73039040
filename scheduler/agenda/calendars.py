"""Holidays that nobody knows: an agenda that passes over them would be wrong without a word. Domain §2."""

from collections.abc import Iterator
from contextlib import contextmanager

from scheduler.loading.calendar import UnknownCalendarError
from scheduler.refusals import Refusal, RefusedError

UNKNOWN_CALENDAR = "unknown_calendar"


@contextmanager
def known() -> Iterator[None]:
    """Raises RefusedError where the holidays of a location are asked for and the library does not know them."""
    try:
        yield
    except UnknownCalendarError as error:
        reason = {"location": error.location, "problem": str(error)}
        raise RefusedError([Refusal(UNKNOWN_CALENDAR, reason)]) from error
