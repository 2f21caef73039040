"""The availabilities, appointments and requests of an instance file as rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from models.base import new_id
from models.consultations import Modality
from models.instants import local
from scheduler.exchange.labels import Labels
from scheduler.exchange.records import Keys, Record, Setting, modality
from scheduler.loading.clock import MINUTE, DayClock
from solver.files.instance import AvailabilityPart, ExistingPart, InstanceFile, RequestPart
from solver.files.reading import MalformedInputError
from solver.minutes import MINUTES_PER_DAY


class Booked(NamedTuple):
    """An existing appointment: its place in the file, its row, whether it lies in an availability.

    `against_exclusion`: with a practitioner who is excluded for the employee.
    """

    place: int
    row: Record
    available: bool
    against_exclusion: bool


class Agenda:
    """What lies on the days of a file."""

    def __init__(
        self, content: InstanceFile, setting: Setting, labels: Labels, keys: Keys, file: object
    ) -> None:
        self._content = content
        self._setting = setting
        self._labels = labels
        self._keys = keys
        self._file = file
        self._start = date.fromisoformat(content.start_date)
        self._zone = ZoneInfo(setting.time_zone)
        self._clocks: dict[int, DayClock] = {}

    def availabilities(self) -> Iterator[Record]:
        for i, part in enumerate(self._content.availabilities):
            begin, end = self._instants(f"availabilities[{i}]", part.start, part.end)
            day, start_minute = local(begin, self._zone)
            ways = (
                ("location", "telephone", "video") if part.modalities is None else part.modalities
            )
            yield {
                "id": self._keys.availabilities[part.id],
                "reference": part.id,
                "practitioner_id": self._keys.practitioners[part.practitioner],
                "location_id": self._keys.locations[part.location],
                "starts_at": begin,
                "ends_at": end,
                "day": day,
                "start_minute": start_minute,
                "end_minute": local(end - MINUTE, self._zone)[1] + 1,
                "at_location": "location" in ways,
                "by_telephone": "telephone" in ways,
                "by_video": "video" in ways,
            }

    def admitted_types(self) -> Iterator[Record]:
        for part in self._content.availabilities:
            for kind in dict.fromkeys(part.types):
                yield {
                    "availability_id": self._keys.availabilities[part.id],
                    "consultation_type_id": self._keys.types[kind],
                }

    # --- Appointments

    def appointments(self) -> Iterator[Booked]:
        around = self._blocks()
        excluded = {one.id: set(one.blacklist) for one in self._content.employees}
        for i, part in enumerate(self._content.existing):
            begin, until = self._instants(
                f"existing[{i}]", part.start, part.start + part.duration + part.buffer
            )
            available = _around(part, around.get((part.practitioner, part.location), ()))
            row = {
                "id": new_id(),
                "reference": part.id,
                "employee_id": self._keys.employees[part.employee],
                "establishment_id": self._establishment_of(part.employee),
                "practitioner_id": self._keys.practitioners[part.practitioner],
                "location_id": self._keys.locations[part.location],
                "availability_id": available and self._keys.availabilities[available.id],
                "consultation_type_id": self._keys.untyped
                if part.type is None
                else self._keys.types[part.type],
                "starts_at": begin,
                "ends_at": begin + part.duration * MINUTE,
                "occupied_until": until,
                "modality": Modality.TELEPHONE if part.remote else Modality.AT_LOCATION,
                "ad_hoc": available is None,
            }
            against = part.practitioner in excluded.get(part.employee, ())
            yield Booked(i, row, available is not None, against)

    def _blocks(self) -> dict[tuple[str, str], list[AvailabilityPart]]:
        found: dict[tuple[str, str], list[AvailabilityPart]] = {}
        for part in self._content.availabilities:
            found.setdefault((part.practitioner, part.location), []).append(part)
        return found

    # --- Requests

    def doubles(self) -> frozenset[str]:
        """The requests that may not be made: of a type that refuses duplicates one is there (domain §3)."""
        refusing = {one.id for one in self._content.types if one.refuse_duplicates}
        taken = {(one.employee, one.type) for one in self._content.existing}
        found = set()
        for part in self._content.requests:
            if part.type in refusing and (part.employee, part.type) in taken:
                found.add(part.id)
            taken.add((part.employee, part.type))
        return frozenset(found)

    def requests(self) -> Iterator[Record]:
        for part in self._content.requests:
            from_day, until_day = (self._start + timedelta(days=day) for day in part.window)
            yield {
                "id": self._keys.requests[part.id],
                "reference": part.id,
                "employee_id": self._keys.employees[part.employee],
                "establishment_id": self._establishment_of(part.employee),
                "consultation_type_id": self._keys.types[part.type],
                "from_day": from_day,
                "until_day": until_day,
                "duration": part.duration,
                "buffer": part.buffer,
                "modality": modality(part),
                "allow_saturday": part.allow_saturday,
                "allow_sunday_holiday": part.allow_sunday_holiday,
                "priority": part.priority,
                "requested_on": date.fromisoformat(part.request_date),
                "required_practitioner_id": _maybe(
                    self._keys.practitioners, part.required_practitioner
                ),
                "preferred_practitioner_id": _maybe(
                    self._keys.practitioners, part.preferred_practitioner
                ),
                "preferred_location_id": _maybe(self._keys.locations, part.preferred_location),
                "created_at": self._setting.now,
            }

    def wished_locations(self) -> Iterator[Record]:
        """Without rows all locations will do: so nothing is said of the only region there is."""
        for part in self._content.requests:
            for location in self._wished(part):
                yield {
                    "request_id": self._keys.requests[part.id],
                    "location_id": self._keys.locations[location],
                }

    def _wished(self, part: RequestPart) -> Sequence[str]:
        if part.locations is not None:
            return list(dict.fromkeys(part.locations))
        return self._by_region[part.region] if len(self._by_region) > 1 else []

    @cached_property
    def _by_region(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in self._content.locations:
            found.setdefault(one.region, []).append(one.id)
        return found

    # --- Who and when

    def _establishment_of(self, employee: str) -> UUID:
        return self._keys.employers[self._labels.employer_of.get(employee)][1]

    def _instants(self, place: str, start: int, end: int) -> tuple[datetime, datetime]:
        number, minute = divmod(start, MINUTES_PER_DAY)
        day = self._start + timedelta(days=number)
        if number not in self._clocks:
            self._clocks[number] = DayClock.of(self._setting.time_zone, day)
        begin = self._clocks[number].instant(minute)
        until = begin + (end - start) * MINUTE
        if {local(begin, self._zone)[0], local(until - MINUTE, self._zone)[0]} != {day}:
            problem = f"the clocks change on {day}: by the clock of that noon it is not on that day; leave it out"
            raise MalformedInputError(self._file, place, problem)
        return begin, until


def _around(part: ExistingPart, blocks: Iterable[AvailabilityPart]) -> AvailabilityPart | None:
    """The first availability in which an appointment lies with its buffer."""
    until = part.start + part.duration + part.buffer
    return next((one for one in blocks if one.start <= part.start and until <= one.end), None)


def _maybe(keys: Mapping[str, UUID], key: str | None) -> UUID | None:
    return None if key is None else keys[key]
