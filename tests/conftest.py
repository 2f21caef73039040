"""What every test may ask for: real servers, each clean for the test; and how long Hypothesis looks.

A test takes `postgres_url` or `redis_url`. The servers behind them start with the first test that
asks (`tests/servers.py`).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from hypothesis import settings
from sqlalchemy import Engine, make_url

from models import database, migrations
from tests import effort, servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.pages import Desk

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
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a database that has every table and guard, for others to be made like."""
    with servers.fresh_database(postgres_server) as url:
        migrated(url)
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of such a database, to copy."""
    file = tmp_path_factory.mktemp("template") / "records.db"
    migrated(f"sqlite:///{file}")
    return file


def migrated(url: str) -> None:
    """Nobody is connected to it afterwards: it is whole in its file, and PostgreSQL copies no other."""
    engine = database.engine(url)
    migrations.upgrade(engine)
    engine.dispose()


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


@pytest.fixture(scope="module")
def started() -> Iterator["Browser"]:
    """A browser, for the tests of one module: it keeps a loop of events in their thread."""
    from tests.pages import a_browser  # noqa: PLC0415 (what drives it takes long to load, whatever is tested)

    with a_browser() as made:
        yield made


@pytest.fixture(scope="module")
def desk(engine: Engine, started: "Browser") -> Iterator["Desk"]:
    """The service over the database of a module, before that browser."""
    from tests.http_client import an_api  # noqa: PLC0415 (the same)
    from tests.pages import a_desk  # noqa: PLC0415 (the same)

    with an_api(engine) as api, a_desk(api, started) as made:
        yield made


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of each module, what goes to PostgreSQL comes last: what is made once for each database is made once."""
    turns = {item.path: turn for turn, item in enumerate(reversed(items))}
    items.sort(key=lambda item: (-turns[item.path], _goes_to_postgresql(item)))


def _goes_to_postgresql(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("engine") == "postgresql"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests of a soak have measured, a line each."""
    if settings.get_current_profile_name() != effort.SOAK:
        return
    terminalreporter.section("measured")
    for report in terminalreporter.getreports("passed"):
        for name, told in report.user_properties:
            if name == effort.REPORT and report.when == "call":
                terminalreporter.line(f"{report.nodeid.partition('::')[2]}: {told}")
