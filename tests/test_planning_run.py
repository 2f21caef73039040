"""The night's run over a database: what it books, what it answers, and what others do meanwhile. Domain §4, P14."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import Engine, update

from models.database import writing
from models.instants import database_now
from models.requests import RequestState
from models.runs import JobRun, RunState
from scheduler.actor import Actor
from scheduler.booking import Place, book
from scheduler.lifecycles import REQUESTS, Step, advance
from scheduler.planning import lease, watch
from scheduler.planning.asking import PLANNING
from scheduler.planning.carrying import _Elsewhere
from scheduler.planning.lease import Busy, Heartbeat, Job, LostLeaseError, start
from scheduler.planning.night import RunSettings
from solver.facts import NONE, Instance
from solver.options import Options, Progress
from solver.points import Listed, Points
from solver.process import GaveUp, plan
from solver.why_not import why_not
from tests.nights import (
    MONDAY,
    NOW,
    WEEK,
    Clinic,
    abandon,
    assert_answered,
    assert_sound,
    clinic,
    emptied,
    first_come,
    night,
    outcomes_of,
    run,
    run_of,
    standing,
    states,
)
from tests.records import DATABASES, add, at, change, fresh
from tests.waiting import PATIENCE

PLACES = 24
"""That the clinic has; a request more finds none."""


@pytest.fixture(scope="module", params=DATABASES)
def database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def engine(database: Engine) -> Engine:
    return emptied(database)


def once(stage: str, act: Callable[[], object]) -> Callable[[Progress], None]:
    """Do something the first time that the run is there."""
    done: list[Progress] = []

    def at_each_step(progress: Progress) -> None:
        if progress.stage == stage and not done:
            done.append(progress)
            act()

    return at_each_step


def book_by_hand(here: Clinic, request: UUID, availability: UUID, clock: str) -> UUID:
    """As a planner does, past the run; gives the appointment."""
    with writing(here.engine) as session:
        booked = book(
            session,
            [Place(request, availability, at(clock))],
            by=Actor(here.account),
            now=NOW,
            not_before=NOW,
        )
    return booked.appointments[request]


def out_of_memory(*_: object) -> GaveUp:
    return GaveUp("the planning process ended with code -9")


def ask_another(here: Clinic, **others: Any) -> UUID:
    with here.engine.begin() as connection:
        return here.ask(connection, **others)


# --- What is planned, and what is said of the rest --------------------------------------------------------


def test_what_fits_is_planned_and_the_rest_is_explained(engine: Engine) -> None:
    here = clinic(engine)

    result = night(engine)

    assert (result.state, run(engine, result.run_id).state) == (RunState.DONE, RunState.DONE)
    assert states(engine) == {RequestState.PLANNED: PLACES, RequestState.OPEN: 2}
    assert {one.run_id for one in standing(engine).values()} == {result.run_id}
    assert_sound(engine)
    assert_answered(here, result.run_id)
    counts = {key: result.report[key] for key in ("asked", "planned", "left_out")}
    assert counts == {"asked": 26, "planned": PLACES, "left_out": 2}
    assert run(engine, result.run_id).report == result.report


def test_the_reasons_are_kept_by_the_keys_of_rows(engine: Engine) -> None:
    here = clinic(engine)

    result = night(engine)

    (one, _) = [o.why_not for o in outcomes_of(engine, result.run_id).values() if o.why_not]
    assert one["reasons"] == {"practitioner_free": 4, "location_capacity": 4}
    assert (one["suitable"], one["offers"]) == (4, [])
    assert one["nearest_miss"]["availability"] in map(str, here.availabilities)
    assert one["nearest_miss"]["starts_at"] == at("08:00").isoformat()
    assert set(one["held_by"]) <= set(map(str, here.requests))
    assert len(one["held_by"]) == 10


def test_an_offer_names_the_availability_and_the_instant(engine: Engine) -> None:
    here = clinic(engine, requests=0)
    ask_another(here, from_day=MONDAY + timedelta(days=3), until_day=MONDAY + timedelta(days=4))

    result = night(engine)

    (answer,) = outcomes_of(engine, result.run_id).values()
    assert answer.why_not is not None
    assert answer.why_not["relaxations"] == [["date_window"]]
    offer = answer.why_not["offers"][0]
    assert (offer["rules"], offer["days"]) == (["date_window"], -2)
    assert UUID(offer["availability"]) in here.availabilities
    assert offer["starts_at"] == at("08:00", day=1).isoformat()


def test_the_plan_is_that_of_the_solver_with_its_certificate_and_its_reasons(
    engine: Engine,
) -> None:
    """By the child process, as a user has it; nothing of it is lost on the way through the database."""
    clinic(engine)
    seen: list[Instance] = []

    def noted(instance: Instance, options: Options, on_progress: watch.OnProgress) -> Any:
        seen.append(instance)
        return plan(instance, options, on_progress)

    result = night(engine, replace(WEEK, iterations=3), solve=noted)

    (zone,) = result.zones
    assert [zone.facts.instance] == seen
    again = plan(seen[0], Options(iterations=3))
    assert not isinstance(again, GaveUp)
    assert replace(zone.solved, seconds={}) == replace(again, seconds={})
    assert list(zone.left_out) == why_not(seen[0], again.plan)
    told = result.report["zones"][0]
    assert told["bound"] == again.bound
    assert told["score"] == again.score.as_file()
    assert told["compared"].keys() == again.compared.keys()
    assert [shortage["deficit"] for shortage in told["shortages"]] == [2]


def test_what_matters_most_is_booked_first(engine: Engine) -> None:
    here = clinic(engine)
    told: list[Progress] = []

    night(engine, replace(WEEK, batch=9), on_progress=told.append)

    booked = [(p.planned, p.weight) for p in told if p.stage == "booking"]
    # eight of priority 3 and one of 2, then eight more of 2 and one of 1, then the rest of 1
    assert booked == [(9, 26), (18, 43), (PLACES, 49)]
    assert len(here.requests) == 26


def test_a_night_with_nothing_to_do_is_soon_over(engine: Engine) -> None:
    result = night(engine)

    assert result.state is RunState.DONE
    assert (result.report["asked"], result.zones) == (0, ())


def test_a_request_that_no_zone_has_a_place_for_is_answered_too(engine: Engine) -> None:
    here = clinic(engine, requests=1)
    with engine.begin() as connection:
        elsewhere = add(connection, "locations", time_zone="America/Curacao")
        request = here.ask(connection)
        connection.execute(
            here.table("request_locations").insert(),
            {"request_id": request, "location_id": elsewhere},
        )

    result = night(engine)

    answer = outcomes_of(engine, result.run_id)[request]
    assert answer.why_not is not None
    assert (answer.why_not["reasons"], answer.why_not["suitable"]) == ({}, 0)
    assert result.report["left_out"] == 1


def test_what_one_time_zone_has_no_place_for_the_next_one_may_have(engine: Engine) -> None:
    here = clinic(engine)
    with engine.begin() as connection:
        island = add(connection, "locations", time_zone="Atlantic/Canary", country="ES")
        here.morning(connection, island, add(connection, "practitioners"), day=2)

    result = night(engine)

    assert [zone.zone for zone in result.zones] == ["Europe/Amsterdam", "Atlantic/Canary"]
    assert states(engine) == {RequestState.PLANNED: 26}
    assert result.report["left_out"] == 0
    assert_sound(engine)
    assert_answered(here, result.run_id)


# --- A preview ----------------------------------------------------------------------------------------------


def test_a_preview_plans_and_shows_and_books_nothing(engine: Engine) -> None:
    here = clinic(engine)

    result = night(engine, replace(WEEK, preview=True))

    assert result.state is RunState.DONE
    assert standing(engine) == {}
    assert states(engine) == {RequestState.OPEN: 26}
    answers = outcomes_of(engine, result.run_id)
    assert set(answers) == set(here.requests)
    assert sum(answer.why_not is None for answer in answers.values()) == PLACES
    assert result.report["planned"] == PLACES


def test_a_preview_plans_nobody_in_two_time_zones(engine: Engine) -> None:
    here = clinic(engine)
    with engine.begin() as connection:
        island = add(connection, "locations", time_zone="Atlantic/Canary", country="ES")
        here.morning(connection, island, add(connection, "practitioners"), day=2)

    result = night(engine, replace(WEEK, preview=True))

    assert result.report["planned"] == 26
    assert [len(zone.solved.plan) for zone in result.zones] == [PLACES, 2]


# --- What others do meanwhile -------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["solved", "checked"])
def test_what_a_planner_took_meanwhile_comes_back_in_the_next_round(
    engine: Engine, stage: str
) -> None:
    """Whether the check on fresh facts sees it, or only the booking."""
    here = clinic(engine)
    by_hand: list[UUID] = []

    def take() -> None:
        request = ask_another(here, requested_on=MONDAY)
        by_hand.append(book_by_hand(here, request, here.availabilities[0], "08:00"))

    result = night(engine, on_progress=once(stage, take))

    (zone,) = result.report["zones"]
    assert zone["refused"] == [1, 0]
    assert zone["refused_for"][0].keys() >= {"practitioner_free"}
    assert result.report["planned"] == PLACES - 1
    (appointment,) = by_hand
    assert standing(engine)[appointment].version == 1
    assert_sound(engine)
    assert_answered(here, result.run_id)


def test_an_availability_that_went_meanwhile_is_booked_by_nobody(engine: Engine) -> None:
    here = clinic(engine)

    def remove() -> None:
        with engine.begin() as connection:
            change(connection, "availabilities", here.availabilities[0], removed_at=NOW)

    result = night(engine, on_progress=once("solved", remove))

    assert result.report["zones"][0]["refused"] == [6, 0]
    assert result.report["planned"] == PLACES - 6
    refused = [o.why_not for o in outcomes_of(engine, result.run_id).values() if o.why_not]
    assert [why.get("refused") for why in refused].count(["no_such_availability"]) == 6
    assert_sound(engine)
    assert_answered(here, result.run_id)


def test_an_availability_that_came_meanwhile_takes_what_was_refused(engine: Engine) -> None:
    """The facts are numbered anew by then: nobody is taken for somebody else."""
    here = clinic(engine)

    def exchange() -> None:
        with engine.begin() as connection:
            change(connection, "availabilities", here.availabilities[0], removed_at=NOW)
            here.morning(connection, here.location, here.practitioners[0], day=2)
        ask_another(here)

    result = night(engine, on_progress=once("solved", exchange))

    assert result.report["planned"] == PLACES
    assert_sound(engine)
    assert_answered(here, result.run_id)
    (zone,) = result.zones
    told = {zone.facts.requests[one.request].id for one in zone.solved.plan}
    assert told == {one.request_id for one in standing(engine).values()}


def test_a_request_that_somebody_else_dealt_with_is_said_to_be(engine: Engine) -> None:
    here = clinic(engine, requests=8)
    withdrawn, planned = here.requests[:2]

    def deal_with() -> None:
        with writing(engine) as session:
            step = Step(withdrawn, 1, RequestState.OPEN, "withdraw", reason="not needed")
            advance(session, REQUESTS, [step], by=Actor(here.account), at=NOW)
        book_by_hand(here, planned, here.availabilities[2], "10:20")

    result = night(engine, on_progress=once("solved", deal_with))

    answers = {key: o.why_not for key, o in outcomes_of(engine, result.run_id).items()}
    assert [(answers[key] or {})["meanwhile"] for key in (withdrawn, planned)] == [
        "withdrawn",
        "planned",
    ]
    assert result.report["planned"] == 6
    assert_sound(engine)


def test_a_request_that_comes_after_the_snapshot_is_left_to_the_next_run(engine: Engine) -> None:
    here = clinic(engine, requests=2)
    late: list[UUID] = []

    result = night(engine, on_progress=once("checked", lambda: late.append(ask_another(here))))

    assert set(outcomes_of(engine, result.run_id)) == set(here.requests)
    assert states(engine) == {RequestState.PLANNED: 2, RequestState.OPEN: 1}


# --- Ended early ----------------------------------------------------------------------------------------------


def test_a_run_that_is_cancelled_keeps_what_it_has_booked(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = clinic(engine)
    hearts: list[Heartbeat] = []

    beats = Heartbeat._beats

    def known(heart: Heartbeat) -> None:
        hearts.append(heart)
        beats(heart)

    def cancel() -> None:
        with writing(engine) as session:
            session.execute(update(JobRun).values(cancel_asked_at=database_now()))
        assert hearts[-1].cancel_asked.wait(PATIENCE)

    monkeypatch.setattr(Heartbeat, "_beats", known)
    monkeypatch.setattr(lease, "BEATS", 6_000)  # every ten milliseconds
    result = night(engine, replace(WEEK, batch=5), on_progress=once("booking", cancel))

    assert result.state is RunState.CANCELLED
    assert result.report["planned"] == len(standing(engine)) == 5
    assert_sound(engine)
    assert isinstance(run_of(engine), type(result))
    assert len(standing(engine)) == PLACES == len(here.availabilities) * 6


def test_a_run_without_a_plan_has_failed_and_says_why(engine: Engine) -> None:
    here = clinic(engine)

    result = night(engine, solve=out_of_memory)

    assert result.state is RunState.FAILED
    assert "code -9" in result.report["trouble"]
    assert standing(engine) == {}
    assert_answered(here, result.run_id)


def test_what_a_later_round_fails_at_leaves_what_was_booked(engine: Engine) -> None:
    here = clinic(engine)
    answers = iter((first_come, out_of_memory))

    def solve(*how: Any) -> Any:
        return next(answers)(*how)

    def take() -> None:
        book_by_hand(here, ask_another(here), here.availabilities[0], "08:00")

    result = night(engine, solve=solve, on_progress=once("solved", take))

    assert (result.state, result.report["planned"]) == (RunState.FAILED, PLACES - 1)
    assert_sound(engine)
    assert_answered(here, result.run_id)


def test_an_error_is_told_in_the_record_and_to_whoever_started_the_run(engine: Engine) -> None:
    clinic(engine)

    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("one by zero")

    with pytest.raises(ZeroDivisionError):
        night(engine, solve=fail)

    again = night(engine)
    with writing(engine) as session:
        states_ = dict(
            session.execute(
                update(JobRun).values(version=1).returning(JobRun.id, JobRun.state)
            ).all()
        )
    assert again.state is RunState.DONE
    assert sorted(states_.values()) == [RunState.DONE, RunState.FAILED]


def test_a_run_that_is_taken_over_while_it_plans_books_nothing(engine: Engine) -> None:
    clinic(engine)
    job = Job(PLANNING, "", NOW.date(), {})

    def take_over() -> None:
        abandon(engine)
        assert not isinstance(start(engine, job, timedelta(minutes=1)), Busy)

    with pytest.raises(LostLeaseError):
        night(engine, on_progress=once("checked", take_over))

    assert standing(engine) == {}


def test_while_one_runs_another_is_told_since_when(engine: Engine) -> None:
    clinic(engine)
    answers: list[Any] = []

    result = night(engine, on_progress=once("solved", lambda: answers.append(run_of(engine))))

    assert answers == [Busy(run(engine, result.run_id).started_at)]


# --- How long it may take -----------------------------------------------------------------------------------


def limits(engine: Engine, settings: RunSettings) -> list[Options]:
    """What the search may spend, round by round, where a planner is quicker in the first one."""
    here = clinic(engine)
    asked: list[Options] = []

    def noted(instance: Instance, options: Options, on_progress: watch.OnProgress) -> Any:
        asked.append(options)
        return first_come(instance, options, on_progress)

    def take() -> None:
        book_by_hand(here, ask_another(here), here.availabilities[0], "08:00")

    night(engine, settings, solve=noted, on_progress=once("solved", take))
    return asked


def test_the_first_round_gets_most_of_the_time_and_some_is_kept_for_the_rest(
    engine: Engine,
) -> None:
    first, second = limits(engine, replace(WEEK, iterations=None, time_limit=60.0))

    assert 40 < first.time_limit < 0.85 * 60
    assert 20 < second.time_limit < 0.6 * 60


def test_where_the_time_is_up_no_further_round_is_begun(engine: Engine) -> None:
    assert len(limits(engine, replace(WEEK, iterations=None, time_limit=2.0))) == 1


def test_iterations_are_counted_instead_and_a_later_round_gets_a_part(engine: Engine) -> None:
    asked = limits(engine, replace(WEEK, iterations=8, seed=5, workers=1))

    assert [(one.iterations, one.seed, one.workers) for one in asked] == [(8, 5, 1), (2, 5, 1)]


def test_points_of_preference_go_along_to_the_new_numbers_of_their_availabilities() -> None:
    points = Points(Listed.of_each({0: 2, 2: 1}))

    carried = Points(_Elsewhere(points, np.asarray([2, NONE, 0], np.int64)))

    assert dict(carried) == {0: 1, 2: 2}
    assert [carried.get(a, 0) for a in range(3)] == [1, 0, 2]


# --- Progress ---------------------------------------------------------------------------------------------


def test_the_progress_is_in_the_row_while_the_run_goes_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic(engine)
    monkeypatch.setattr(watch, "KEEP_EVERY", 0.0)
    seen: list[Any] = []

    def look(_: Progress) -> None:
        with writing(engine) as session:
            seen.extend(
                session.scalars(update(JobRun).values(version=1).returning(JobRun.progress))
            )

    night(engine, replace(WEEK, batch=10), on_progress=look)

    stages = list(dict.fromkeys(progress["stage"] for progress in seen if progress))
    assert stages == [
        "loading",
        "loaded",
        "first come",
        "solved",
        "checked",
        "booking",
        "reasons",
        "explaining",
    ]
    assert [p["planned"] for p in seen if p and p["stage"] == "booking"] == [10, 20, PLACES]
