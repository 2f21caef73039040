"""The command line as tests use it: called in this process, or the real command in its own."""

import io
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import psutil

from api import cli

SPREEKUUR = Path(sys.executable).with_name("spreekuur")
PATIENCE = 120.0
"""Seconds after which a command that ought to take two is taken for hung."""
ABOUT_TERMINALS = {"COLUMNS", "FORCE_COLOR", "NO_COLOR", "TERM", "TTY_COMPATIBLE"}
"""What rich asks the environment, besides whether it speaks to a terminal at all."""


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: bytes
    err: str


def called(*arguments: object, stdin: bytes = b"") -> Ran:
    """Call the command in this process, which takes milliseconds."""
    out, err = io.BytesIO(), io.BytesIO()
    at_sigterm = signal.getsignal(signal.SIGTERM)
    with (
        patch.object(sys, "argv", ["spreekuur", *map(str, arguments)]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        redirect_stdout(io.TextIOWrapper(out, "utf-8", write_through=True)),
        redirect_stderr(io.TextIOWrapper(err, "utf-8", write_through=True)),
    ):
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            signal.signal(signal.SIGTERM, at_sigterm)
        return Ran(code, out.getvalue(), err.getvalue().decode())


def run(*arguments: object, stdin: bytes = b"", **environment: str) -> Ran:
    """Run the command as a user would, to its end."""
    with started(*arguments, stdin=subprocess.PIPE, environment=environment) as process:
        out, err = process.communicate(stdin, timeout=PATIENCE)
    return Ran(process.returncode, out, err.decode())


@contextmanager
def started(
    *arguments: object, environment: dict[str, str] | None = None, **streams: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start the command in a session of its own, of which nothing is left in the end."""
    quiet = {name: value for name, value in os.environ.items() if name not in ABOUT_TERMINALS}
    with subprocess.Popen(
        [SPREEKUUR, *map(str, arguments)],
        start_new_session=True,
        env=quiet | (environment or {}),
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
    ) as process:
        try:
            yield process
        finally:
            for member in _session(process.pid):
                with suppress(psutil.NoSuchProcess):
                    member.kill()


def _session(leader: int) -> list[psutil.Process]:
    """All processes that the command has started, whether it lives or not."""
    members = []
    for process in psutil.process_iter():
        with suppress(OSError):
            if os.getsid(process.pid) == leader:
                members.append(process)
    return members


def child_of(process: "subprocess.Popen[bytes]") -> psutil.Process:
    """The process that plans, as soon as there is one."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for child in psutil.Process(process.pid).children():
            if "solver.child" in child.cmdline():
                return child
        time.sleep(0.01)
    raise TimeoutError("the command has started no child")


def ends(process: psutil.Process) -> bool:
    """Whether the process ends by itself, even where nobody is left to ask how."""
    deadline = time.monotonic() + PATIENCE / 4
    while time.monotonic() < deadline:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.02)
                continue
        return True
    return False


class Terminal:
    """What a user sees: give `end` to the command as its standard error."""

    def __init__(self) -> None:
        self._screen, self.end = os.openpty()
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._screen)
        os.close(self.end)

    def read(self, process: "subprocess.Popen[bytes]") -> Iterator[str]:
        """All that has been seen, again whenever there is more, until the command has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            ended = process.poll() is not None
            while select.select([self._screen], [], [], 0.02)[0]:
                self.seen += os.read(self._screen, 65536).decode(errors="replace")
            yield self.seen
            if ended:
                return
        raise TimeoutError(f"the command goes on and on: {self.seen[-500:]}")
