"""Two employers with one thing of every kind that lies in somebody's part of the organisation, and things of nobody.

Every line of text about what is not the first employer's has a word in it that nothing else has, so that
a leak is found by reading the answer.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from models.agenda import Availability
from models.appointments import Appointment
from models.base import Keyed
from models.organisation import Employer
from tests.organisation_billing import what_is_billed, what_is_paid, who_supplies
from tests.organisation_rows import (
    ELSEWHERE,
    HERE,
    NOWHERE,
    Part,
    of_an_employer,
    of_everybody,
    of_nobody,
    runs,
    works_for_both,
)


@dataclass
class Organisation:
    """All of it."""

    everywhere: Part
    here: Part
    elsewhere: Part
    nowhere: Part
    empty: UUID
    """An employer without anything."""

    @property
    def deleted(self) -> UUID:
        """An appointment of the first employer that is hidden from everybody."""
        return self.here.rows[Appointment][-1]

    @property
    def gone(self) -> frozenset[UUID]:
        """What is there no more: that appointment, and an availability that was removed."""
        return frozenset({self.deleted, self.everywhere.rows[Availability][1]})

    @property
    def foreign(self) -> dict[UUID, type[Keyed]]:
        """What whoever reaches the first employer only must never see."""
        return {
            key: kind
            for part in (self.elsewhere, self.nowhere)
            for kind, keys in part.rows.items()
            for key in keys
        }

    @property
    def words(self) -> tuple[str, ...]:
        return self.elsewhere.word, self.nowhere.word

    def ours(self, kind: type[Keyed]) -> list[UUID]:
        """The first employer's; of what lies in no part, everybody's."""
        return self.here.rows.get(kind) or self.everywhere.rows.get(kind, [])

    def theirs(self, kind: type[Keyed]) -> list[UUID]:
        """The other employer's, the first and the last; and nobody's."""
        found = self.elsewhere.rows.get(kind, [])
        return [*found[:1], *found[1:][-1:], *self.nowhere.rows.get(kind, [])]


def organisation(engine: Engine) -> Organisation:
    with engine.begin() as connection:
        everywhere = Part(connection, "everybody")
        of_everybody(everywhere)
        who_supplies(everywhere)
        parts = [Part(connection, word) for word in (HERE, ELSEWHERE)]
        for number, part in enumerate(parts):
            of_an_employer(part, everywhere, number)
            what_is_billed(part, everywhere)
            what_is_paid(part, everywhere)
        here, elsewhere = parts
        works_for_both(here, elsewhere, everywhere)
        nowhere = Part(connection, NOWHERE)
        of_nobody(nowhere, here, everywhere)
        runs(everywhere, parts)
        empty = everywhere.add(Employer)
        del everywhere.rows[Employer]
        return Organisation(everywhere, here, elsewhere, nowhere, empty)
