"""`week`: the agenda of a week of 1,500 appointments: how soon it is answered, how much is sent, how soon it is drawn.

Beside it stands one of 300 appointments, of twenty practitioners and not of fifty, in the same run.
The server is `spreekuur serve`, in a process of its own; the browser is the one that the tests use. Both weeks are asked for
by turns, so that a machine that is busy for a moment is so for both.
"""

import http.client
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from api.http.knocking import COOKIE
from benchmarks.databases import empty
from benchmarks.machine import Record
from benchmarks.serving import a_monday, served, tokens
from benchmarks.tables import markdown, number
from benchmarks.weeks import fill
from tests.pages import a_browser

WEEKS = ((20, 3), (50, 6))
"""Practitioners, and the appointments that each has on each of five days."""
ASKED, DRAWN, WARM = 60, 7, 5
PAGE = "/agenda?day={day}"
GZIP = {"Accept-Encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Row:
    """One week; times in milliseconds, sizes in bytes as they are sent (gzip, but for the page).

    `p50`, `p95`: of the answer that has the week in it. `drawn`: from that answer to the screen; `open`: from asking for
    the page to the screen, with nothing in the browser's cache.
    """

    database: str
    practitioners: int
    appointments: int
    p50: float
    p95: float
    page: int
    scripts: int
    styles: int
    answer: int
    drawn: float
    open: float


def benchmark(databases: Sequence[str], asked: int, record: Record) -> list[Row]:
    """Measure each, and write what was found."""
    rows: list[Row] = []
    for kind in databases:
        rows += _of(kind, asked)
        record.write({"rows": [asdict(row) for row in rows]}, _table(rows))
    print(_table(rows), flush=True)
    return rows


def _of(kind: str, asked: int) -> Iterator[Row]:
    with ExitStack() as stack:
        browser = stack.enter_context(a_browser())
        desks = [stack.enter_context(_desk(kind, *week)) for week in WEEKS]
        answered: list[list[float]] = [[] for _ in desks]
        drawn: list[list[tuple[float, float]]] = [[] for _ in desks]
        for turn in range(asked + WARM):
            for desk, times in zip(desks, answered, strict=True):
                took = desk.ask()
                if turn >= WARM:
                    times.append(took)
        for turn in range(DRAWN + 1):
            for desk, pairs in zip(desks, drawn, strict=True):
                pair = desk.draw(browser)
                if turn:
                    pairs.append(pair)
        for desk, times, pairs in zip(desks, answered, drawn, strict=True):
            yield desk.row(kind, times, pairs)


@dataclass(frozen=True)
class _Desk:
    """A server of one week, and somebody who may see it."""

    address: str
    token: str
    day: date
    practitioners: int
    appointments: int

    @property
    def _agenda(self) -> str:
        return f"/api/v1/agenda?first_day={self.day}&days=7"

    def ask(self) -> float:
        began = time.perf_counter()
        self._get(self._agenda)
        return 1000 * (time.perf_counter() - began)

    def draw(self, browser: Browser) -> tuple[float, float]:
        """How long the drawing took, and all of it."""
        context = browser.new_context(
            base_url=self.address, viewport={"width": 1440, "height": 900}, locale="en"
        )
        cookie: Any = {"name": COOKIE, "value": self.token, "domain": "127.0.0.1"}
        context.add_cookies([cookie | {"path": "/", "secure": True}])
        page = context.new_page()
        began = time.perf_counter()
        page.goto(PAGE.format(day=self.day), wait_until="commit")
        took = _until_drawn(page)
        total = 1000 * (time.perf_counter() - began)
        there = page.locator(".standing").count()
        if there != self.appointments:
            raise RuntimeError(f"{there} appointments are drawn, and not {self.appointments}")
        context.close()
        return took, total

    def row(self, kind: str, times: list[float], pairs: list[tuple[float, float]]) -> Row:
        cuts = statistics.quantiles(times, n=100)
        html = self._get(PAGE.format(day=self.day))
        return Row(
            kind,
            self.practitioners,
            self.appointments,
            round(cuts[49], 1),
            round(cuts[94], 1),
            len(html),
            self._files(html, "js"),
            self._files(html, "css"),
            len(self._get(self._agenda)),
            round(statistics.median(one for one, _ in pairs)),
            round(statistics.median(all_ for _, all_ in pairs)),
        )

    def _files(self, html: bytes, ending: str) -> int:
        """Of that kind all that the page loads."""
        paths = {part.split('"')[0] for part in html.decode().split('"/static/')[1:]}
        return sum(len(self._get(f"/static/{one}")) for one in paths if f".{ending}?" in one)

    def _get(self, path: str) -> bytes:
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        headers = GZIP | {"Cookie": f"{COOKIE}={self.token}"}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answers {answer.status}")
        return body


def _until_drawn(page: Page) -> float:
    page.wait_for_selector("#agenda[data-drawn]", timeout=60_000)
    return float(page.get_attribute("#agenda", "data-drawn") or 0)


@contextmanager
def _desk(kind: str, practitioners: int, a_day: int) -> Iterator[_Desk]:
    day = a_monday()
    with empty(kind) as engine:
        fill(engine, practitioners, a_day, day)
        (token,) = tokens(engine, 1)
        url = engine.url.render_as_string(hide_password=False)
        engine.dispose()
        with served(url) as address:
            yield _Desk(address, token, day, practitioners, practitioners * a_day * 5)


# --- What was found -------------------------------------------------------------------------------------


def _table(rows: Sequence[Row]) -> str:
    least = {row.database: row.drawn for row in reversed(rows)}
    cells = [
        [
            row.database,
            number(row.practitioners),
            number(row.appointments),
            f"{row.p50:.0f}",
            f"{row.p95:.0f}",
            f"{row.page / 1000:.0f} + {row.scripts / 1000:.0f} + {row.styles / 1000:.0f}",
            f"{row.answer / 1000:.0f}",
            f"{row.drawn:.0f}",
            f"{row.drawn / least[row.database]:.1f}",
            f"{row.open:.0f}",
        ]
        for row in rows
    ]
    head = [
        "database", "practitioners", "appointments", "p50 ms", "p95 ms", "page + scripts + styles kB", "week kB", "drawn ms",
        "× the smaller one's", "open to drawn ms",
    ]  # fmt: skip
    return markdown(head, cells)
