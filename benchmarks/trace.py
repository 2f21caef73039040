"""One run in its own process, followed: what it had found when, as JSON.

    python -m benchmarks.trace M-100.json.gz -o PLAN --seconds 20 > TRACE

Times count from `--began` (seconds since the epoch), so that starting and reading are in them. The
plan is written as well, to be checked.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from solver.files.instance import read_instance
from solver.files.plan import FORMAT, assignments_as_file
from solver.options import Options, Progress
from solver.process import GaveUp, plan

NO_PLAN = 3


def main() -> None:
    """Plan as the arguments say, and print the trace."""
    parser = argparse.ArgumentParser("python -m benchmarks.trace", description=__doc__)
    parser.add_argument("instance", type=Path)
    parser.add_argument("-o", dest="file", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--began", type=float, default=time.time())
    asked = parser.parse_args()
    reading = time.monotonic()
    instance = read_instance(asked.instance)
    reading = time.monotonic() - reading
    points: list[dict[str, Any]] = []

    def note(progress: Progress) -> None:
        points.append(asdict(progress) | {"seconds": round(time.time() - asked.began, 3)})

    left = asked.seconds - (time.time() - asked.began)
    solved = plan(instance, Options(time_limit=max(0.1, left)), note)
    if isinstance(solved, GaveUp):
        print(solved.reason, file=sys.stderr)
        sys.exit(NO_PLAN)
    assignments = assignments_as_file(instance, solved.plan)
    content = {"format": FORMAT, "instance": instance.name, "assignments": assignments}
    asked.file.write_text(json.dumps(content), encoding="utf-8")
    trace = {
        "points": points,
        "stages": {"reading": reading, **solved.seconds},
        "bound": solved.bound,
        "gap": solved.gap,
        "compared": {name: score.as_file() for name, score in solved.compared.items()},
    }
    print(json.dumps(trace))


if __name__ == "__main__":
    main()
