"""Reading in a process of its own, which has so much time and memory and no more: whatever is in the file, we live on."""

import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime

from notifications.own_calendars.dividing import Unreadable, UnreadableError
from notifications.own_calendars.reading import (
    Busy,
    Period,
    Skipped,
    Unread,
    read,
)

SECONDS = 20
MEMORY = 1 << 30


def read_apart(content: bytes, period: Period) -> Busy:
    """As `read` does, in a child.

    Raises:
        UnreadableError: it is no calendar, or there is no end to it.
    """
    asked = json.dumps({"now": period.now.isoformat(), "zone": period.zone, "ours": period.ours})
    known = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": os.defpath}
    try:
        child = subprocess.run(  # noqa: S603 (ourselves)
            [sys.executable, "-m", __name__],
            input=asked.encode() + b"\n" + content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=known,
            timeout=2 * SECONDS,
            check=True,
        )
        told = json.loads(child.stdout)
    except (subprocess.SubprocessError, ValueError):
        raise UnreadableError(Unreadable.TOO_MUCH) from None
    if "why" in told:
        raise UnreadableError(Unreadable(told["why"]))
    times = [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in told["times"]]
    skipped = [Skipped(one["line"], Unread(one["why"])) for one in told["skipped"]]
    return Busy(times, skipped, told["cut"])


def main() -> None:
    """What the child does."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    asked = json.loads(sys.stdin.buffer.readline())
    period = Period(datetime.fromisoformat(asked["now"]), asked["zone"], asked["ours"])
    try:
        told = asdict(read(sys.stdin.buffer.read(), period))
    except UnreadableError as error:
        told = {"why": error.why}
    json.dump(told, sys.stdout, default=str)


if __name__ == "__main__":
    main()
