"""Requests made on purpose, so that each rule has something to say in every demo world.

Each case rewrites some ordinary requests. Most of them cannot be planned, for a reason that the
report then has to find.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from scheduler.demo.catalogue import TYPES
from scheduler.demo.clinics import HALF_DAY
from scheduler.demo.file_format import Row
from scheduler.demo.horizon import SATURDAY, own_holidays, weekday
from scheduler.demo.offer import Offer
from scheduler.demo.rota import SPECIALS
from scheduler.demo.towns import location_in, locations

PER_REQUESTS = 2000
"""The numbers in `CASES` are for a world of so many requests."""

Found = TypeVar("Found")

MIDWEEK = (1, 2, 3)
LAST_WEEK = 14


class NothingFitsError(LookupError):
    """No request is left that a case could be made of."""


@dataclass
class Workshop:
    """What the cases work on; the lists and `excluded` are changed in place."""

    requests: list[Row]
    existing: list[Row]
    excluded: dict[str, list[str]]
    offer: Offer
    untouched: list[int]

    def take(self, fits: Callable[[Row], bool]) -> Row:
        """The next fitting request that no case has touched yet."""
        place = _first(p for p in self.untouched if fits(self.requests[p]))
        self.untouched.remove(place)
        return self.requests[place]


Case = Callable[[Workshop], list[str]]
"""Rewrites requests; the ids of those it made."""


def make_cases(chance: Random, shop: Workshop) -> dict[str, tuple[str, ...]]:
    """Make each case as often as the size of the world asks, once at least; the ids by case."""
    chance.shuffle(shop.untouched)
    made: dict[str, tuple[str, ...]] = {}
    for case, number in CASES.items():
        times = max(1, round(number * len(shop.requests) / PER_REQUESTS))
        ids: list[str] = []
        # A small world may lack what a case is made of: then it has fewer of them.
        with suppress(NothingFitsError):
            for _ in range(times):
                ids += case(shop)
        made[case.__name__] = tuple(ids)
    return made


def _first(found: Iterator[Found]) -> Found:
    for one in found:
        return one
    raise NothingFitsError


def _only(request: Row, **keys: object) -> str:
    """The request with these keys and no other wishes; its id."""
    request.update(locations=None, required_practitioner=None, preferred_practitioner=None)
    request.update(keys)
    return str(request["id"])


def _follow_up_near(town: str) -> Callable[[Row], bool]:
    region = locations()[location_in(town)].region
    return lambda request: request["region"] == region and request["type"] == "follow-up"


def holiday_window(shop: Workshop) -> list[str]:
    """Only Easter Monday would do, and holidays are not allowed."""
    clinic = next(s for s in SPECIALS if weekday(s.day) < SATURDAY)
    request = shop.take(_follow_up_near(clinic.town))
    window = [clinic.day, clinic.day + 1]
    return [_only(request, window=window, allow_sunday_holiday=False)]


def saturday_window(shop: Workshop) -> list[str]:
    """Only one Saturday would do, and Saturdays are not allowed."""
    clinic = next(s for s in SPECIALS if weekday(s.day) == SATURDAY and s.town == "Amsterdam")
    request = shop.take(_follow_up_near(clinic.town))
    return [_only(request, window=[clinic.day, clinic.day + 1], allow_saturday=False)]


def saturday_on_holiday(shop: Workshop) -> list[str]:
    """The location's Saturday is a holiday there: one wish allows both, two only one of them."""
    ((place, closed),) = own_holidays().items()
    day = next(day for day in closed if weekday(day) == SATURDAY)
    fits = _follow_up_near(locations()[place].town)
    return [
        _only(
            shop.take(fits),
            window=[day, day + 1],
            locations=[place],
            allow_saturday=saturday,
            allow_sunday_holiday=day_off,
        )
        for saturday, day_off in ((True, False), (False, True), (True, True))
    ]


def required_and_excluded(shop: Workshop) -> list[str]:
    """The practitioner who must do it is excluded for the employee."""
    request = shop.take(lambda r: r["required_practitioner"] is not None)
    excluded = shop.excluded[request["employee"]]
    shop.excluded[request["employee"]] = sorted({*excluded, request["required_practitioner"]})
    return [str(request["id"])]


def not_offered_there(shop: Workshop) -> list[str]:
    """The one location that is wished does not offer this kind of appointment."""
    lacking = {
        (kind, place.region): place.id
        for kind in TYPES
        for place in locations().values()
        if not shop.offer.practitioners(kind, [place.id])
    }
    request = shop.take(lambda r: (r["type"], r["region"]) in lacking)
    return [_only(request, locations=[lacking[request["type"], request["region"]]])]


def too_long(shop: Workshop) -> list[str]:
    """An assessment longer than any half-day."""
    request = shop.take(lambda r: r["type"] == "expertise")
    return [_only(request, duration=HALF_DAY + 30)]


def asked_twice(shop: Workshop) -> list[str]:
    """The same employee asks again for what is had once only."""
    first = shop.take(lambda r: TYPES[r["type"]].refuse_duplicates)
    again = shop.take(lambda r: r["request_date"] >= first["request_date"])
    again.pop("remote", None)  # nothing that is had once only is done by telephone
    again.update({k: v for k, v in first.items() if k not in ("id", "request_date")})
    again.setdefault("remote", False)
    return [str(first["id"]), str(again["id"])]


def already_booked(shop: Workshop) -> list[str]:
    """The employee has an appointment of a kind that is had once only."""
    busy = {row["employee"] for row in shop.existing}
    asked = {request["employee"]: request for request in shop.requests}
    booked = _first(
        row
        for row in shop.existing
        if TYPES[row["type"]].refuse_duplicates and row["employee"] not in asked
    )
    region = locations()[booked["location"]].region
    request = shop.take(
        lambda r: (
            r["type"] == booked["type"] and r["region"] == region and r["employee"] not in busy
        )
    )
    booked["employee"] = request["employee"]
    return [str(request["id"])]


def one_visit(shop: Workshop) -> list[str]:
    """Two appointments of one employee, both wished on one day at one location."""
    first = shop.take(lambda r: r["type"] == "physio" and bool(r["locations"]))
    second = shop.take(lambda r: r["type"] == "absence" and r["region"] == first["region"])
    opens = min(first["window"][0], LAST_WEEK)
    day = next(day for day in range(opens, opens + 7) if weekday(day) in MIDWEEK)
    place = first["locations"][:1]
    return [
        _only(one, employee=first["employee"], window=[day, day + 1], locations=place)
        for one in (first, second)
    ]


CASES: dict[Case, int] = {
    holiday_window: 7,
    saturday_window: 4,
    saturday_on_holiday: 2,
    required_and_excluded: 5,
    not_offered_there: 6,
    too_long: 3,
    asked_twice: 5,
    already_booked: 5,
    one_visit: 6,
}
