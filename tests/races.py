"""Many clients at once, each with a connection of its own, all after the same thing.

A client does what careless code does: it looks, sees that the place is free, and takes it. All of
them look before the first one takes, so without a guard every race is lost, which is what the
control runs show.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from models import database, guards

CLIENTS = 50
BEFORE_COMMIT = 0.005  # seconds in which others who do not wait would come to the same conclusion

Taking = Callable[[Connection], object]


def race(
    engine: Engine, looks: Callable[[Connection], bool], takings: Sequence[Taking]
) -> Counter[str]:
    """Let one client each `looks`, then do one of `takings`; give what became of them: "done", or the refusal."""
    own = database.engine(engine.url.render_as_string(hide_password=False), poolclass=NullPool)
    looked = threading.Barrier(len(takings))

    def client(taking: Taking) -> str:
        with own.connect() as connection:
            free = looks(connection)
        looked.wait()
        if not free:
            return "seen"
        try:
            with own.begin() as connection:
                taking(connection)
                time.sleep(BEFORE_COMMIT)
        except DBAPIError as error:
            return guards.refused_by(error) or str(error.orig)
        return "done"

    with ThreadPoolExecutor(len(takings)) as clients:
        outcome = Counter(clients.map(client, takings))
    own.dispose()
    return outcome


def most_at_once(intervals: Sequence[tuple[object, object]]) -> int:
    """The oracle of the limits: sweep over all starts and ends."""
    # an end goes before a start at the same moment: [start, end)
    moments = sorted([(start, 1) for start, _ in intervals] + [(end, -1) for _, end in intervals])
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most
