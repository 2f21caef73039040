"""Series of availabilities: by RRULE, in local time, changed and removed. Domain §1, T23; RFC 5545."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.agenda import Availability, AvailabilitySeries
from scheduler.agenda import MESSAGES, availabilities, blocks, series, series_changes
from scheduler.agenda.availabilities import Opened
from scheduler.agenda.blocks import Block
from scheduler.agenda.recurrence import parsed
from scheduler.agenda.series import Made, Repeated
from scheduler.agenda.series_changes import Changed
from scheduler.agenda.series_parts import Reach
from scheduler.lifecycles import OutdatedError
from scheduler.refusals import RefusedError
from tests.desks import MONDAY, NOW, Desk
from tests.records import DATABASES, at, fresh

WEEK = timedelta(days=7)
FOLLOWING, ALL, THIS = Reach.FOLLOWING, Reach.ALL, Reach.THIS


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def adding(
    desk: Desk, rule: str, first: date = MONDAY, *, skip_holidays: bool = True, **offer: Any
) -> Callable[[Session], Made]:
    repeated = Repeated(
        offer=desk.offer(**offer), first_day=first, rule=rule, skip_holidays=skip_holidays
    )
    return lambda session: series.add(session, repeated, now=NOW)


def added(desk: Desk, rule: str, first: date = MONDAY, **how: Any) -> Made:
    return desk.do(adding(desk, rule, first, **how))


def live(desk: Desk, series_id: UUID) -> list[Block]:
    with desk.reading() as session:
        return blocks.read(session, Availability.series_id == series_id)


def days(those: Sequence[Block]) -> list[date]:
    return [one.placed.day for one in those]


def mine(desk: Desk) -> list[Block]:
    """All live availabilities of the desk, but the one that the world began with."""
    who = Availability.practitioner_id == desk.world.practitioner
    with desk.reading() as session:
        found = blocks.read(session, who)
    return [one for one in found if one.id != desk.world.availability]


def weekly(count: int, first: date = MONDAY) -> list[date]:
    return [first + WEEK * n for n in range(count)]


# --- Rules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "first", "expected"),
    [
        ("FREQ=WEEKLY;COUNT=3", MONDAY, weekly(3)),
        ("RRULE:freq=weekly;count=2", MONDAY, weekly(2)),
        ("FREQ=WEEKLY;UNTIL=20270315", MONDAY, weekly(3)),
        ("FREQ=WEEKLY;UNTIL=20270315T080000Z", MONDAY, weekly(3)),
        ("FREQ=WEEKLY;UNTIL=20270315T075959Z", MONDAY, weekly(2)),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=2", MONDAY, [MONDAY, MONDAY + 2 * WEEK]),
        (
            "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3",
            MONDAY,
            [date(2027, 3, 2), date(2027, 3, 4), date(2027, 3, 9)],
        ),
        (
            "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=6",
            MONDAY,
            [MONDAY + timedelta(days=n) for n in (0, 1, 2, 3, 4, 7)],
        ),
        ("FREQ=MONTHLY;COUNT=2", date(2027, 1, 31), [date(2027, 1, 31), date(2027, 3, 31)]),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3",
            date(2027, 12, 1),
            [date(2027, 12, 31), date(2028, 1, 31), date(2028, 2, 29)],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=29;COUNT=3",
            date(2028, 1, 1),
            [date(2028, 1, 29), date(2028, 2, 29), date(2028, 3, 29)],
        ),
        (
            "FREQ=MONTHLY;BYDAY=2TU;COUNT=2",
            MONDAY,
            [date(2027, 3, 9), date(2027, 4, 13)],
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2",
            MONDAY,
            [date(2027, 3, 31), date(2027, 4, 30)],
        ),
        (
            "FREQ=DAILY;COUNT=3",
            date(2027, 12, 30),
            [date(2027, 12, 30), date(2027, 12, 31), date(2028, 1, 1)],
        ),
    ],
)
def test_a_rule_has_these_days(desk: Desk, rule: str, first: date, expected: list[date]) -> None:
    made = added(desk, rule, first, skip_holidays=False)
    found = live(desk, made.series_id)
    assert days(found) == expected
    assert [one.id for one in found] == list(made.availabilities)
    assert all(one.offer == desk.offer() for one in found)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("", "rule_malformed"),
        ("every monday", "rule_malformed"),
        ("FREQ=WEEKLY;COUNT=0", "rule_malformed"),
        ("FREQ=WEEKLY;COUNT=3;COUNT=4", "rule_malformed"),
        ("FREQ=WEEKLY;COUNT=3;BYHOUR=9", "rule_malformed"),
        ("FREQ=WEEKLY;COUNT=3;BYDAY=XX", "rule_malformed"),
        ("FREQ=WEEKLY;COUNT=٣", "rule_malformed"),
        ("FREQ=WEEKLY;UNTIL=20270231", "rule_malformed"),
        ("FREQ=WEEKLY;COUNT=3\nDTSTART:20270301", "rule_malformed"),
        ("FREQ=WEEKLY;COUNT=3;BYDAY=" + ",".join(["MO"] * 90), "rule_malformed"),
        ("COUNT=3", "rule_frequency"),
        ("FREQ=YEARLY;COUNT=3", "rule_frequency"),
        ("FREQ=SECONDLY;COUNT=3", "rule_frequency"),
        ("FREQ=WEEKLY", "rule_without_end"),
        ("FREQ=WEEKLY;COUNT=3;UNTIL=20270401", "rule_with_two_ends"),
        ("FREQ=WEEKLY;BYMONTHDAY=3;COUNT=3", "rule_part"),
        ("FREQ=WEEKLY;BYDAY=1MO;COUNT=3", "rule_part"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU;COUNT=3", "rule_part"),
        ("FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1;COUNT=3", "rule_part"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=2;COUNT=3", "rule_part"),
        ("FREQ=MONTHLY;BYSETPOS=2;COUNT=3", "rule_part"),
        ("FREQ=DAILY;INTERVAL=999;COUNT=3", "rule_part"),
        ("FREQ=DAILY;COUNT=751", "series_too_long"),
        ("FREQ=MONTHLY;COUNT=37", "series_too_long"),
        ("FREQ=WEEKLY;UNTIL=99991231", "series_too_long"),
        ("FREQ=WEEKLY;UNTIL=20270228", "series_empty"),
        ("FREQ=WEEKLY;UNTIL=00010101", "series_empty"),
    ],
)
def test_a_rule_without_sense_or_end_is_refused_clearly(desk: Desk, rule: str, code: str) -> None:
    (refusal,) = desk.refusals(adding(desk, rule))
    assert refusal.code == code
    assert MESSAGES[code].format(**refusal.params)
    assert mine(desk) == []


def test_a_rule_that_never_has_a_day_is_found_out_soon(desk: Desk) -> None:
    """February has no 30th."""
    rule = "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30;COUNT=2"
    assert desk.codes(adding(desk, rule, date(2027, 2, 1))) == ["series_empty"]


def test_as_many_as_there_may_be(desk: Desk) -> None:
    made = added(desk, "FREQ=DAILY;COUNT=750", skip_holidays=False)
    assert len(made.availabilities) == 750


def test_hours_are_within_one_day(desk: Desk) -> None:
    night = adding(desk, "FREQ=DAILY;COUNT=2", start_minute=1200, end_minute=300)
    assert desk.codes(night) == ["availability_period"]
    out = adding(desk, "FREQ=DAILY;COUNT=2", first=date(1800, 1, 1))
    assert desk.codes(out) == ["day_out_of_range"]


def test_a_rule_is_read_back_as_it_was_written() -> None:
    rule = "FREQ=MONTHLY;BYDAY=2TU;INTERVAL=2;UNTIL=20270401"
    assert str(parsed(rule)) == rule
    assert str(parsed(rule).until(date(2027, 3, 1))).endswith("UNTIL=20270301")
    with pytest.raises(RefusedError):
        parsed("FREQ=HOURLY;COUNT=1")


# --- Clocks and holidays --------------------------------------------------------------------------------


def test_nine_stays_nine_when_the_clocks_change(desk: Desk) -> None:
    """28-03-2027, Easter Sunday, and 31-10-2027."""
    for first, utc in ((date(2027, 3, 21), (8, 7, 7)), (date(2027, 10, 24), (7, 8, 8))):
        made = added(desk, "FREQ=WEEKLY;COUNT=3", first, skip_holidays=False)
        found = live(desk, made.series_id)
        expected = [
            datetime(one.year, one.month, one.day, hour, tzinfo=UTC)
            for one, hour in zip(weekly(3, first), utc, strict=True)
        ]
        assert [one.placed.starts_at for one in found] == expected
        assert {one.offer.start_minute for one in found} == {540}


def test_a_day_on_which_the_clocks_skip_the_time_is_left_out_and_not_counted(desk: Desk) -> None:
    hours = {"start_minute": 150, "end_minute": 300}
    made = added(desk, "FREQ=WEEKLY;COUNT=3", date(2027, 3, 21), skip_holidays=False, **hours)
    assert days(live(desk, made.series_id)) == [
        date(2027, 3, 21), date(2027, 4, 4), date(2027, 4, 11),
    ]  # fmt: skip
    assert [(one.day, one.why) for one in made.skipped] == [
        (date(2027, 3, 28), "nonexistent_local_time")
    ]


def test_of_a_time_that_comes_twice_the_first_is_meant(desk: Desk) -> None:
    hours = {"start_minute": 150, "end_minute": 300}
    made = added(desk, "FREQ=WEEKLY;COUNT=1", date(2027, 10, 31), **hours)
    (one,) = live(desk, made.series_id)
    assert one.placed.starts_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_holidays_are_skipped_by_choice_and_count(desk: Desk) -> None:
    """Easter Monday is 29-03-2027."""
    first = date(2027, 3, 22)
    made = added(desk, "FREQ=WEEKLY;COUNT=3", first)
    assert days(live(desk, made.series_id)) == [first, date(2027, 4, 5)]
    assert [(one.day, one.why) for one in made.skipped] == [(date(2027, 3, 29), "holiday")]
    made = added(desk, "FREQ=WEEKLY;COUNT=3", first, skip_holidays=False)
    assert days(live(desk, made.series_id)) == weekly(3, first)


def test_own_holidays_are_skipped_too(desk: Desk) -> None:
    desk.add("own_holidays", day=MONDAY, country="NL", location_id=desk.world.location)
    made = added(desk, "FREQ=WEEKLY;COUNT=2")
    assert days(live(desk, made.series_id)) == [MONDAY + WEEK]


def test_one_day_on_which_the_location_is_full_refuses_all(engine: Engine) -> None:
    desk = Desk(engine, capacity=1)
    found = desk.refusals(adding(desk, "FREQ=WEEKLY;COUNT=3"))
    assert [(one.code, one.params["day"]) for one in found] == [("availability_capacity", MONDAY)]
    assert mine(desk) == []
    made = added(desk, "FREQ=WEEKLY;COUNT=3", MONDAY + WEEK)
    assert len(made.availabilities) == 3


# --- Changing -------------------------------------------------------------------------------------------


def changing(
    desk: Desk,
    block: Block,
    reach: Reach,
    *,
    confirm: bool = False,
    rule: str | None = None,
    now: datetime = NOW,
    **offer: Any,
) -> Callable[[Session], UUID]:
    changed = Changed(offer=desk.offer(**offer), reach=reach, rule=rule)
    return lambda s: series_changes.change(
        s, block.id, block.version, changed, **desk.asking(confirm=confirm) | {"now": now}
    )


def removing(
    desk: Desk, block: Block, reach: Reach, *, confirm: bool = False, **how: Any
) -> Callable[[Session], None]:
    those: dict[str, Any] = {**desk.asking(confirm=confirm), **how}
    return lambda s: series_changes.remove(s, block.id, block.version, reach, **those)


def by_hand(desk: Desk, block: Block, **offer: Any) -> None:
    day = offer.pop("day", block.placed.day)
    opened = Opened(offer=desk.offer(**offer), day=day)
    desk.do(lambda s: availabilities.change(s, block.id, block.version, opened, **desk.asking()))


def rules(desk: Desk) -> list[str]:
    who = AvailabilitySeries.practitioner_id == desk.world.practitioner
    with desk.reading() as session:
        query = select(AvailabilitySeries.rule).where(who).order_by(AvailabilitySeries.id)
        return list(session.scalars(query))


def starts(desk: Desk) -> list[tuple[date, int]]:
    return [(one.placed.day, one.offer.start_minute) for one in mine(desk)]


def five(desk: Desk) -> list[Block]:
    """Five Mondays, from nine to five."""
    return live(desk, added(desk, "FREQ=WEEKLY;COUNT=5", skip_holidays=False).series_id)


def test_this_one_alone_is_changed_and_stays_in_its_series(desk: Desk) -> None:
    those = five(desk)
    desk.do(changing(desk, those[1], THIS, start_minute=600))
    assert [start for _, start in starts(desk)] == [540, 600, 540, 540, 540]
    assert len({one.series_id for one in mine(desk)}) == 1


def test_all_are_changed_but_those_of_somebodys_hand(desk: Desk) -> None:
    those = five(desk)
    by_hand(desk, those[2], start_minute=630)
    desk.do(removing(desk, those[3], THIS))
    desk.do(changing(desk, those[0], ALL, start_minute=600))
    assert starts(desk) == [
        (MONDAY, 600), (MONDAY + WEEK, 600), (MONDAY + 2 * WEEK, 630), (MONDAY + 4 * WEEK, 600),
    ]  # fmt: skip
    assert rules(desk) == ["FREQ=WEEKLY;COUNT=5"]
    # and again: what was changed by hand is still known
    (first, *_) = mine(desk)
    desk.do(changing(desk, first, ALL, start_minute=540))
    assert [start for _, start in starts(desk)] == [540, 540, 630, 540]


def test_this_and_following_become_a_series_of_their_own(desk: Desk) -> None:
    those = five(desk)
    by_hand(desk, those[4], start_minute=630)
    desk.do(changing(desk, those[2], FOLLOWING, start_minute=600))
    assert [start for _, start in starts(desk)] == [540, 540, 600, 600, 630]
    assert rules(desk) == ["FREQ=WEEKLY;UNTIL=20270314", "FREQ=WEEKLY;COUNT=3"]
    found = mine(desk)
    assert len({one.series_id for one in found[:2]}) == 1
    assert len({one.series_id for one in found[2:]}) == 1
    # each part goes its own way from now on
    desk.do(changing(desk, found[3], ALL, start_minute=660))
    assert [start for _, start in starts(desk)] == [540, 540, 660, 660, 630]
    desk.do(changing(desk, mine(desk)[0], ALL, start_minute=480))
    assert [start for _, start in starts(desk)] == [480, 480, 660, 660, 630]


def test_following_the_first_one_is_all(desk: Desk) -> None:
    those = five(desk)
    desk.do(changing(desk, those[0], FOLLOWING, start_minute=600))
    assert rules(desk) == ["FREQ=WEEKLY;COUNT=5"]
    assert {start for _, start in starts(desk)} == {600}


def test_the_one_from_which_it_is_changed_is_always_meant(desk: Desk) -> None:
    those = five(desk)
    by_hand(desk, those[1], start_minute=630)
    pivot = mine(desk)[1]
    desk.do(changing(desk, pivot, FOLLOWING, start_minute=600))
    assert [start for _, start in starts(desk)] == [540, 600, 600, 600, 600]


def test_what_has_begun_stays_as_it_was(desk: Desk) -> None:
    those = five(desk)
    later = at("12:00", day=8)
    desk.do(changing(desk, those[3], ALL, start_minute=600, now=later))
    assert [start for _, start in starts(desk)] == [540, 540, 600, 600, 600]


def test_a_new_rule_keeps_adds_and_takes_away_days(desk: Desk) -> None:
    those = five(desk)
    by_hand(desk, those[3], start_minute=630)
    desk.do(removing(desk, those[4], THIS))
    # every Monday and Tuesday, from the second Monday on
    act = changing(desk, those[1], FOLLOWING, rule="FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20270331")
    desk.do(act)
    tuesday = timedelta(days=1)
    expected = [
        (MONDAY, 540),
        *((MONDAY + WEEK + gap, 540) for gap in (0 * WEEK, tuesday, WEEK, WEEK + tuesday)),
        (MONDAY + 3 * WEEK, 630),  # by hand
        (MONDAY + 3 * WEEK + tuesday, 540),
        # the fifth Monday was removed by hand, and is not made again
        (MONDAY + 4 * WEEK + tuesday, 540),
    ]
    assert starts(desk) == expected
    kept = {one.id for one in mine(desk)}
    assert {those[n].id for n in range(4)} <= kept
    # back to Mondays: what went with its rule comes back, what went by hand does not
    desk.do(changing(desk, mine(desk)[1], FOLLOWING, rule="FREQ=WEEKLY;BYDAY=TU;UNTIL=20270310"))
    desk.do(changing(desk, mine(desk)[1], FOLLOWING, rule="FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20270331"))
    assert [day for day, _ in starts(desk)][2:] == [
        MONDAY + 2 * WEEK, MONDAY + 2 * WEEK + tuesday, MONDAY + 3 * WEEK,
        MONDAY + 3 * WEEK + tuesday, MONDAY + 4 * WEEK + tuesday,
    ]  # fmt: skip


def test_appointments_in_the_way_are_listed_and_go_once_confirmed(desk: Desk) -> None:
    those = five(desk)
    wish = {"until_day": date(2027, 5, 1)}
    early = [desk.booked(at("08:00", day=7 * n), those[n].id, **wish) for n in (0, 2)]
    late = desk.booked(at("12:00", day=14), those[2].id, **wish)
    act = changing(desk, those[1], FOLLOWING, start_minute=600)
    (refusal,) = desk.refusals(act)
    assert refusal.params["appointments"] == (early[1][1],)
    desk.do(changing(desk, those[1], FOLLOWING, start_minute=600, confirm=True))
    desk.went(early[1])
    desk.stand(early[0], late)
    desk.do(removing(desk, mine(desk)[0], THIS, confirm=True))
    desk.went(early[0])


def test_an_outdated_one_of_them_changes_nothing(desk: Desk) -> None:
    those = five(desk)
    by_hand(desk, those[0], start_minute=630)
    with pytest.raises(OutdatedError):
        desk.do(changing(desk, those[0], ALL, start_minute=600))
    assert [start for _, start in starts(desk)] == [630, 540, 540, 540, 540]


def test_new_hours_that_the_clocks_skip_take_that_day_away(desk: Desk) -> None:
    made = added(desk, "FREQ=WEEKLY;COUNT=2", date(2027, 3, 21), skip_holidays=False)
    those = live(desk, made.series_id)
    desk.do(changing(desk, those[0], ALL, start_minute=150, end_minute=300))
    assert starts(desk) == [(date(2027, 3, 21), 150)]


def test_a_change_is_counted_at_its_location(engine: Engine) -> None:
    desk = Desk(engine, capacity=1)
    those = live(
        desk, added(desk, "FREQ=WEEKLY;COUNT=2", start_minute=1080, end_minute=1200).series_id
    )
    found = desk.refusals(changing(desk, those[0], ALL, start_minute=1050, end_minute=1200))
    assert [(one.code, one.params["day"]) for one in found] == [("availability_capacity", MONDAY)]
    desk.do(changing(desk, those[0], ALL, start_minute=1110, end_minute=1200))
    # and a lowered limit takes nothing away that is there
    desk.set("locations", desk.world.location, capacity=0)
    desk.do(changing(desk, mine(desk)[0], ALL, start_minute=1140, end_minute=1200))


def test_one_that_is_in_no_series_has_no_others(desk: Desk) -> None:
    those = five(desk)
    by_hand(desk, those[0], day=date(2027, 3, 3))
    moved = mine(desk)[0]
    assert moved.series_id is None
    assert desk.codes(changing(desk, moved, ALL)) == ["not_in_a_series"]
    desk.do(changing(desk, those[1], ALL, start_minute=600))
    assert starts(desk)[0] == (date(2027, 3, 3), 540)


# --- Removing -------------------------------------------------------------------------------------------


def test_this_and_following_are_removed_but_those_of_somebodys_hand(desk: Desk) -> None:
    those = five(desk)
    by_hand(desk, those[4], start_minute=630)
    pair = desk.booked(at("09:00", day=14), those[2].id, until_day=date(2027, 5, 1))
    assert desk.codes(removing(desk, those[2], FOLLOWING)) == ["disturbs_appointments"]
    desk.do(removing(desk, those[2], FOLLOWING, confirm=True))
    desk.went(pair)
    assert starts(desk) == [(MONDAY, 540), (MONDAY + WEEK, 540), (MONDAY + 4 * WEEK, 630)]
    assert rules(desk) == ["FREQ=WEEKLY;UNTIL=20270314"]
    # what is left can still be changed, and what was made by hand can be removed
    desk.do(changing(desk, mine(desk)[0], ALL, start_minute=600))
    desk.do(removing(desk, mine(desk)[2], ALL))
    assert starts(desk) == []


def test_all_are_removed_from_now_on(desk: Desk) -> None:
    those = five(desk)
    desk.do(removing(desk, those[4], ALL, now=at("12:00", day=8)))
    assert [day for day, _ in starts(desk)] == [MONDAY, MONDAY + WEEK]
    (first, *_) = mine(desk)
    desk.do(removing(desk, first, ALL))
    assert mine(desk) == []
