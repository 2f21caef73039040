"""`spreekuur serve` and `spreekuur audit`, as a user types them."""

import base64
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from api.serving import listen
from models import database
from tests.command_line import PATIENCE, SPREEKUUR, called

KEY = base64.b64encode(b"s" * 32).decode()


@pytest.fixture
def url(tmp_path: Path) -> str:
    found = f"sqlite:///{tmp_path}/served.db"
    assert called("db", "upgrade", "--database", found).code == 0
    return found


@contextmanager
def serving(
    url: str, **environment: str
) -> Iterator[tuple["subprocess.Popen[str]", str, list[str]]]:
    """The service on a free port: its process, its address, and what it said before."""
    command: list[str | Path] = [SPREEKUUR, "serve", "--port", "0", "--database", url]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SPREEKUUR")}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=plain | {"SPREEKUUR_SECRET_KEY": KEY} | environment,
    ) as process:
        try:
            said: list[str] = []
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line)
                found = re.match(r"serving on (\S+),", line)
                if found:
                    break
            else:
                raise AssertionError(process.stderr.read() if process.stderr else said)
            yield process, found[1], said
        finally:
            process.kill()


def test_the_first_start_tells_the_password_once_and_sigterm_ends_it_in_order(url: str) -> None:
    with serving(url) as (process, address, said):
        password = re.search(r"with the password (\S+)", said[0])
        assert password is not None
        body = {"login": "administrator", "password": password[1]}
        entered = httpx2.post(f"{address}/api/v1/session", json=body)
        assert entered.json()["pending"] == ["password", "second_factor"]
        assert httpx2.get(f"{address}/ready").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        logged = process.stderr.read()
    assert password[1] not in logged
    with serving(url) as (process, _, said):
        assert not any("password" in line for line in said)


@pytest.mark.parametrize("key", ["", "short", "!"])
def test_it_is_refused_without_a_key_in_one_line(
    url: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPREEKUUR_SECRET_KEY", key)

    ran = called("serve", "--port", 0, "--database", url)

    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert "SPREEKUUR_SECRET_KEY" in ran.err


def test_it_is_refused_on_a_database_that_is_not_current(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPREEKUUR_SECRET_KEY", KEY)
    engine = database.engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0'"))
    engine.dispose()

    ran = called("serve", "--port", 0, "--database", url)

    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert "upgrade the database" in ran.err


def test_it_is_refused_where_it_cannot_listen(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPREEKUUR_SECRET_KEY", KEY)

    ran = called("serve", "--host", "203.0.113.1", "--port", 1, "--database", url)

    assert ran.code == 2
    assert "cannot listen on 203.0.113.1:1" in ran.err


def test_the_log_is_verified_carried_away_and_told_by_employee(url: str, tmp_path: Path) -> None:
    employee = "01930d7c-8f1b-7a5d-8d12-3f0b9a62c71e"
    heads = tmp_path / "heads.jsonl"

    first = called("audit", "report", employee, "--database", url)
    second = called("audit", "report", employee, "--database", url, "--since", "2020-01-01")
    carried = called("audit", "export-heads", heads, "--database", url)
    sound = called("audit", "verify", "--heads", heads, "--database", url)

    assert first.out == b""
    assert b'"ground": "operator"' in second.out
    assert carried.out.endswith(b": 1 new\n")
    assert sound.out == b"2 records are as they were sealed, 0 wait for their seal\n"
    engine = database.engine(url)
    with engine.begin() as connection:
        for (name,) in connection.execute(
            text(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_records'"
            )
        ).all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.execute(text("UPDATE audit_records SET ground = 'nothing' WHERE id = 1"))
    engine.dispose()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("models.migrations.require_current", lambda _: None)
        broken = called("audit", "verify", "--database", url)
    assert broken.code == 1
    assert b"altered at record 1" in broken.out


def test_a_file_that_has_no_heads_is_refused(url: str, tmp_path: Path) -> None:
    (tmp_path / "heads").write_text("nothing\n")

    for command in (["verify", "--heads"], ["export-heads"]):
        ran = called("audit", *command, tmp_path / "heads", "--database", url)
        assert ran.code == 2
        assert "no head of a day" in ran.err


def test_the_body_of_an_answer_does_not_wait_for_the_head_to_be_acknowledged() -> None:
    """On a connection that is kept that would cost 40 ms each time."""
    with (
        listen("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
