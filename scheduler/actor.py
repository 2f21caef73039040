"""Who acts, and for whom: every step of a lifecycle and every audit record names both. Domain §8."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """The account that acts, and the user it acts for, where that is another."""

    account_id: UUID | None
    on_behalf_of_id: UUID | None = None
    caused_by_id: UUID | None = None
    """The firing of a trigger whose action this is: what it announces names it. Domain §4."""


NOBODY = Actor(None)
"""A planning run or a trigger: nobody's hand."""
