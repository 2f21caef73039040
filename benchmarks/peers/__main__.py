"""One peer in its own process: reads an instance, plans it, writes a plan file.

Exit codes: 0 = a plan was written, 3 = there was none in time. The limit includes starting,
reading, building the model, placing and writing; `--began` says since when it counts.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.peers import NO_PLAN, PEERS, NoPlanError
from solver.files.instance import read_instance
from solver.files.plan import FORMAT, assignments_as_file

KEPT = 0.3
KEPT_PER_REQUEST = 2e-4
"""Seconds kept for placing what was chosen, filling and writing."""


def main() -> None:
    """Plan as the arguments say; the plan file tells under `peer` what only the peer knows."""
    parser = argparse.ArgumentParser("python -m benchmarks.peers", description=__doc__)
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("instance", type=Path)
    parser.add_argument("-o", dest="file", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--began", type=float, default=time.time(), help="since the epoch")
    asked = parser.parse_args()
    instance = read_instance(asked.instance)
    plans = PEERS[asked.name].load()
    kept = KEPT + KEPT_PER_REQUEST * len(instance.requests)
    try:
        answer = plans(instance, asked.began + asked.seconds - time.time() - kept)
    except NoPlanError as none:
        print(none, file=sys.stderr)
        sys.exit(NO_PLAN)
    content = {
        "format": FORMAT,
        "instance": instance.name,
        "assignments": assignments_as_file(instance, answer.plan),
        "peer": {
            "name": asked.name,
            "bound": answer.bound,
            "chosen": answer.chosen,
            "placed": answer.placed,
            "note": answer.note,
        },
    }
    asked.file.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    main()
