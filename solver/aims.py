"""The aims of planning, in order: what a planned request is worth. Source: plan format, score.

Each is one expression for rows and for columns, as the rules are.
"""

from dataclasses import astuple, dataclass
from typing import Protocol, overload

from solver.facts import Availability, IntColumn, Number, Request
from solver.rules.face import AvailabilityFacts

PREFERRED_PRACTITIONER_POINTS = 2
PREFERRED_LOCATION_POINTS = 1
AGE_HANDICAP = 7
"""Days added to every age, so that a request of today still gains by an earlier day."""
OLDEST = 180
"""Days after which a request grows no older."""


FIRST_COME = "first_come_first_served"
BEST_GREEDY = "best_greedy"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a simpler way of planning reaches on the same instance: how many planned, how well."""

    planned: int
    score: "Score"

    def as_file(self) -> dict[str, int]:
        """Under the names of the plan file."""
        return {"planned": self.planned, **self.score.as_file()}


class Wishes(Protocol):
    """A request as the aims see it: one row or a column of them."""

    @property
    def age(self) -> Number: ...
    @property
    def preferred_practitioner(self) -> Number: ...
    @property
    def preferred_location(self) -> Number: ...


@dataclass(frozen=True, slots=True, order=True)
class Score:
    """How good a plan is; compared from the first to the last, more is better.

    `compactness` is minus the unusable gap minutes.
    """

    weight: int = 0
    seniority: int = 0
    preference: int = 0
    compactness: int = 0

    @property
    def unusable_gap_minutes(self) -> int:
        """Minutes in gaps too short for anything their availability admits; less is better."""
        return -self.compactness

    def as_file(self) -> dict[str, int]:
        """The score under the names of the plan file."""
        weight, seniority, preference, compactness = astuple(self)
        return {
            "weight": weight,
            "seniority": seniority,
            "preference": preference,
            "unusable_gap_minutes": -compactness,
        }


@overload
def seniority(r: Wishes, day: int, days: int) -> int: ...
@overload
def seniority(r: Wishes, day: IntColumn, days: int) -> IntColumn: ...
def seniority(r: Wishes, day: Number, days: int) -> Number:
    """Who asked first goes first: a product, since a plain sum of waiting days would favour nobody.

    `day` is the day planned, `days` the length of the horizon.
    """
    return (AGE_HANDICAP + r.age) * (days - day)


def usual_preference(r: Wishes, a: AvailabilityFacts) -> Number:
    """The points where a request has no list of its own."""
    return (r.preferred_practitioner == a.practitioner) * PREFERRED_PRACTITIONER_POINTS + (
        r.preferred_location == a.location
    ) * PREFERRED_LOCATION_POINTS


def preference(r: Request, a: Availability, index: int) -> int:
    """The points of this request in the availability with this index.

    Where many are asked, `Candidates.preference` and `solver.points` answer for all at once.
    """
    if r.preferences is not None:
        return r.preferences.get(index, 0)
    return int(usual_preference(r, a))
