"""The people and places of an instance file as rows; their keys rise in the order of the file."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from models.base import LINE, new_id
from models.consultations import Modality
from scheduler.exchange.labels import Labels
from solver.files.instance import InstanceFile, ModalityName, RequestPart

Record = dict[str, Any]

HELD: dict[ModalityName, Modality] = {
    "location": Modality.AT_LOCATION,
    "telephone": Modality.TELEPHONE,
    "video": Modality.VIDEO,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and when the world of a file lies, which it does not say itself."""

    country: str
    subdivision: str | None
    time_zone: str
    now: datetime


@dataclass(frozen=True)
class Keys:
    """The key of each id of the file, and of what it has no id for."""

    types: Mapping[str, UUID]
    locations: Mapping[str, UUID]
    practitioners: Mapping[str, UUID]
    employees: Mapping[str, UUID]
    """Those who only have an existing appointment come after those who are listed."""
    availabilities: Mapping[str, UUID]
    requests: Mapping[str, UUID]
    employers: Mapping[str | None, tuple[UUID, UUID]]
    """Employer and main establishment; None: of those whose employer nobody knows."""
    untyped: UUID
    """Of the type of appointments that have none."""

    @classmethod
    def of(cls, content: InstanceFile, labels: Labels, untyped: UUID | None = None) -> Self:
        """New ones; `untyped`: that type's, where the database has it."""
        seen = (one.employee for one in content.existing)
        employees = _keys((*(one.id for one in content.employees), *seen))
        return cls(
            types=_keys(one.id for one in content.types),
            untyped=untyped or new_id(),
            locations=_keys(one.id for one in content.locations),
            practitioners=_keys(one.id for one in content.practitioners),
            employers={
                employer: (new_id(), new_id())
                for employer in dict.fromkeys(map(labels.employer_of.get, employees))
            },
            employees=employees,
            availabilities=_keys(one.id for one in content.availabilities),
            requests=_keys(one.id for one in content.requests),
        )


def _keys(ids: Iterable[str]) -> dict[str, UUID]:
    return {one: new_id() for one in dict.fromkeys(ids)}


def modality(part: RequestPart) -> Modality:
    """How a request is held; of several ways that would do, the first."""
    ways = part.modalities or (["telephone"] if part.remote else ["location"])
    return next(held for way, held in HELD.items() if way in ways)


def code_of(employer: str | None, content: InstanceFile) -> str:
    """The code of an employer."""
    return f"import:{content.name}" if employer is None else employer


class Outline:
    """Everything but what has a life of its own, in the order of its references."""

    def __init__(self, content: InstanceFile, setting: Setting, labels: Labels, keys: Keys) -> None:
        self._content = content
        self._setting = setting
        self._labels = labels
        self._keys = keys

    def tables(self) -> Iterator[tuple[str, list[Record]]]:
        """The rows of each table. The locations have no limit yet: see `limits`."""
        yield "consultation_types", list(self._types())
        yield "consultation_type_names", list(self._translations())
        yield "locations", list(self._locations())
        yield "practitioners", list(self._practitioners())
        yield "employers", list(self._employers())
        yield "establishments", list(self._establishments())
        yield "employees", list(self._employees())
        yield "employments", list(self._employments())

    def limits(self) -> list[Record]:
        """How many appointments each location takes at once.

        Once there are availabilities: those that exceed it stand, as they do wherever a limit is
        lowered (`availability_capacity`, domain §3).
        """
        return [
            {"location": self._keys.locations[part.id], "limit": part.capacity}
            for part in self._content.locations
        ]

    # --- What there is to choose from, and where

    def _types(self) -> Iterator[Record]:
        remote: dict[str, set[bool]] = {}
        for asked in self._content.requests:
            remote.setdefault(asked.type, set()).add(modality(asked) != Modality.AT_LOCATION)
        for part in self._content.types:
            elsewhere = remote.get(part.id) == {True}
            yield {
                "id": self._keys.types[part.id],
                "code": part.id,
                "name": self._labels.name(part.id),
                "duration": part.duration,
                "buffer": part.buffer,
                "modality": Modality.TELEPHONE if elsewhere else Modality.AT_LOCATION,
                "refuses_duplicates": part.refuse_duplicates,
            }

    def _translations(self) -> Iterator[Record]:
        for part in self._content.types:
            for language, name in self._labels.translations.get(part.id, {}).items():
                yield {
                    "consultation_type_id": self._keys.types[part.id],
                    "language": language,
                    "name": name,
                }

    def _locations(self) -> Iterator[Record]:
        for key, id_ in self._keys.locations.items():
            yield {
                "id": id_,
                "reference": key,
                "name": self._labels.name(key),
                "subdivision": self._setting.subdivision,
                "time_zone": self._setting.time_zone,
            } | self._address(key)

    def _address(self, key: str | None) -> Record:
        site = self._labels.site(key or "")
        return {
            "country": self._setting.country,
            "city": site.city,
            "latitude": site.latitude,
            "longitude": site.longitude,
        }

    # --- People

    def _practitioners(self) -> Iterator[Record]:
        for key, id_ in self._keys.practitioners.items():
            yield {"id": id_, "reference": key, "name": self._labels.name(key)}

    def _employers(self) -> Iterator[Record]:
        for key, (employer, _) in self._keys.employers.items():
            yield {
                "id": employer,
                "code": code_of(key, self._content),
                "name": self._name_of(key),
            }

    def _name_of(self, employer: str | None) -> str:
        if employer is None:
            return f"Imported: {self._content.name}"[:LINE]
        return self._labels.name(employer)

    def _establishments(self) -> Iterator[Record]:
        for key, (employer, establishment) in self._keys.employers.items():
            yield {
                "id": establishment,
                "employer_id": employer,
                "name": self._name_of(key),
                "is_main": True,
            } | self._address(key)

    def _employees(self) -> Iterator[Record]:
        for key, id_ in self._keys.employees.items():
            yield {"id": id_, "reference": key, "last_name": self._labels.name(key)}

    def _employments(self) -> Iterator[Record]:
        asked = (date.fromisoformat(one.request_date) for one in self._content.requests)
        since = min((date.fromisoformat(self._content.start_date), *asked))
        for key, id_ in self._keys.employees.items():
            employer, establishment = self._keys.employers[self._labels.employer_of.get(key)]
            yield {
                "id": new_id(),
                "employee_id": id_,
                "employer_id": employer,
                "establishment_id": establishment,
                "from_day": since,
            }

    def exclusions(self) -> Iterator[Record]:
        """Once there are appointments: one that was made before stands, as held."""
        for part in self._content.employees:
            for practitioner in dict.fromkeys(part.blacklist):
                yield {
                    "id": new_id(),
                    "employee_id": self._keys.employees[part.id],
                    "practitioner_id": self._keys.practitioners[practitioner],
                }
