"""The prepaid yearly budget: what it pays, when it is whole again, and what is left. Domain §7 [000 §3.2.1]."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.agreements import BudgetScope, ServiceAgreement
from models.billing import InvoiceBasis, InvoiceLine, Performance
from scheduler.billing import budgets, crediting, loose
from scheduler.billing.generating import Period
from tests.billings import MARCH, NOW, Books, books_on
from tests.records import DATABASES, fresh

APRIL = Period(date(2027, 4, 1), date(2027, 5, 1))
DECEMBER = Period(date(2026, 12, 1), date(2027, 1, 1))
JANUARY = Period(date(2027, 1, 1), date(2027, 2, 1))


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def books(engine: Engine) -> Iterator[Books]:
    with books_on(engine) as made:
        made.budget(10_000)
        yield made


def standing(books: Books, year: int = 2027) -> list[tuple[int, int, int]]:
    """Each budget: how much it is, what was used, and what is left."""
    with books.session() as session:
        agreement = session.get_one(ServiceAgreement, books.agreement)
        return [
            (one.cents, one.used, one.left) for one in budgets.standing(session, agreement, year)
        ]


def changed(
    books: Books, scope: str, cents: int | None, of_models: dict[UUID, int] | None = None
) -> list[str]:
    agreement = (ServiceAgreement, books.agreement)
    return books.refused(budgets.change, agreement, BudgetScope(scope), cents, of_models or {})


def test_the_seeds_example_110_of_which_a_budget_of_100_pays_100(books: Books) -> None:
    books.performed()

    basis = books.billed()

    assert books.lines(basis) == [(11_000, 10_000, 1_000)]
    assert standing(books) == [(10_000, 10_000, 0)]


def test_it_is_spent_when_a_basis_becomes_final(books: Books) -> None:
    books.performed()
    first = books.draft()
    branch = books.performed_at_a_branch()
    second = books.draft(Period(MARCH.from_day, MARCH.until_day, branch))
    assert (books.lines(first), books.lines(second)) == ([(11_000, 10_000, 1_000)],) * 2
    assert standing(books) == [(10_000, 0, 10_000)]

    books.finalise(second)
    books.finalise(first)

    assert books.lines(second) == [(11_000, 10_000, 1_000)]
    assert books.lines(first) == [(11_000, 0, 11_000)]


def test_an_excluded_category_leaves_it_whole(books: Books) -> None:
    books.performed("extra")

    assert books.lines(books.billed()) == [(5_000, 0, 5_000)]
    assert standing(books) == [(10_000, 0, 10_000)]


def test_a_subscription_is_no_performance_and_leaves_it_whole(books: Books) -> None:
    model = books.add("contract_models", frequency="month", subscription_cents=2_500)
    books.agree(books.agreement, model, budget_scope="agreement")

    assert books.lines(books.billed()) == [(2_500, 0, 2_500)]
    assert standing(books) == [(10_000, 0, 10_000)]


def test_it_is_whole_again_on_the_first_of_january(books: Books) -> None:
    """A performance is paid from the budget of its own year, whenever it is billed."""
    books.performed(on=date(2026, 12, 31))
    books.performed(on=date(2027, 1, 1))

    assert books.lines(books.billed(JANUARY)) == [(11_000, 10_000, 1_000)] * 2
    assert standing(books, 2026) == standing(books, 2027) == [(10_000, 10_000, 0)]
    assert standing(books, 2028) == [(10_000, 0, 10_000)]


def test_raised_or_lowered_what_is_left_is_counted_anew(books: Books) -> None:
    books.performed()
    first = books.billed()
    assert changed(books, "agreement", 15_000) == []
    assert standing(books) == [(15_000, 10_000, 5_000)]
    assert changed(books, "agreement", 4_000) == []
    assert standing(books) == [(4_000, 10_000, 0)]
    books.performed(on=date(2027, 4, 1))
    assert books.lines(books.draft(APRIL)) == [(11_000, 0, 11_000)]
    assert changed(books, "agreement", 12_345) == []

    assert books.lines(books.billed(APRIL)) == [(11_000, 2_345, 8_655)]
    assert books.lines(first) == [(11_000, 10_000, 1_000)]


def test_per_model_each_has_its_own(books: Books) -> None:
    other = books.add("contract_models")
    second = books.agree(books.agreement, other, budget_scope="agreement")
    books.types["talk"] = books.add("performance_types", name="talk")
    books.categories["talk"] = books.add("price_categories", contract_model_id=other)
    books.price("talk", 3_000)
    assert changed(books, "model", None, {second: 2_000}) == []

    books.performed()
    books.performed("talk")
    basis = books.billed()

    assert sorted(books.lines(basis)) == [(3_000, 2_000, 1_000), (11_000, 0, 11_000)]
    assert standing(books) == [(2_000, 2_000, 0)]
    assert changed(books, "agreement", 10_000) == []
    assert standing(books) == [(10_000, 2_000, 8_000)]


def test_never_both(books: Books) -> None:
    assert changed(books, "agreement", 1, {books.agreed: 1}) == ["budget_misplaced"]
    assert changed(books, "model", 1) == ["budget_misplaced"]
    assert changed(books, "agreement", None) == ["budget_misplaced"]
    assert changed(books, "none", None, {books.agreed: 1}) == ["budget_misplaced"]
    assert changed(books, "model", None, {books.model: 1}) == ["model_not_agreed"]
    assert changed(books, "model", None, {books.agreed: 1}) == []
    assert changed(books, "none", None) == []
    assert standing(books) == []


def test_a_credit_line_restores_it(books: Books) -> None:
    books.performed()
    first = books.billed()
    (line,) = books.rows("invoice_lines", basis_id=first)
    books.performed(on=date(2027, 4, 1))
    draft = books.draft(APRIL)
    books.do(crediting.credit, (InvoiceBasis, draft), (InvoiceLine, line["id"]))

    books.finalise(draft)

    # what comes back on a basis can be spent on it
    assert sorted(books.lines(draft)) == [(-11_000, -10_000, -1_000), (11_000, 10_000, 1_000)]
    assert standing(books) == [(10_000, 10_000, 0)]


def test_a_refund_restores_that_years(books: Books) -> None:
    """Of a performance of December that is refunded in April: the budget of December's year."""
    one = books.performed(on=date(2026, 12, 10))
    books.send(books.billed(DECEMBER))
    books.performed()
    books.billed()
    assert (standing(books, 2026), standing(books, 2027)) == ([(10_000, 10_000, 0)],) * 2
    books.do(loose.refund, (Performance, one), by=books.by, now=NOW)

    assert books.lines(books.billed(APRIL)) == [(-11_000, -10_000, -1_000)]

    assert standing(books, 2026) == [(10_000, 0, 10_000)]
    assert standing(books, 2027) == [(10_000, 10_000, 0)]


def test_no_other_agreement_pays(books: Books) -> None:
    books.change("service_agreements", books.agreement, until_day=date(2027, 3, 11))
    next_one = books.add(
        "service_agreements", employer_id=books.employer, from_day=date(2027, 3, 11)
    )
    books.agree(next_one, books.model)
    books.performed(on=date(2027, 3, 11))

    assert books.lines(books.billed()) == [(11_000, 0, 11_000)]
