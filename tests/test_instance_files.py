"""Instance files that cannot be taken: exit code 2 and one line with the file, the place, the value."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.command_line import Ran, called, run
from tests.worlds import (
    Json,
    a_location,
    a_plan,
    a_practitioner,
    a_request,
    a_type,
    an_availability,
    an_employee,
    an_existing,
    an_instance,
    at,
)

Key = str | int
Steps = tuple[Key, ...]
Name = tuple[str, ...]
"""A key of the format, whichever object of the list it stands in."""

WORLD = an_instance(
    name="a small world",
    holidays=[3],
    types=[a_type(refuse_duplicates=False)],
    locations=[a_location(capacity=2, holidays=[4])],
    practitioners=[a_practitioner(id="P1"), a_practitioner(id="P2")],
    employees=[an_employee(blacklist=["P2"])],
    availabilities=[an_availability(modalities=["location", "video"])],
    existing=[an_existing(practitioner="P2", type="T1", remote=False)],
    requests=[
        a_request(
            locations=["L1"],
            required_practitioner="P1",
            preferred_practitioner="P1",
            preferred_location="L1",
            remote=False,
            modalities=["location"],
            preferences=[["A1", 2]],
        )
    ],
)
"""Every key of the format is there, and every list has something in it."""
PLAN = a_plan(WORLD, {"Q1": ("A1", at(0, "09:30"))})

LISTS = [name for name, part in WORLD.items() if part and isinstance(part, list)]
PARTS: list[Steps] = [(), *((name, 0) for name in LISTS if name != "holidays")]
"""Where the objects of the file stand: the whole, and the first of each list."""
OPTIONAL = {
    ("params",),
    ("types", "refuse_duplicates"),
    ("locations", "holidays"),
    ("availabilities", "modalities"),
    ("existing", "type"),
    ("existing", "remote"),
    ("requests", "remote"),
    ("requests", "modalities"),
    ("requests", "preferences"),
}
NULLABLE = {
    ("locations", "holidays"),
    ("availabilities", "modalities"),
    ("existing", "type"),
    ("requests", "locations"),
    ("requests", "required_practitioner"),
    ("requests", "preferred_practitioner"),
    ("requests", "preferred_location"),
    ("requests", "modalities"),
    ("requests", "preferences"),
}


# --- Planting faults --------------------------------------------------------------------------------


def bytes_of(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def planted(steps: Steps, value: object, world: Json = WORLD) -> bytes:
    """The file with another value at the place to which the steps lead."""
    changed = deepcopy(world)
    _parent(changed, steps)[steps[-1]] = value
    return bytes_of(changed)


def left_out(steps: Steps) -> bytes:
    """The file without the key to which the steps lead."""
    changed = deepcopy(WORLD)
    del _parent(changed, steps)[steps[-1]]
    return bytes_of(changed)


def _parent(world: Any, steps: Steps) -> Any:
    for step in steps[:-1]:
        world = world[step]
    return world


def place_of(steps: Steps) -> str:
    """The place as the message ought to write it: `requests[0].window[1]`."""
    written = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)
    return written.removeprefix(".")


def keys_of_the_format() -> Iterator[tuple[Steps, Name]]:
    """Each key as the steps to it, and as its name."""
    for part in PARTS:
        for key in _parent(WORLD, (*part, "here")):
            steps = (*part, key)
            yield steps, tuple(step for step in steps if isinstance(step, str))


# --- What is asked of every refusal -----------------------------------------------------------------


class Commands:
    """Both commands in one folder, which must be the same afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan = folder / "good.plan.json"
        self.plan.write_bytes(bytes_of(PLAN))

    def refuse(self, content: bytes, *says: str, run: Callable[..., Ran] = called) -> None:
        """Both refuse a file with that content."""
        file = self.folder / "week.json"
        file.write_bytes(content)
        self.refuse_file(file, *says, run=run)

    def refuse_file(self, file: Path, *says: str, run: Callable[..., Ran] = called) -> None:
        """Both refuse that file, in one line that begins with its name and says all of this."""
        before = self._contents()
        for arguments in (
            ("check", file, self.plan),
            ("solve", file, "--output", self.folder / "plan.json"),
        ):
            assert_refused(run(*arguments), str(file), *says)
        assert self._contents() == before

    def accept(self, content: bytes) -> None:
        """The file is taken, and the plan that leaves out all of it keeps every rule."""
        file = self.folder / "week.json"
        file.write_bytes(content)
        nothing = bytes_of(a_plan(WORLD))
        ran = called("check", file, stdin=nothing)
        assert (ran.code, ran.err) == (0, "")

    def _contents(self) -> dict[str, bytes]:
        return {
            file.name: file.read_bytes() if file.is_file() else b""
            for file in self.folder.iterdir()
        }


def assert_refused(ran: Ran, file: str, *says: str) -> None:
    assert ran.code == 2
    assert ran.out == b""
    assert ran.err.startswith(f"spreekuur: {file}: ")
    assert ran.err.endswith("\n")
    assert len(ran.err.splitlines()) == 1  # counts whatever any terminal takes for a line break
    assert ran.err.removesuffix("\n").isprintable()
    assert len(ran.err) < len(file) + 250
    for saying in says:
        assert saying in ran.err


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


def test_the_world_without_a_fault_is_taken_by_both(commands: Commands, tmp_path: Path) -> None:
    commands.accept(bytes_of(WORLD))

    assert called("check", tmp_path / "week.json", commands.plan).code == 0


# --- Keys and kinds of values: the whole format -----------------------------------------------------

KEYS = list(keys_of_the_format())
REQUIRED = [steps for steps, key in KEYS if key not in OPTIONAL]
WRONG_BY_KIND: dict[type, list[object]] = {
    int: ["7", 7.5, 7.0, True, [7], None],
    str: [7, True, ["x"], {"id": "x"}, "", None],
    bool: [0, 1, "true", None],
    list: [{}, "x", 5, None],
}
"""What must not stand where a value of that kind belongs."""


WRONG_KINDS = [
    (steps, wrong)
    for steps, key in KEYS
    if key != ("params",)
    for wrong in WRONG_BY_KIND[type(_parent(WORLD, steps)[steps[-1]])]
    if wrong is not None or key not in NULLABLE
]


@pytest.mark.parametrize("steps", REQUIRED, ids=[place_of(steps) for steps in REQUIRED])
def test_a_missing_key_is_named(commands: Commands, steps: Steps) -> None:
    commands.refuse(left_out(steps), f"{place_of(steps)}: this key is missing")


@pytest.mark.parametrize("key", sorted(OPTIONAL), ids=".".join)
def test_an_optional_key_may_be_missing(commands: Commands, key: Name) -> None:
    steps = next(steps for steps, name in KEYS if name == key)

    commands.accept(left_out(steps))


@pytest.mark.parametrize("key", sorted(NULLABLE), ids=".".join)
def test_null_may_stand_for_nothing_wished(commands: Commands, key: Name) -> None:
    steps = next(steps for steps, name in KEYS if name == key)

    commands.accept(planted(steps, None))


@pytest.mark.parametrize(
    ("steps", "wrong"),
    WRONG_KINDS,
    ids=[f"{json.dumps(wrong)} as {place_of(steps)}" for steps, wrong in WRONG_KINDS],
)
def test_a_value_of_the_wrong_kind_is_named(
    commands: Commands, steps: Steps, wrong: object
) -> None:
    commands.refuse(planted(steps, wrong), f"{place_of(steps)}: must", f"not {json.dumps(wrong)}")


@pytest.mark.parametrize("part", PARTS[1:], ids=place_of)
def test_something_that_is_no_object_is_named(commands: Commands, part: Steps) -> None:
    commands.refuse(planted(part, ["x"]), f'{place_of(part)}: must be an object, not ["x"]')


@pytest.mark.parametrize("part", PARTS, ids=lambda part: place_of(part) or "the whole")
def test_an_unknown_key_is_ignored(commands: Commands, part: Steps) -> None:
    commands.accept(planted((*part, "colour"), {"of": ["no", "matter"]}))


# --- References, ids, and values out of range -------------------------------------------------------

REFERENCES: dict[Steps, str] = {
    ("employees", 0, "blacklist", 0): "practitioners",
    ("availabilities", 0, "practitioner"): "practitioners",
    ("availabilities", 0, "location"): "locations",
    ("availabilities", 0, "types", 0): "types",
    ("existing", 0, "practitioner"): "practitioners",
    ("existing", 0, "location"): "locations",
    ("existing", 0, "type"): "types",
    ("requests", 0, "employee"): "employees",
    ("requests", 0, "type"): "types",
    ("requests", 0, "locations", 0): "locations",
    ("requests", 0, "required_practitioner"): "practitioners",
    ("requests", 0, "preferred_practitioner"): "practitioners",
    ("requests", 0, "preferred_location"): "locations",
    ("requests", 0, "preferences", 0, 0): "availabilities",
}


@pytest.mark.parametrize(
    ("steps", "among"), list(REFERENCES.items()), ids=[place_of(steps) for steps in REFERENCES]
)
def test_a_reference_that_leads_nowhere_is_named(
    commands: Commands, steps: Steps, among: str
) -> None:
    told = f'{place_of(steps)}: "nobody" is not among the {among}; add it'

    commands.refuse(planted(steps, "nobody"), told)


@pytest.mark.parametrize(
    ("steps", "among"), list(REFERENCES.items()), ids=[place_of(steps) for steps in REFERENCES]
)
def test_the_id_of_another_kind_of_thing_leads_nowhere(
    commands: Commands, steps: Steps, among: str
) -> None:
    of_another_kind = "Q1"

    commands.refuse(
        planted(steps, of_another_kind), f'"{of_another_kind}" is not among the {among}'
    )


@pytest.mark.parametrize("name", [name for name in LISTS if name != "holidays"])
def test_an_id_that_stands_there_twice_is_named(commands: Commands, name: str) -> None:
    first = WORLD[name][0]
    twice = [*WORLD[name], first | {"buffer": 5} if "buffer" in first else first]

    told = f'{name}[{len(twice) - 1}].id: the id "{first["id"]}" stands at {name}[0] already'
    commands.refuse(planted((name,), twice), told)


class Wrong(NamedTuple):
    """A value of the right kind that cannot be: what it is, where it stands, and what is said."""

    sentence: str
    steps: Steps
    value: object
    says: tuple[str, ...]


A1, E1, Q1 = ("availabilities", 0), ("existing", 0), ("requests", 0)

OUT_OF_RANGE = [
    Wrong("a grid of 0", ("grid",), 0, ("grid: must be at least 1, not 0",)),
    Wrong("a negative grid", ("grid",), -5, ("grid: must be at least 1, not -5",)),
    Wrong("a grid over a day", ("grid",), 1441, ("grid: must be at most 1440, not 1441",)),
    Wrong("a horizon of no days", ("days",), 0, ("days: must be at least 1, not 0",)),
    Wrong("a horizon of centuries", ("days",), 10**6, ("days: must be at most", "not 1000000")),
    Wrong("an enormous number", ("days",), 10**40, ("days: must be at most", "not 10000000")),
    Wrong(
        "a negative duration",
        (*Q1, "duration"),
        -30,
        ("requests[0].duration: must be at least 1, not -30",),
    ),
    Wrong("no duration", ("types", 0, "duration"), 0, ("types[0].duration: must be", "not 0")),
    Wrong("a negative buffer", (*Q1, "buffer"), -5, ("requests[0].buffer: must be", "not -5")),
    Wrong("a negative limit", ("locations", 0, "capacity"), -1, ("capacity: must be", "not -1")),
    Wrong("a priority of 0", (*Q1, "priority"), 0, ("requests[0].priority: must be", "not 0")),
    Wrong("a modality of old", (*A1, "modalities", 0), "fax", ("'telephone' or 'video', not",)),
    Wrong("another version", ("format",), "appt-instance/2", ("'appt-instance/1', not",)),
    Wrong("another format", ("format",), "appt-plan/1", ("'appt-instance/1', not",)),
    Wrong(
        "a window that ends before it starts",
        (*Q1, "window"),
        [3, 1],
        ("requests[0].window: ", "must end at least a day after it starts, not [3, 1]"),
    ),
    Wrong(
        "a window that ends when it starts",
        (*Q1, "window"),
        [3, 3],
        ("requests[0].window: ", "must end at least a day after it starts, not [3, 3]"),
    ),
    Wrong("a window of one day", (*Q1, "window"), [1], ("window: must have at least 2", "[1]")),
    Wrong("a window of three", (*Q1, "window"), [1, 2, 3], ("window: must have at most 2",)),
    Wrong("a window of texts", (*Q1, "window", 1), "7", ("requests[0].window[1]: must", '"7"')),
    Wrong(
        "a reversed interval",
        (*A1, "end"),
        at(0, "08:00"),
        ("availabilities[0]: the interval [540, 480) must end after it starts",),
    ),
    Wrong(
        "an interval without a minute",
        (*A1, "end"),
        at(0, "09:00"),
        ("availabilities[0]: the interval [540, 540) must end after it starts",),
    ),
    Wrong(
        "an availability over midnight",
        (*A1, "end"),
        at(1, "00:01"),
        ("availabilities[0]: the interval [540, 1441) passes midnight; split it by day",),
    ),
    Wrong(
        "an availability after the horizon",
        A1,
        an_availability(start=at(7, "09:00"), end=at(7, "12:00")),
        ("availabilities[0]: 10620 is on day 7, and the last day is 6",),
    ),
    Wrong("one before it", (*A1, "start"), -60, ("availabilities[0].start: ", "not -60")),
    Wrong(
        "an existing appointment over midnight",
        (*E1, "start"),
        at(0, "23:45"),
        ("existing[0]: the interval [1425, 1455) passes midnight",),
    ),
    Wrong(
        "an existing appointment whose buffer passes midnight",
        E1,
        an_existing(start=at(0, "23:30"), buffer=5),
        ("existing[0]: the interval [1410, 1445) passes midnight",),
    ),
    Wrong(
        "an existing appointment after the horizon",
        (*E1, "start"),
        at(7, "09:00"),
        ("existing[0]: 10620 is on day 7, and the last day is 6",),
    ),
    Wrong(
        "points for an availability that are no number",
        (*Q1, "preferences", 0, 1),
        "2",
        ('requests[0].preferences[0][1]: must be a whole number, not "2"',),
    ),
    Wrong(
        "an availability without points",
        (*Q1, "preferences", 0),
        ["A1"],
        ("requests[0].preferences[0][1]: this key is missing",),
    ),
]

DAYS_THAT_ARE_NONE = {
    "a day that does not exist": "2026-02-30",
    "a month that does not exist": "2026-13-01",
    "the year 0": "0000-01-01",
    "a leap day in another year": "2026-02-29",
    "a date without hyphens": "20260323",
    "a date with one digit": "2026-3-1",
    "a Dutch date": "23-03-2026",
    "a week": "2026-W13-1",
    "a time": "2026-03-23T00:00:00",
    "a date with a line break": "2026-03-23\n",
    "wide digits": "２０２６-03-23",  # noqa: RUF001, a date that looks like one is the point
}


@pytest.mark.parametrize("fault", OUT_OF_RANGE, ids=lambda fault: fault.sentence)
def test_a_value_that_cannot_be_is_named(commands: Commands, fault: Wrong) -> None:
    commands.refuse(planted(fault.steps, fault.value), *fault.says)


@pytest.mark.parametrize("text", list(DAYS_THAT_ARE_NONE.values()), ids=DAYS_THAT_ARE_NONE)
@pytest.mark.parametrize("steps", [("start_date",), (*Q1, "request_date")], ids=place_of)
def test_a_date_must_exist_and_be_written_year_month_day(
    commands: Commands, steps: Steps, text: str
) -> None:
    value = json.dumps(text, ensure_ascii=False)

    commands.refuse(planted(steps, text), f"{place_of(steps)}: must be a date", f"not {value}")


@pytest.mark.parametrize("text", ["9999-12-25", "0001-01-01"])
def test_a_horizon_at_an_end_of_the_calendar_is_refused(commands: Commands, text: str) -> None:
    commands.refuse(planted(("start_date",), text), f'start_date: "{text}" is too near')


def test_the_first_fault_is_told_and_the_others_are_counted(commands: Commands) -> None:
    both = deepcopy(WORLD) | {"days": "7"}
    both["requests"][0]["duration"] = "30"

    commands.refuse(bytes_of(both), 'days: must be a whole number, not "7" (and 1 more)')


# --- Files that are no text, no JSON, or no object --------------------------------------------------

GOOD = bytes_of(WORLD)
PACKED = gzip.compress(GOOD, mtime=0)


def with_a_grid_of(text: bytes) -> bytes:
    """The file with another number written in it, as no JSON library would write it."""
    return GOOD.replace(b'"grid": 5', b'"grid": ' + text)


BROKEN: dict[str, tuple[bytes, str]] = {
    "an empty file": (b"", "is empty"),
    "a truncated file": (GOOD[:-20], "is not JSON: EOF"),
    "something after the end": (GOOD + b"{}", "is not JSON: trailing characters"),
    "a comma too many": (GOOD[:-1] + b",}", "is not JSON: trailing comma"),
    "a truncated gzip": (PACKED[:-20], f"ends too early, after {len(PACKED) - 20} bytes; copy"),
    "the first bytes of a gzip": (PACKED[:2], "ends too early, after 2 bytes"),
    "a gzip without its end": (PACKED[:-4], "ends too early"),
    "a damaged gzip": (PACKED[:40] + b"\xff\xff\xff" + PACKED[43:], "the gzip data is damaged"),
    "a gzip with a wrong checksum": (PACKED[:-8] + b"1234" + PACKED[-4:], "is damaged (CRC"),
    "a gzip with rubbish behind it": (PACKED + b"rubbish", "the gzip data is damaged"),
    "a gzip of rubbish": (gzip.compress(b"\x00rubbish"), "is not JSON: "),
    "a gzip of nothing": (gzip.compress(b""), "is empty"),
    "another encoding": (GOOD.replace(b"a small", "één".encode("latin-1")), "is not UTF-8 text"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "is not UTF-8 text"),
    "a NUL byte": (GOOD.replace(b"a small", b"a\0small"), "is not JSON: control character"),
    "half a character": (GOOD.replace(b"a small", rb"\ud800"), "is not JSON: "),
    "not a number": (with_a_grid_of(b"NaN"), "grid: must be a whole number, not NaN"),
    "a number without end": (with_a_grid_of(b"1e400"), "grid: must be a whole number, not Inf"),
    "less than any number": (with_a_grid_of(b"-Infinity"), "grid: must be a whole number, not -"),
    "an exponent": (with_a_grid_of(b"1e1"), "grid: must be a whole number, not 10.0"),
    "five thousand digits": (with_a_grid_of(b"9" * 5000), "is not JSON: number out of range"),
    "a list": (b"[]", "must be an object, not []"),
    "a word": (b'"week"', 'must be an object, not "week"'),
    "nothing": (b"null", "must be an object, not null"),
    "deep nesting": (b"[" * 100_000, "is not JSON: recursion limit exceeded"),
    "deep nesting in an unknown key": (
        planted(("colour",), "here").replace(b'"here"', b"[" * 5000 + b"]" * 5000),
        "is not JSON: recursion limit exceeded",
    ),
    "a plan instead": (bytes_of(PLAN), "format: must be 'appt-instance/1', not \"appt-plan/1\""),
}


@pytest.mark.parametrize(("content", "says"), list(BROKEN.values()), ids=BROKEN)
def test_a_broken_file_is_refused(commands: Commands, content: bytes, says: str) -> None:
    commands.refuse(content, says)


@pytest.mark.parametrize("sentence", ["a truncated gzip", "deep nesting"])
def test_the_real_command_refuses_a_broken_file(commands: Commands, sentence: str) -> None:
    content, says = BROKEN[sentence]

    commands.refuse(content, says, run=run)


def test_the_real_command_refuses_an_unknown_practitioner(commands: Commands) -> None:
    told = 'availabilities[0].practitioner: "Dr. Nobody" is not among the practitioners; add it'

    commands.refuse(planted((*A1, "practitioner"), "Dr. Nobody"), told, run=run)


# --- Values and names that would spoil the line -----------------------------------------------------

SPOILERS = {
    "a line break": ("no\nbody", r'"no\nbody"'),
    "a return": ("no\rbody", r'"no\rbody"'),
    "a NUL": ("no\0body", r'"no\u0000body"'),
    "a colour": ("\x1b[31mnobody", r'"\u001b[31mnobody"'),
    "a bell and a delete": ("\anobody\x7f", r'"\u0007nobody\x7f"'),
    "a line separator": ("no\u2028bo\x85dy", r'"no\u2028bo\x85dy"'),
    "text from right to left": ("\u202enobody", r'"\u202enobody"'),
    "markup": ("[red]nobody[/red]", '"[red]nobody[/red]"'),
    "an emoji's name": (":smile:", '":smile:"'),
    "another alphabet": ("Zoë Ω", '"Zoë Ω"'),
    "more than anybody reads": ("x" * 150, f'"{"x" * 56}... is not among'),
}


@pytest.mark.parametrize(("value", "quoted"), list(SPOILERS.values()), ids=SPOILERS)
def test_whatever_stands_in_the_file_the_message_is_one_line(
    commands: Commands, value: str, quoted: str
) -> None:
    commands.refuse(planted((*Q1, "employee"), value), f"requests[0].employee: {quoted}")


def test_a_long_wrong_value_is_cut(commands: Commands) -> None:
    commands.refuse(planted(("name",), [{"x" * 5000: "y" * 5000}]), 'not [{"xxxxx', "xxx...")


def test_a_line_break_in_a_file_name_stays_in_the_line(tmp_path: Path) -> None:
    file = tmp_path / "two\nlines.json"
    file.write_bytes(b"")

    assert_refused(called("check", file), str(tmp_path / r"two\nlines.json"), "is empty")


def test_a_file_name_that_is_no_text_can_be_told(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.json")

    ran = run("check", tmp_path / name)

    assert_refused(ran, str(tmp_path / r"caf\udce9.json"), "cannot be read: No such file")


# --- Files that cannot be read, and places where no plan can be written -----------------------------


def test_a_missing_file_is_named(commands: Commands, tmp_path: Path) -> None:
    commands.refuse_file(tmp_path / "none.json", "cannot be read: No such file or directory")


def test_a_folder_is_no_file(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    commands.refuse_file(tmp_path / "folder", "cannot be read: Is a directory")


def test_a_file_that_the_system_does_not_give_is_named(commands: Commands, tmp_path: Path) -> None:
    # a link to itself: root may read everything else
    (tmp_path / "loop.json").symlink_to("loop.json")

    commands.refuse_file(tmp_path / "loop.json", "cannot be read: Too many levels of symbolic")


def test_a_name_that_is_too_long_for_a_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / ("x" * 300)

    assert_refused(called("check", file), str(file), "cannot be read: File name too long")


def test_standard_input_is_named_as_such() -> None:
    assert_refused(called("solve", "-", stdin=b"{"), "standard input", "is not JSON")


def test_a_plan_cannot_come_through_the_pipe_that_brought_its_instance() -> None:
    ran = called("check", "-", "-", stdin=GOOD)

    assert_refused(ran, "standard input", "format: must be 'appt-plan/1', not \"appt-instance/1\"")


OUTPUTS = {
    "a folder that is not there": ("none/plan.json", "there is no such folder; make it first"),
    "a file for a folder": ("week.json/plan.json", "there is no such folder; make it first"),
    "a folder": ("folder", "is a folder; name a file in it"),
    "the instance itself": ("week.json", "is what is read itself; name another file"),
    "the instance by another name": ("folder/../week.json", "is what is read itself; name another"),
    "a name that is too long": ("x" * 300, "cannot be written: File name too long"),
}


@pytest.mark.parametrize(("name", "says"), list(OUTPUTS.values()), ids=OUTPUTS)
def test_an_output_that_cannot_be_is_refused_before_planning(
    tmp_path: Path, name: str, says: str
) -> None:
    file = tmp_path / "week.json"
    file.write_bytes(GOOD)
    (tmp_path / "folder").mkdir()

    ran = called("solve", file, "--output", f"{tmp_path}/{name}", "--time-limit", 1000)

    assert_refused(ran, f"{tmp_path}/{name}", says)
    assert file.read_bytes() == GOOD
    assert {entry.name for entry in tmp_path.rglob("*")} == {"week.json", "folder"}


def test_an_output_without_a_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "week.json"
    file.write_bytes(GOOD)

    assert_refused(called("solve", file, "--output", ""), ".", "is a folder; name a file in it")


def test_an_output_where_nobody_may_write_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "week.json"
    file.write_bytes(GOOD)

    # not even root may make a file there
    ran = run("solve", file, "--output", "/proc/plan.json", "--iterations", 0)

    assert_refused(ran, "/proc/plan.json")


# --- What is odd and yet no fault -------------------------------------------------------------------

ODD: dict[str, bytes] = {
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "line breaks around it": b"\r\n" + GOOD + b"\n\n",
    "a gzip under a plain name": PACKED,
    "a gzip of two members": gzip.compress(GOOD[:100]) + gzip.compress(GOOD[100:]),
    "a gzip padded with zeros": PACKED + bytes(512),
    "an availability until midnight": planted((*A1, "end"), at(1, "00:00")),
    "availabilities that overlap": planted(
        ("availabilities",),
        [*WORLD["availabilities"], an_availability(id="A2", start=at(0, "10:00"))],
    ),
    "an appointment of somebody who is not listed": planted((*E1, "employee"), "a stranger"),
    "an appointment off the grid": planted((*E1, "start"), at(0, "09:01")),
    "a region that has no location": planted(Q1, a_request(region="the moon")),
    "a window that begins before the horizon": planted((*Q1, "window"), [-5, 2]),
    "a window that ends after it": planted((*Q1, "window"), [5, 400]),
    "a request that is made after the start": planted((*Q1, "request_date"), "2026-12-03"),
    "nobody who works": planted(("availabilities",), [], WORLD | {"requests": []}),
    "nobody who asks": planted(("requests",), []),
    "no room at all": planted(("locations", 0, "capacity"), 0),
    "a longer grid than an hour": planted(("grid",), 90),
    "an id with a line break": planted((*Q1, "id"), "Q\n1"),
    "an id in another alphabet": planted((*Q1, "id"), "Ζωή"),
    "one id for two kinds of things": planted((*Q1, "id"), "A1"),
}


@pytest.mark.parametrize("content", list(ODD.values()), ids=ODD)
def test_it_is_odd_and_yet_taken(commands: Commands, content: bytes) -> None:
    commands.accept(content)
