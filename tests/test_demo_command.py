"""`spreekuur demo` as a newcomer runs it: a report, a table, a picture and a plan that tell the same."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.words import Words
from solver.easing import Offer
from solver.scarcity import Bottleneck, Shortage
from solver.why_not import Explanation
from tests.builders import a_request, an_availability, an_instance

SPREEKUUR = Path(sys.executable).with_name("spreekuur")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the command prints for a small world, and the folder with its files."""
    folder = tmp_path_factory.mktemp("newcomer")
    done = subprocess.run(
        [SPREEKUUR, "demo", "--requests", "500", "--time-limit", "4"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout, folder / "demo-output"


def spreekuur(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SPREEKUUR, *arguments], capture_output=True, text=True, check=True)


def test_the_report_counts_what_the_plan_file_says(demo: tuple[str, Path]) -> None:
    text, folder = demo
    plan = json.loads((folder / "plan.json").read_text("utf-8"))

    planned = len(plan["assignments"])

    drafts = int(re.search(r"(\d+) more are drafts", " ".join(text.split()))[1])  # type: ignore[index]
    assert f"{planned:,} of {500 - drafts} requests planned" in text
    assert f"{plan['score']['weight']:,}" in text
    assert f"no plan weighs more than {plan['bound']:,}" in " ".join(text.split())
    assert planned + len(plan["unplanned"]) == 500 - drafts
    first = plan["compared"]["first_come_first_served"]
    more = plan["score"]["weight"] / first["weight"] - 1
    assert more > 0
    assert f"{more:.0%} more than first come, first served" in " ".join(
        re.sub("[│\n]", " ", text).split()
    )


def test_the_table_has_a_line_with_reasons_for_each_request_that_is_left_out(
    demo: tuple[str, Path],
) -> None:
    _, folder = demo
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    with (folder / "unplanned.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))

    assert [line["request"] for line in lines] == [one["request"] for one in plan["unplanned"]]
    assert all(line["in the way"] and line["would help"] for line in lines)


def test_a_database_of_the_user_s_own_is_left_alone(tmp_path: Path) -> None:
    kept = [tmp_path / name for name in ("spreekuur.db", "spreekuur.db.backup", "demo.db.backup")]
    for file in kept:
        file.write_text("mine", "utf-8")

    spreekuur("demo", "--requests", "500", "--time-limit", "3", "--folder", tmp_path)

    assert all(file.read_text("utf-8") == "mine" for file in kept)


def test_the_picture_is_one(demo: tuple[str, Path]) -> None:
    _, folder = demo

    assert (folder / "load.png").read_bytes().startswith(b"\x89PNG")


def test_what_the_report_says_to_try_next_works(demo: tuple[str, Path]) -> None:
    text, folder = demo
    assert "What to try next" in text

    lines = " ".join(re.sub("[│\n]", " ", text).split())
    taken_back = re.search(r"plan --database (\S+) --take-back (\S+)", lines)
    again = re.search(r"plan --database \S+ --from (\S+) --days (\d+)", lines)
    assert taken_back is not None
    assert again is not None

    assert spreekuur("check", folder / "instance.json", folder / "plan.json").returncode == 0
    database = f"sqlite:///{folder}/demo.db"
    assert taken_back[1] == "sqlite:///demo-output/demo.db"
    took = spreekuur("plan", "--database", database, "--take-back", taken_back[2], "--json")
    planned = json.loads((folder / "plan.json").read_text("utf-8"))["assignments"]
    assert len(json.loads(took.stdout)["taken"]) == len(planned)
    limits = "--from", again[1], "--days", again[2], "--time-limit", "4", "--json"
    report = json.loads(spreekuur("plan", "--database", database, *limits).stdout)
    assert report["planned"] > len(planned) * 0.95


def told(explanation: Explanation) -> tuple[str, str]:
    words = Words(
        an_instance(
            requests=[a_request(from_day=0, until_day=1)],
            availabilities=[an_availability(day=2, location=0)],
        ),
        {"L0": "Breda"},
    )
    return words.obstacles(explanation), words.offers(explanation)


def test_a_single_obstacle_is_told_as_such() -> None:
    in_the_way, _ = told(Explanation(0, {"saturday": 3, "fits": 2}, {"saturday": 1}, ()))

    assert in_the_way == (
        "on a Saturday, which the request does not allow (the only obstacle in 1)"
    )


def test_without_a_single_obstacle_the_three_that_exclude_most_are_told() -> None:
    reasons = {"saturday": 1, "exclusion": 9, "type_admitted": 8, "practitioner_free": 7}

    in_the_way, would_help = told(Explanation(0, reasons, {}, ()))

    assert "Saturday" not in in_the_way
    assert in_the_way.count("beside others") == 3
    assert would_help == "nothing that a planner may change"


def test_an_offer_names_the_day_and_the_place() -> None:
    offer = Offer(("date_window", "location_wish"), availability=0, start=540, days=2)

    _, would_help = told(Explanation(0, {"date_window": 1}, {}, (offer,)))

    assert re.fullmatch(r"allow other days: \w{3} \d+ \w{3} and another location: .+", would_help)


SCARCE = an_instance(
    availabilities=[an_availability(day=0), an_availability(day=2)],
    requests=[a_request() for _ in range(5)],
)


def test_a_shortage_is_told_with_place_time_and_minutes() -> None:
    shortage = Shortage(
        requests=(0, 1, 2, 3, 4),
        wanted=5,
        places=3,
        availabilities=(0, 1),
        minutes_wanted=1150,
        minutes_there=90,
        by_counting=True,
    )

    assert Words(SCARCE, {"L1": "Breda"}).shortage(shortage) == (
        "5 requests compete for 3 places: at least 2 must wait"
        " (Breda; Mon 30 Nov to Wed 2 Dec; 1,150 minutes are wanted, 90 are there)"
    )


def test_a_bottleneck_is_told_with_whose_hour_it_is() -> None:
    place = Bottleneck(0, 2, frozenset({0}), availability=1, worth=2.0, requests=2.0)

    assert Words(SCARCE, {"T1": "Intake"}).bottleneck(place) == "L1, Wed 2 Dec, P1: Intake"
