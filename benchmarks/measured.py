"""A command in a process of its own, and what it took: wall time, and memory of all it starts."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLES_PER_SECOND = 20
MEBIBYTE = 1 << 20

SPREEKUUR = str(Path(sys.executable).with_name("spreekuur"))
CHECKOUT = Path(__file__).parents[1]
"""Where `-m benchmarks...` is found: no wheel carries it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command took, and how it ended.

    `wall`: seconds. `peak_mib`: the most resident memory of the command and all its children at one
    moment, in MiB; what they share counts for each of them. `code`: None where it was stopped at
    its limit. `out`, `err`: what it printed.
    """

    wall: float
    peak_mib: int
    code: int | None
    out: str
    err: str


def measured(command: Sequence[str], limit: float | None = None) -> Measured:
    """Run the command to its end, or stop it with all its children after `limit` seconds."""
    began = time.monotonic()
    peak = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=CHECKOUT
    ) as process:
        stopped = False
        printed: tuple[str, str] | None = None
        while printed is None:
            try:
                # reads all the while, so that a command that prints much is not held up
                printed = process.communicate(timeout=1 / SAMPLES_PER_SECOND)
            except subprocess.TimeoutExpired:
                peak = max(peak, _resident(process.pid))
                if not stopped and limit is not None and time.monotonic() - began > limit:
                    stopped = True
                    _stop(process.pid)
    wall = time.monotonic() - began
    code = None if stopped else process.returncode
    return Measured(round(wall, 2), round(peak / MEBIBYTE), code, *printed)


def _tree(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    return []


def _resident(pid: int) -> int:
    """Bytes of memory of the process and all its children, now."""
    total = 0
    for process in _tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


def _stop(pid: int) -> None:
    """End the process and all its children by force."""
    for process in _tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
