"""Who asks for what: employers, their employees, and the kinds of appointment they ask for."""

from dataclasses import dataclass
from math import exp, sqrt
from random import Random

from scheduler.demo.catalogue import TYPES
from scheduler.demo.chance import draw, spread
from scheduler.demo.towns import km, locations, nearest, towns

EMPLOYEES_PER_EMPLOYER = 30
EMPLOYEES_PER_REQUEST = 0.92
"""Below one: some employees ask for two appointments."""

COMMUTE_KM = 8.0
"""People live near their work: the chance of a town falls by a factor e every so many km."""

CAMPAIGNS = 3
CAMPAIGN_SHARE = 0.011
"""Some employers have a whole department examined: the share of all requests for each."""

CAMPAIGN_TYPE = "pme"


@dataclass(frozen=True, slots=True)
class DemoEmployer:
    """A client organisation, numbered."""

    id: str
    label: str
    town: str


@dataclass(frozen=True, slots=True)
class DemoEmployee:
    """A person to be seen, numbered; `region` is that of the location nearest to the town."""

    id: str
    label: str
    employer: str
    town: str
    region: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A request before its window and wishes are known. `campaign`: of the employer as a whole."""

    employee: str
    kind: str
    campaign: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """All who may ask, by id, and all that is asked."""

    employers: dict[str, DemoEmployer]
    employees: dict[str, DemoEmployee]
    drafts: tuple[Draft, ...]


def make_demand(chance: Random, requests: int) -> Demand:
    """So many requests, by employees who live around the locations."""
    headcount = round(requests * EMPLOYEES_PER_REQUEST)
    employers = _employers(chance, max(CAMPAIGNS, round(headcount / EMPLOYEES_PER_EMPLOYER)))
    employees = _employees(chance, employers, headcount)
    drafts = _drafts(chance, employees, requests)
    return Demand(employers, employees, tuple(drafts))


def _employers(chance: Random, number: int) -> dict[str, DemoEmployer]:
    """Each in a town with a location: that is where a service opens one."""
    # The root, because a large city has also more services to choose from.
    sizes = {one.town: sqrt(towns()[one.town].postcodes) for one in locations().values()}
    # Every town gets its part; drawn freely, a region could be left without an employer.
    numbers = spread(number, list(sizes.values()))
    seats = [town for town, seats in zip(sizes, numbers, strict=True) for _ in range(seats)]
    chance.shuffle(seats)
    made = [
        DemoEmployer(f"C{i:03}", f"Werkgever {i}", town) for i, town in enumerate(seats, start=1)
    ]
    return {employer.id: employer for employer in made}


def _employees(
    chance: Random, employers: dict[str, DemoEmployer], headcount: int
) -> dict[str, DemoEmployee]:
    weights = {one.id: chance.lognormvariate(0.0, 0.6) for one in employers.values()}
    around = {one.town: _commuting_towns(one.town) for one in employers.values()}
    made: dict[str, DemoEmployee] = {}
    for number in range(1, headcount + 1):
        employer = employers[draw(chance, weights)]
        town = draw(chance, around[employer.town])
        region = locations()[nearest(town)[0]].region
        person = f"W{number:04}"
        made[person] = DemoEmployee(person, f"Werknemer {number}", employer.id, town, region)
    return made


def _commuting_towns(centre: str) -> dict[str, float]:
    """How likely each town is as the home of somebody who works in `centre`."""
    here = towns()[centre]
    return {
        town.name: town.postcodes * exp(-km(here, town) / COMMUTE_KM) for town in towns().values()
    }


def _drafts(chance: Random, employees: dict[str, DemoEmployee], requests: int) -> list[Draft]:
    drafts = _campaign_drafts(employees, max(2, round(requests * CAMPAIGN_SHARE)))
    called_up = {draft.employee for draft in drafts}
    askers = [person for person in employees if person not in called_up]
    chance.shuffle(askers)
    missing = requests - len(drafts) - len(askers)
    askers += chance.choices(askers, k=missing) if missing > 0 else []
    shares = {kind.id: kind.share for kind in TYPES.values()}
    asked: dict[str, set[str]] = {}
    for person in askers[: requests - len(drafts)]:
        # Twice the same is a duplicate; the few that the demo shows are made on purpose.
        others = {k: w for k, w in shares.items() if k not in asked.get(person, set())}
        kind = draw(chance, others)
        asked.setdefault(person, set()).add(kind)
        drafts.append(Draft(person, kind))
    chance.shuffle(drafts)
    return drafts


def _campaign_drafts(employees: dict[str, DemoEmployee], size: int) -> list[Draft]:
    """The largest employers have a number of their people examined."""
    staff: dict[str, list[str]] = {}
    for person in employees.values():
        staff.setdefault(person.employer, []).append(person.id)
    largest = sorted(staff, key=lambda employer: (-len(staff[employer]), employer))[:CAMPAIGNS]
    return [
        Draft(person, CAMPAIGN_TYPE, campaign=True)
        for employer in largest
        for person in staff[employer][:size]
    ]
