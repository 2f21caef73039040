"""The facts a rule may speak of: one frozen row for each request, availability and appointment.

References between rows are indices into the tuples of `Instance` (`NONE` where there is none), days
are indices into the horizon, times are minutes of a local day. Everything that needs a calendar, a
time zone or a look at other rows has been computed by whoever made the facts, so that a rule is a
comparison. `columns.py` holds the same facts as numpy columns under the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntFlag
from functools import cached_property
from typing import NamedTuple, Protocol, overload

import numpy as np
from numpy.typing import NDArray

NONE = -1
"""The index that stands for "nobody", "nowhere", "no matter which"."""

FAR_DAY = 1 << 30
"""An open end: a day no horizon reaches."""

IntColumn = NDArray[np.int64]
FloatColumn = NDArray[np.float64]
BoolColumn = NDArray[np.bool_]

Number = int | IntColumn
"""A number in either reading of a rule: one row's, or a column's."""

Truth = bool | BoolColumn
"""The answer of a rule in either reading."""


class Modality(IntFlag):
    """How an appointment is held; an availability admits several."""

    AT_LOCATION = 1
    TELEPHONE = 2
    VIDEO = 4

    REMOTE = TELEPHONE | VIDEO
    ANY = AT_LOCATION | REMOTE


AT_LOCATION = int(Modality.AT_LOCATION)
"""As a plain number: operators of flags are slow, and this is asked a million times a run."""


class Membership(Protocol):
    """What the rules ask of a set, in either reading."""

    def has(self, member: Number, /) -> Truth:
        """Whether `member` belongs to the set (of this row, or of each row of the column)."""
        ...


class Members(frozenset[int]):
    """The set that belongs to one row."""

    __slots__ = ()

    @overload
    def has(self, member: int, /) -> bool: ...
    @overload
    def has(self, member: Number, /) -> Truth: ...
    def has(self, member: Number, /) -> Truth:
        """Whether `member` is in the set; a column is answered element by element."""
        if isinstance(member, np.ndarray):
            # a handful of members at most: quicker, one by one, than any search for them all
            found = np.zeros(member.shape, np.bool_)
            for mine in self:
                found |= member == mine
            return found
        return member in self


NOBODY = Members()


@dataclass(frozen=True, slots=True)
class ConsultationType:
    """A kind of appointment; `duration` and `buffer` in minutes."""

    id: str
    duration: int
    buffer: int
    refuse_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """A place where consultations are held; `capacity` appointments at once."""

    id: str
    region: str
    capacity: int


@dataclass(frozen=True, slots=True)
class Availability:
    """A block of one practitioner's time at one location, within one local day.

    `start` and `end` are minutes of the day, half-open. `on_day_off` is true on a Sunday and on a
    holiday of the location; a Saturday that is a holiday is both `on_saturday` and `on_day_off`.
    `types` holds those types that the block admits *and* for which the practitioner holds a
    function; `modalities` is a set of `Modality` flags.
    """

    id: str
    practitioner: int
    location: int
    day: int
    start: int
    end: int
    types: Members
    modalities: int = Modality.ANY
    on_saturday: bool = False
    on_day_off: bool = False


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment that stands; planning works around it.

    The employee is occupied `[start, end)`, practitioner and room `[start, occupied_until)`.
    """

    id: str
    practitioner: int
    location: int
    employee: int
    type: int
    day: int
    start: int
    end: int
    occupied_until: int
    takes_room: bool = True
    elsewhere: bool = False
    """No appointment of ours: a time at which a calendar of his own says that he is busy."""


@dataclass(frozen=True, slots=True)
class Request:
    """The wish for an appointment, with all that a rule asks about it.

    `duration`, `buffer`: minutes. `[from_day, until_day)`: the date window. `age`: days from the
    formal request date to the start of the horizon, cut to 0..180. `earliest`: minutes since the
    start of the horizon before which the notice of the type forbids a start. `locations`: those
    wished. `excluded`: the practitioners excluded for the employee. `preferences`: points by
    availability (`solver.points`), in place of those for the preferred practitioner and location.
    """

    id: str
    employee: int
    type: int
    duration: int
    buffer: int
    from_day: int
    until_day: int
    locations: Members
    priority: int = 1
    requested_on: date = date.min
    age: int = 0
    required_practitioner: int = NONE
    preferred_practitioner: int = NONE
    preferred_location: int = NONE
    allow_saturday: bool = False
    allow_day_off: bool = False
    modalities: int = Modality.AT_LOCATION
    excluded: Members = NOBODY
    earliest: int = 0
    draft: bool = False
    awaits_approval: bool = False
    already_has_one: bool = False
    preferences: Mapping[int, int] | None = None

    @property
    def occupied(self) -> int:
        """Minutes for which practitioner and room are occupied."""
        return self.duration + self.buffer

    @property
    def takes_room(self) -> bool:
        """Whether the appointment is held at the location."""
        return self.modalities & AT_LOCATION != 0

    @property
    def shape(self) -> "Shape":
        """What of the request decides where in a day it fits, apart from its employee."""
        return Shape(self.duration, self.buffer, self.takes_room)


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """Duration and buffer in minutes, and whether a room is needed."""

    duration: int
    buffer: int
    takes_room: bool

    @property
    def occupied(self) -> int:
        """Minutes for which practitioner and room are occupied."""
        return self.duration + self.buffer


class Assignment(NamedTuple):
    """One request, planned: the availability's index and the start as minute of its day.

    A tuple and no dataclass: a plan has tens of thousands, and is made anew every second.
    """

    request: int
    availability: int
    start: int


Plan = tuple[Assignment, ...]
"""A finished plan, ordered by request; a request that is not in it is not planned."""


@dataclass(frozen=True)
class Instance:
    """One planning problem: what is asked, what is open, and what stands."""

    name: str
    start_date: date
    days: int
    grid: int
    types: tuple[ConsultationType, ...]
    locations: tuple[Location, ...]
    practitioners: tuple[str, ...]
    employees: tuple[str, ...]
    availabilities: tuple[Availability, ...]
    appointments: tuple[Appointment, ...]
    requests: tuple[Request, ...]

    @cached_property
    def duplicates_refused(self) -> Members:
        """The types of which an employee gets at most one."""
        return Members(i for i, kind in enumerate(self.types) if kind.refuse_duplicates)
