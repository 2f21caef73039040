"""Which requests can get in each other's way, and so must be planned together.

Requests are coupled where they may meet: in an availability, in two of a practitioner that overlap, a location's day
whose rooms may run out, or an employee with several requests. *Parts* are the components of that graph. Two blocks of a practitioner's day couple only where they overlap: whoever is booked in the one, buffer and
all, is out of it before the other begins. *Regions* are looser: they share no location's day, but perhaps a practitioner or an employee.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from solver.candidates import Candidates
from solver.facts import Instance, IntColumn
from solver.rules.words import grouped

SMALL = 300
"""Requests up to which a component is solved as one model; smaller ones are put together."""


def parts(candidates: Candidates) -> list[Candidates]:
    """The candidates of each component, largest first; small components together in one part.

    A request without any option is in no part.
    """
    label = _labels(candidates, _people(candidates), _places(candidates), _employees(candidates))
    with_options = np.unique(candidates.request)
    components = grouped(with_options.tolist(), lambda r: int(label[r])).values()
    together: list[list[int]] = []
    for component in sorted(components, key=lambda c: (-len(c), c)):
        if together and len(together[-1]) + len(component) <= SMALL:
            together[-1].extend(component)
        else:
            together.append(component)
    return [candidates.of(np.asarray(sorted(part), np.int64)) for part in together]


def regions(candidates: Candidates, smallest: int) -> list[list[int]]:
    """The requests of each region, small regions put together until they have so many."""
    return _put_together(candidates, smallest, _labels(candidates, _whole_places(candidates)))


def districts(candidates: Candidates, smallest: int) -> list[list[int]]:
    """The requests of each district, small ones put together: they share nothing but practitioners."""
    return _put_together(
        candidates, smallest, _labels(candidates, _places(candidates), _employees(candidates))
    )


def at_once(instance: Instance) -> Iterator[list[int]]:
    """The availabilities of one practitioner that overlap, one with the next."""
    blocks = instance.availabilities
    days = grouped(range(len(blocks)), lambda a: (blocks[a].practitioner, blocks[a].day))
    for day in days.values():
        together: list[int] = []
        until = 0
        for a in sorted(day, key=lambda a: (blocks[a].start, a)):
            if blocks[a].start >= until:
                if len(together) > 1:
                    yield together
                together = []
            together.append(a)
            until = max(until, blocks[a].end)
        if len(together) > 1:
            yield together


def _put_together(candidates: Candidates, smallest: int, label: IntColumn) -> list[list[int]]:
    """The requests by label, small groups put together until they have so many."""
    found = grouped(candidates.requests, lambda r: int(label[r])).values()
    together: list[list[int]] = []
    for group in sorted(found, key=len):
        if together and len(together[-1]) < smallest:
            together[-1].extend(group)
        else:
            together.append(group)
    return together


def _labels(candidates: Candidates, *ways: Iterable[Sequence[int]]) -> IntColumn:
    """For each request the number of its component, where these nodes are coupled as well."""
    instance = candidates.instance
    requests = len(instance.requests)
    tail = [candidates.request]
    head = [requests + candidates.availability]
    nodes = requests + len(instance.availabilities)
    for couples in ways:
        for together in couples:
            tail.append(np.asarray(together, np.int64))
            head.append(np.full(len(together), nodes))
            nodes += 1
    rows, columns = np.concatenate(tail), np.concatenate(head)
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(nodes, nodes))
    labels = connected_components(graph, directed=False)[1]
    return np.asarray(labels[:requests], np.int64)


def _people(candidates: Candidates) -> Iterable[Sequence[int]]:
    """The availabilities (as nodes) of a practitioner that overlap."""
    offset = len(candidates.instance.requests)
    return ([offset + a for a in together] for together in at_once(candidates.instance))


def _places(candidates: Candidates) -> Iterable[Sequence[int]]:
    """The availabilities (as nodes) of each location's day with more people than rooms."""
    instance = candidates.instance
    blocks = instance.availabilities
    offset = len(instance.requests)
    standing = grouped(instance.appointments, lambda s: (s.location, s.day))
    days = grouped(range(len(blocks)), lambda a: (blocks[a].location, blocks[a].day))
    for (location, day), there in days.items():
        people = {blocks[a].practitioner for a in there}
        people |= {s.practitioner for s in standing.get((location, day), ())}
        if len(people) > instance.locations[location].capacity:
            yield [offset + a for a in there]


def _whole_places(candidates: Candidates) -> Iterable[Sequence[int]]:
    """The availabilities (as nodes) of each location's day, whether rooms may run out or not."""
    blocks = candidates.instance.availabilities
    offset = len(candidates.instance.requests)
    days = grouped(range(len(blocks)), lambda a: (blocks[a].location, blocks[a].day))
    return ([offset + a for a in there] for there in days.values() if len(there) > 1)


def _employees(candidates: Candidates) -> Iterable[Sequence[int]]:
    """The requests of each employee who makes several."""
    requests = candidates.instance.requests
    several = grouped(range(len(requests)), lambda r: requests[r].employee).values()
    return (together for together in several if len(together) > 1)
