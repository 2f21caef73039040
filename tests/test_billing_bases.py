"""Invoice bases: what gets onto a draft, what is final, what is credited and refunded. Domain §7."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from models.agreements import Frequency
from models.billing import InvoiceBasis, InvoiceLine, Performance
from scheduler.billing import crediting, finishing, generating, loose
from scheduler.billing.generating import Period
from scheduler.billing.money import in_euros, rounded_share, share
from scheduler.billing.subscriptions import terms
from scheduler.billing.totals import totals
from tests.billings import MARCH, NOW, Books, books_on
from tests.records import DATABASES, change, drop, fresh, refusal

APRIL = Period(date(2027, 4, 1), date(2027, 5, 1))
FEBRUARY = Period(date(2027, 2, 1), date(2027, 3, 1))


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def books(engine: Engine) -> Iterator[Books]:
    with books_on(engine) as made:
        yield made


# --- Drafts -----------------------------------------------------------------------------------------------


def test_only_what_is_released_gets_onto_a_draft(books: Books) -> None:
    one = books.performed()
    for state in ("held", "billed", "submitted"):
        books.performed(state=state)
    books.performed(on=MARCH.until_day)  # which is not in it

    basis = books.draft()

    (line,) = books.rows("invoice_lines", basis_id=basis)
    assert (line["performance_id"], line["price_cents"]) == (one, 11_000)
    assert (line["vat_basis_points"], line["description"]) == (2100, "check")


def test_what_came_late_comes_along(books: Books) -> None:
    books.performed()
    books.billed()
    late = books.performed(on=date(2027, 3, 31))
    nothing = books.generated(FEBRUARY)

    (line,) = books.rows("invoice_lines", basis_id=books.draft(APRIL))

    assert nothing.bases == []
    assert line["performance_id"] == late


def test_a_draft_is_made_again_without_loss_and_without_doubles(books: Books) -> None:
    kept, gone = books.performed(), books.performed()
    basis = books.draft()
    books.set_state(gone, "held")
    new = books.performed("extra")

    assert books.generated().bases == [basis]
    assert books.draft() == basis

    found = {one["performance_id"] for one in books.rows("invoice_lines", basis_id=basis)}
    assert found == {kept, new}
    (row,) = books.rows("invoice_bases")
    assert row["version"] == 3


def test_what_is_on_one_draft_is_on_no_other(books: Books) -> None:
    one = books.performed()
    first = books.draft()
    second = books.performed(on=date(2027, 4, 2))

    (other,) = (key for key in books.generated(APRIL).bases if key != first)

    assert [row["performance_id"] for row in books.rows("invoice_lines", basis_id=other)] == [
        second
    ]
    assert [row["performance_id"] for row in books.rows("invoice_lines", basis_id=first)] == [one]


def test_a_basis_is_of_an_establishment_or_of_the_employer(books: Books) -> None:
    branch = books.add("establishments", employer_id=books.employer)
    there = books.performed(establishment_id=branch)
    books.performed()

    of_branch = books.draft(Period(MARCH.from_day, MARCH.until_day, branch))
    rest = books.draft()

    (line,) = books.rows("invoice_lines", basis_id=of_branch)
    assert line["performance_id"] == there
    assert len(books.lines(rest)) == 1


def test_what_has_no_price_is_left_out_and_told(books: Books) -> None:
    free = books.add("performance_types", name="free")
    unknown = books.performed(performance_type_id=free)
    before = books.performed(on=date(2025, 12, 31))

    found = books.generated()

    assert found.bases == []
    assert {key: one.code for key, one in found.left_out.items()} == {
        unknown: "no_price",
        before: "no_agreement",
    }


def test_a_draft_that_is_dropped_gives_back_what_was_on_it(books: Books) -> None:
    books.performed()
    basis = books.draft()

    books.do(generating.drop, (InvoiceBasis, basis))

    assert books.rows("invoice_bases") == []
    assert len(books.lines(books.draft())) == 1


def test_a_period_has_a_day(books: Books) -> None:
    empty = Period(MARCH.from_day, MARCH.from_day)
    assert books.refused(generating.generate, [books.employer], empty) == ["period_without_a_day"]


# --- Final --------------------------------------------------------------------------------------------------


def test_a_final_basis_has_a_number_and_its_performances_are_billed(books: Books) -> None:
    one = books.performed()
    basis = books.billed()

    (row,) = books.rows("invoice_bases")
    assert (row["state"], row["number"], row["final_at"]) == ("final", "2027-000001", NOW)
    assert books.state(one) == "billed"
    (event,) = books.rows("events", topic="InvoiceBasisFinal")
    assert event["subject_id"] == basis
    for command in (generating.again, generating.drop):
        assert books.refused(command, (InvoiceBasis, basis)) == ["basis_not_a_draft"]
    how = {"by": books.by, "now": NOW}
    again = books.refused(finishing.finalise, (InvoiceBasis, basis), **how)
    assert again == ["basis_not_a_draft"]

    books.send(basis)

    (row,) = books.rows("invoice_bases")
    assert (row["state"], row["sent_at"], books.state(one)) == ("sent", NOW, "submitted")
    assert books.refused(finishing.send, (InvoiceBasis, basis), **how) == ["basis_not_final"]


def test_the_price_is_that_of_the_day_and_is_fixed_when_final(books: Books) -> None:
    (price,) = books.rows("prices", price_category_id=books.categories["check"])
    books.change("prices", price["id"], until_day=date(2027, 3, 11))
    books.price("check", 12_000, date(2027, 3, 11))
    books.performed()
    basis = books.draft()
    assert books.lines(basis) == [(11_000, 0, 11_000)]
    books.change("prices", price["id"], cents=11_500)

    books.finalise(basis)
    books.change("prices", price["id"], cents=1)

    assert books.lines(basis) == [(11_500, 0, 11_500)]


def test_nothing_changes_after_final(books: Books) -> None:
    books.performed()
    basis = books.billed()
    (line,) = books.rows("invoice_lines", basis_id=basis)
    connection = books.connection

    tried = [
        refusal(connection, change, "invoice_lines", line["id"], invoiced_cents=1, price_cents=1),
        refusal(connection, drop, "invoice_lines", line["id"]),
        refusal(connection, change, "invoice_bases", basis, number="1"),
        refusal(connection, change, "invoice_bases", basis, until_day=date(2028, 1, 1)),
        refusal(connection, change, "invoice_bases", basis, state="sent", sent_at=NOW, number="1"),
        refusal(connection, drop, "invoice_bases", basis),
    ]

    assert tried == ["final_stays"] * len(tried)


def test_what_changed_since_the_draft_was_made_is_looked_at_first(books: Books) -> None:
    books.performed()
    gone = books.performed()
    basis = books.draft()
    books.set_state(gone, "held")
    how = {"by": books.by, "now": NOW}

    assert books.refused(finishing.finalise, (InvoiceBasis, basis), **how) == ["basis_outdated"]
    books.do(generating.again, (InvoiceBasis, basis))
    books.finalise(basis)

    assert books.lines(basis) == [(11_000, 0, 11_000)]


def test_an_empty_basis_is_not_made_final(books: Books) -> None:
    one = books.performed()
    basis = books.draft()
    books.set_state(one, "held")
    books.do(generating.again, (InvoiceBasis, basis))

    how = {"by": books.by, "now": NOW}
    assert books.refused(finishing.finalise, (InvoiceBasis, basis), **how) == ["basis_empty"]


def test_numbers_have_no_gap_where_one_is_rolled_back(books: Books) -> None:
    first, second = (
        books.draft(Period(MARCH.from_day, MARCH.until_day, books.performed_at_a_branch()))
        for _ in range(2)
    )
    attempt = books.connection.begin_nested()
    books.finalise(first)
    attempt.rollback()
    books.finalise(second)
    books.finalise(first)

    numbers = {row["id"]: row["number"] for row in books.rows("invoice_bases")}
    assert numbers == {second: "2027-000001", first: "2027-000002"}


def test_each_year_counts_anew_by_local_clocks(books: Books) -> None:
    books.add("locations")
    books.performed()
    basis = books.draft()
    books.finalise(basis, datetime(2027, 12, 31, 23, 30, tzinfo=UTC))
    (row,) = books.rows("invoice_bases")
    assert row["number"] == "2028-000001"


def test_whom_it_is_addressed_to_is_kept_as_it_was(books: Books) -> None:
    books.change("employers", books.employer, debtor_number="D1", cost_centre="C1")
    books.change("establishments", books.establishment, cost_centre="C2")
    books.performed()
    basis = books.billed()
    books.change("employers", books.employer, debtor_number="D2")
    of_branch = Period(APRIL.from_day, APRIL.until_day, books.establishment)
    books.performed(on=date(2027, 4, 2))
    other = books.billed(of_branch)

    (row,) = books.rows("invoice_bases", id=basis)
    (line,) = books.rows("invoice_lines", basis_id=basis)
    assert row["parties"]["buyer"]["debtor_number"] == "D1"
    assert row["parties"]["buyer"]["cost_centre"] == "C1"
    assert line["cost_centre"] == "C2"
    (row,) = books.rows("invoice_bases", id=other)
    assert row["parties"]["buyer"]["cost_centre"] == "C2"
    assert row["parties"]["buyer"]["debtor_number"] == "D2"


# --- Money back ---------------------------------------------------------------------------------------------


def credit(books: Books, draft: object, line: object) -> list[str]:
    return books.refused(crediting.credit, (InvoiceBasis, draft), (InvoiceLine, line))


def test_a_line_is_taken_back_by_a_credit_line_once(books: Books) -> None:
    one = books.performed()
    first = books.billed()
    (line,) = books.rows("invoice_lines", basis_id=first)
    books.performed("extra", on=date(2027, 4, 2))
    draft = books.draft(APRIL)

    assert credit(books, draft, line["id"]) == []
    assert credit(books, draft, line["id"]) == ["credited_once"]
    books.do(generating.again, (InvoiceBasis, draft))
    books.finalise(draft)

    assert sorted(books.lines(draft)) == [(-11_000, 0, -11_000), (5_000, 0, 5_000)]
    assert books.state(one) == "billed"
    books.send(first)
    assert books.state(one) == "billed"  # it came to nothing, and is not submitted
    assert books.generated(APRIL).bases == []


def test_what_cannot_be_credited(books: Books) -> None:
    books.performed()
    first = books.billed()
    (line,) = books.rows("invoice_lines", basis_id=first)
    books.performed("extra", on=date(2027, 4, 2))
    draft = books.draft(APRIL)
    (own,) = books.rows("invoice_lines", basis_id=draft)

    assert credit(books, draft, own["id"]) == ["line_not_creditable"]
    assert credit(books, first, line["id"]) == ["basis_not_a_draft"]
    books.send(first)
    assert credit(books, draft, line["id"]) == ["performance_sent"]
    other = books.add("invoice_bases", employer_id=books.add("employers"))
    assert credit(books, other, line["id"]) == ["line_of_other_employer"]


def test_a_credit_that_was_sent_meanwhile_is_taken_off(books: Books) -> None:
    books.performed()
    first = books.billed()
    (line,) = books.rows("invoice_lines", basis_id=first)
    books.performed("extra", on=date(2027, 4, 2))
    draft = books.draft(APRIL)
    assert credit(books, draft, line["id"]) == []
    books.send(first)
    how = {"by": books.by, "now": NOW}
    assert books.refused(finishing.finalise, (InvoiceBasis, draft), **how) == ["credit_outdated"]
    (made,) = books.rows("invoice_lines", credits_id=line["id"])

    books.do(crediting.take_off, (InvoiceBasis, draft), (InvoiceLine, made["id"]))
    books.finalise(draft)

    assert books.lines(draft) == [(5_000, 0, 5_000)]


def test_a_refund_is_a_negative_line_at_the_price_that_was_paid(books: Books) -> None:
    one = books.performed()
    first = books.billed()
    books.send(first)
    books.change("prices", books.rows("prices")[0]["id"], cents=99_999)
    how = {"by": books.by, "now": NOW}
    books.do(loose.refund, (Performance, one), **how)
    assert books.refused(loose.refund, (Performance, one), **how) == ["performance_not_refundable"]

    basis = books.billed(APRIL)

    assert books.lines(basis) == [(-11_000, 0, -11_000)]


# --- Subscriptions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("billed", "parts"), [("month", 12), ("quarter", 4), ("half_year", 2), ("year", 1)]
)
@pytest.mark.parametrize("cents", [10_000, 1, 9_999, 100_001])
def test_a_year_is_divided_to_the_cent(billed: str, parts: int, cents: int) -> None:
    found = terms(date(2027, 1, 31), Frequency.YEAR, Frequency(billed), cents)
    year = [next(found) for _ in range(parts)]

    assert sum(one.cents for one in year) == cents
    assert max(one.cents for one in year) - min(one.cents for one in year) <= 1
    assert [one.until_day for one in year[:-1]] == [one.from_day for one in year[1:]]
    assert year[-1].until_day == date(2028, 1, 31)


@pytest.mark.parametrize(
    ("shorter", "times"), [(None, 1), ("half_year", 2), ("quarter", 4), ("month", 12)]
)
def test_a_yearly_subscription_billed_shorter(
    books: Books, shorter: str | None, times: int
) -> None:
    """EUR 100 a year, by each frequency: the lines of a year are EUR 100, and each is there once."""
    model = books.add(
        "contract_models",
        frequency="year",
        subscription_cents=10_000,
        subscription_vat_basis_points=2100,
    )
    books.agree(books.agreement, model, frequency=shorter)
    for month in range(1, 13):
        until = date(2027, month + 1, 1) if month < 12 else date(2028, 1, 1)
        period = Period(date(2027, month, 1), until)
        for basis in books.generated(period).bases:
            books.finalise(basis)
        assert books.generated(period).bases == []

    lines = books.rows("invoice_lines")
    assert len(lines) == times
    assert sum(one["invoiced_cents"] for one in lines) == 10_000
    assert {one["vat_basis_points"] for one in lines} == {2100}


def test_a_subscription_is_billed_with_the_main_establishment(books: Books) -> None:
    model = books.add("contract_models", frequency="month", subscription_cents=2_500)
    books.agree(books.agreement, model)
    branch = books.add("establishments", employer_id=books.employer)

    assert books.generated(Period(MARCH.from_day, MARCH.until_day, branch)).bases == []
    of_main = books.draft(Period(MARCH.from_day, MARCH.until_day, books.establishment))
    assert books.lines(of_main) == [(2_500, 0, 2_500)]
    assert books.generated().bases == []


# --- Sums ---------------------------------------------------------------------------------------------------


def test_cents() -> None:
    assert [share(10_000, 3, number) for number in range(3)] == [3_333, 3_333, 3_334]
    assert [rounded_share(cents, 2_100) for cents in (50, 250, -250)] == [11, 53, -53]
    assert [in_euros(cents) for cents in (0, 5, -5, 110_050)] == [
        "0.00",
        "0.05",
        "-0.05",
        "1100.50",
    ]


def test_vat_is_counted_by_rate_and_rounded_once(books: Books) -> None:
    books.change("prices", books.rows("prices")[0]["id"], cents=1_005)
    for _ in range(3):
        books.performed()
    books.performed("extra")
    basis = books.draft()

    with books.session() as session:
        found = totals(session, [basis])[basis]

    assert (found.lines, found.price_cents, found.invoiced_cents) == (4, 8_015, 8_015)
    assert [(one.basis_points, one.taxable_cents, one.cents) for one in found.vat] == [
        (2100, 3_015, 633),
        (None, 5_000, 0),
    ]
    assert (found.vat_cents, found.payable_cents) == (633, 8_648)
