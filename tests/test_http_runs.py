"""Planning runs over HTTP: asked for, taken on, watched, cancelled, taken back, and read as a table. Issue: the nightly run."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.appointments import Party
from models.database import writing
from models.runs import JobRun, RunState
from scheduler.access import Right
from scheduler.actor import NOBODY
from scheduler.booking import cancel
from scheduler.planning.asking import take_on
from scheduler.planning.working import do, work
from tests.http_client import Api, Client, an_api, code_of
from tests.nights import MONDAY, NOW, WEEK, clinic, emptied, night, standing
from tests.records import add, fresh

RIGHTS = (Right.START_RUNS, Right.TAKE_BACK_RUNS, Right.VIEW_REQUESTS)


@pytest.fixture(scope="module")
def records(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def api(records: Engine) -> Iterator[Api]:
    emptied(records)
    clinic(records)
    with an_api(records) as made:
        made.clock.now = NOW
        yield made


@pytest.fixture
def planner(api: Api) -> Client:
    return api.person(*RIGHTS)


def begun(planner: Client, **how: object) -> str:
    answer = planner.post("/runs", {"from_day": str(MONDAY), "days": 7} | how)
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "waiting"
    run = str(answer.json()["id"])
    with writing(planner.api.engine) as session:  # as quick as can be
        kept = session.get_one(JobRun, UUID(run))
        kept.settings = kept.settings | {"iterations": 0}
    return run


def worked(api: Api) -> None:
    assert work(api.engine, now=lambda: NOW) > 0


def test_from_asking_to_taking_back(api: Api, planner: Client) -> None:
    run = begun(planner)
    worked(api)

    done = planner.get(f"/runs/{run}").json()
    assert (done["state"], done["report"]["planned"]) == ("done", 24)
    assert done["asked_by_id"] == str(planner.id)
    assert {one.run_id for one in standing(api.engine).values()} == {UUID(run)}
    left_out = planner.get(f"/runs/{run}/outcomes?planned=false").json()["items"]
    assert len(left_out) == 2
    assert all(one["why_not"]["reasons"] for one in left_out)

    asked = planner.post(f"/runs/{run}/take-back", {})
    assert asked.status_code == 202
    assert len(standing(api.engine)) == 24  # a worker has to come
    worked(api)
    back = planner.get(f"/runs/{asked.json()['id']}").json()
    assert (back["kind"], back["state"], back["report"]["taken"]) == ("taking_back", "done", 24)
    assert planner.get(f"/runs/{run}").json()["state"] == "taken_back"
    assert standing(api.engine) == {}


def test_one_waits_and_one_goes_on(api: Api, planner: Client) -> None:
    begun(planner)

    second = planner.post("/runs", {})
    assert code_of(second) == "run_waits"
    taken = take_on(api.engine)
    assert taken is not None
    third = planner.post("/runs", {})
    assert code_of(third) == "run_is_on"
    assert take_on(api.engine) is None


def test_a_repeated_key_asks_once(planner: Client) -> None:
    first = planner.post("/runs", {}, key="the-same")
    second = planner.post("/runs", {}, key="the-same")

    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"


def test_who_waits_is_cancelled_at_once_and_who_goes_on_at_his_next_step(
    api: Api, planner: Client
) -> None:
    run = begun(planner)
    assert planner.post(f"/runs/{run}/cancel", {}).json()["state"] == "cancelled"
    assert code_of(planner.post(f"/runs/{run}/cancel", {})) == "run_has_ended"

    other = begun(planner)
    taken = take_on(api.engine)
    assert taken is not None
    asked = planner.post(f"/runs/{other}/cancel", {}).json()
    assert asked["state"] == "running"
    assert asked["cancel_asked_at"] is not None
    taken = replace(taken, settings=dict(taken.settings) | {"lease": 1.0})
    taken.held.beat()
    do(taken, now=lambda: NOW)
    assert planner.get(f"/runs/{other}").json()["state"] in {"cancelled", "done"}


def test_a_taking_back_that_is_cancelled_ends(api: Api, planner: Client) -> None:
    run = begun(planner)
    worked(api)
    back = planner.post(f"/runs/{run}/take-back", {}).json()["id"]
    taken = take_on(api.engine)
    assert taken is not None
    assert planner.post(f"/runs/{back}/cancel", {}).status_code == 200

    do(taken, now=lambda: NOW)
    told = planner.get(f"/runs/{back}").json()
    assert (told["state"], told["report"]) == ("cancelled", {"taken": 0, "kept": {}, "left": 24})
    assert planner.get(f"/runs/{run}").json()["state"] == "done"
    assert len(standing(api.engine)) == 24


def test_nothing_is_taken_back_before_it_has_ended_nor_of_a_preview(
    api: Api, planner: Client
) -> None:
    run = begun(planner, preview=True)
    assert code_of(planner.post(f"/runs/{run}/take-back", {})) == "run_goes_on"
    worked(api)

    assert planner.get(f"/runs/{run}").json()["report"]["planned"] == 24
    assert standing(api.engine) == {}
    assert code_of(planner.post(f"/runs/{run}/take-back", {})) == "run_is_a_preview"


def test_what_fails_says_so_and_the_worker_lives(api: Api, planner: Client) -> None:
    run = begun(planner)
    with writing(api.engine) as session:
        session.get_one(JobRun, UUID(run)).kind = "unheard of"
    worked(api)

    failed = planner.get(f"/runs/{run}").json()
    assert failed["state"] == "failed"
    assert "unheard of" in failed["report"]["trouble"]


def test_only_who_reaches_everybody_starts_cancels_or_takes_back(api: Api) -> None:
    with api.engine.begin() as connection:
        part = add(connection, "employers")
        run = add(connection, "job_runs", kind="planning", state="done")
    some = api.person(*RIGHTS, reaches={"employer_id": part})

    for path in ("/runs", f"/runs/{run}/cancel", f"/runs/{run}/take-back"):
        assert code_of(some.post(path, {})) == "beyond_own_part"
    assert code_of(api.person().post("/runs", {})) == "right_missing"
    starter = api.person(Right.START_RUNS)
    assert code_of(starter.post(f"/runs/{run}/take-back", {})) == "right_missing"


def test_the_outcomes_are_a_table_too_without_what_is_not_his_to_see(
    api: Api, planner: Client
) -> None:
    run = begun(planner)
    worked(api)

    answer = planner.get(f"/runs/{run}/outcomes.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert answer.headers["content-type"].startswith("text/csv")
    assert len(rows) == 26
    left_out = [row for row in rows if not row["availability"]]
    assert len(left_out) == 2
    assert all("practitioner_free:" in row["reasons"] for row in left_out)
    with api.engine.begin() as connection:
        part = add(connection, "employers")
    some = api.person(*RIGHTS, reaches={"employer_id": part})
    assert len(some.get(f"/runs/{run}/outcomes.csv").text.splitlines()) == 1
    looked = api.records(kind="requests", actor_id=planner.id)
    assert len({one.object_id for one in looked}) == 26


def test_what_has_changed_since_the_run_before(api: Api, planner: Client) -> None:
    first = night(api.engine)
    assert planner.get(f"/runs/{first.run_id}/changes").json()["since"] is None
    two = list(standing(api.engine).values())[:2]
    for one in two:
        with writing(api.engine) as session:
            cancel(session, one.id, party=Party.SERVICE, reason="ill", by=NOBODY, now=NOW)

    second = night(api.engine)

    told = planner.get(f"/runs/{second.run_id}/changes").json()
    assert told["since"] == str(first.run_id)
    assert told["planned_at_last"] + told["left_out_again"] + told["dealt_with"] == 2
    assert told["left_out_again"] + told["left_out_anew"] == second.report["left_out"]


def test_one_that_was_called_off_is_compared_with_none(api: Api, planner: Client) -> None:
    night(api.engine)
    with api.engine.begin() as connection:
        run = add(connection, "job_runs", kind="planning", state="cancelled", finished_at=NOW)

    assert planner.get(f"/runs/{run}/changes").json()["since"] is None


def test_a_look_at_a_run_that_waits_has_no_report(planner: Client) -> None:
    run = begun(planner)

    one = planner.get(f"/runs/{run}").json()

    assert (one["report"], one["progress"], one["finished_at"]) == (None, None, None)
    assert RunState(one["state"]) is RunState.WAITING
    assert one["settings"]["days"] == WEEK.days
