"""`spreekuur demo --serve` as a newcomer runs it: a week that is going on, and somebody of each role in it."""

import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO

import httpx2
import pyotp
import pytest

from api.http.knocking import COOKIE
from scheduler.demo import demo_world
from scheduler.demo.horizon import DAYS
from scheduler.demo.people import POSTS
from scheduler.demo.today import OWN_DAY, moved
from tests.command_line import PATIENCE, SPREEKUUR

SMALL = ("--requests", "500", "--time-limit", "3")


@dataclass
class Served:
    """The process, what it said, and how one comes in."""

    process: "subprocess.Popen[str]"
    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def until(self, pattern: str) -> str:
        for line in self.out:
            self.said.append(line)
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError(self.said)

    def told(self, pattern: str) -> str:
        found = re.search(pattern, "".join(self.said))
        assert found is not None, self.said
        return found[1]


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Served, str]]:
    command: list[str | Path] = [
        SPREEKUUR,
        "demo",
        "--serve",
        "--port",
        "0",
        "--folder",
        folder,
        *SMALL,
    ]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"COLUMNS": "200", "PATH": "/usr/bin:/bin"},
    ) as process:
        served = Served(process, folder)
        try:
            yield served, served.until(r"open (\S+) in")
        finally:
            process.kill()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    with serving(tmp_path_factory.mktemp("demo")) as made:
        yield made


@dataclass
class Visitor:
    """Somebody who has logged in by the page's own form; each request is by a connection of its own."""

    address: str
    cookie: str

    def get(self, path: str, **params: object) -> httpx2.Response:
        # it is for https, or for a browser on this machine
        headers = {"Cookie": f"{COOKIE}={self.cookie}"}
        asked = {name: str(value) for name, value in params.items()}
        return httpx2.get(f"{self.address}{path}", params=asked, headers=headers)


def come_in(address: str, login: str, password: str, code: str) -> Visitor:
    form = {"login": login, "password": password, "second_factor": code}
    answer = httpx2.post(f"{address}/login", data=form, headers={"HX-Request": "true"})
    assert answer.headers.get("hx-redirect") == "/", answer.text
    found = re.search(rf"{COOKIE}=([^;]+)", answer.headers["set-cookie"])
    assert found is not None
    return Visitor(address, found[1])


def test_each_of_them_comes_in_and_the_planner_finds_a_week_that_is_going_on(
    demo: tuple[Served, str],
) -> None:
    served, address = demo
    assert "Spreekuur" in httpx2.get(f"{address}/login").text
    password = served.told(r"password of all of them: (\S+)")
    secret = pyotp.parse_uri(served.told(r"(otpauth://\S+)")).secret
    logins = [*(post.login for post in POSTS), "super"]

    entered = {
        login: come_in(address, login, password, pyotp.TOTP(secret).now()) for login in logins
    }
    asked = {"first_day": _last_monday(), "days": 14}
    everybody, one = (
        entered[login].get("/api/v1/agenda", **asked).json() for login in ("planner", "planner-one")
    )

    stands = everybody["appointments"]
    ahead = {"first_day": _last_monday() + timedelta(days=14), "days": 7}
    stands += entered["planner"].get("/api/v1/agenda", **ahead).json()["appointments"]
    assert {"completed", "planned", "draft"} <= {each["state"] for each in stands}
    assert any(each["is_no_show"] for each in stands)
    assert 0 < len(one["appointments"]) < len(stands)
    assert OWN_DAY in everybody["locations"][0]["closed"].values()
    waiting = entered["planner"].get("/api/v1/requests", state="for_approval").json()
    assert waiting["items"]
    assert entered["planner"].get("/agenda").status_code == 200
    triggers = entered["super"].get("/api/v1/triggers").json()["items"]
    assert {one["does"]["action"] for one in triggers} == {"create_request", "add_task"}
    assert len(entered["super"].get("/api/v1/cases").json()["items"]) >= 20
    assert entered["employer"].get("/agenda").status_code == 403


def test_enter_shows_the_code_of_the_moment(demo: tuple[Served, str]) -> None:
    served, _ = demo
    assert served.process.stdin is not None
    secret = pyotp.parse_uri(served.told(r"(otpauth://\S+)")).secret

    before = pyotp.TOTP(secret).now()
    served.process.stdin.write("\n")
    served.process.stdin.flush()
    shown = served.until(r"code of this half-minute: (\d{6})")

    assert shown in {before, pyotp.TOTP(secret).now()}


def test_its_key_is_nobody_else_s_and_its_secrets_are_printed_and_not_logged(
    demo: tuple[Served, str],
) -> None:
    served, _ = demo
    mode = stat.S_IMODE((served.folder / "secret-key").stat().st_mode)
    log = (served.folder / "service.log").read_text("utf-8")

    assert mode == 0o600
    assert "request" in log
    for secret in (r"password of all of them: (\S+)", r"secret=(\w+)"):
        assert served.told(secret) not in log


def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    with serving(tmp_path) as (served, address):
        assert httpx2.get(f"{address}/ready").status_code == 200
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("today", [date(2026, 12, 24), date(2027, 1, 3), date(2028, 2, 29)])
def test_the_world_is_moved_to_today_with_the_holidays_of_these_weeks(today: date) -> None:
    world = moved(demo_world(1, 500), today)

    second_monday = world.start_date.toordinal() + 7
    assert second_monday <= today.toordinal() < second_monday + 7
    assert world.start_date.weekday() == 0
    assert world.holidays[7] == OWN_DAY
    assert world.instance["start_date"] == world.start_date.isoformat()
    christmas = (date(2026, 12, 25) - world.start_date).days
    assert (christmas in world.instance["holidays"]) == (0 <= christmas < DAYS)
    assert all(day in range(DAYS) for day in world.instance["holidays"])


def _last_monday() -> date:
    """When the world begins. Its now is that of the clock in UTC."""
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday() + 7)
