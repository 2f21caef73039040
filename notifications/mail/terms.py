"""When a mail is tried again, and until when. Reliability §3.8, F9."""

from dataclasses import dataclass
from datetime import timedelta

RETRIES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
"""After an attempt that may go better another time; from the last one on each as long: a server may be down for a day."""
LONGEST = timedelta(hours=72)
"""After this, a mail that has no hour of its own is given up."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long somebody who claimed a mail has for it, and when another attempt is made."""

    lease: timedelta = timedelta(minutes=5)
    """Half of it is longer than any mail takes: none is begun in the other half."""
    retries: tuple[timedelta, ...] = RETRIES
    batch: int = 20
    """Taken on at once: so many that the questions asked of all of them together are few for each."""

    def pause(self, attempts: int) -> timedelta:
        return self.retries[min(attempts, len(self.retries)) - 1]


USUAL = Terms()
