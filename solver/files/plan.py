"""Plan files (`appt-plan/1`): read for the checker, written whole or not at all."""

import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any, Literal

from solver.facts import Assignment, Instance, Plan
from solver.files.instance import Id, Time
from solver.files.reading import MalformedInputError, Strict, read_model, shown
from solver.minutes import MINUTES_PER_DAY

FORMAT = "appt-plan/1"


class AssignmentPart(Strict):
    request: Id
    availability: Id
    start: Time


class PlanFile(Strict):
    """What the checker reads of a plan file."""

    format: Literal["appt-plan/1"]
    instance: Id
    assignments: list[AssignmentPart]


def read_plan(file: Path, instance: Instance) -> tuple[Assignment, ...]:
    """The assignments of a plan file, as they stand there: doubles and all.

    Raises:
        MalformedInputError: not a plan file, one of another instance, or it names what the
            instance does not know.
    """
    content = read_model(file, PlanFile)
    if content.instance != instance.name:
        problem = f"is a plan of {shown(content.instance)}, not of {shown(instance.name)}"
        raise MalformedInputError(file, "instance", problem)
    requests = {request.id: i for i, request in enumerate(instance.requests)}
    availabilities = {availability.id: i for i, availability in enumerate(instance.availabilities)}
    assignments = []
    for i, part in enumerate(content.assignments):
        for name, known, id_ in (
            ("request", requests, part.request),
            ("availability", availabilities, part.availability),
        ):
            if id_ not in known:
                problem = f"{shown(id_)} is not in the instance {shown(instance.name)}"
                raise MalformedInputError(file, f"assignments[{i}].{name}", problem)
        availability = availabilities[part.availability]
        midnight = MINUTES_PER_DAY * instance.availabilities[availability].day
        assignments.append(Assignment(requests[part.request], availability, part.start - midnight))
    return tuple(assignments)


def assignments_as_file(instance: Instance, plan: Plan) -> list[dict[str, Any]]:
    """The assignments by name, with starts counted from the start of the horizon."""
    lines = []
    for assignment in plan:
        availability = instance.availabilities[assignment.availability]
        lines.append(
            {
                "request": instance.requests[assignment.request].id,
                "availability": availability.id,
                "start": MINUTES_PER_DAY * availability.day + assignment.start,
            }
        )
    return lines


def write_plan(content: dict[str, Any], file: Path | None) -> None:
    """Write a plan file, gzipped where its name ends in `.gz`; to standard output without a name.

    The file appears whole or not at all: it is written beside its place and then moved there.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"
    if file is None:
        sys.stdout.write(text)
        return
    data = text.encode()
    if file.suffix == ".gz":
        data = gzip.compress(data, compresslevel=6, mtime=0)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
