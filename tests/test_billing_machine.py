"""Money adds up to the cent, whatever is done in whatever order, on both databases. Reliability §1, P16.

After each step: used + invoiced = price for each line, totals are the sums of lines, what is left is
max(0, budget - used), numbers have no gap, and what is final is what it was. As a basis becomes final, a
second reckoning, in plain Python, says what each budget pays of it.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine

from models.agreements import BudgetScope, ServiceAgreement
from models.billing import InvoiceBasis, InvoiceLine, Performance
from scheduler.billing import budgets, crediting, finishing, generating, loose
from scheduler.billing.billable import paid as pay
from scheduler.billing.generating import Period
from scheduler.billing.totals import totals
from scheduler.refusals import RefusedError
from tests.billings import NOW, Books, books_on
from tests.effort import searched
from tests.records import DATABASES, fresh

STEPS = settings(searched(0.1), stateful_step_count=50)
"""In a soak 100,000 steps on each database."""
NUMBER = st.integers(0, 99)
DAYS = (date(2026, 12, 30), date(2027, 1, 2), date(2027, 1, 20), date(2027, 2, 3))
PERIODS = (
    Period(date(2026, 12, 1), date(2027, 1, 1)),
    Period(date(2027, 1, 1), date(2027, 2, 1)),
    Period(date(2027, 2, 1), date(2027, 3, 1)),
)
CENTS = st.integers(0, 40_000)
BOOKS: list[Books] = []
TAKEN: defaultdict[str, int] = defaultdict(int)
Row = dict[str, Any]


class Money(RuleBasedStateMachine):
    """All that changes what somebody owes."""

    def __init__(self) -> None:
        super().__init__()
        self.books = BOOKS[0]
        self.undo = self.books.connection.begin_nested()
        self.final: dict[UUID, Row] = {}
        """Lines of bases that are final, as they were then."""

    def teardown(self) -> None:
        self.undo.rollback()

    def rows(self, table: str) -> list[Row]:
        return self.books.rows(table)

    def take(self, command: Any, *what: Any, **how: Any) -> Any:
        """Done, or refused with everything as it was."""
        try:
            found = self.books.do(command, *what, **how)
        except RefusedError:
            found = None
        else:
            TAKEN[command.__name__] += 1
        self.check()
        return found

    # --- What is done

    @rule(
        kind=st.sampled_from(["check", "talk", "extra"]),
        on=st.sampled_from(DAYS),
        branch=st.booleans(),
    )
    def perform(self, kind: str, on: date, branch: bool) -> None:  # noqa: FBT001 (Hypothesis names it)
        where = {"establishment_id": self.books.branch} if branch else {}  # type: ignore[attr-defined]
        self.books.performed(kind, on, **where)

    @rule(period=st.sampled_from(PERIODS), branch=st.booleans())
    def generate(self, period: Period, branch: bool) -> None:  # noqa: FBT001 (Hypothesis names it)
        where = self.books.branch if branch else None  # type: ignore[attr-defined]
        wanted = Period(period.from_day, period.until_day, where)
        self.take(generating.generate, [self.books.employer], wanted)

    @precondition(lambda self: self.of_state("invoice_bases", "draft"))
    @rule(which=NUMBER)
    def finalise(self, which: int) -> None:
        basis = self.one("invoice_bases", "draft", which)
        wanted = self.reckoned(basis["id"])
        before = {one["id"] for one in self.rows("invoice_bases") if one["number"]}
        how = {"by": self.books.by, "now": NOW}
        self.take(finishing.finalise, (InvoiceBasis, basis["id"]), **how)
        if {one["id"] for one in self.rows("invoice_bases") if one["number"]} == before:
            return
        lines = [one for one in self.rows("invoice_lines") if one["basis_id"] == basis["id"]]
        spent: defaultdict[tuple[UUID, int], int] = defaultdict(int)
        for line in lines:
            if line["budget_cents"] > 0:
                spent[self.payer(line["agreed_model_id"]), line["budget_year"]] += line[
                    "budget_cents"
                ]
        assert spent == {key: cents for key, cents in wanted.items() if cents}

    @precondition(lambda self: self.of_state("invoice_bases", "final"))
    @rule(which=NUMBER)
    def send(self, which: int) -> None:
        basis = self.one("invoice_bases", "final", which)
        how = {"by": self.books.by, "now": NOW}
        self.take(finishing.send, (InvoiceBasis, basis["id"]), **how)

    @precondition(lambda self: self.of_state("invoice_bases", "draft"))
    @rule(which=NUMBER)
    def drop(self, which: int) -> None:
        basis = self.one("invoice_bases", "draft", which)
        self.take(generating.drop, (InvoiceBasis, basis["id"]))

    @precondition(lambda self: self.of_state("invoice_bases", "draft") and self.final)
    @rule(which=NUMBER, line=NUMBER)
    def credit(self, which: int, line: int) -> None:
        basis = self.one("invoice_bases", "draft", which)
        key = sorted(self.final)[line % len(self.final)]
        self.take(crediting.credit, (InvoiceBasis, basis["id"]), (InvoiceLine, key))

    @precondition(lambda self: self.of_state("performances", "submitted"))
    @rule(which=NUMBER)
    def refund(self, which: int) -> None:
        """As marking an appointment lapsed does."""
        one = self.one("performances", "submitted", which)
        self.take(loose.refund, (Performance, one["id"]), by=self.books.by, now=NOW)

    @precondition(lambda self: self.of_state("performances", "released"))
    @rule(which=NUMBER)
    def hold(self, which: int) -> None:
        one = self.one("performances", "released", which)
        self.take(loose.hold, (Performance, one["id"]), by=self.books.by, now=NOW)

    @precondition(lambda self: self.of_state("performances", "held"))
    @rule(which=NUMBER)
    def release(self, which: int) -> None:
        one = self.one("performances", "held", which)
        self.take(loose.release, (Performance, one["id"]), by=self.books.by, now=NOW)

    @rule(cents=CENTS)
    def budget_on_all(self, cents: int) -> None:
        agreement = (ServiceAgreement, self.books.agreement)
        self.take(budgets.change, agreement, BudgetScope.AGREEMENT, cents, {})

    @rule(first=CENTS, second=CENTS | st.none())
    def budget_per_model(self, first: int, second: int | None) -> None:
        models = {self.books.agreed: first, self.books.second: second}  # type: ignore[attr-defined]
        of = {key: cents for key, cents in models.items() if cents is not None}
        self.take(
            budgets.change, (ServiceAgreement, self.books.agreement), BudgetScope.MODEL, None, of
        )

    @rule(kind=st.sampled_from(["check", "talk", "extra"]), outside=st.booleans())
    def exclude(self, kind: str, outside: bool) -> None:  # noqa: FBT001 (Hypothesis names it)
        key = self.books.categories[kind]
        self.books.change("price_categories", key, outside_budget=outside)
        self.check()

    # --- What is there

    def of_state(self, table: str, state: str) -> list[Row]:
        return [one for one in self.rows(table) if str(one["state"]) == state]

    def one(self, table: str, state: str, which: int) -> Row:
        those = self.of_state(table, state)
        return those[which % len(those)]

    def payer(self, agreed: UUID) -> UUID:
        """Whose budget pays for what is agreed so."""
        (agreement,) = self.rows("service_agreements")
        on_all = str(agreement["budget_scope"]) == "agreement"
        key: UUID = agreement["id"] if on_all else agreed
        return key

    def sizes(self) -> dict[UUID, int]:
        (agreement,) = self.rows("service_agreements")
        found = {one["id"]: one["yearly_budget_cents"] for one in self.rows("agreed_models")}
        found[agreement["id"]] = agreement["yearly_budget_cents"]
        return {key: cents for key, cents in found.items() if cents is not None}

    def used(self) -> defaultdict[tuple[UUID, int], int]:
        """What the budgets have paid by what is final, less what came back."""
        found: defaultdict[tuple[UUID, int], int] = defaultdict(int)
        for line in self.final.values():
            if line["budget_year"] is not None:
                key = self.payer(line["agreed_model_id"]), line["budget_year"]
                found[key] += line["budget_cents"]
        return found

    def reckoned(self, basis: UUID) -> dict[tuple[UUID, int], int]:
        """What each budget is to pay of a basis as it becomes final: its lines' prices, as far as it goes."""
        sizes, used = self.sizes(), self.used()
        outside = {one["id"]: one["outside_budget"] for one in self.rows("price_categories")}
        kinds = {
            self.books.types[name]: outside[key] for name, key in self.books.categories.items()
        }
        performed = {one["id"]: one for one in self.rows("performances")}
        wanted: defaultdict[tuple[UUID, int], int] = defaultdict(int)
        for line in self.rows("invoice_lines"):
            one = performed.get(line["performance_id"])
            if line["basis_id"] != basis or one is None:
                continue
            payer = self.payer(line["agreed_model_id"])
            if line["price_cents"] < 0:
                if line["budget_year"] is not None:
                    used[payer, line["budget_year"]] += line["budget_cents"]
            elif not kinds[one["performance_type_id"]] and payer in sizes:
                wanted[payer, one["performed_on"].year] += line["price_cents"]
        return {key: min(cents, max(0, sizes[key[0]] - used[key])) for key, cents in wanted.items()}

    # --- What holds after each step

    def check(self) -> None:
        lines = self.rows("invoice_lines")
        fixed = {one["id"] for one in self.rows("invoice_bases") if one["number"]}
        for one in lines:
            if one["basis_id"] in fixed:
                self.final.setdefault(one["id"], one)
            assert one["budget_cents"] + one["invoiced_cents"] == one["price_cents"]
            assert 0 <= abs(one["budget_cents"]) <= abs(one["price_cents"])
            assert one["id"] not in self.final or one == self.final[one["id"]]
        assert self.final.keys() <= {one["id"] for one in lines}
        self.check_sums(lines)
        self.check_left()
        numbers = sorted(one["number"] for one in self.rows("invoice_bases") if one["number"])
        assert numbers == [f"2027-{number:06}" for number in range(1, len(numbers) + 1)]
        billed = [one["performance_id"] for one in lines if not one["credits_id"]]
        assert len(billed) == len(set(billed)), "billed twice"
        credited = {one["credits_id"] for one in self.final.values()}
        refunded = {one["refund_of_id"] for one in self.rows("performances")}
        twice = {one["performance_id"] for one in self.final.values() if one["id"] in credited}
        assert not twice & refunded, "the same money twice"

    def check_sums(self, lines: list[Row]) -> None:
        bases = [one["id"] for one in self.rows("invoice_bases")]
        with self.books.session() as session:
            found = totals(session, bases)
        for basis in bases:
            mine = [one for one in lines if one["basis_id"] == basis]
            for name in ("price_cents", "budget_cents", "invoiced_cents"):
                assert getattr(found[basis], name) == sum(one[name] for one in mine)
            assert found[basis].lines == len(mine)
            assert found[basis].invoiced_cents == sum(vat.taxable_cents for vat in found[basis].vat)

    def check_left(self) -> None:
        sizes, used = self.sizes(), self.used()
        with self.books.session() as session:
            agreement = session.get_one(ServiceAgreement, self.books.agreement)
            for year in (2026, 2027):
                for one in budgets.standing(session, agreement, year):
                    key = one.agreed_model_id or agreement.id
                    assert (one.cents, one.used) == (sizes[key], used[key, year])
                    assert one.left == max(0, one.cents - one.used)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def books(engine: Engine) -> Iterator[None]:
    """With two contract models, and a branch."""
    with books_on(engine) as made:
        other = made.add("contract_models")
        made.types["talk"] = made.add("performance_types", name="talk")
        made.categories["talk"] = made.add(
            "price_categories", contract_model_id=other, vat_basis_points=900
        )
        made.price("talk", 3_333)
        made.branch = made.add("establishments", employer_id=made.employer)  # type: ignore[attr-defined]
        made.second = made.agree(made.agreement, other)  # type: ignore[attr-defined]
        BOOKS.append(made)
        yield
        BOOKS.clear()


@pytest.mark.hypothesis
@pytest.mark.usefixtures("books")
def test_money_adds_up_whatever_is_done() -> None:
    run_state_machine_as_test(Money, settings=STEPS)


def a_story(machine: Money) -> None:
    """All that can happen to money."""
    machine.budget_on_all(cents=12_000)
    for kind in ("check", "talk", "extra"):
        machine.perform(kind=kind, on=DAYS[0], branch=False)
        machine.perform(kind=kind, on=DAYS[1], branch=True)
    machine.generate(period=PERIODS[0], branch=False)
    machine.finalise(which=0)
    machine.generate(period=PERIODS[1], branch=True)
    machine.credit(which=0, line=0)
    machine.finalise(which=0)
    machine.send(which=1)
    machine.refund(which=0)
    for _ in range(2):
        machine.perform(kind="check", on=DAYS[2], branch=False)
    machine.generate(period=PERIODS[2], branch=False)
    machine.finalise(which=0)
    machine.budget_per_model(first=1, second=None)
    machine.exclude(kind="check", outside=True)
    machine.perform(kind="check", on=DAYS[3], branch=False)
    machine.hold(which=0)
    machine.release(which=0)
    machine.generate(period=PERIODS[2], branch=False)
    machine.drop(which=0)


@pytest.mark.usefixtures("books")
def test_a_story_goes_through_all_of_it() -> None:
    TAKEN.clear()
    machine = Money()
    try:
        a_story(machine)
    finally:
        machine.teardown()
    assert TAKEN.keys() == {
        *("change", "generate", "finalise", "send", "credit", "refund", "hold", "release", "drop")
    }


def pays_all(lines: Any, purse: Any) -> Any:
    """As if every budget were without an end."""
    purse.budgets = {key: (budget, 10**9) for key, (budget, _) in purse.budgets.items()}
    return pay(lines, purse)


def forgets(lines: Any, purse: Any) -> Any:
    """As if nothing had been used before."""
    purse.used.clear()
    return pay(lines, purse)


@pytest.mark.parametrize("fault", [pays_all, forgets])
@pytest.mark.usefixtures("books")
def test_what_is_reckoned_wrongly_is_seen(fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control runs: each of these makes the story fail."""
    monkeypatch.setattr(finishing, "paid", fault)
    machine = Money()
    with pytest.raises(AssertionError):
        a_story(machine)
    machine.teardown()
