"""Plan files: what they say, written whole or not at all, and read back as they were."""

import gzip
import io
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from solver.aims import Score
from solver.facts import Assignment, Instance
from solver.files.plan import assignments_as_file, plan_as_file, read_plan
from solver.files.reading import MalformedInputError
from solver.files.writing import write_content
from solver.process import Solved
from solver.why_not import why_not
from tests.command_line import PATIENCE, Ran, called, run, started
from tests.facts import assignments_of, facts_of
from tests.worlds import (
    Json,
    a_location,
    a_plan,
    a_practitioner,
    a_request,
    an_availability,
    an_employee,
    an_instance,
    at,
)

SATURDAY = 5
WORLD = an_instance(
    name="Zuid-Beveland's week é ✓",
    locations=[a_location(capacity=2)],
    practitioners=[a_practitioner(id="P1"), a_practitioner(id="P2")],
    employees=[an_employee(id="W1"), an_employee(id="W2", blacklist=["P1", "P2"])],
    availabilities=[
        an_availability(),
        an_availability(
            id="SAT", practitioner="P2", start=at(SATURDAY, "09:00"), end=at(SATURDAY, "10:00")
        ),
    ],
    requests=[
        a_request(id="planned"),
        a_request(id="only on Saturday", required_practitioner="P2"),
        a_request(id="never", employee="W2"),
    ],
)
"""One request is planned, one would be if Saturdays were allowed, one is excluded everywhere."""
PLAN = a_plan(WORLD, {"planned": ("A1", at(0, "09:00"))})
ASSIGNED = (Assignment(request=0, availability=0, start=540),)


@pytest.fixture(scope="module")
def instance() -> Instance:
    return facts_of(WORLD)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instance and what `spreekuur solve` makes of it, packed."""
    folder = tmp_path_factory.mktemp("plans")
    (folder / "week.json").write_text(json.dumps(WORLD), "utf-8")
    ran = run(
        *("solve", folder / "week.json", "--output", folder / "plan.json.gz"),
        *("--iterations", 3, "--seed", 7),
    )
    assert ran == Ran(0, b"", "")
    return folder


@pytest.fixture(scope="module")
def written(folder: Path) -> Json:
    """What the plan file says."""
    content: Json = json.loads(gzip.decompress((folder / "plan.json.gz").read_bytes()))
    return content


def solved(**changes: Any) -> Solved:
    """A finished run in which one request of weight 1 was planned."""
    defaults: Json = {
        "plan": ASSIGNED,
        "score": Score(weight=1),
        "bound": None,
        "compared": {},
        "iterations": 3,
    }
    return Solved(**defaults | changes)


# --- What a plan file says --------------------------------------------------------------------------


def test_the_folder_holds_the_plan_and_nothing_half_written(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == {"week.json", "plan.json.gz"}


def test_the_keys_are_those_of_the_format(written: Json) -> None:
    assert list(written) == [
        "format",
        "instance",
        "score",
        "bound",
        "gap",
        "status",
        "compared",
        "assignments",
        "unplanned",
        "shortages",
        "bottlenecks",
        "run",
    ]
    assert list(written["score"]) == ["weight", "seniority", "preference", "unusable_gap_minutes"]
    assert {key for line in written["assignments"] for key in line} == {
        "request",
        "availability",
        "start",
    }


def test_the_plan_names_its_format_and_its_instance(written: Json) -> None:
    assert written["format"] == "appt-plan/1"
    assert written["instance"] == WORLD["name"]


def test_the_assignments_are_by_name_and_by_minutes_of_the_horizon(written: Json) -> None:
    assert [line["request"] for line in written["assignments"]] == ["planned"]
    assert written["assignments"][0]["availability"] == "A1"
    assert at(0, "09:00") <= written["assignments"][0]["start"] <= at(0, "11:30")


def test_a_proven_weight_is_optimal_without_a_gap(written: Json) -> None:
    assert written["score"]["weight"] == 1
    assert (written["bound"], written["gap"], written["status"]) == (1, 0.0, "OPTIMAL")


def test_each_request_left_out_has_its_reasons_and_what_would_help(written: Json) -> None:
    saturday, never = written["unplanned"]

    for left_out in (saturday, never):
        assert list(left_out) == [
            "request",
            "reasons",
            "only",
            "relaxations",
            "offers",
            "suitable",
            "nearest_miss",
        ]
    assert saturday["request"] == "only on Saturday"
    assert saturday["reasons"] == {"practitioner_wish": 1, "saturday": 1}
    assert saturday["only"] == {"practitioner_wish": 1, "saturday": 1}
    assert sorted(saturday["relaxations"]) == [["practitioner_wish"], ["saturday"]]
    assert never["request"] == "never"
    assert never["reasons"] == {"exclusion": 2, "saturday": 1}
    assert never["only"] == {"exclusion": 1}
    assert never["relaxations"] == []
    assert never["offers"] == []


def test_each_relaxation_comes_with_the_place_it_leads_to(written: Json) -> None:
    saturday = written["unplanned"][0]
    offers = {tuple(offer["rules"]): offer for offer in saturday["offers"]}

    assert [list(rules) for rules in offers] == saturday["relaxations"]
    assert offers["saturday",] == {
        "rules": ["saturday"],
        "availability": "SAT",
        "location": "L1",
        "practitioner": "P2",
        "start": at(SATURDAY, "09:00"),
    }


def test_each_request_left_out_has_its_nearest_miss(written: Json) -> None:
    saturday, never = (left_out["nearest_miss"] for left_out in written["unplanned"])

    assert saturday["rules"] == ["practitioner_wish"]
    assert list(never) == ["availability", "location", "practitioner", "start", "rules"]
    assert never["rules"] == ["exclusion"]


def test_who_holds_the_places_is_named_with_what_it_takes_to_get_one() -> None:
    requests = [a_request(id=f"Q{n}", employee=f"W{n}", priority=n) for n in (1, 2, 3)]
    requests[2]["required_practitioner"] = "P1"
    blocks = [an_availability(id=f"A{n}", practitioner=f"P{n}", end=at(0, "09:30")) for n in (1, 2)]
    world = an_instance(
        availabilities=blocks, requests=requests, locations=[a_location(capacity=2)]
    )
    problem = facts_of(world)
    plan = assignments_of(
        a_plan(world, {"Q1": ("A2", at(0, "09:00")), "Q2": ("A1", at(0, "09:00"))}), problem
    )
    content = plan_as_file(problem, solved(plan=plan), why_not(problem, plan), {})

    (left_out,) = content["unplanned"]
    assert left_out["suitable"] == 1
    assert left_out["held_by"] == ["Q2"]
    assert left_out["displacement"] == {
        "availability": "A1",
        "location": "L1",
        "practitioner": "P1",
        "start": at(0, "09:00"),
        "moved": [],
        "left_out": ["Q2"],
        "gain": {"weight": 1, "seniority": 0, "preference": 0},
    }


def test_the_run_can_be_repeated_by_what_it_says(written: Json) -> None:
    about = written["run"]

    assert set(about) == {"seed", "versions", "input", "iterations", "seconds"}
    assert (about["seed"], about["iterations"]) == (7, 3)
    assert set(about["versions"]) >= {"python", "spreekuur", "ortools", "numpy"}
    assert all(seconds >= 0 for seconds in about["seconds"].values())


def test_the_input_hash_is_that_of_what_the_file_says_packed_or_not(
    folder: Path, written: Json
) -> None:
    packed = gzip.compress((folder / "week.json").read_bytes())

    ran = run("solve", "-", "--iterations", 0, stdin=packed)

    digest = sha256((folder / "week.json").read_bytes()).hexdigest()
    assert written["run"]["input"] == f"sha256:{digest}"
    assert json.loads(ran.out)["run"]["input"] == f"sha256:{digest}"


def test_the_baselines_are_told_with_how_many_they_plan(written: Json) -> None:
    assert set(written["compared"]) == {"first_come_first_served", "best_greedy"}
    for baseline in written["compared"].values():
        assert set(baseline) == {"planned", *written["score"]}


def test_without_a_bound_there_is_no_gap_and_no_optimum(instance: Instance) -> None:
    content = plan_as_file(instance, solved(bound=None), [], {})

    assert (content["bound"], content["gap"], content["status"]) == (None, None, "FEASIBLE")


def test_under_its_bound_a_plan_is_feasible_and_the_gap_is_the_share_that_lacks(
    instance: Instance,
) -> None:
    content = plan_as_file(instance, solved(bound=3), [], {})

    assert (content["bound"], content["gap"], content["status"]) == (3, 0.666667, "FEASIBLE")


def test_what_went_wrong_on_the_way_is_told(instance: Instance) -> None:
    content = plan_as_file(instance, solved(trouble="it died"), [], {"seed": 1})

    assert content["run"]["trouble"] == "it died"


# --- There and back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plan.json", "plan.json.gz", "no ending", "é\nplan"])
def test_what_is_written_is_read_back(instance: Instance, tmp_path: Path, name: str) -> None:
    content = plan_as_file(instance, solved(), [], {})

    write_content(content, tmp_path / name)

    assert read_plan(tmp_path / name, instance) == ASSIGNED
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_packed_and_plain_say_the_same_and_the_same_each_time(tmp_path: Path) -> None:
    plain, packed, again = (tmp_path / name for name in ("1.json", "1.json.gz", "2.json.gz"))

    for file in (plain, packed, again):
        write_content(PLAN, file)

    assert json.loads(plain.read_bytes()) == PLAN
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert packed.read_bytes() == again.read_bytes()


def test_starts_are_counted_from_midnight_of_the_availabilitys_day(
    instance: Instance, tmp_path: Path
) -> None:
    start = at(SATURDAY, "09:15")
    write_content(a_plan(WORLD, {"only on Saturday": ("SAT", start)}), tmp_path / "plan.json")

    (assignment,) = read_plan(tmp_path / "plan.json", instance)

    assert (instance.availabilities[1].day, assignment.start) == (SATURDAY, 9 * 60 + 15)
    assert assignments_as_file(instance, (assignment,))[0]["start"] == start


def test_a_request_that_is_planned_twice_is_read_twice(instance: Instance, tmp_path: Path) -> None:
    write_content(PLAN | {"assignments": PLAN["assignments"] * 2}, tmp_path / "plan.json")

    assert read_plan(tmp_path / "plan.json", instance) == ASSIGNED * 2


def test_ids_with_line_breaks_and_other_alphabets_come_back(tmp_path: Path) -> None:
    world = an_instance(name="één\ntwee", requests=[a_request(id="Q\n\u2028\0é")])
    plan = a_plan(world, {"Q\n\u2028\0é": ("A1", at(0, "09:00"))})
    write_content(plan, tmp_path / "plan.json")

    assert read_plan(tmp_path / "plan.json", facts_of(world)) == ASSIGNED
    assert len((tmp_path / "plan.json").read_bytes().splitlines()) == 1


def test_standard_output_gets_utf_8_whatever_the_terminal_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, "ascii"))

    write_content(PLAN, None)

    assert json.loads(out.getvalue().decode("utf-8")) == PLAN


# --- Whole or not at all ----------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, trouble: BaseException
) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(b"the plan of yesterday")

    def fails(path: Path, *_: object) -> None:
        path.touch()
        raise trouble

    with monkeypatch.context() as broken:
        broken.setattr(Path, step, fails)
        with pytest.raises((MalformedInputError, KeyboardInterrupt)) as error:
            write_content(PLAN, file)

    assert str(error.value) in {"", f"{file}: cannot be written: No space left on device"}
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [
        ("plan.json", b"the plan of yesterday")
    ]


KILLED_HALFWAY = """
import os, signal
from pathlib import Path
from solver.files.writing import write_content

def half(path, data):
    with path.open("wb") as file:
        file.write(data[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)

Path.write_bytes = half
write_content({"assignments": list(range(1000))}, Path("plan.json"))
"""


@pytest.mark.parametrize("before", [None, b"the plan of yesterday"], ids=["new", "over another"])
def test_killed_in_the_middle_of_writing_there_is_no_half_plan(
    tmp_path: Path, before: bytes | None
) -> None:
    file = tmp_path / "plan.json"
    if before is not None:
        file.write_bytes(before)

    ran = subprocess.run([sys.executable, "-c", KILLED_HALFWAY], cwd=tmp_path, check=False)

    assert ran.returncode == -signal.SIGKILL
    assert (file.read_bytes() if file.exists() else None) == before


def test_a_link_stays_a_link_and_its_target_gets_the_plan(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "latest.json"
    link.symlink_to("elsewhere/plan.json")

    write_content(PLAN, link)

    assert link.is_symlink()
    assert json.loads((tmp_path / "elsewhere" / "plan.json").read_bytes()) == PLAN


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    # as /dev/null is: root could replace that by a file
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()

    write_content(PLAN, pipe)

    reader.join()
    assert json.loads(got[0]) == PLAN
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("requests", [None, []], ids=["a long plan", "a plan that is all buffered"])
def test_a_reader_that_has_gone_is_told_in_one_line(
    tmp_path: Path, requests: list[Json] | None
) -> None:
    world = WORLD if requests is None else WORLD | {"requests": requests}
    file = tmp_path / "week.json"
    file.write_text(json.dumps(world), "utf-8")
    reader, writer = os.pipe()
    os.close(reader)

    with started("solve", file, "--iterations", 0, stdout=writer) as process:
        os.close(writer)
        _, err = process.communicate(timeout=PATIENCE)

    assert err == b"spreekuur: standard output: cannot be written: Broken pipe\n"
    assert process.returncode == 2


# --- Plans that cannot be taken ---------------------------------------------------------------------

FAULTS: dict[str, tuple[tuple[str | int, ...], object, str]] = {
    "of another instance": (
        ("instance",),
        "last week",
        'instance: is a plan of "last week", not of "Zuid-Beveland',
    ),
    "another version": (("format",), "appt-plan/2", "format: must be 'appt-plan/1', not \"appt"),
    "an instance": (("format",), "appt-instance/1", "format: must be 'appt-plan/1', not \"appt"),
    "an unknown request": (
        ("assignments", 0, "request"),
        "Q\n9",
        r'assignments[0].request: "Q\n9" is not in the instance',
    ),
    "an unknown availability": (
        ("assignments", 0, "availability"),
        "A9",
        'assignments[0].availability: "A9" is not in the instance',
    ),
    "the id of an availability for a request": (
        ("assignments", 0, "request"),
        "A1",
        'assignments[0].request: "A1" is not in the instance',
    ),
    "a start in words": (
        ("assignments", 0, "start"),
        "09:00",
        'assignments[0].start: must be a whole number, not "09:00"',
    ),
    "a start that is true": (("assignments", 0, "start"), True, "start: must be a whole number"),
    "a start with a fraction": (("assignments", 0, "start"), 540.5, "whole number, not 540.5"),
    "a start before the horizon": (
        ("assignments", 0, "start"),
        -5,
        "assignments[0].start: must be at least 0, not -5",
    ),
    "a start in another century": (("assignments", 0, "start"), 10**30, "start: must be less than"),
    "an assignment that is a list": (("assignments", 0), ["Q1", "A1", 540], "must be an object"),
    "assignments by name": (("assignments",), {"Q1": 540}, "assignments: must be a list, not {"),
}


@pytest.fixture
def week(tmp_path: Path) -> Path:
    file = tmp_path / "week.json"
    file.write_text(json.dumps(WORLD), "utf-8")
    return file


def assert_plan_refused(week: Path, content: bytes, says: str) -> None:
    """Refused in one line, from a file and from a pipe."""
    plan = week.with_name("plan.json")
    plan.write_bytes(content)
    for ran, name in (
        (called("check", week, plan), plan),
        (called("check", week, stdin=content), "standard input"),
    ):
        assert (ran.code, ran.out) == (2, b"")
        assert ran.err.startswith(f"spreekuur: {name}: ")
        assert len(ran.err.splitlines()) == 1
        assert says in ran.err


@pytest.mark.parametrize(("steps", "value", "says"), list(FAULTS.values()), ids=list(FAULTS))
def test_a_plan_that_cannot_be_is_refused(
    week: Path, steps: tuple[str | int, ...], value: object, says: str
) -> None:
    plan = deepcopy(PLAN)
    parent: Any = plan
    for step in steps[:-1]:
        parent = parent[step]
    parent[steps[-1]] = value

    assert_plan_refused(week, json.dumps(plan).encode(), says)


@pytest.mark.parametrize("key", ["format", "instance", "assignments"])
def test_a_key_that_a_plan_must_have_is_named(week: Path, key: str) -> None:
    plan = {name: value for name, value in PLAN.items() if name != key}

    assert_plan_refused(week, json.dumps(plan).encode(), f"{key}: this key is missing")


@pytest.mark.parametrize("key", ["request", "availability", "start"])
def test_a_key_that_an_assignment_must_have_is_named(week: Path, key: str) -> None:
    line = {name: value for name, value in PLAN["assignments"][0].items() if name != key}

    content = json.dumps(PLAN | {"assignments": [line]}).encode()

    assert_plan_refused(week, content, f"assignments[0].{key}: this key is missing")


BROKEN = {
    "nothing": (b"", "is empty"),
    "half a plan": (json.dumps(PLAN).encode()[:-9], "is not JSON"),
    "half a gzip": (gzip.compress(json.dumps(PLAN).encode())[:-9], "ends too early"),
    "a gzip of rubbish": (gzip.compress(b"rubbish"), "is not JSON"),
    "another encoding": (b'{"format": "\xe9"}', "is not UTF-8"),
    "a list": (b"[]", "must be an object, not []"),
}


@pytest.mark.parametrize(("content", "says"), list(BROKEN.values()), ids=list(BROKEN))
def test_a_broken_plan_file_is_refused(week: Path, content: bytes, says: str) -> None:
    assert_plan_refused(week, content, says)


def test_a_missing_plan_is_named(week: Path) -> None:
    ran = called("check", week, week.with_name("none.json"))

    assert ran.code == 2
    assert ran.err.startswith(f"spreekuur: {week.with_name('none.json')}: cannot be read: No such")


def test_only_the_keys_that_are_checked_must_be_there(week: Path) -> None:
    minimal = PLAN | {"somebody": "else's planner"}

    assert called("check", week, stdin=json.dumps(minimal).encode()).code == 0
