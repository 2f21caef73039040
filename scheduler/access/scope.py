"""For whom: the part of the organisation that groups reach, on a day. Domain §8 [000 §2.1.8]."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from models.access import Group
from models.instants import local

ZONE = ZoneInfo("Europe/Amsterdam")
"""In which employments and deputyships begin and end: days of the service, not of a location."""


def today(now: datetime) -> date:
    return local(now, ZONE)[0]


@dataclass(frozen=True, slots=True)
class Scope:
    """What every one of these groups reaches.

    Everybody, or one group or more: that nothing is said never means everybody.
    """

    groups: frozenset[UUID]
    day: date
    everybody: bool = False

    def __post_init__(self) -> None:
        if self.everybody is bool(self.groups):
            raise ValueError("a scope is everybody, or one group or more")

    def __and__(self, other: "Scope") -> "Scope":
        groups = self.groups | other.groups
        return Scope(groups, self.day, everybody=not groups)


def scope_of(group: Group, day: date) -> Scope:
    if group.everybody:
        return Scope(frozenset(), day, everybody=True)
    return Scope(frozenset({group.id}), day)
