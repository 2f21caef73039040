"""From a raw world to the facts, by the way every user goes: a file."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from solver.facts import Assignment, Instance
from solver.files.instance import read_instance
from solver.files.plan import read_plan
from tests.worlds import Json


def facts_of(instance: Json) -> Instance:
    """The instance as the solver reads it from a file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "instance.json"
        file.write_text(json.dumps(instance), "utf-8")
        return read_instance(file)


def assignments_of(plan: Json, problem: Instance) -> tuple[Assignment, ...]:
    """The assignments of a raw plan as the solver reads them from a file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        file.write_text(json.dumps(plan), "utf-8")
        return read_plan(file, problem)
