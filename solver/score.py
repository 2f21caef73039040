"""The score of a plan: four integers, compared in order. Source: plan format, score."""

from collections.abc import Iterable

from solver.aims import Score, preference, seniority
from solver.facts import Instance, Plan
from solver.minutes import NO_MINUTES, Minutes, on_grid, runs, span, starts_of_runs
from solver.rules.words import grouped


def score(instance: Instance, plan: Plan) -> Score:
    """How good the plan is, by all four aims."""
    weight = total_seniority = total_preference = 0
    for assignment in plan:
        request = instance.requests[assignment.request]
        availability = instance.availabilities[assignment.availability]
        weight += request.priority
        total_seniority += seniority(request, availability.day, instance.days)
        total_preference += preference(request, availability, assignment.availability)
    return Score(weight, total_seniority, total_preference, -unusable_gap_minutes(instance, plan))


def unusable_gap_minutes(instance: Instance, plan: Plan) -> int:
    """Minutes of the gaps in which no grid start leaves room for the shortest admitted type."""
    busy: dict[tuple[int, int], Minutes] = {}
    for (practitioner, day), spans in grouped(_occupied(instance, plan), lambda o: o[0]).items():
        busy[practitioner, day] = NO_MINUTES
        for _, minutes in spans:
            busy[practitioner, day] |= minutes
    grid = on_grid(instance.grid)
    lengths = [kind.duration + kind.buffer for kind in instance.types]
    total = 0
    for availability in instance.availabilities:
        if not availability.types:
            continue
        shortest = min(lengths[kind] for kind in availability.types)
        taken = busy.get((availability.practitioner, availability.day), NO_MINUTES)
        free = span(availability.start, availability.end) & ~taken
        for start, end in runs(free):
            if not starts_of_runs(span(start, end), shortest) & grid:
                total += end - start
    return total


def _occupied(instance: Instance, plan: Plan) -> Iterable[tuple[tuple[int, int], Minutes]]:
    """The occupied minutes of each practitioner's day, appointment by appointment."""
    for standing in instance.appointments:
        yield (
            (standing.practitioner, standing.day),
            span(standing.start, standing.occupied_until),
        )
    for assignment in plan:
        availability = instance.availabilities[assignment.availability]
        occupied = instance.requests[assignment.request].occupied
        yield (
            (availability.practitioner, availability.day),
            span(assignment.start, assignment.start + occupied),
        )
