"""What the ids of an instance file mean to people; the file itself has nothing but ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Site:
    """A place on the map: a location's, or an employer's main establishment; degrees."""

    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """Names, by the id that the file has. What has none is called by its id.

    `translations`: of the names of types, by language. `employer_of`: the employer of an employee.
    `holidays`: names by the day of the horizon.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sites: Mapping[str, Site] = field(default_factory=dict)
    employer_of: Mapping[str, str] = field(default_factory=dict)
    holidays: Mapping[int, str] = field(default_factory=dict)

    def name(self, key: str) -> str:
        return self.names.get(key, key)

    def site(self, key: str) -> Site:
        return self.sites.get(key, Site())
