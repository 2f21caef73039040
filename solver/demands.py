"""What is wanted: appointments, rather than the requests for them."""

from dataclasses import dataclass

import numpy as np

from solver.facts import NONE, Instance, IntColumn
from solver.rules import REQUEST_RULES


@dataclass(frozen=True)
class Demands:
    """The appointments that are wanted, by requests that may be planned at all.

    A demand is one request, or all of an employee's requests of a type that refuses duplicates: of
    those at most one is planned, so they want one place. `of`: the demand of each request, `NONE`
    where a rule bars the request wherever it would go. `minutes`: what a demand occupies at least.
    `priority`: what it weighs at most.
    """

    of: IntColumn
    minutes: IntColumn
    priority: IntColumn

    @classmethod
    def in_instance(cls, instance: Instance) -> "Demands":
        """All demands, numbered in the order of their first requests."""
        numbers: dict[tuple[int, ...], int] = {}
        minutes: list[int] = []
        priority: list[int] = []
        of = np.full(len(instance.requests), NONE, np.int64)
        for r, request in enumerate(instance.requests):
            if not all(rule.admits(request) for rule in REQUEST_RULES):
                continue
            alike = request.type in instance.duplicates_refused
            key = (request.employee, request.type) if alike else (r,)
            demand = of[r] = numbers.setdefault(key, len(numbers))
            if demand == len(minutes):
                minutes.append(request.occupied)
                priority.append(request.priority)
            else:
                minutes[demand] = min(minutes[demand], request.occupied)
                priority[demand] = max(priority[demand], request.priority)
        return cls(of, np.asarray(minutes, np.int64), np.asarray(priority, np.int64))

    def taking_part(self, requests: IntColumn) -> IntColumn:
        """The demands of these requests, sorted."""
        found: IntColumn = np.unique(self.of[requests])
        taking: IntColumn = found[found != NONE]
        return taking
