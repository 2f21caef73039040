"""Links that whoever has them may follow, without a log-in: tried out too often, the network has to wait.

They are counted apart from wrong tries at the log-in: a calendar that goes on asking for a feed that was revoked
keeps nobody of its network from logging in.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from api.http.declaring import AtTheDoor
from models.database import reading, retried, writing
from scheduler.access import lockout
from scheduler.access.denied import NotFoundError, TooManyAttemptsError


@contextmanager
def watched_link(door: AtTheDoor) -> Iterator[None]:
    """While a link is looked up: a wrong one counts.

    Raises:
        TooManyAttemptsError: there were too many from there.
    """
    service, network = door.service, f"links {door.knocked.network}"
    with reading(service.engine) as session:
        wait = lockout.wait(session, network, service.now())
    if wait is not None:
        raise TooManyAttemptsError(wait)
    try:
        yield
    except NotFoundError:
        retried(lambda: _count(door, network))
        raise


def _count(door: AtTheDoor, network: str) -> None:
    with writing(door.service.engine) as session:
        lockout.count_for_network(session, network, door.service.now())
