"""The plan as it stands in the end: what the run has booked, among all that is there by then.

Everything that is told of a run speaks of this: its score, the reasons of those left out, who holds
their places. The requests that the run has booked are asked once more, and its appointments are the
plan; whatever planners have changed since stands as they left it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from scheduler.loading import Loaded
from scheduler.loading.rows import RequestRow
from scheduler.planning.carrying import Carrying
from solver.facts import Assignment, Plan, Request


@dataclass(frozen=True, slots=True)
class Booking:
    """What one round has booked of its plan. `appointments`: by request."""

    facts: Loaded
    plan: Plan
    appointments: Mapping[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Finished:
    """The facts with the run's own requests still asked, and the run's own appointments as their plan."""

    facts: Loaded
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Standing:
    """A request that the run has booked, in the numbers of the final facts, and its place."""

    row: RequestRow
    request: Request
    place: tuple[int, int]
    appointment: str


def finished(facts: Loaded, bookings: Sequence[Booking]) -> Finished:
    """The plan of these bookings, as far as they stand in `facts`, which were read after them."""
    where = {one.id: (one.practitioner, one.day, one.start) for one in facts.instance.appointments}
    mine = [
        one
        for booking in bookings
        for one in _standing(booking, facts)
        if where.get(one.appointment) == _whereabouts(facts, one)
    ]
    ours = {one.appointment for one in mine}
    waiting = zip(facts.requests, facts.instance.requests, strict=True)
    # in the order of the loader, so that nothing depends on what was booked when
    asked = sorted([*waiting, *((one.row, one.request) for one in mine)], key=lambda p: p[0].id)
    number = {row.id: i for i, (row, _) in enumerate(asked)}
    instance = replace(
        facts.instance,
        requests=tuple(request for _, request in asked),
        appointments=tuple(one for one in facts.instance.appointments if one.id not in ours),
    )
    return Finished(
        replace(facts, instance=instance, requests=tuple(row for row, _ in asked)),
        tuple(sorted(Assignment(number[one.row.id], *one.place) for one in mine)),
    )


def _standing(booking: Booking, facts: Loaded) -> list[_Standing]:
    """The bookings whose request is open no more and whose availability is still there."""
    carrying = Carrying(booking.facts, facts)
    open_again = {row.id for row in facts.requests}
    found = []
    for assignment in booking.plan:
        row = booking.facts.requests[assignment.request]
        place = carrying.place(assignment)
        if row.id not in booking.appointments or row.id in open_again or place is None:
            continue
        request = carrying.request(assignment.request)
        appointment = str(booking.appointments[row.id])
        found.append(_Standing(row, request, place, appointment))
    return found


def _whereabouts(facts: Loaded, one: _Standing) -> tuple[int, int, int]:
    block = facts.instance.availabilities[one.place[0]]
    return block.practitioner, block.day, one.place[1]
