"""The pictures of the README, out of the demo world: `python -m tests.screenshots` makes them anew in frontend/screenshots.

The world is that of `spreekuur demo --serve` on a day of the year 2027, made by iterations and not by seconds: the same
pictures on each machine, as far as its fonts are the same.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from playwright.sync_api import Browser, Page, ViewportSize
from sqlalchemy import Engine, select

from api import demo_serving
from api.http.application import application
from api.http.knocking import COOKIE
from api.http.service import Settings
from models import database
from models.access import Account
from models.agenda import Location
from models.database import reading, writing
from scheduler.access.sessions import open_session
from tests.http_client import Server
from tests.pages import SOON, a_browser

PICTURES = Path(__file__).parent.parent / "frontend" / "screenshots"
NOW = datetime(2027, 6, 9, 8, 20, tzinfo=UTC)
"""A Wednesday; the Monday before it is a holiday of the organisation's own."""
ITERATIONS = 40
SIZE: ViewportSize = {"width": 1280, "height": 800}
LANGUAGE = "nl"


@dataclass
class Studio:
    """The service in its demo world, and a browser before it."""

    engine: Engine
    url: str
    browser: Browser
    made: demo_serving.Made

    @contextmanager
    def page(self, login: str | None = "planner") -> Iterator[Page]:
        """As somebody sees it."""
        context = self.browser.new_context(
            base_url=self.url, locale="nl-NL", timezone_id="Europe/Amsterdam", viewport=SIZE
        )
        context.set_default_timeout(3 * SOON)
        if login is not None:
            cookie: Any = {"name": COOKIE, "value": self._token(login), "domain": "127.0.0.1"}
            context.add_cookies([cookie | {"path": "/", "secure": True}])
        try:
            page = context.new_page()
            page.clock.set_fixed_time(NOW)
            yield page
        finally:
            context.close()

    def _token(self, login: str) -> str:
        with writing(self.engine) as session:
            account = session.get_one(Account, self.made.guests.accounts[login])
            account.language = LANGUAGE
            return open_session(session, account, NOW).token

    def location(self) -> UUID:
        """One at which much is going on."""
        with reading(self.engine) as session:
            query = select(Location.id).where(Location.name == "Amsterdam")
            return session.scalars(query).one()


@contextmanager
def a_studio() -> Iterator[Studio]:
    with tempfile.TemporaryDirectory() as folder:
        week = demo_serving.Week(NOW, time_limit=600, iterations=ITERATIONS)
        made = demo_serving.make(Path(folder), week, lambda _: None)
        engine = database.engine(made.url)
        app = application(Settings(made.url, made.vault), now=lambda: NOW)
        with Server(app) as server, a_browser() as browser:
            yield Studio(engine, server.url, browser, made)
        engine.dispose()


def take(name: str, page: Page) -> None:
    """The window, as it is now."""
    PICTURES.mkdir(exist_ok=True)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled", caret="hide")
    sys.stdout.write(f"{name}: {(PICTURES / f'{name}.png').stat().st_size // 1024} kB\n")


# --- The pictures ---------------------------------------------------------------------------------------


def log_in(studio: Studio) -> None:
    with studio.page(None) as page:
        page.goto("/login")
        take("log-in", page)


def agenda(studio: Studio) -> None:
    with studio.page() as page:
        shown: dict[str, dict[str, object]] = {
            "week": {},
            "location": {"location_id": studio.location()},
            "day": {"view": "day"},
        }
        for name, asked in shown.items():
            page.goto(f"/agenda?{urlencode(asked)}")
            page.wait_for_selector("#agenda[data-drawn]")
            take(f"agenda-{name}", page)
        page.goto("/agenda/table")
        take("agenda-table", page)


def requests(studio: Studio) -> None:
    """The list; a form; what is possible for one of them, and why another cannot be planned."""
    with studio.page() as page:
        page.goto("/requests?state=open")
        take("requests", page)
        possible, impossible = _two(page)
        for name, key in (("save-and-plan", possible), ("reasons", impossible)):
            page.goto(f"/requests/{key}")
            page.get_by_role("button", name="Plannen").click()
            page.get_by_role("dialog").get_by_role("heading").wait_for()
            take(name, page)


def _two(page: Page) -> tuple[str, str]:
    """One that can be planned, and one that cannot, as it stands, but for a change."""
    possible = impossible = None
    found = page.request.get("/api/v1/requests?state=open&page_size=100").json()["items"]
    today = NOW.date().isoformat()
    for one in (each for each in reversed(found) if each["until_day"] > today):
        options = page.request.get(f"/api/v1/requests/{one['id']}/options").json()["items"]
        if len(options) > 2:
            possible = possible or one["id"]
        elif not options and impossible is None:
            why = page.request.get(f"/api/v1/requests/{one['id']}/reasons").json()
            impossible = one["id"] if why.get("relaxations") else None
        if possible and impossible:
            return possible, impossible
    raise LookupError("the demo has no request of both kinds")


def appointment(studio: Studio) -> None:
    with studio.page() as page:
        asked = "state=planned&starts_after=2027-06-10T00:00:00Z&page_size=1"
        (one,) = page.request.get(f"/api/v1/appointments?{asked}").json()["items"]
        page.goto(f"/appointments/{one['id']}")
        take("appointment", page)


def administration(studio: Studio) -> None:
    with studio.page("administrator") as page:
        page.goto("/administration")
        take("administration", page)


SHOTS = (log_in, agenda, requests, appointment, administration)


def main(wanted: list[str]) -> None:
    """Those that are named, or all."""
    with a_studio() as studio:
        for shot in SHOTS:
            if not wanted or shot.__name__ in wanted:
                shot(studio)


if __name__ == "__main__":
    main(sys.argv[1:])
