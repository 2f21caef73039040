"""The servers that other tests lean on are real, do what we chose them for, and leave nothing behind."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
import redis
from psycopg.errors import ExclusionViolation
from pytest_socket import SocketConnectBlockedError
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from tests import servers


def engine_for(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool)  # a pooled connection would outlive the test


# --- PostgreSQL ---------------------------------------------------------------------------------------


def test_postgres_answers(postgres_url: str) -> None:
    with engine_for(postgres_url).connect() as connection:
        version = connection.scalar(text("SELECT current_setting('server_version_num')::int"))

    assert version >= 160000


def test_postgres_refuses_an_overlap_by_an_exclusion_constraint(postgres_url: str) -> None:
    book = text("INSERT INTO booked VALUES (:practitioner, int4range(:start, :end))")
    half_past_nine = {"practitioner": 1, "start": 570, "end": 600}
    engine = engine_for(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION btree_gist"))
        connection.execute(
            text(
                "CREATE TABLE booked (practitioner int, minutes int4range,"
                " EXCLUDE USING gist (practitioner WITH =, minutes WITH &&))"
            )
        )
        connection.execute(book, half_past_nine)
        connection.execute(book, half_past_nine | {"start": 600, "end": 630})  # touches
        connection.execute(book, half_past_nine | {"practitioner": 2})  # somebody else

    with engine.begin() as connection, pytest.raises(IntegrityError) as refusal:
        connection.execute(book, half_past_nine | {"start": 599, "end": 601})

    assert isinstance(refusal.value.orig, ExclusionViolation)


@pytest.mark.parametrize("visit", ["first", "second"])
def test_each_test_gets_a_database_of_its_own(postgres_url: str, visit: str) -> None:
    engine = engine_for(postgres_url)

    assert inspect(engine).get_table_names() == []

    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {visit}_was_here ()"))


def test_a_database_is_dropped_even_while_somebody_is_connected(postgres_server: str) -> None:
    with servers.fresh_database(postgres_server) as url:
        forgotten = engine_for(url).connect()

    with engine_for(postgres_server).connect() as connection:
        names = connection.scalars(text("SELECT datname FROM pg_database")).all()
    forgotten.invalidate()

    assert urlsplit(url).path.lstrip("/") not in names


def test_postgres_stops_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)

    with servers.postgres(tmp_path / "lock") as url:
        [folder] = parse_qs(urlsplit(url).query)["host"]
        pid = int(Path(folder, "postmaster.pid").read_text().splitlines()[0])
        assert is_running(pid)

    assert ends(pid)
    assert not Path(folder).exists()


def test_a_postgres_of_ones_own_is_used_as_it_is(
    postgres_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", postgres_server.replace("+psycopg", ""))

    with servers.postgres(tmp_path / "lock") as url:
        assert url == postgres_server

    with engine_for(postgres_server).connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1  # it was not ours to stop


# --- Redis --------------------------------------------------------------------------------------------


def test_redis_runs_a_job_of_rq(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as connection:
        queue = Queue("nightly", connection=connection, serializer=JSONSerializer)
        job = queue.enqueue("math.hypot", 3, 4)

        worker = [sys.executable, "-m", "rq.cli", "worker", "--burst", "--url", redis_url]
        worker += ["--serializer", "rq.serializers.JSONSerializer", "nightly"]
        subprocess.run(worker, check=True, capture_output=True, timeout=60)

        assert job.return_value() == 5.0


@pytest.mark.parametrize("visit", ["first", "second"])
def test_each_test_gets_an_empty_redis(redis_url: str, visit: str) -> None:
    with redis.Redis.from_url(redis_url) as connection:
        assert connection.dbsize() == 0

        connection.set(visit, "was here")


def test_redis_stops_and_leaves_no_folder() -> None:
    with servers.started_redis() as url, redis.Redis.from_url(url) as connection:
        pid = connection.info("server")["process_id"]
        assert is_running(pid)

    assert ends(pid)
    assert not Path(urlsplit(url).path).parent.exists()


def test_a_redis_of_ones_own_gives_each_worker_its_own_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with servers.started_redis() as given:
        monkeypatch.setenv("TEST_REDIS_URL", given)

        with servers.redis_server("gw3") as url, redis.Redis.from_url(url) as connection:
            assert connection.connection_pool.connection_kwargs["db"] == 3
        with servers.redis_server("master") as url:
            assert url == f"{given}?db=0"


def test_a_redis_that_holds_keys_is_not_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.started_redis() as given, redis.Redis.from_url(given) as connection:
        connection.set("somebody's", "work")
        monkeypatch.setenv("TEST_REDIS_URL", given)

        with pytest.raises(RuntimeError, match="holds keys"), servers.redis_server("master"):
            pass

        assert connection.get("somebody's") == b"work"


def test_a_missing_redis_is_a_failure_with_a_remedy() -> None:
    with pytest.raises(RuntimeError, match="set TEST_REDIS_URL"):
        servers.redis_binary({"no_such_wheel": "redis-server"})


def test_a_redis_that_dies_at_once_is_a_failure_in_its_own_words() -> None:
    with (
        pytest.raises(RuntimeError, match=r"exit status 1.*no-such-option"),
        servers.started_redis("--no-such-option", "1"),
    ):
        pass


# --- The network --------------------------------------------------------------------------------------


def test_the_network_is_closed() -> None:
    nowhere = ("192.0.2.1", 80)  # an address that RFC 5737 keeps for documentation

    with (
        pytest.warns(UserWarning, match="A test tried to use socket"),
        pytest.raises(SocketConnectBlockedError),
    ):
        socket.create_connection(nowhere, timeout=1)


def test_this_machine_is_open() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname(), timeout=5) as caller,
    ):
        assert caller.getpeername() == listener.getsockname()


def is_running(pid: int) -> bool:
    # A dead process stays a zombie until its parent, here often a lazy init, has asked for its status.
    return bool(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


def ends(pid: int, within: float = 10.0) -> bool:
    """Wait a little: pg_ctl calls a server stopped when its pid file is gone, a moment too early."""
    deadline = time.monotonic() + within
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)
