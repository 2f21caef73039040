"""What every test may ask for: real servers, each clean for the test; and how long Hypothesis looks.

A test takes `postgres_url` or `redis_url`. The servers behind them start with the first test that
asks (`tests/servers.py`).
"""

import os
from collections.abc import Iterator

import pytest
import redis
from hypothesis import settings

from tests import effort, servers

# What a developer's shell may have set, and a user's has not: it hides trouble with buffered output.
os.environ.pop("PYTHONUNBUFFERED", None)

# No deadline per example: the machine is shared, and a slow moment is not a fault of the code.
settings.register_profile("suite", deadline=None, print_blob=True)
settings.register_profile(effort.SOAK, settings.get_profile("suite"), max_examples=20_000)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # This folder's parent is the one that all workers of a run share.
    with servers.postgres(tmp_path_factory.getbasetemp().parent / "postgres.lock") as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh, empty database."""
    with servers.fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server(worker_id: str) -> Iterator[str]:
    with servers.redis_server(worker_id) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """The URL of an empty Redis."""
    yield redis_server
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests of a soak have measured, a line each."""
    if settings.get_current_profile_name() != effort.SOAK:
        return
    terminalreporter.section("measured")
    for report in terminalreporter.getreports("passed"):
        for name, told in report.user_properties:
            if name == effort.REPORT and report.when == "call":
                terminalreporter.line(f"{report.nodeid.partition('::')[2]}: {told}")
