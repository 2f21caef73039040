"""The keys of rows: unique whoever makes them, and in the order in which they are made."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest

from models import base
from models.base import new_id

MANY = 25_000
THREADS = 4


def made(_: int) -> list[UUID]:
    return [new_id() for _ in range(MANY)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A clock that stands still at what the test puts in it, in nanoseconds."""
    says = [1_800_000_000_000_000_000]
    with monkeypatch.context() as patched:
        patched.setattr("models.base.time.time_ns", lambda: says[0])
        base._keys.forget()
        yield says
    base._keys.forget()


def test_keys_made_by_several_threads_are_all_different() -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        keys = [key for some in threads.map(made, range(THREADS)) for key in some]

    assert len(set(keys)) == THREADS * MANY


def test_keys_made_one_after_the_other_rise() -> None:
    keys = made(0)

    assert all(one < next_one for one, next_one in pairwise(keys))
    # as text, too: that is how SQLite keeps them
    assert all(one.hex < next_one.hex for one, next_one in pairwise(keys))


def test_a_key_is_a_uuid_of_version_7_with_the_time_in_front(clock: list[int]) -> None:
    for key in made(0)[:1000]:
        assert key.version == 7
        assert key.variant == RFC_4122
        assert key.int >> 80 == clock[0] // 1_000_000


def test_keys_rise_when_the_clock_is_set_back(clock: list[int]) -> None:
    before = new_id()
    clock[0] -= 3_600_000_000_000

    assert new_id() > before


def test_more_keys_than_a_millisecond_holds_go_on_in_the_next(clock: list[int]) -> None:
    keys = base._keys
    new_id()
    keys._last |= (1 << keys.RANDOM) - 1

    key = new_id()

    assert key.int >> 80 == clock[0] // 1_000_000 + 1
    assert (key.version, key.variant) == (7, RFC_4122)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="LEFT OUT: this system splits no processes")
@pytest.mark.filterwarnings(
    "ignore:.*fork:DeprecationWarning"
)  # pytest has threads; the child needs none
@pytest.mark.usefixtures("clock")
def test_a_process_that_is_split_off_makes_keys_of_its_own() -> None:
    new_id()
    reads, writes = os.pipe()
    with base._keys._lock:  # as another thread may hold it
        child = os.fork()
        if not child:
            signal.alarm(5)  # waiting for the lock, it would wait for ever
            os.write(writes, new_id().bytes)
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writes)
    theirs = UUID(bytes=os.read(reads, 16))
    os.close(reads)

    # with the parent's numbers it would be at most one step away
    assert abs(theirs.int - new_id().int) >> base._Keys.STEP
