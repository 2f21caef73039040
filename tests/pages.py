"""The pages as tests use them: a real server, a real browser, and people who are logged in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.http.knocking import COOKIE
from tests import browser
from tests.http_client import Api, Client, Server, an_application, settings_for

SOON = 20_000
"""Milliseconds that a page may take on a busy machine; nothing here waits that long."""
expect.set_options(timeout=SOON)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """One for many tests; each gets a context of its own."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=browser.require(), args=browser.arguments()
        )
        yield started
        started.close()


@dataclass
class Desk:
    """The service on a port, and a browser before it."""

    api: Api
    url: str
    browser: Browser

    @contextmanager
    def open(
        self, path: str = "/", by: Client | None = None, language: str = "en", **more: Any
    ) -> Iterator[Page]:
        """A page in a browser of its own, of whoever is logged in; a fault of a script fails the test."""
        context = self.browser.new_context(
            base_url=self.url,
            locale=language,
            viewport=more.pop("viewport", {"width": 1280, "height": 800}),
            **more,
        )
        context.set_default_timeout(SOON)
        if by is not None and by.token is not None:
            context.add_cookies(
                [
                    {
                        "name": COOKIE,
                        "value": by.token,
                        "domain": "127.0.0.1",
                        "path": "/",
                        "secure": True,
                        "httpOnly": True,
                        "sameSite": "Lax",
                    }
                ]
            )
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda said: (
                faults.append(said.text) if "Content Security Policy" in said.text else None
            ),
        )
        elsewhere: list[str] = []
        page.on(
            "request",
            lambda one: (
                None if one.url.startswith((self.url, "data:")) else elsewhere.append(one.url)
            ),
        )
        try:
            page.goto(path)
            yield page
            assert not faults
            assert not elsewhere, "a page loads something from elsewhere"
        finally:
            context.close()


@contextmanager
def a_desk(api: Api, started: Browser, **settings: Any) -> Iterator[Desk]:
    """The service over the same database, on a port, by the same clock."""
    with (
        an_application(settings_for(api.engine, **settings), api.clock) as app,
        Server(app) as server,
    ):
        yield Desk(api, server.url, started)


def require_accessible(page: Page, *, without: str | None = None) -> None:
    """No fault that axe finds; `without`: what is not ours, by its selector."""
    context = {"exclude": [[without]]} if without else None
    found = Axe().run(page, context=context)

    told = [
        f"{one['id']}: {[node['html'] for node in one['nodes']]}"
        for one in found.response["violations"]
    ]
    assert not told, f"{page.url}: {told}"
