"""The report of a run, as its row keeps it and the command prints it."""

import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from scheduler.planning.explaining import ZoneResult
from scheduler.planning.night import Night
from scheduler.planning.rounds import ZonePlan
from solver.facts import Instance
from solver.files.plan import plan_as_file
from solver.versions import versions

IN_THE_REPORT = ("score", "bound", "gap", "status", "compared", "shortages", "bottlenecks")
"""Keys of the plan file that the report has, too; the requests have their outcomes by themselves."""


def digest(instance: Instance) -> str:
    """The same for the same facts."""
    # the points are many, and shared: they are told apart by what they are made of
    plain = tuple(replace(request, preferences=None) for request in instance.requests)
    said = sha256(repr(replace(instance, requests=plain)).encode())
    said.update(pickle.dumps([request.preferences for request in instance.requests]))
    return f"sha256:{said.hexdigest()}"


def plan_file(night: Night, plan: ZonePlan, result: ZoneResult) -> dict[str, Any]:
    """The zone's plan as a plan file: what is booked, or in a preview would be."""
    run = {"seed": night.settings.seed, "versions": versions()}
    if plan.facts is not None:
        run["input"] = digest(plan.facts.instance)
    return plan_as_file(result.facts.instance, result.solved, result.left_out, run)


def report(
    night: Night,
    plans: Sequence[ZonePlan],
    files: Mapping[str, Mapping[str, Any]],
    counts: Mapping[str, int],
) -> dict[str, Any]:
    """The counts, the certificate of each zone, and where the time went. `files`: the plan file by zone."""
    told: dict[str, Any] = {
        **counts,
        "zones": [_zone(plan, files.get(plan.zone)) for plan in plans],
        "seconds": {what: round(s, 3) for what, s in night.stopwatch.seconds.items()}
        | {"total": round(night.watch.seconds, 3)},
        "seed": night.settings.seed,
        "iterations": night.settings.iterations,
        "versions": versions(),
    }
    troubles = _troubles(plans, files.values())
    return told | ({"trouble": troubles} if troubles else {})


def _zone(plan: ZonePlan, file: Mapping[str, Any] | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "zone": plan.zone,
        "asked": len(plan.asked),
        "rounds": len(plan.solved),
        "refused": [len(refused) for refused in plan.refused],
        "refused_for": plan.refused_for,
    }
    if file is not None:
        told |= {
            "from_day": plan.facts and plan.facts.instance.start_date.isoformat(),
            "days": plan.facts and plan.facts.instance.days,
            "planned": len(file["assignments"]),
            "left_out": len(file["unplanned"]),
            **{key: file[key] for key in IN_THE_REPORT},
            "input": file["run"].get("input"),
            "iterations": file["run"]["iterations"],
            "seconds": file["run"]["seconds"],
        }
    return told


def _troubles(plans: Iterable[ZonePlan], files: Iterable[Mapping[str, Any]]) -> str:
    told = [file["run"].get("trouble") for file in files] or [plan.trouble for plan in plans]
    return "; ".join(one for one in told if one)
