"""When it is tried again. Domain §6 [000 §4.1.2]: at 0, 1, 3, 9 and 33 h at the soonest, and no more."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

RETRIES = (timedelta(hours=1), timedelta(hours=2), timedelta(hours=6), timedelta(hours=24))
"""After the end of the last attempt, at least."""
MOST_ATTEMPTS = len(RETRIES) + 1
LONGEST_WISH = timedelta(hours=24)
"""A receiver that wants to be left alone for longer is asked again all the same."""
LATER = 0.1
"""By up to so much more, so that what failed together does not come back together."""
FINENESS = 1_000


@dataclass(frozen=True, slots=True)
class Terms:
    """How long somebody who claimed a delivery has for it, and when another attempt is made."""

    lease: timedelta = timedelta(seconds=60)
    """Longer than any attempt: see `notifications.egress.client.ENDS_WITHIN`."""
    retries: tuple[timedelta, ...] = RETRIES

    @property
    def attempts(self) -> int:
        """The most there are in a round."""
        return len(self.retries) + 1

    def pause(self, attempt: int, wish: timedelta | None) -> timedelta | None:
        """After this attempt of a round, or none: it was the last. `wish`: the receiver's, which only lengthens it."""
        if attempt >= self.attempts:
            return None
        least = self.retries[attempt - 1]
        later = 1 + LATER * secrets.randbelow(FINENESS + 1) / FINENESS
        return max(least * later, min(wish or least, LONGEST_WISH))


USUAL = Terms()
