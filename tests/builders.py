"""Builders of the solver's facts, with working defaults: say only what the test is about.

The defaults belong together: `a_request()` can be planned in `an_availability()` of
`an_instance()`, which has rooms enough. Indices count from 0, ids from 1: employee 0 is "W1".

`small_instances()` draws worlds of a few of each for Hypothesis. Worlds in the file format are made in
`tests/worlds.py`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from hypothesis import strategies as st

from solver.facts import (
    NONE,
    Appointment,
    Assignment,
    Availability,
    ConsultationType,
    Instance,
    Location,
    Members,
    Modality,
    Request,
)

Row = TypeVar("Row", Appointment, Availability, Request)

MONDAY = date(2026, 11, 30)
"""Day 0 of the builders' instances."""
STRANGER = 9
"""An employee who asks for nothing."""
PLENTY = 9
"""Rooms enough for whatever a test plans at once."""


def clock(text: str) -> int:
    """The minute of the day: `clock("09:30")` is 570, and a day ends at `clock("24:00")`."""
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)


NINE = clock("09:00")


# --- Rows -------------------------------------------------------------------------------------------


def a_type(**changes: Any) -> ConsultationType:
    """Half an hour without a buffer, as often as one likes."""
    return replace(ConsultationType(id="T1", duration=30, buffer=0), **changes)


def a_location(**changes: Any) -> Location:
    """A place with rooms enough."""
    return replace(Location(id="L1", region="R1", capacity=PLENTY), **changes)


def an_availability(types: Iterable[int] = (0,), **changes: Any) -> Availability:
    """The first practitioner's morning at the first location, 09:00 to 12:00 on day 0."""
    morning = Availability(
        id="A1",
        practitioner=0,
        location=0,
        day=0,
        start=NINE,
        end=clock("12:00"),
        types=Members(types),
    )
    return replace(morning, **changes)


def an_appointment(
    start: int = NINE, duration: int = 30, buffer: int = 0, **changes: Any
) -> Appointment:
    """One that stands: a stranger with the first practitioner, 09:00 to 09:30 on day 0."""
    standing = Appointment(
        id="E1",
        practitioner=0,
        location=0,
        employee=STRANGER,
        type=NONE,
        day=0,
        start=start,
        end=start + duration,
        occupied_until=start + duration + buffer,
    )
    return replace(standing, **changes)


def a_request(
    locations: Iterable[int] = (0,), excluded: Iterable[int] = (), **changes: Any
) -> Request:
    """Half an hour of the first type, on any day of the first week, at the first location."""
    wish = Request(
        id="Q1",
        employee=0,
        type=0,
        duration=30,
        buffer=0,
        from_day=0,
        until_day=7,
        locations=Members(locations),
        excluded=Members(excluded),
    )
    return replace(wish, **changes)


def requests_of(*minutes: int, employee: int | None = None, **all_of_them: Any) -> list[Request]:
    """Requests "Q1", "Q2", ... of so many minutes, each of another employee or all of this one."""
    return [
        a_request(
            id=f"Q{n + 1}",
            employee=n if employee is None else employee,
            duration=length,
            **all_of_them,
        )
        for n, length in enumerate(minutes)
    ]


def availabilities_of(practitioners: int, **all_of_them: Any) -> list[Availability]:
    """Availabilities "A1", "A2", ... at the same time, each of another practitioner."""
    return [
        an_availability(id=f"A{p + 1}", practitioner=p, **all_of_them) for p in range(practitioners)
    ]


def an_assignment(request: int = 0, availability: int = 0, start: int = NINE) -> Assignment:
    """The first request in the first availability at nine."""
    return Assignment(request, availability, start)


def an_instance(
    requests: Sequence[Request] | None = None,
    availabilities: Sequence[Availability] | None = None,
    appointments: Sequence[Appointment] = (),
    **changes: Any,
) -> Instance:
    """A fortnight from a Monday, by default with one request and one availability.

    Where nothing else is said there are as many types, locations and people as the rows speak of,
    made with the builders' defaults. What a row knows of other rows is worked out, as a loader
    does: whether an employee already has one of a type that refuses duplicates.
    """
    asked = (a_request(),) if requests is None else tuple(requests)
    blocks = (an_availability(),) if availabilities is None else tuple(availabilities)
    standing = tuple(appointments)
    both: list[Availability | Appointment] = [*blocks, *standing]
    people: list[Request | Appointment] = [*asked, *standing]
    types = {t for a in blocks for t in a.types} | {r.type for r in asked}
    locations = {x.location for x in both} | {place for r in asked for place in r.locations}
    practitioners = {x.practitioner for x in both} | {p for r in asked for p in r.excluded}
    practitioners |= {r.required_practitioner for r in asked}
    parts: dict[str, Any] = {
        "types": _as_many(types | {s.type for s in standing}, lambda n: a_type(id=f"T{n}")),
        "locations": _as_many(locations, lambda n: a_location(id=f"L{n}")),
    } | {name: tuple(part) if isinstance(part, list) else part for name, part in changes.items()}
    refusing = {i for i, kind in enumerate(parts["types"]) if kind.refuse_duplicates}
    taken = {(s.employee, s.type) for s in standing if s.type in refusing}
    world = Instance(
        name="test",
        start_date=MONDAY,
        days=14,
        grid=5,
        types=(),
        locations=(),
        practitioners=_as_many(practitioners, lambda n: f"P{n}"),
        employees=_as_many({x.employee for x in people}, lambda n: f"W{n}"),
        availabilities=blocks,
        appointments=standing,
        requests=tuple(
            replace(r, already_has_one=True) if (r.employee, r.type) in taken else r for r in asked
        ),
    )
    return replace(world, **parts)


def _as_many(indices: Iterable[int], named: Callable[[int], Any]) -> tuple[Any, ...]:
    """What the indices point at, and at least one."""
    return tuple(named(n) for n in range(1, max([0, *indices]) + 2))


# --- Worlds drawn by chance -------------------------------------------------------------------------


T = TypeVar("T")


def mostly(usual: T, *others: T) -> st.SearchStrategy[T]:
    """The usual value nine times out of ten; failures shrink towards it."""
    return st.sampled_from([usual] * (9 * len(others)) + list(others))


def many_of(rows: st.SearchStrategy[Row], letter: str, most: int) -> st.SearchStrategy[list[Row]]:
    """Rather many than few, with ids: Hypothesis by itself prefers short lists."""
    counts = st.tuples(st.integers(1, most), st.integers(1, most)).map(max)
    return counts.flatmap(
        lambda count: st.tuples(*[rows] * count).map(
            lambda found: [replace(row, id=f"{letter}{n}") for n, row in enumerate(found, start=1)]
        )
    )


@st.composite
def small_instances(
    draw: st.DrawFn,
    *,
    grids: Sequence[int] = (5, 10, 15, 20),
    most_requests: int = 5,
    most_availabilities: int = 4,
    practitioners: int = 3,
) -> Instance:
    """Draw one early morning, and a second that is seldom used, in which much is in the way.

    Rooms and employees are few, stretches are cut off the grid by what stands, and now and then a
    room is overfull before anything is planned. Most requests may go to most availabilities.
    """
    grid = draw(st.sampled_from(grids))
    starts = st.sampled_from([clock("08:00") + 10 * n for n in range(5)])
    late = mostly(0, 5, 7)
    people, employees = st.integers(0, practitioners - 1), st.integers(0, 3)
    some_of_two = mostly((0, 1), (0,), (1,))
    flags = mostly(int(Modality.AT_LOCATION), int(Modality.REMOTE), int(Modality.TELEPHONE))

    def block(start: int, late: int, length: int, **facts: Any) -> Availability:
        return an_availability(start=start + late, end=start + late + length, **facts)

    def standing(start: int, late: int, **facts: Any) -> Appointment:
        return an_appointment(start=start + late, **facts)

    def wish(window: tuple[int, int], **facts: Any) -> Request:
        return a_request(from_day=window[0], until_day=window[1], **facts)

    blocks = st.builds(
        block,
        start=starts,
        late=late,
        length=st.sampled_from([60, 30, 40, 90]),
        practitioner=people,
        location=mostly(0, 1),
        day=mostly(0, 1),
        types=some_of_two,
        modalities=mostly(int(Modality.ANY), int(Modality.AT_LOCATION), int(Modality.REMOTE)),
        on_saturday=mostly(False, True),
        on_day_off=mostly(False, True),
    )
    appointments = st.builds(
        standing,
        start=starts,
        late=late,
        duration=st.sampled_from([10, 25, 30]),
        buffer=st.sampled_from([0, 5]),
        practitioner=st.integers(0, practitioners + 1),
        location=mostly(0, 1),
        day=mostly(0, 1),
        employee=st.one_of(employees, st.just(STRANGER)),
        type=mostly(NONE, 0, 1),
        takes_room=mostly(True, False),
    )
    wishes = st.builds(
        wish,
        window=mostly((0, 7), (0, 1), (-1, 1), (1, 2)),
        employee=employees,
        type=st.integers(0, 1),
        duration=st.sampled_from([grid, 2 * grid, 20, 25, 40]),
        buffer=st.sampled_from([0, 0, 5, 10]),
        priority=st.sampled_from([1, 2, 5]),
        age=st.sampled_from([0, 3, 180]),
        locations=some_of_two,
        excluded=mostly((), (0,), (1, 2)),
        required_practitioner=mostly(NONE, 0, 1),
        preferred_practitioner=st.integers(NONE, 2),
        preferred_location=st.integers(NONE, 1),
        allow_saturday=st.booleans(),
        allow_day_off=st.booleans(),
        modalities=flags,
        earliest=mostly(0, clock("08:25"), clock("24:00"), clock("32:10")),
        draft=mostly(False, True),
        awaits_approval=mostly(False, True),
        preferences=mostly(None, {0: 4, 2: 1}, {}),
    )
    return an_instance(
        requests=draw(many_of(wishes, "Q", most_requests)),
        availabilities=draw(many_of(blocks, "A", most_availabilities)),
        appointments=draw(st.one_of(st.just([]), many_of(appointments, "E", 4))),
        days=2,
        grid=grid,
        types=[a_type(id="T1"), a_type(id="T2", refuse_duplicates=draw(mostly(False, True)))],
        locations=[
            a_location(id="L1", capacity=draw(st.sampled_from([2, 1, 3]))),
            a_location(id="L2", capacity=draw(mostly(1, 0))),
        ],
    )
