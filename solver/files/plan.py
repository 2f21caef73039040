"""Plan files (`appt-plan/1`): read for the checker, and a finished run as their content."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from solver.displacement import Displacement
from solver.easing import Offer
from solver.facts import Assignment, Instance, Plan
from solver.files.instance import Id, Time
from solver.files.reading import MalformedInputError, Strict, read_model, shown
from solver.minutes import MINUTES_PER_DAY
from solver.process import Solved
from solver.scarcity import Bottleneck, Shortage
from solver.why_not import Explanation, Miss

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


def plan_as_file(
    instance: Instance,
    solved: Solved,
    left_out: Iterable[Explanation],
    run: Mapping[str, Any],
) -> dict[str, Any]:
    """A finished run as the content of a plan file, certificate and reasons included."""
    planned = {assignment.request for assignment in solved.plan}
    return {
        "format": FORMAT,
        "instance": instance.name,
        "score": solved.score.as_file(),
        "bound": solved.bound,
        "gap": None if solved.gap is None else round(solved.gap, 6),
        "status": "OPTIMAL" if solved.optimal else "FEASIBLE",
        "compared": {name: score.as_file() for name, score in solved.compared.items()},
        "assignments": assignments_as_file(instance, solved.plan),
        "unplanned": [_unplanned_as_file(instance, explanation) for explanation in left_out],
        "shortages": [_shortage_as_file(instance, planned, s) for s in solved.scarcity.shortages],
        "bottlenecks": [_bottleneck_as_file(instance, b) for b in solved.scarcity.bottlenecks],
        "run": {
            **run,
            "iterations": solved.iterations,
            **({"trouble": solved.trouble} if solved.trouble else {}),
            "seconds": {stage: round(seconds, 3) for stage, seconds in solved.seconds.items()},
        },
    }


MOST_HOLDERS_NAMED = 10
"""Holders of a request's places that the file names: those who hold most of them."""


def _unplanned_as_file(instance: Instance, explanation: Explanation) -> dict[str, Any]:
    content: dict[str, Any] = {
        "request": instance.requests[explanation.request].id,
        "reasons": dict(explanation.reasons),
        "only": dict(explanation.only),
        "relaxations": [list(offer.rules) for offer in explanation.offers],
        "offers": [_offer_as_file(instance, offer) for offer in explanation.offers],
        "suitable": explanation.suitable,
    }
    if explanation.nearest is not None:
        content["nearest_miss"] = _miss_as_file(instance, explanation.nearest)
    if explanation.holders:
        named = explanation.holders[:MOST_HOLDERS_NAMED]
        content["held_by"] = [instance.requests[holder].id for holder in named]
    if explanation.displacement is not None:
        content["displacement"] = _displacement_as_file(instance, explanation.displacement)
    return content


def _place_as_file(instance: Instance, availability: int, start: int | None) -> dict[str, Any]:
    """An availability by name, and a start in it, counted from the start of the horizon."""
    block = instance.availabilities[availability]
    content: dict[str, Any] = {
        "availability": block.id,
        "location": instance.locations[block.location].id,
        "practitioner": instance.practitioners[block.practitioner],
    }
    if start is not None:
        content["start"] = MINUTES_PER_DAY * block.day + start
    return content


def _miss_as_file(instance: Instance, miss: Miss) -> dict[str, Any]:
    """Where a request comes nearest; without a start where none fits."""
    return _place_as_file(instance, miss.availability, miss.start) | {"rules": list(miss.rules)}


def _displacement_as_file(instance: Instance, displacement: Displacement) -> dict[str, Any]:
    """Who would go where, and what the plan as a whole would gain (a loss is negative)."""
    gain = displacement.gain
    return {
        **_place_as_file(instance, displacement.place.availability, displacement.place.start),
        "moved": assignments_as_file(instance, displacement.moved),
        "left_out": [instance.requests[holder].id for holder in displacement.left_out],
        "gain": {
            "weight": gain.weight,
            "seniority": gain.seniority,
            "preference": gain.preference,
        },
    }


def _offer_as_file(instance: Instance, offer: Offer) -> dict[str, Any]:
    """Where an easing of rules would lead: how many days outside the window, how many minutes."""
    content = {
        "rules": list(offer.rules),
        **_place_as_file(instance, offer.availability, offer.start),
    }
    if offer.days is not None:
        content["days"] = offer.days
    if offer.minutes is not None:
        content["minutes"] = offer.minutes
    return content


def _shortage_as_file(instance: Instance, planned: set[int], shortage: Shortage) -> dict[str, Any]:
    """Who competes for which places, who of them is planned, and why they cannot all be."""
    blocks = [instance.availabilities[a] for a in shortage.availabilities]
    ids = {r: instance.requests[r].id for r in shortage.requests}
    return {
        "wanted": shortage.wanted,
        "places": shortage.places,
        "deficit": shortage.deficit,
        "minutes_wanted": shortage.minutes_wanted,
        "minutes_there": shortage.minutes_there,
        "proof": "counting" if shortage.by_counting else "flow",
        "requests": list(ids.values()),
        "planned": [id_ for r, id_ in ids.items() if r in planned],
        "availabilities": [block.id for block in blocks],
        "locations": [
            instance.locations[place].id for place in sorted({b.location for b in blocks})
        ],
        "days": sorted({block.day for block in blocks}),
    }


def _bottleneck_as_file(instance: Instance, bottleneck: Bottleneck) -> dict[str, Any]:
    """Where an hour more would help, whose, and what it is worth at most."""
    block = instance.availabilities[bottleneck.availability]
    return {
        "location": instance.locations[bottleneck.location].id,
        "day": bottleneck.day,
        "types": [instance.types[kind].id for kind in sorted(bottleneck.types)],
        "availability": block.id,
        "practitioner": instance.practitioners[block.practitioner],
        "worth": round(bottleneck.worth, 2),
        "requests": round(bottleneck.requests, 2),
    }
