"""Dutch towns, their distances, and the locations of the demo service among them."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0

REGIONS = {
    "NH": "Noord-Holland en Flevoland",
    "ZH": "Zuid-Holland",
    "UG": "Utrecht en Gelderland",
    "NB": "Noord-Brabant",
}

LOCATION_TOWNS = {
    "Alkmaar": "NH",
    "Almere": "NH",
    "Amsterdam": "NH",
    "Haarlem": "NH",
    "Den Haag": "ZH",
    "Dordrecht": "ZH",
    "Leiden": "ZH",
    "Rotterdam": "ZH",
    "Amersfoort": "UG",
    "Arnhem": "UG",
    "Utrecht": "UG",
    "Eindhoven": "NB",
    "'s-Hertogenbosch": "NB",
    "Tilburg": "NB",
}


@dataclass(frozen=True, slots=True)
class Town:
    """A municipality: its centre in degrees, its size in four-digit postal codes."""

    name: str
    lat: float
    lon: float
    postcodes: int


@dataclass(frozen=True, slots=True)
class DemoLocation:
    """Where consultations are held; `lat` and `lon` in degrees."""

    id: str
    town: str
    region: str
    lat: float
    lon: float


@cache
def towns() -> dict[str, Town]:
    """The towns near a location, by name (GeoNames, CC BY 4.0: see data/README.md)."""
    text = files("scheduler.demo").joinpath("data", "towns.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        row["town"]: Town(row["town"], float(row["lat"]), float(row["lon"]), int(row["postcodes"]))
        for row in rows
    }


@cache
def locations() -> dict[str, DemoLocation]:
    """The locations by id, in the order of the regions."""
    found = [
        DemoLocation(f"L{number:02}", name, region, towns()[name].lat, towns()[name].lon)
        for number, (name, region) in enumerate(LOCATION_TOWNS.items(), start=1)
    ]
    return {location.id: location for location in found}


def location_in(town: str) -> str:
    """The id of the location in a town."""
    return next(one.id for one in locations().values() if one.town == town)


def km(one: Town | DemoLocation, other: Town | DemoLocation) -> float:
    """The distance in kilometres as the crow flies (haversine)."""
    lat, other_lat = radians(one.lat), radians(other.lat)
    half_lat, half_lon = (other_lat - lat) / 2, radians(other.lon - one.lon) / 2
    chord = sin(half_lat) ** 2 + cos(lat) * cos(other_lat) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(chord))


@cache
def nearest(town: str) -> tuple[str, ...]:
    """The locations of the town's region, nearest first; the nearest of all gives the region."""
    here = towns()[town]
    by_distance = sorted(locations().values(), key=lambda one: km(here, one))
    region = by_distance[0].region
    return tuple(one.id for one in by_distance if one.region == region)
