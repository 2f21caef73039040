"""Lifecycle rules hold for any order of actions, and the same on both databases (reliability §1, P17).

The same random steps are taken on SQLite and on PostgreSQL, by the commands themselves. After each of them
both give the same answer and have the same rows, column by column: keys are counted here, not drawn.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from models import base
from models.appointments import OCCUPYING, Party
from scheduler.appointments import (
    Choice,
    Edited,
    actions,
    complete,
    correct_no_show,
    draft,
    edit,
    mark_as_draft,
    mark_lapsed,
    no_show,
    plan,
    plan_directly,
    report_ad_hoc,
    undo_completion,
)
from scheduler.booking import Place, Spot, Target, book, cancel, delete, move, swap
from scheduler.guarded import guarded
from scheduler.lifecycles import PERFORMANCES, REQUESTS, OutdatedError, Step, advance, begin
from scheduler.refusals import Refusal, RefusedError
from tests.effort import searched
from tests.practices import NEXT_DAY, NO_PRICE, NOW, Practice, practice_on
from tests.records import DATABASES, at, fresh

Row = Mapping[str, Any]
Picture = Mapping[str, list[Row]]
Command = Callable[[Practice, Session], object]

COMPARED = ("requests", "appointments", "performances", "no_shows", "overrides", "reminders")
AT_THE_END = ("history", "events", "request_locations")
STEPS = settings(searched(0.06), stateful_step_count=50)

KINDS = ("check", "talk", "once")
MISSED = ("missed", "call again", "missed for free")
PLACES = ((0, "09:00"), (0, "09:20"), (0, "10:00"), (NEXT_DAY, "09:00"), (NO_PRICE, "09:00"))
STANDING = ("draft", "planned", "completed")
NUMBER = st.integers(0, 99)


class Keys:
    """Keys in order, the same for the same step on both sides."""

    def __init__(self) -> None:
        self._last = 0

    def begin(self, step: int) -> None:
        self._last = step << 20

    def next(self) -> UUID:
        self._last += 1
        return UUID(int=7 << 76 | 0b10 << 62 | self._last)

    def forget(self) -> None:
        """As its counterpart does."""


KEYS = Keys()
SIDES: list[Practice] = []
TAKEN: Counter[tuple[str, bool]] = Counter()
"""How often each command was done, and refused."""


def picture(practice: Practice, tables: tuple[str, ...] = COMPARED) -> Picture:
    return {table: practice.all(table) for table in tables}


class Lifecycles(RuleBasedStateMachine):
    """Everything that planners do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        for side in SIDES:
            self.stack.enter_context(side.undone())
        self.step = 1
        KEYS.begin(self.step)
        self.before: dict[UUID, list[Row]] = {}
        """What each no-show was."""
        self.now = picture(SIDES[0])

    def teardown(self) -> None:
        try:
            first, second = (picture(side, AT_THE_END) for side in SIDES)
            assert first == second
        finally:
            self.stack.close()

    # --- Taking a step --------------------------------------------------------------------------------

    def take(self, event: str, command: Command, about: UUID | None = None) -> bool:
        """The command on both sides, and whether it was done."""
        self.step += 1
        then, offered = self.now, self.offered(event, about)
        answers = [self.answer(side, command) for side in SIDES]
        assert answers[0] == answers[1], event
        pictures = [picture(side) for side in SIDES]
        assert pictures[0] == pictures[1], event
        self.now = pictures[0]
        codes = answers[0]
        TAKEN[event, codes == ()] += 1
        if codes:
            assert self.now == then, f"{event} was refused, and changed something: {codes}"
        assert set(offered) <= set(codes), f"{event} is not offered for {offered}, and was done"
        self.check_completed(event, then)
        self.check()
        return codes == ()

    def answer(self, side: Practice, command: Command) -> tuple[str, ...]:
        """The codes by which it is refused; none where it is done."""
        KEYS.begin(self.step)
        try:
            with side.session() as session:
                told = command(side, session)
        except RefusedError as error:
            return self.told(error.refusals)
        except OutdatedError as error:
            return ("outdated", *map(str, error.keys))
        return self.told(told) if isinstance(told, tuple) else ()

    @staticmethod
    def told(refusals: tuple[Refusal, ...]) -> tuple[str, ...]:
        return tuple(one.code for one in refusals)

    def offered(self, event: str, about: UUID | None) -> tuple[str, ...]:
        """What the menu has against it, on both sides."""
        if about is None:
            return ()
        menus = []
        for side in SIDES:
            with side.session() as session:
                menus.append(actions(session, [about], by=side.by)[about])
        assert menus[0] == menus[1]
        return self.told(menus[0].get(event, ()))

    # --- What there is --------------------------------------------------------------------------------

    def any(self, number: int, *states: str) -> UUID:
        """An appointment: mostly one in these states, at times one of which nothing becomes any more."""
        rows = self.now["appointments"]
        wanted = [one for one in rows if str(one["state"]) in (states or STANDING)]
        those = (wanted if number % 8 else rows) or rows
        key: UUID = those[number % len(those)]["id"]
        return key

    def has_any(self) -> bool:
        return bool(self.now["appointments"])

    def target(self, side: Practice, number: int) -> Target:
        """Some place in some availability."""
        if number % 7 == 6:
            return Target(side.other["availability_id"], at("09:00"))
        day, clock = PLACES[number % len(PLACES)]
        return side.target(clock, day)

    def choice(self, side: Practice, kind: str, number: int) -> Choice:
        return Choice(
            employee_id=EMPLOYEES[number % 2],
            consultation_type_id=side.types[kind],
            establishment_id=side.world.establishment,
        )

    # --- Planning -------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(KINDS), who=NUMBER, where=NUMBER)
    def ask_and_book(self, kind: str, who: int, where: int) -> None:
        def ask(side: Practice, session: Session) -> None:
            wish = side.world.request(
                employee_id=EMPLOYEES[who % 2], consultation_type_id=side.types[kind]
            )
            row = {
                **wish,
                "from_day": at("00:00").date(),
                "until_day": at("00:00", NO_PRICE + 1).date(),
                "duration": 30,
                "buffer": 5,
                "modality": "at_location",
                "requested_on": NOW.date(),
                "created_at": NOW,
            }
            with guarded(session):
                begin(session, REQUESTS, [row], event="open", by=side.by, at=NOW)

        if self.take("ask", ask):
            self.book(-1, where)

    @precondition(lambda self: self.now["requests"])
    @rule(which=NUMBER, where=NUMBER)
    def book(self, which: int, where: int) -> None:
        rows = self.now["requests"]
        if which % 8:
            rows = [one for one in rows if str(one["state"]) == "open"] or rows
        request = rows[which % len(rows)]["id"] if which >= 0 else rows[-1]["id"]

        def plan_it(side: Practice, session: Session) -> tuple[Refusal, ...]:
            target = self.target(side, where)
            place = Place(request, target.availability_id, target.starts_at)
            booked = book(session, [place], by=side.by, now=NOW, not_before=NOW)
            return booked.refused.get(request, ())

        self.take("book", plan_it)

    @rule(kind=st.sampled_from(KINDS), who=NUMBER, where=NUMBER)
    def plan_directly(self, kind: str, who: int, where: int) -> None:
        command = plan_directly if where % 3 else draft
        self.take(
            command.__name__,
            lambda side, session: command(
                session,
                self.choice(side, kind, who),
                self.target(side, where),
                by=side.by,
                now=NOW,
                not_before=NOW,
            ),
        )

    @rule(kind=st.sampled_from((*KINDS, *MISSED)), who=NUMBER, where=NUMBER)
    def report(self, kind: str, who: int, where: int) -> None:
        self.take(
            "report_ad_hoc",
            lambda side, session: report_ad_hoc(
                session,
                self.choice(side, kind, who),
                Spot(side.world.practitioner, side.world.location, at("09:10", where % 3 - 1)),
                by=side.by,
                now=NOW,
            ),
        )

    # --- What becomes of them -------------------------------------------------------------------------

    @precondition(has_any)
    @rule(which=NUMBER, where=NUMBER)
    def move(self, which: int, where: int) -> None:
        key = self.any(which)

        def go(side: Practice, session: Session) -> None:
            target: Target | Spot = self.target(side, where)
            if where % 5 == 0:
                world = side.world
                target = Spot(world.practitioner, world.location, at("07:00", where % 4 - 1))
            move(session, key, target, by=side.by, now=NOW, not_before=NOW)

        self.take("reschedule", go, key)

    @precondition(has_any)
    @rule(which=NUMBER, other=NUMBER)
    def swap(self, which: int, other: int) -> None:
        one, two = self.any(which), self.any(other)
        if one != two:
            self.take(
                "swap",
                lambda side, session: swap(session, one, two, by=side.by, now=NOW, not_before=NOW),
            )

    @precondition(has_any)
    @rule(which=NUMBER)
    def complete(self, which: int) -> None:
        self.go_on("complete", complete, self.any(which, "planned"))

    @precondition(has_any)
    @rule(which=NUMBER)
    def undo(self, which: int) -> None:
        self.go_on("undo_completion", undo_completion, self.any(which, "completed"))

    @precondition(has_any)
    @rule(which=NUMBER)
    def mark_as_draft(self, which: int) -> None:
        self.go_on("mark_as_draft", mark_as_draft, self.any(which, "planned"))

    @precondition(has_any)
    @rule(which=NUMBER)
    def plan(self, which: int) -> None:
        self.go_on("plan", plan, self.any(which, "draft"))

    @precondition(has_any)
    @rule(which=NUMBER)
    def delete(self, which: int) -> None:
        key = self.any(which)
        self.go_on("delete", delete, [key], about=key, reason="a mistake")

    @precondition(has_any)
    @rule(which=NUMBER)
    def cancel(self, which: int) -> None:
        key = self.any(which, "planned", "draft")
        self.go_on("cancel", cancel, key, party=Party.EMPLOYEE, reason="ill")

    @precondition(has_any)
    @rule(which=NUMBER)
    def lapse(self, which: int) -> None:
        self.go_on("mark_lapsed", mark_lapsed, self.any(which, "completed"), reason="void")

    def go_on(
        self,
        event: str,
        command: Callable[..., None],
        what: Any,
        about: UUID | None = None,
        **how: Any,
    ) -> None:
        self.take(
            event,
            lambda side, session: command(session, what, by=side.by, now=NOW, **how),
            about or what,
        )

    @precondition(has_any)
    @rule(which=NUMBER, kind=st.sampled_from((*MISSED, *MISSED, "check")))
    def miss(self, which: int, kind: str) -> None:
        key = self.any(which, "planned")
        was = self.all_about(key)
        done = self.take(
            "no_show",
            lambda side, session: no_show(session, key, side.types[kind], by=side.by, now=NOW),
            key,
        )
        if done:
            self.before[key] = was

    @precondition(lambda self: self.now["no_shows"])
    @rule(which=NUMBER, confirmed=st.booleans())
    def correct(self, which: int, *, confirmed: bool) -> None:
        rows = self.now["no_shows"]
        key = rows[which % len(rows)]["appointment_id"]
        done = self.take(
            "correct_no_show",
            lambda side, session: correct_no_show(
                session, key, by=side.by, now=NOW, cancel_follow_up=confirmed
            ),
            key,
        )
        if done:
            assert not self.follow_up(rows, key, "open"), "nobody is called again"
            was = self.before.pop(key)
            keys = {one["id"] for one in was}
            assert [one for one in self.all_about(key) if one["id"] in keys] == was

    @precondition(has_any)
    @rule(which=NUMBER, kind=st.sampled_from([None, None, *KINDS]), word=st.sampled_from("ab"))
    def edit(self, which: int, kind: str | None, word: str) -> None:
        key = self.any(which)
        (row,) = (one for one in self.now["appointments"] if one["id"] == key)

        def go(side: Practice, session: Session) -> None:
            to = Edited(
                remarks=word,
                contact_person_id=None,
                case_id=None,
                consultation_type_id=side.types[kind] if kind else row["consultation_type_id"],
            )
            edit(session, key, to, by=side.by, now=NOW)

        self.take("edit", go, key)

    # --- What others do with performances -------------------------------------------------------------

    @precondition(has_any)
    @rule(which=NUMBER, kind=st.sampled_from(["check", "missed"]))
    def write_by_hand(self, which: int, kind: str) -> None:
        key = self.any(which, "planned", "draft")
        (row,) = (one for one in self.now["appointments"] if one["id"] == key)
        if str(row["state"]) not in {"draft", "planned"}:
            return

        def write(side: Practice, session: Session) -> None:
            values = {
                "appointment_id": key,
                "performance_type_id": side.performed[kind],
                "establishment_id": side.world.establishment,
                "account_id": side.world.account,
                "performed_on": row["starts_at"].date(),
            }
            begin(session, PERFORMANCES, [values], event="hold", by=side.by, at=NOW)

        self.take("hold", write)

    @precondition(lambda self: self.now["performances"])
    @rule(which=NUMBER, event=st.sampled_from(["bill", "bill", "submit", "credit"]))
    def bill(self, which: int, event: str) -> None:
        source = "released" if event == "bill" else "billed"
        rows = [one for one in self.now["performances"] if str(one["state"]) == source]
        if not rows:
            return
        row = rows[which % len(rows)]

        def go(side: Practice, session: Session) -> None:
            step = Step(row["id"], row["version"], row["state"], event)
            advance(session, PERFORMANCES, [step], by=side.by, at=NOW)
            if event == "credit":
                side.credit(row["id"])

        self.take(event, go)

    # --- What holds after each step -------------------------------------------------------------------

    def all_about(self, appointment: UUID) -> list[Row]:
        """The rows of an appointment, its performances and its request, but for their versions."""
        (row,) = (one for one in self.now["appointments"] if one["id"] == appointment)
        its = [one for one in self.now["performances"] if one["appointment_id"] == appointment]
        asked = [one for one in self.now["requests"] if one["id"] == row["request_id"]]
        return [
            {name: value for name, value in one.items() if name != "version"}
            for one in (row, *its, *asked)
        ]

    def follow_up(self, missed: list[Row], appointment: UUID, state: str) -> bool:
        """Whether the request that followed from a no-show is in that state."""
        (key,) = (one["follow_up_id"] for one in missed if one["appointment_id"] == appointment)
        return any(one["id"] == key and str(one["state"]) == state for one in self.now["requests"])

    def check_completed(self, event: str, then: Picture) -> None:
        """Nobody changes what is completed but who moves it."""
        was = {one["id"]: one for one in then["appointments"] if str(one["state"]) == "completed"}
        for one in self.now["appointments"]:
            if one["id"] in was and str(one["state"]) == "completed":
                moved = event in {"reschedule", "swap"}
                assert moved or one == was[one["id"]], event

    def check(self) -> None:
        occupying = [one for one in self.now["appointments"] if one["state"] in OCCUPYING]
        self.check_requests(occupying)
        self.check_overlap(occupying)
        self.check_performances()
        kinds = {one["id"]: one["is_no_show"] for one in SIDES[0].all("consultation_types")}
        missed = {one["appointment_id"] for one in self.now["no_shows"]}
        for one in self.now["appointments"]:
            assert one["id"] not in missed or kinds[one["consultation_type_id"]]

    def check_requests(self, occupying: list[Row]) -> None:
        """Planned is what one appointment occupies; fulfilled what was held, or held and then void."""
        lapsed = {
            one["request_id"] for one in self.now["appointments"] if str(one["state"]) == "lapsed"
        }
        for request in self.now["requests"]:
            states = [str(a["state"]) for a in occupying if a["request_id"] == request["id"]]
            match str(request["state"]):
                case "planned":
                    assert states in (["draft"], ["planned"])
                case "fulfilled":
                    assert states == (["completed"] if request["id"] not in lapsed else [])
                case _:
                    assert states == []

    def check_overlap(self, occupying: list[Row]) -> None:
        for n, one in enumerate(occupying):
            for other in occupying[:n]:
                if one["practitioner_id"] == other["practitioner_id"]:
                    apart = (
                        one["occupied_until"] <= other["starts_at"]
                        or other["occupied_until"] <= one["starts_at"]
                    )
                    assert apart, "one practitioner, twice at once"
                if one["employee_id"] == other["employee_id"]:
                    apart = (
                        one["ends_at"] <= other["starts_at"] or other["ends_at"] <= one["starts_at"]
                    )
                    assert apart, "one employee, twice at once"

    def check_performances(self) -> None:
        performed = {
            one["id"]: one["performance_type_id"] for one in SIDES[0].all("consultation_types")
        }
        refunded = Counter(one["refund_of_id"] for one in self.now["performances"])
        credited = {
            one["performance_id"] for one in SIDES[0].all("invoice_lines") if one["credits_id"]
        }
        for appointment in self.now["appointments"]:
            state, kind = str(appointment["state"]), performed[appointment["consultation_type_id"]]
            its = [
                one
                for one in self.now["performances"]
                if one["appointment_id"] == appointment["id"] and one["refund_of_id"] is None
            ]
            standing = [one for one in its if one["id"] not in credited]
            day = appointment["starts_at"].date()
            moving = [one for one in standing if str(one["state"]) in {"held", "released"}]
            assert all(one["performed_on"] == day for one in moving)
            if state == "completed":
                own = [one for one in its if one["performance_type_id"] == kind]
                assert kind is None or own, "completed, and nothing written"
                assert all(str(one["state"]) != "held" for one in own)
            elif state == "lapsed":
                assert all(
                    refunded[one["id"]] == (str(one["state"]) in {"billed", "submitted"})
                    for one in standing
                )
                assert all(str(one["state"]) != "released" for one in standing)
            else:
                assert all(str(one["state"]) == "held" for one in standing), state


EMPLOYEES: list[UUID] = []


@pytest.fixture(scope="module")
def sides(request: pytest.FixtureRequest) -> Iterator[None]:
    """The same practice on both databases, with the same keys."""
    with ExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(base, "_keys", KEYS)
        for name in DATABASES:
            KEYS.begin(0)
            engine = stack.enter_context(_engine(request, name))
            practice = stack.enter_context(practice_on(engine))
            EMPLOYEES[:] = [practice.world.employee, practice.somebody()]
            practice.change("locations", practice.world.location, capacity=1)
            for clock, kind in (("13:00", "check"), ("14:00", "once")):
                practice.booked(clock, kind)
            SIDES.append(practice)
        yield
        SIDES.clear()


def _engine(request: pytest.FixtureRequest, name: str) -> Any:
    class Asked:
        param = name
        getfixturevalue = staticmethod(request.getfixturevalue)

    return contextmanager(fresh)(cast("pytest.FixtureRequest", Asked))


@pytest.mark.hypothesis
@pytest.mark.usefixtures("sides")
def test_the_lifecycles_hold_in_any_order_and_alike_on_both_databases() -> None:
    run_state_machine_as_test(Lifecycles, settings=STEPS)


# --- That the machine sees what it should ---------------------------------------------------------------


def a_story(machine: Lifecycles) -> list[tuple[str, bool]]:
    """All that can become of two appointments, and what was done of it."""
    TAKEN.clear()
    first, second = 1, 1  # of those in the wanted state
    machine.ask_and_book(kind="check", who=1, where=1)
    for _ in range(2):
        machine.complete(which=first)
        machine.undo(which=first)
    machine.complete(which=first)
    machine.move(which=first, where=3)
    machine.miss(which=first, kind="call again")
    machine.correct(which=0, confirmed=True)
    machine.mark_as_draft(which=first)
    machine.plan(which=second)
    machine.bill(which=0, event="bill")
    machine.bill(which=0, event="submit")
    machine.complete(which=2)
    machine.delete(which=3)
    machine.lapse(which=first)
    machine.cancel(which=first)
    return sorted(TAKEN)


@pytest.mark.usefixtures("sides")
def test_a_story_goes_through_every_state() -> None:
    machine = Lifecycles()
    try:
        told = a_story(machine)
    finally:
        machine.teardown()
    done = {event for event, was_done in told if was_done}
    assert done >= {
        *("book", "complete", "undo_completion", "reschedule", "no_show", "correct_no_show"),
        *("mark_as_draft", "plan", "bill", "submit", "mark_lapsed", "cancel", "delete"),
    }


@pytest.mark.parametrize(
    "fault",
    [
        "scheduler.booking.ending.hold_again",
        "scheduler.booking.moving.follow_day",
        "scheduler.appointments.completing.hold_again",
        "scheduler.appointments.lapsing._refund",
        "scheduler.appointments.correcting._take_back",
    ],
)
@pytest.mark.usefixtures("sides")
def test_what_is_left_undone_is_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control runs: each of these makes the story fail."""
    monkeypatch.setattr(fault, lambda *_, **__: None)
    machine = Lifecycles()
    try:
        with pytest.raises(AssertionError):
            a_story(machine)
    finally:
        machine.stack.close()
