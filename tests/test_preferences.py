"""What a pair is worth by the administrator's criteria, worked out by hand."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from models import Base
from models.base import new_id
from models.settings import Criterion, Preference
from scheduler.loading.grades import Coordinates, Hours, distances, merged
from scheduler.loading.preferences import (
    USUAL_ORDER,
    Scale,
    Wish,
    World,
    likings,
    order_of,
    points,
    preferred_hours,
)
from solver.aims import PREFERRED_LOCATION_POINTS, PREFERRED_PRACTITIONER_POINTS
from solver.facts import NONE, Members
from solver.files.instance import MOST_POINTS
from solver.points import Points
from tests.builders import (
    MONDAY,
    a_location,
    an_appointment,
    an_availability,
    an_instance,
    clock,
)
from tests.records import DATABASES, add, fresh

PRACTITIONER = Criterion.PREFERRED_PRACTITIONER
CONTINUITY = Criterion.CONTINUITY
LOCATION = Criterion.PREFERRED_LOCATION
DISTANCE = Criterion.TRAVEL_DISTANCE
HOURS = Criterion.PREFERRED_HOURS
SCORE = Criterion.PRACTITIONER_SCORE
EVENNESS = Criterion.EVENNESS

AMSTERDAM = Coordinates(52.3676, 4.9041)
HAARLEM = Coordinates(52.3874, 4.6462)  # 18 km from Amsterdam
UTRECHT = Coordinates(52.0907, 5.1214)  # 34
MAASTRICHT = Coordinates(50.8514, 5.6910)  # 177
EMPLOYER = UUID(int=1)
HOURS_TABLE = Base.metadata.tables["preferred_hours"]

MORNING = clock("09:00"), clock("12:00")
AFTERNOON = clock("13:00"), clock("17:00")

# Four availabilities: practitioner 0 on Monday morning and afternoon, in Amsterdam and in Utrecht;
# practitioner 1 on Tuesday morning in Amsterdam, practitioner 2 on Tuesday afternoon in Maastricht.
PRACTITIONERS = (0, 0, 1, 2)
LOCATIONS = (0, 1, 0, 2)
DAYS = (0, 0, 1, 1)
TIMES = (MORNING, AFTERNOON, MORNING, AFTERNOON)


def a_world(
    scores: Sequence[int] = (0, 0, 0),
    busy: Sequence[tuple[int, int]] = (),
    coordinates: Sequence[Coordinates | None] = (AMSTERDAM, UTRECHT, MAASTRICHT),
    hours: Sequence[Hours] = (),
) -> World:
    """The four availabilities; `busy`: practitioners with appointments of so many minutes."""
    instance = an_instance(
        availabilities=[
            an_availability(practitioner=p, location=where, day=day, start=start, end=end)
            for p, where, day, (start, end) in zip(
                PRACTITIONERS, LOCATIONS, DAYS, TIMES, strict=True
            )
        ],
        appointments=[
            an_appointment(practitioner=p, duration=minutes - 5, buffer=5) for p, minutes in busy
        ],
        practitioners=["P1", "P2", "P3"],
        locations=[a_location(id=f"L{n}") for n in range(3)],
    )
    return World.of(instance, scores, coordinates, {EMPLOYER: hours} if hours else {})


def worth(world: World, *order: Criterion, **wish: Any) -> list[int]:
    """The points of the four availabilities; criterion by criterion they are the same."""
    (found,) = points(order, world, [Wish(**wish)])
    assert found is not None
    of_all: list[int] = found.of(np.arange(4)).tolist()
    apart = likings(order, world, Wish(**wish))
    assert [sum(one.factor.at(a) for one in apart) for a in range(4)] == of_all
    assert all(one.factor.at(a) <= one.most for one in apart for a in range(4))
    return of_all


# --- Yes or no ----------------------------------------------------------------------------------------


def test_the_usual_order_is_left_to_the_solver() -> None:
    assert points(USUAL_ORDER, a_world(), [Wish(), Wish(preferred_practitioner=0)]) == [None, None]
    scale = Scale.of(USUAL_ORDER)
    assert {c: scale.yes * step for c, step in scale.step.items()} == {
        PRACTITIONER: PREFERRED_PRACTITIONER_POINTS,
        LOCATION: PREFERRED_LOCATION_POINTS,
    }


def test_each_criterion_counts_twice_the_next() -> None:
    wish = {"preferred_practitioner": 0, "case_practitioner": 1, "preferred_location": 0}

    assert worth(a_world(), PRACTITIONER, CONTINUITY, LOCATION, **wish) == [5, 4, 3, 0]
    assert worth(a_world(), LOCATION, CONTINUITY, PRACTITIONER, **wish) == [5, 1, 6, 0]
    assert worth(a_world(), LOCATION, PRACTITIONER, **wish) == [3, 1, 2, 0]


def test_a_criterion_that_is_not_in_the_order_counts_for_nothing() -> None:
    wish = {"preferred_practitioner": 0, "case_practitioner": 1, "preferred_location": 0}

    assert worth(a_world(scores=(9, 9, 9)), CONTINUITY, **wish) == [0, 0, 1, 0]


def test_preferred_and_the_practitioner_of_the_case_may_be_the_same() -> None:
    wish = {"preferred_practitioner": 1, "case_practitioner": 1}

    assert worth(a_world(), CONTINUITY, PRACTITIONER, **wish) == [0, 0, 3, 0]


def test_who_wishes_nothing_gets_no_points_and_not_the_usual_ones() -> None:
    wishes = [Wish(preferred_practitioner=0), Wish()]

    assert points([CONTINUITY], a_world(), wishes) == [Points(), Points()]


# --- Travel distance ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "kilometres"),
    [(AMSTERDAM, 0), (HAARLEM, 18), (UTRECHT, 34), (MAASTRICHT, 177)],
)
def test_distances_are_as_the_crow_flies(place: Coordinates, kilometres: int) -> None:
    assert round(distances(AMSTERDAM, np.array([place]))[0]) == kilometres


def test_a_quarter_of_the_equator() -> None:
    quarter = distances(Coordinates(0, 135), np.array([(0, -135), (90, 0), (0, -45)]))

    assert quarter.round().tolist() == [10008, 10008, 20015]


def test_the_nearest_location_has_most_and_farther_ones_less() -> None:
    # 0 km, 34 km farther, 177 km farther
    assert worth(a_world(), DISTANCE, establishment=AMSTERDAM) == [4, 1, 4, 0]
    # from Haarlem: 18 km, 28 km farther than that, far
    assert worth(a_world(), DISTANCE, establishment=HAARLEM) == [4, 1, 4, 0]
    assert worth(a_world(), DISTANCE, establishment=MAASTRICHT) == [0, 0, 0, 4]


@pytest.mark.parametrize(
    ("kilometres", "grade"),
    [(4.9, 4), (5.1, 3), (9.9, 3), (10.1, 2), (19.9, 2), (20.1, 1), (40.1, 0)],
)
def test_the_bands_of_distance_double(kilometres: float, grade: int) -> None:
    one_degree = 111.195  # of latitude
    north = Coordinates(AMSTERDAM.latitude + kilometres / one_degree, AMSTERDAM.longitude)
    world = a_world(coordinates=(AMSTERDAM, north, None))

    assert worth(world, DISTANCE, establishment=AMSTERDAM) == [4, grade, 4, 0]


def test_the_nearest_is_one_that_the_request_may_go_to() -> None:
    # Utrecht, 34 km away, is the nearest of those wished; Amsterdam is nearer still
    wish = {"establishment": AMSTERDAM, "locations": Members([1, 2])}

    assert worth(a_world(), DISTANCE, **wish) == [4, 4, 4, 0]


def test_two_from_the_same_establishment_may_go_to_different_locations() -> None:
    wishes = [Wish(establishment=AMSTERDAM, locations=Members([n])) for n in (0, 1)]

    in_amsterdam, in_utrecht = points([DISTANCE], a_world(), wishes)

    assert in_amsterdam == {0: 4, 1: 1, 2: 4}
    assert in_utrecht == {0: 4, 1: 4, 2: 4}


@pytest.mark.parametrize(
    ("world", "wish"),
    [
        (a_world(), {}),
        (a_world(coordinates=(None, None, None)), {"establishment": AMSTERDAM}),
        (a_world(), {"establishment": AMSTERDAM, "locations": Members()}),
        (a_world(), {"establishment": AMSTERDAM, "remote": True}),
    ],
    ids=["no establishment", "no coordinates", "none wished", "nobody travels"],
)
def test_where_no_distance_is_known_or_travelled_there_are_no_points(
    world: World, wish: dict[str, Any]
) -> None:
    assert worth(world, DISTANCE, **wish) == [0, 0, 0, 0]


def test_a_location_without_coordinates_has_no_points_and_the_others_do() -> None:
    world = a_world(coordinates=(None, UTRECHT, MAASTRICHT))

    assert worth(world, DISTANCE, establishment=AMSTERDAM) == [0, 4, 0, 0]


# --- The employer's hours -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([Hours(1, *MORNING)], [4, 0, 0, 0]),
        ([Hours(1, clock("08:00"), clock("14:00"))], [4, 2, 0, 0]),
        ([Hours(1, clock("11:00"), clock("13:00"))], [2, 0, 0, 0]),
        ([Hours(2, 0, clock("24:00")), Hours(1, 0, clock("09:01"))], [2, 0, 4, 4]),
        # two that touch or overlap are one; a gap of a minute is a gap
        ([Hours(1, 0, clock("10:00")), Hours(1, clock("10:00"), clock("12:00"))], [4, 0, 0, 0]),
        ([Hours(1, 0, clock("11:00")), Hours(1, clock("10:00"), clock("12:00"))], [4, 0, 0, 0]),
        ([Hours(1, 0, clock("10:00")), Hours(1, clock("10:01"), clock("12:00"))], [2, 0, 0, 0]),
        ([Hours(1, 0, clock("14:00")), Hours(1, 60, clock("10:00"))], [4, 2, 0, 0]),
        ([Hours(3, 0, clock("24:00"))], [0, 0, 0, 0]),
    ],
)
def test_a_block_within_the_hours_has_all_and_one_partly_within_half(
    hours: Sequence[Hours], expected: list[int]
) -> None:
    assert MONDAY.isoweekday() == 1
    assert worth(a_world(hours=hours), HOURS, employer=EMPLOYER) == expected


def test_hours_that_touch_are_one_and_those_of_two_days_are_two() -> None:
    assert merged([Hours(2, 9, 10), Hours(1, 5, 9), Hours(1, 0, 5)]) == [
        Hours(1, 0, 9),
        Hours(2, 9, 10),
    ]


def test_an_employer_without_hours_likes_all_the_same() -> None:
    world = a_world(hours=[Hours(1, *MORNING)])

    assert worth(world, HOURS, employer=UUID(int=2)) == [0, 0, 0, 0]
    assert worth(world, HOURS) == [0, 0, 0, 0]


# --- The practitioners: score and evenness ------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((100, 99, 50), [4, 4, 3, 2]),
        ((0, 25, 100), [0, 0, 1, 4]),
        ((7, 7, 7), [4, 4, 4, 4]),
        ((0, 0, 0), [0, 0, 0, 0]),
        ((-5, 0, -1), [0, 0, 0, 0]),
    ],
)
def test_a_score_counts_by_its_share_of_the_highest(
    scores: Sequence[int], expected: list[int]
) -> None:
    assert worth(a_world(scores=scores), SCORE) == expected


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        ([], [0, 0, 0, 0]),
        ([(0, 60)], [0, 0, 3, 3]),
        ([(0, 60), (1, 15), (2, 16)], [0, 0, 3, 2]),
        ([(0, 60), (1, 30), (2, 31)], [0, 0, 2, 1]),
        ([(0, 60), (1, 45), (2, 46)], [0, 0, 1, 0]),
        ([(0, 30), (0, 30), (1, 60), (2, 60)], [0, 0, 0, 0]),
    ],
)
def test_evenness_counts_by_quarters_of_the_minutes_of_the_busiest(
    busy: Sequence[tuple[int, int]], expected: list[int]
) -> None:
    assert worth(a_world(busy=busy), EVENNESS) == expected


def test_evenness_stands_under_all_others_wherever_it_is_in_the_order() -> None:
    world = a_world(busy=[(0, 60)])
    wish = {"preferred_practitioner": 0, "preferred_location": 0}

    for order in ([EVENNESS, *USUAL_ORDER], [*USUAL_ORDER, EVENNESS]):
        assert worth(world, *order, **wish) == [12, 8, 4 + 3, 3]


def test_an_absence_is_no_work() -> None:
    away = an_appointment(practitioner=0, duration=300, employee=NONE, location=NONE)
    of_nobody = an_appointment(practitioner=NONE, duration=300)
    instance = an_instance(appointments=[away, of_nobody], practitioners=["P1"])

    assert World.of(instance, [0], [None], {}).minutes.tolist() == [0]


def test_those_who_offer_no_time_set_no_measure() -> None:
    instance = an_instance(
        availabilities=[an_availability(practitioner=p) for p in (0, 1)],
        appointments=[
            an_appointment(practitioner=1, duration=30),
            an_appointment(practitioner=2, duration=300),
        ],
        practitioners=["P1", "P2", "P3"],
    )
    world = World.of(instance, [5, 10, 1000], [None], {})

    (found,) = points([SCORE, EVENNESS], world, [Wish()])

    assert found == {0: 4 * 2 + 3, 1: 4 * 4}


# --- Together -----------------------------------------------------------------------------------------


def test_beside_a_graded_criterion_a_yes_is_its_highest_grade() -> None:
    wish = {"preferred_practitioner": 0, "establishment": AMSTERDAM}

    assert worth(a_world(), PRACTITIONER, DISTANCE, **wish) == [8 + 4, 8 + 1, 4, 0]
    assert worth(a_world(), DISTANCE, PRACTITIONER, **wish) == [8 + 4, 2 + 4, 8, 0]


def test_all_criteria_together() -> None:
    world = a_world(scores=(10, 5, 0), busy=[(0, 60)], hours=[Hours(2, *MORNING)])
    wish = {
        "preferred_practitioner": 0,
        "case_practitioner": 2,
        "preferred_location": 0,
        "establishment": UTRECHT,
        "employer": EMPLOYER,
    }

    # from Utrecht: Amsterdam 34 km, Maastricht 143
    preferred = [4, 4, 0, 0]
    case = [0, 0, 0, 4]
    location = [4, 0, 4, 0]
    distance = [1, 4, 1, 0]
    hours = [0, 0, 4, 0]
    score = [4, 4, 2, 0]
    even = [0, 0, 3, 3]
    by_hand = [
        4 * (32 * p + 16 * c + 8 * where + 4 * d + 2 * h + s) + e
        for p, c, where, d, h, s, e in zip(
            preferred, case, location, distance, hours, score, even, strict=True
        )
    ]
    assert worth(world, *Criterion, **wish) == by_hand


def test_what_each_criterion_adds_is_told_in_the_order() -> None:
    wish = Wish(preferred_practitioner=0, establishment=AMSTERDAM)

    usual = likings(USUAL_ORDER, a_world(), wish)
    graded = likings([DISTANCE, PRACTITIONER, LOCATION], a_world(), wish)

    assert [(one.criterion, one.most) for one in usual] == [(PRACTITIONER, 2)]
    assert [one.factor.at(0) for one in usual] == [2]
    assert [(one.criterion, one.most) for one in graded] == [(DISTANCE, 16), (PRACTITIONER, 8)]
    assert [one.factor.at(1) for one in graded] == [4, 8]  # 34 km farther


def test_no_pair_has_more_points_than_a_file_takes() -> None:
    scale = Scale.of(list(Criterion))

    assert sum(scale.step.values()) * scale.yes + 3 == 1011 <= MOST_POINTS


def test_what_requests_have_in_common_is_made_once() -> None:
    world = a_world(scores=(1, 2, 3), hours=[Hours(1, *MORNING)])
    wish = Wish(preferred_practitioner=0, establishment=AMSTERDAM, employer=EMPLOYER)
    other = Wish(preferred_practitioner=1, establishment=AMSTERDAM, employer=EMPLOYER)

    one, same, another = points(list(Criterion), world, [wish, wish, other])

    assert one is same
    assert one is not None
    assert another is not None
    assert len({*one._factors} & {*another._factors}) == len(one._factors) - 1 == 3


def test_a_world_without_availabilities_has_no_points() -> None:
    empty = World.of(
        an_instance(availabilities=[]), [0], [AMSTERDAM], {EMPLOYER: [Hours(1, 0, 60)]}
    )

    (found,) = points(
        list(Criterion), empty, [Wish(0, 0, 0, establishment=AMSTERDAM, employer=EMPLOYER)]
    )

    assert found == {}


# --- What administrators and employers have set -------------------------------------------------------


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def records(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection  # and never commit


def test_without_an_order_the_usual_one_holds(records: Connection) -> None:
    with Session(records) as session:
        assert order_of(session) == USUAL_ORDER


def test_the_order_is_that_of_the_ranks(records: Connection) -> None:
    with Session(records) as session:
        session.add(Preference(criterion=Criterion.CONTINUITY, rank=7))
        session.add(Preference(criterion=Criterion.TRAVEL_DISTANCE, rank=2))
        session.flush()

        assert order_of(session) == (Criterion.TRAVEL_DISTANCE, Criterion.CONTINUITY)


def test_the_hours_are_those_of_each_employer(records: Connection) -> None:
    first, second = add(records, "employers"), add(records, "employers")
    for employer, weekday in ((first, 5), (first, 1), (second, 2)):
        records.execute(
            HOURS_TABLE.insert().values(
                id=new_id(), employer_id=employer, weekday=weekday, start_minute=0, end_minute=60
            )
        )

    with Session(records) as session:
        assert preferred_hours(session) == {
            first: [Hours(1, 0, 60), Hours(5, 0, 60)],
            second: [Hours(2, 0, 60)],
        }
