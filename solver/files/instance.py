"""Instance files (`appt-instance/1`): the schema, the cross-references, and the way to the facts.

The format is described in ARCHITECTURE.md; unknown keys are ignored.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, NoReturn, Protocol

from pydantic import AfterValidator, Field

from solver.aims import OLDEST
from solver.facts import (
    NONE,
    Appointment,
    Availability,
    ConsultationType,
    Instance,
    Location,
    Members,
    Modality,
    Request,
)
from solver.files.reading import MalformedInputError, Strict, read_model, shown
from solver.minutes import MINUTES_PER_DAY
from solver.points import Points, as_points

SATURDAY, SUNDAY = 5, 6
LONGEST_HORIZON = 3660
MOST_POINTS = 10_000


def _iso_date(text: str) -> date:
    """A date written as 2026-03-23; nothing else that libraries would also take for one."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError("must be a date written as YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a date that exists") from None


Id = Annotated[str, Field(min_length=1, max_length=200)]
IsoDate = Annotated[str, AfterValidator(lambda text: _iso_date(text).isoformat())]
Time = Annotated[int, Field(ge=0, lt=LONGEST_HORIZON * MINUTES_PER_DAY)]
Duration = Annotated[int, Field(ge=1, le=MINUTES_PER_DAY)]
Buffer = Annotated[int, Field(ge=0, le=MINUTES_PER_DAY)]
Day = Annotated[int, Field(ge=-LONGEST_HORIZON, le=2 * LONGEST_HORIZON)]
ModalityName = Literal["location", "telephone", "video"]

MODALITIES: dict[str, Modality] = {
    "location": Modality.AT_LOCATION,
    "telephone": Modality.TELEPHONE,
    "video": Modality.VIDEO,
}


class TypePart(Strict):
    id: Id
    duration: Duration
    buffer: Buffer
    refuse_duplicates: bool = False


class LocationPart(Strict):
    id: Id
    region: Id
    capacity: Annotated[int, Field(ge=0, le=10_000)]
    holidays: list[Day] | None = None


class PractitionerPart(Strict):
    id: Id


class EmployeePart(Strict):
    id: Id
    blacklist: list[Id]


class AvailabilityPart(Strict):
    id: Id
    practitioner: Id
    location: Id
    start: Time
    end: Time
    types: list[Id]
    modalities: list[ModalityName] | None = None


class ExistingPart(Strict):
    id: Id
    practitioner: Id
    location: Id
    employee: Id
    start: Time
    duration: Duration
    buffer: Buffer
    type: Id | None = None
    remote: bool = False


class RequestPart(Strict):
    id: Id
    employee: Id
    type: Id
    duration: Duration
    buffer: Buffer
    window: Annotated[list[Day], Field(min_length=2, max_length=2)]
    region: Id
    locations: list[Id] | None
    required_practitioner: Id | None
    preferred_practitioner: Id | None
    preferred_location: Id | None
    allow_saturday: bool
    allow_sunday_holiday: bool
    priority: Annotated[int, Field(ge=1, le=1000)]
    request_date: IsoDate
    modalities: list[ModalityName] | None = None
    remote: bool = False
    preferences: list[tuple[Id, Annotated[int, Field(ge=0, le=MOST_POINTS)]]] | None = None


class InstanceFile(Strict):
    """The whole file as it is written."""

    format: Literal["appt-instance/1"]
    name: Id
    start_date: IsoDate
    days: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)]
    grid: Annotated[int, Field(ge=1, le=MINUTES_PER_DAY)]
    holidays: list[Day]
    types: list[TypePart]
    locations: list[LocationPart]
    practitioners: list[PractitionerPart]
    employees: list[EmployeePart]
    availabilities: list[AvailabilityPart]
    existing: list[ExistingPart]
    requests: list[RequestPart]


def read_instance(file: Path) -> Instance:
    """The planning problem in an instance file.

    Raises:
        MalformedInputError: anything in it that cannot be taken; one line with file, place, value.
    """
    return as_facts(read_content(file), file)


def read_content(file: Path) -> InstanceFile:
    """What is written in an instance file, its cross-references not yet looked at.

    Raises:
        MalformedInputError: it cannot be opened, is no JSON, or breaks the schema.
    """
    return read_model(file, InstanceFile)


def as_facts(content: InstanceFile, file: object) -> Instance:
    """The planning problem that was written in `file`.

    Raises:
        MalformedInputError: a reference that leads nowhere, a window that ends before it starts, ...
    """
    return _Reading(file, content).instance()


class _WithId(Protocol):
    @property
    def id(self) -> str: ...


class _Numbers(dict[str, int]):
    """The index of each id of one list of the file."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class _Reading:
    """One file on its way from names to indices; every reference that leads nowhere is refused."""

    def __init__(self, file: object, content: InstanceFile) -> None:
        self.file = file
        self.content = content
        self.start_date = self._day_0()
        self.types = self._numbered("types", content.types)
        self.locations = self._numbered("locations", content.locations)
        self.practitioners = self._numbered("practitioners", content.practitioners)
        self.employees = self._numbered("employees", content.employees)
        self.availabilities = self._numbered("availabilities", content.availabilities)
        self._numbered("existing", content.existing)
        self._numbered("requests", content.requests)

    def instance(self) -> Instance:
        """The facts, in the order of the file."""
        content = self.content
        # employees of appointments that stand need not be listed
        everybody = dict(self.employees)
        for standing in content.existing:
            everybody.setdefault(standing.employee, len(everybody))
        appointments = tuple(self._appointments(everybody))
        return Instance(
            name=content.name,
            start_date=self.start_date,
            days=content.days,
            grid=content.grid,
            types=tuple(
                ConsultationType(t.id, t.duration, t.buffer, t.refuse_duplicates)
                for t in content.types
            ),
            locations=tuple(Location(p.id, p.region, p.capacity) for p in content.locations),
            practitioners=tuple(self.practitioners),
            employees=tuple(everybody),
            availabilities=tuple(self._availabilities()),
            appointments=appointments,
            requests=tuple(self._requests(appointments)),
        )

    def _availabilities(self) -> Iterable[Availability]:
        days_off = self._days_off_by_location()
        for i, part in enumerate(self.content.availabilities):
            place = f"availabilities[{i}]"
            day, start, end = self._within_a_day(place, part.start, part.end)
            location = self._known(self.locations, f"{place}.location", part.location)
            weekday = (self.start_date + timedelta(days=day)).weekday()
            yield Availability(
                id=part.id,
                practitioner=self._known(
                    self.practitioners, f"{place}.practitioner", part.practitioner
                ),
                location=location,
                day=day,
                start=start,
                end=end,
                types=self._all_known(self.types, f"{place}.types", part.types),
                modalities=_flags(part.modalities),
                on_saturday=weekday == SATURDAY,
                on_day_off=weekday == SUNDAY or day in days_off[location],
            )

    def _appointments(self, everybody: Mapping[str, int]) -> Iterable[Appointment]:
        for i, part in enumerate(self.content.existing):
            place = f"existing[{i}]"
            until = part.start + part.duration + part.buffer
            day, start, occupied_until = self._within_a_day(place, part.start, until)
            yield Appointment(
                id=part.id,
                practitioner=self._known(
                    self.practitioners, f"{place}.practitioner", part.practitioner
                ),
                location=self._known(self.locations, f"{place}.location", part.location),
                employee=everybody[part.employee],
                type=NONE
                if part.type is None
                else self._known(self.types, f"{place}.type", part.type),
                day=day,
                start=start,
                end=start + part.duration,
                occupied_until=occupied_until,
                takes_room=not part.remote,
            )

    def _requests(self, appointments: Sequence[Appointment]) -> Iterable[Request]:
        excluded = {
            employee.id: self._all_known(
                self.practitioners, f"employees[{i}].blacklist", employee.blacklist
            )
            for i, employee in enumerate(self.content.employees)
        }
        refusing = {i for i, kind in enumerate(self.content.types) if kind.refuse_duplicates}
        taken = {(a.employee, a.type) for a in appointments if a.type in refusing}
        for i, part in enumerate(self.content.requests):
            place = f"requests[{i}]"
            from_day, until_day = part.window
            if until_day <= from_day:
                self._refuse(
                    f"{place}.window",
                    f"the window must end at least a day after it starts, not {part.window}",
                )
            employee = self._known(self.employees, f"{place}.employee", part.employee)
            type_ = self._known(self.types, f"{place}.type", part.type)
            requested_on = date.fromisoformat(part.request_date)
            yield Request(
                id=part.id,
                employee=employee,
                type=type_,
                duration=part.duration,
                buffer=part.buffer,
                from_day=from_day,
                until_day=until_day,
                locations=self._wished_locations(place, part),
                priority=part.priority,
                requested_on=requested_on,
                age=min(max((self.start_date - requested_on).days, 0), OLDEST),
                required_practitioner=self._maybe(
                    self.practitioners, f"{place}.required_practitioner", part.required_practitioner
                ),
                preferred_practitioner=self._maybe(
                    self.practitioners,
                    f"{place}.preferred_practitioner",
                    part.preferred_practitioner,
                ),
                preferred_location=self._maybe(
                    self.locations, f"{place}.preferred_location", part.preferred_location
                ),
                allow_saturday=part.allow_saturday,
                allow_day_off=part.allow_sunday_holiday,
                modalities=_modalities(part),
                excluded=excluded[part.employee],
                already_has_one=(employee, type_) in taken,
                preferences=self._preferences(place, part),
            )

    def _wished_locations(self, place: str, part: RequestPart) -> Members:
        if part.locations is not None:
            return self._all_known(self.locations, f"{place}.locations", part.locations)
        # a region without a location is no fault: a what-if may have closed the last one there
        return Members(
            i for i, location in enumerate(self.content.locations) if location.region == part.region
        )

    def _preferences(self, place: str, part: RequestPart) -> Points | None:
        if part.preferences is None:
            return None
        return as_points(
            {
                self._known(self.availabilities, f"{place}.preferences[{i}][0]", liked): points
                for i, (liked, points) in enumerate(part.preferences)
            }
        )

    def _days_off_by_location(self) -> list[frozenset[int]]:
        of_all = self.content.holidays
        return [
            frozenset(of_all if location.holidays is None else location.holidays)
            for location in self.content.locations
        ]

    def _within_a_day(self, place: str, start: int, end: int) -> tuple[int, int, int]:
        """Day and minutes of the day of `[start, end)`."""
        day, minute = divmod(start, MINUTES_PER_DAY)
        if end <= start:
            self._refuse(place, f"the interval [{start}, {end}) must end after it starts")
        if end > (day + 1) * MINUTES_PER_DAY:
            self._refuse(place, f"the interval [{start}, {end}) passes midnight; split it by day")
        if day >= self.content.days:
            self._refuse(
                place, f"{start} is on day {day}, and the last day is {self.content.days - 1}"
            )
        return day, minute, end - day * MINUTES_PER_DAY

    def _day_0(self) -> date:
        """The start of the horizon, from which every day that the file may name has a date."""
        start = date.fromisoformat(self.content.start_date)
        try:
            for days in (-LONGEST_HORIZON, 2 * LONGEST_HORIZON):
                start + timedelta(days=days)
        except OverflowError:
            problem = f"{shown(self.content.start_date)} is too near to an end of the calendar"
            self._refuse("start_date", problem)
        return start

    def _numbered(self, name: str, parts: Sequence[_WithId]) -> _Numbers:
        numbers = _Numbers(name)
        for i, part in enumerate(parts):
            if part.id in numbers:
                self._refuse(
                    f"{name}[{i}].id",
                    f"the id {shown(part.id)} stands at {name}[{numbers[part.id]}] already",
                )
            numbers[part.id] = i
        return numbers

    def _known(self, numbers: _Numbers, place: str, id_: str) -> int:
        if id_ not in numbers:
            problem = f"{shown(id_)} is not among the {numbers.name}; add it or correct the id"
            self._refuse(place, problem)
        return numbers[id_]

    def _maybe(self, numbers: _Numbers, place: str, id_: str | None) -> int:
        return NONE if id_ is None else self._known(numbers, place, id_)

    def _all_known(self, numbers: _Numbers, place: str, ids: Sequence[str]) -> Members:
        return Members(self._known(numbers, f"{place}[{i}]", id_) for i, id_ in enumerate(ids))

    def _refuse(self, place: str, problem: str) -> NoReturn:
        raise MalformedInputError(self.file, place, problem)


def _modalities(part: RequestPart) -> int:
    """What is listed goes before `remote`, which says either of two."""
    if part.modalities is not None:
        return _flags(part.modalities)
    return int(Modality.REMOTE if part.remote else Modality.AT_LOCATION)


def _flags(names: Sequence[str] | None) -> int:
    """Modalities as a set of flags; an availability that names none admits all."""
    if names is None:
        return int(Modality.ANY)
    flags = Modality(0)
    for name in names:
        flags |= MODALITIES[name]
    return int(flags)
