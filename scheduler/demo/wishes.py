"""What each request asks: its window, its wishes, how urgent it is and how long it has waited."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from scheduler.demo.catalogue import TYPES, DemoType
from scheduler.demo.chance import between, draw
from scheduler.demo.clinics import DemoPractitioner
from scheduler.demo.demand import Demand, DemoEmployee, Draft
from scheduler.demo.file_format import Row
from scheduler.demo.horizon import (
    DAYS,
    SATURDAY,
    START,
    SUNDAY,
    date_of,
    holidays,
    weekday,
    working_days,
)
from scheduler.demo.leads import lead_time
from scheduler.demo.offer import ANY_DAY, Offer
from scheduler.demo.towns import nearest

URGENT = 100
URGENT_SHARE = 0.02
URGENT_KINDS = ("absence", "follow-up", "telephone")
URGENT_WIDTH = (2, 4)

SATURDAY_SHARE = 0.25
DAY_OFF_SHARE = 0.07
REMOTE_FOLLOW_UPS = 0.2
EXCLUDED_SHARE = 0.05
"""Part of the employees for whom a practitioner is excluded (a complaint, an earlier conflict)."""

WISHED_LOCATIONS = {None: 60.0, 1: 13.0, 2: 27.0}
"""How many locations a request names, and how often: none means anywhere in the region."""

WISHED_PRACTITIONER = {"none": 55.0, "preferred": 34.0, "required": 11.0}
PREFERS_NEAREST = 0.8
CAMPAIGN_WIDTH = 12

INFORMED_SHARE = 0.8
"""Who looked up when the practitioner or location is open; the others may wish in vain."""


def exclusions(
    chance: Random, demand: Demand, practitioners: Iterable[DemoPractitioner]
) -> dict[str, list[str]]:
    """The practitioners excluded for each employee, all of the employee's region."""
    by_region: dict[str, list[str]] = {}
    for one in practitioners:
        by_region.setdefault(one.region, []).append(one.id)
    return {
        person.id: sorted(chance.sample(by_region[person.region], chance.choice((1, 1, 2))))
        if chance.random() < EXCLUDED_SHARE
        else []
        for person in demand.employees.values()
    }


def make_requests(
    chance: Random, demand: Demand, offer: Offer, excluded: Mapping[str, list[str]]
) -> list[Row]:
    """The requests of the file, numbered in the order in which they were made."""
    made = [
        _Wisher(chance, draft, demand.employees[draft.employee], offer).request(
            excluded[draft.employee]
        )
        for draft in demand.drafts
    ]
    made.sort(key=lambda request: request["request_date"])
    return [{"id": f"Q{number:04}", **request} for number, request in enumerate(made, start=1)]


@dataclass(frozen=True)
class _Wisher:
    """Who makes one request, and what is to be had."""

    chance: Random
    draft: Draft
    person: DemoEmployee
    offer: Offer

    @property
    def kind(self) -> DemoType:
        return TYPES[self.draft.kind]

    def request(self, excluded: Collection[str]) -> Row:
        urgent = self._is_urgent()
        request: Row = {
            "employee": self.person.id,
            "type": self.kind.id,
            "duration": self.kind.duration,
            "buffer": self.kind.buffer,
            **(self._at_once() if urgent else self._around_an_aim()),
            "allow_saturday": self.chance.random() < SATURDAY_SHARE,
            "allow_sunday_holiday": self.chance.random() < DAY_OFF_SHARE,
            "priority": URGENT if urgent else self._priority(),
        }
        days = self._days_looked_at(request)
        request |= self._where(days)
        request |= self._who(request["locations"] or nearest(self.person.town)[:2], days, excluded)
        if self.kind.remote or self._follows_up_by_telephone():
            request["remote"] = True
        return request

    def _is_urgent(self) -> bool:
        part = sum(TYPES[k].share for k in URGENT_KINDS) / sum(t.share for t in TYPES.values())
        return self.kind.id in URGENT_KINDS and self.chance.random() < URGENT_SHARE / part

    def _priority(self) -> int:
        return draw(self.chance, dict(enumerate(self.kind.priorities, start=1)))

    def _follows_up_by_telephone(self) -> bool:
        return self.kind.id == "follow-up" and self.chance.random() < REMOTE_FOLLOW_UPS

    def _at_once(self) -> Row:
        """Asked just now, for the first days."""
        opens = between(self.chance, (0, 1))
        until = opens + between(self.chance, URGENT_WIDTH)
        return _window(opens, until, START - timedelta(days=between(self.chance, (0, 2))))

    def _around_an_aim(self) -> Row:
        """Around a working day that is aimed at, asked as long before it as real people ask."""
        aim = self.chance.choice(working_days())
        opens = max(0, aim - between(self.chance, self.kind.before))
        width = CAMPAIGN_WIDTH if self.draft.campaign else between(self.chance, self.kind.width)
        until = min(DAYS, max(aim + 1, opens + width))
        return _window(opens, until, date_of(aim - lead_time(self.chance, least=aim)))

    def _days_looked_at(self, request: Row) -> Collection[int]:
        """The days on which a wish is sure to be of use, for those who looked them up."""
        if self.chance.random() >= INFORMED_SHARE:
            return ANY_DAY
        return [
            day
            for day in range(*request["window"])
            if (request["allow_saturday"] or weekday(day) != SATURDAY)
            and (request["allow_sunday_holiday"] or not _is_day_off(day))
        ]

    def _where(self, days: Collection[int]) -> Row:
        """The locations that are wished; the preferred one is the nearest of them."""
        offered = self.offer.locations(self.kind.id, self.person.town, days)
        number = 1 if self.draft.campaign else draw(self.chance, WISHED_LOCATIONS)
        wished = offered[:number] if number and offered else None
        nearest_one = (wished or offered or nearest(self.person.town))[0]
        prefers = self.chance.random() < PREFERS_NEAREST
        return {
            "region": self.person.region,
            "locations": wished,
            "preferred_location": nearest_one if prefers else None,
        }

    def _who(
        self, places: Collection[str], days: Collection[int], excluded: Collection[str]
    ) -> Row:
        """A practitioner whom the employee knows, from one of the places."""
        wish = "none" if self.draft.campaign else draw(self.chance, WISHED_PRACTITIONER)
        known = self.offer.practitioners(self.kind.id, places, days)
        known = [one for one in known if one not in excluded]
        someone = self.chance.choice(known) if known and wish != "none" else None
        return {
            "required_practitioner": someone if wish == "required" else None,
            "preferred_practitioner": someone if wish == "preferred" else None,
        }


def _window(opens: int, until: int, asked: date) -> Row:
    """Requests come in on working days: those of a weekend were made on the Friday before."""
    asked -= timedelta(days=max(0, asked.weekday() - SATURDAY + 1))
    return {"window": [opens, until], "request_date": asked.isoformat()}


def _is_day_off(day: int) -> bool:
    return weekday(day) == SUNDAY or day in holidays()
