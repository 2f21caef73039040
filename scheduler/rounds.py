"""Something that is done again and again in a thread: every so often, and at once when somebody rings."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

log = logging.getLogger(__name__)


class Rounds:
    """Does `act` every `every`. What fails is done again the next time: the thread outlives it."""

    def __init__(self, name: str, act: Callable[[], object], every: timedelta) -> None:
        self.name = name
        self._act = act
        self._every = every.total_seconds()
        self._rung = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ring(self) -> None:
        """Do not wait: there is something to do."""
        self._rung.set()

    def stop(self) -> None:
        """End after the round that is going on."""
        self._over.set()
        self._rung.set()
        self._thread.join()

    def rest(self, seconds: float) -> bool:
        """Within a long round: let others work for as long; whether to go on with it then."""
        return not self._over.wait(seconds)

    @contextmanager
    def going(self) -> Iterator["Rounds"]:
        """Go round while this lasts."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def _go(self) -> None:
        while not self._over.is_set():
            # before the round: whoever rings during it may have come too late for it
            self._rung.clear()
            if self._over.is_set():
                return
            try:
                self._act()
            except Exception as error:  # noqa: BLE001 (a thread that ends unseen is worse)
                # the kind only: the words of a database error hold what was written
                log.error("%s: %s, once more next time", self.name, type(error).__name__)  # noqa: TRY400
            self._rung.wait(self._every)
