"""The figures of a benchmark with all that they depend on, as JSON."""

import json
import os
import platform
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("spreekuur", "ortools", "numba", "numpy", "scipy", "highspy", "pyscipopt")


def machine() -> dict[str, Any]:
    """The machine: processor, cores, memory in bytes."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    """The processor as its maker calls it, where the system tells."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def versions() -> dict[str, str]:
    """Python's and those of the packages that are installed here."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


class Record:
    """One JSON file of figures; written again after each, so that nothing is lost when stopped."""

    def __init__(self, benchmark: str, folder: Path, arguments: list[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.name = benchmark
        self._content: dict[str, Any] = {
            "benchmark": benchmark,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": shlex.join(["python", "-m", "benchmarks", *arguments]),
            "machine": machine(),
            "versions": versions(),
        }

    def write(self, figures: Mapping[str, Any], table: str) -> None:
        """The figures so far, and a table of them for people."""
        content = json.dumps(self._content | dict(figures), indent=1, ensure_ascii=False)
        (self.folder / f"{self.name}.json").write_text(content + "\n", encoding="utf-8")
        about = f"{self._content['when']}, `{self._content['command']}`, {self._hardware()}"
        text = f"{about}\n\n{table}\n"
        (self.folder / f"{self.name}.md").write_text(text, encoding="utf-8")

    def _hardware(self) -> str:
        here = self._content["machine"]
        memory = here["memory_bytes"] / (1 << 30)
        return f"{here['cores']} cores of {here['processor']}, {memory:.0f} GiB"
