"""Employees, before they ask for anything."""

from typing import NamedTuple

import numpy as np

from benchmarks.agenda import Agenda
from benchmarks.service import Service

EXCLUDED = 0.1  # share of the pairs of an employee and a practitioner of his region


class Employee(NamedTuple):
    """Where somebody lives, and which practitioners he must not meet."""

    region: int
    excluded: frozenset[int]


def employees_of(service: Service, agenda: Agenda) -> list[Employee]:
    """They live where the blocks are, and must not meet some of the practitioners there."""
    rng, shape = service.rng, service.shape
    minutes = np.zeros(shape.regions)
    for block in agenda.blocks:
        minutes[service.region[block.location]] += block.end - block.start
    count = max(1, round(shape.requests * shape.employees_per_request))
    regions = rng.choice(shape.regions, count, p=minutes / minutes.sum()).tolist()
    staff = [np.array(practitioners) for practitioners in service.staff]
    return [
        Employee(r, frozenset(staff[r][rng.random(len(staff[r])) < EXCLUDED].tolist()))
        for r in regions
    ]
