"""`spreekuur why`: one request against a plan, as an interactive dialog would answer."""

from collections.abc import Iterator
from pathlib import Path

from api.words import Words
from solver.facts import Instance, Plan
from solver.files.reading import MalformedInputError, shown
from solver.why_not import why_not

HOLDERS_TOLD = 5
"""Holders that the answer describes: those who hold most of the places."""


def answer(instance: Instance, plan: Plan, request: int) -> Iterator[str]:
    """Where the request is planned, or else all that is known about why not; a line each."""
    words = Words(instance, {})
    name = instance.requests[request].id
    planned = {assignment.request: assignment for assignment in plan}
    if request in planned:
        here = planned[request]
        yield f"{name} is planned on {words.place(here.availability, here.start)}"
        return
    (explanation,) = why_not(instance, plan, [request])
    yield f"{name} is not planned"
    yield f"in the way: {words.obstacles(explanation)}"
    if explanation.nearest is not None:
        yield f"nearest: {words.miss(explanation, explanation.nearest)}"
    yield f"would help: {words.offers(explanation)}"
    holders = explanation.holders or ()
    for holder in holders[:HOLDERS_TOLD]:
        yield f"held by: {words.holder(planned[holder])}"
    if len(holders) > HOLDERS_TOLD:
        yield f"held by: {words.more_holders(len(holders) - HOLDERS_TOLD)}"
    if explanation.displacement is not None:
        yield f"cheapest displacement: {words.displacement(explanation.displacement, planned)}"


def known_request(instance: Instance, file: Path, request: str) -> int:
    """The index of the request with this id.

    Raises:
        MalformedInputError: there is none in the instance, which is that file.
    """
    for index, row in enumerate(instance.requests):
        if row.id == request:
            return index
    remedy = "name one of its requests"
    raise MalformedInputError(file, "requests", f"there is no request {shown(request)}; {remedy}")
