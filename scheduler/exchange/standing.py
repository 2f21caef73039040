"""What stands in the agenda, as the existing appointments of an instance file."""

from collections.abc import Iterator
from typing import Any

from solver.facts import NONE, Appointment, Instance
from solver.minutes import MINUTES_PER_DAY

LONGEST_ID = 200

Row = dict[str, Any]


class UnwritableError(ValueError):
    """Facts that contradict each other as no loader's do, or that are too large for the format."""


class Standing:
    """The existing appointments of some facts, with people of their own where those have none.

    `practitioners`: those who were made for it.
    """

    def __init__(self, facts: Instance) -> None:
        self._facts = facts
        self._ids: set[str] = set()
        self._employees = set(facts.employees)
        self._practitioners = set(facts.practitioners)
        self._told: set[tuple[int, int]] = set()
        """Who has an appointment of which type, as far as the rows say so."""
        self.practitioners: list[str] = []

    def rows(self) -> list[Row]:
        # where there is no location nothing can be planned, and nothing stands in its way
        if not self._facts.locations:
            return []
        return [*map(self._row, self._facts.appointments), *self._unseen()]

    def _row(self, one: Appointment) -> Row:
        # the employee is free while the buffer lasts, and nobody's time is the time of nobody
        seen = one.employee != NONE and one.end > one.start
        located = one.location != NONE
        row: Row = {
            "id": _new(one.id, self._ids),
            "practitioner": self._practitioner(one),
            "location": self._facts.locations[one.location if located else 0].id,
            "employee": self._facts.employees[one.employee]
            if seen
            else _new(one.id, self._employees),
            "start": MINUTES_PER_DAY * one.day + one.start,
            "duration": (one.end if seen else one.occupied_until) - one.start,
            "buffer": one.occupied_until - one.end if seen else 0,
        }
        if seen and one.type != NONE:
            row["type"] = self._facts.types[one.type].id
            self._told.add((one.employee, one.type))
        if not (one.takes_room and located):
            row["remote"] = True
        return row

    def _practitioner(self, one: Appointment) -> str:
        if one.practitioner != NONE:
            return self._facts.practitioners[one.practitioner]
        return self._stand_in(one.id)

    def _stand_in(self, name: str) -> str:
        self.practitioners.append(_new(name, self._practitioners))
        return self.practitioners[-1]

    def _unseen(self) -> Iterator[Row]:
        """For those who have an appointment that is not among the facts, and may have no other."""
        facts = self._facts
        for asked in facts.requests:
            same = asked.employee, asked.type
            refusing = asked.type in facts.duplicates_refused
            if asked.already_has_one == (refusing and same in self._told):
                continue
            if not asked.already_has_one or not refusing:
                raise UnwritableError(
                    f"request {asked.id}: whether its employee has such an appointment is unclear"
                )
            self._told.add(same)
            name = f"elsewhere: {asked.id}"
            yield {
                "id": _new(name, self._ids),
                "practitioner": self._stand_in(name),
                "location": facts.locations[0].id,
                "employee": facts.employees[asked.employee],
                "start": MINUTES_PER_DAY * facts.days - 1,
                "duration": 1,
                "buffer": 0,
                "type": facts.types[asked.type].id,
                "remote": True,
            }


def _new(name: str, taken: set[str]) -> str:
    """The name, or one like it that is not taken yet; it is now."""
    free, number = name, 1
    while free in taken:
        number += 1
        suffix = f" ({number})"
        free = name[: LONGEST_ID - len(suffix)] + suffix
    taken.add(free)
    return free
