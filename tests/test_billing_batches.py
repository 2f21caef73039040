"""Suppliers and reimbursement batches: what is taken, decided, deferred and final. Domain §7, Suppliers [001]."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.agreements import ContractModel
from models.billing import Performance
from models.reimbursement import Decision, ReimbursementBatch, Supplier
from scheduler.billing import batches, loose, suppliers
from scheduler.billing.batches import Which
from tests.billings import DAY, NOW, Books, books_on
from tests.records import DATABASES, change, drop, fresh, refusal

LATER = date(2027, 4, 30)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@dataclass
class Hired:
    """Books whose writer is supplied by somebody, at EUR 80 a check; an extra is worth nothing."""

    books: Books

    def __post_init__(self) -> None:
        books = self.books
        self.supplier = books.do(suppliers.add, "S1", "Supplier")
        self.model = self.price_list(check=8_000, extra=0)
        self.contract = self.agreed(self.supplier, self.model)
        books.change("accounts", books.account, reimbursement_contract_id=self.contract)

    def price_list(self, **cents: int) -> UUID:
        model = self.books.add("contract_models", kind="reimbursement")
        category = self.books.add("price_categories", contract_model_id=model)
        for name, amount in cents.items():
            kind = self.books.types[name]
            self.books.add(
                "prices",
                price_category_id=category,
                performance_type_id=kind,
                from_day=date(2026, 1, 1),
                cents=amount,
            )
        return model

    def agreed(self, supplier: UUID, model: UUID) -> UUID:
        return self.books.do(suppliers.agree, (Supplier, supplier), (ContractModel, model))

    def somebody(self, contract: UUID | None) -> UUID:
        books = self.books
        role, group = books.add("roles"), books.add("groups")
        return books.add(
            "accounts", role_id=role, group_id=group, reimbursement_contract_id=contract
        )

    def sent(self, name: str = "check", **values: Any) -> UUID:
        """A performance whose invoice was sent."""
        return self.books.performed(name, state="submitted", **values)

    def made(self, **which: Any) -> UUID:
        return self.books.do(batches.make, Which(**({"reference_on": LATER} | which)))

    def lines(self, batch: UUID) -> dict[UUID, tuple[str, int]]:
        return {
            one["performance_id"]: (str(one["decision"]), one["cents"])
            for one in self.books.rows("reimbursement_lines", batch_id=batch)
        }

    def decide(self, batch: UUID, decisions: dict[UUID, Decision]) -> list[str]:
        return self.books.refused(batches.decide, (ReimbursementBatch, batch), decisions)

    def final(self, batch: UUID) -> UUID:
        self.books.do(batches.finalise, (ReimbursementBatch, batch))
        return batch


@pytest.fixture
def hired(engine: Engine) -> Iterator[Hired]:
    with books_on(engine) as made:
        yield Hired(made)


def test_only_what_was_sent_is_reimbursed_up_to_the_day(hired: Hired) -> None:
    one, free = hired.sent(), hired.sent("extra")
    for state in ("held", "released", "billed"):
        hired.books.performed(state=state)
    hired.sent(on=date(2027, 5, 1))
    hired.sent(account_id=hired.somebody(None))

    batch = hired.made()

    assert hired.lines(batch) == {one: ("reimbursed", 8_000), free: ("reimbursed", 0)}


def test_by_supplier_model_and_holder(hired: Hired) -> None:
    second = hired.books.do(suppliers.add, "S2", "Supplier")
    other = hired.agreed(hired.supplier, hired.price_list(check=1))
    third = hired.agreed(second, hired.model)
    holders = {"own": hired.books.account, "model": hired.somebody(other)}
    holders["supplier"] = hired.somebody(third)
    sent = {name: hired.sent(account_id=key) for name, key in holders.items()}

    def taken(**which: Any) -> set[UUID]:
        attempt = hired.books.connection.begin_nested()
        found = set(hired.lines(hired.made(**which)))
        attempt.rollback()
        return found

    assert taken() == set(sent.values())
    assert taken(supplier_id=second) == {sent["supplier"]}
    assert taken(contract_model_id=hired.model) == {sent["own"], sent["supplier"]}
    assert taken(holder_id=holders["model"]) == {sent["model"]}
    assert taken(holder_id=holders["model"], supplier_id=second) == set()


def test_a_deferred_line_comes_back_in_the_next_batch(hired: Hired) -> None:
    paid, never, later = hired.sent(), hired.sent(), hired.sent()
    first = hired.made()
    wanted = {never: Decision.EXCLUDED, later: Decision.DEFERRED}
    assert hired.decide(first, wanted) == []
    assert hired.lines(hired.made()) == {}  # it is on a draft that somebody is looking at
    hired.final(first)

    second = hired.final(hired.made())
    third = hired.made()

    assert hired.lines(first) == {
        paid: ("reimbursed", 8_000),
        never: ("excluded", 8_000),
        later: ("deferred", 8_000),
    }
    assert hired.lines(second) == {later: ("reimbursed", 8_000)}
    assert hired.lines(third) == {}
    with hired.books.session() as session:
        sums = batches.sums(session, [first, third])
    assert (sums[first].lines, sums[first].reimbursed_cents) == (3, 8_000)
    assert (sums[first].excluded, sums[first].deferred, sums[third].lines) == (1, 1, 0)


def test_made_again_it_keeps_what_was_decided(hired: Hired) -> None:
    one = hired.sent()
    batch = hired.made()
    hired.decide(batch, {one: Decision.DEFERRED})
    new = hired.sent()

    hired.books.do(batches.again, (ReimbursementBatch, batch))

    assert hired.lines(batch) == {one: ("deferred", 8_000), new: ("reimbursed", 8_000)}


def test_nothing_changes_after_final(hired: Hired) -> None:
    one = hired.sent()
    batch = hired.final(hired.made())
    (line,) = hired.books.rows("reimbursement_lines")
    connection = hired.books.connection

    assert hired.decide(batch, {one: Decision.EXCLUDED}) == ["batch_not_a_draft"]
    for command in (batches.again, batches.drop, batches.finalise):
        assert hired.books.refused(command, (ReimbursementBatch, batch)) == ["batch_not_a_draft"]
    tried = [
        refusal(connection, change, "reimbursement_lines", line["id"], cents=1),
        refusal(connection, drop, "reimbursement_lines", line["id"]),
        refusal(connection, change, "reimbursement_batches", batch, reference_on=DAY),
        refusal(connection, drop, "reimbursement_batches", batch),
    ]
    assert tried == ["final_stays"] * len(tried)


def test_what_is_refused(hired: Hired) -> None:
    batch = hired.made()
    assert hired.decide(batch, {hired.sent(): Decision.EXCLUDED}) == ["performance_not_on_batch"]
    assert hired.books.refused(batches.finalise, (ReimbursementBatch, batch)) == ["batch_empty"]
    sale = (ContractModel, hired.books.model)
    supplier = (Supplier, hired.supplier)
    assert hired.books.refused(suppliers.agree, supplier, sale) == ["sale_model"]
    own = (ContractModel, hired.model)
    assert hired.books.refused(suppliers.agree, supplier, own) == ["contract_taken"]
    assert hired.books.refused(suppliers.add, "S1", "Another") == ["code_taken"]


def test_what_changed_since_it_was_made_is_looked_at_first(hired: Hired) -> None:
    one = hired.sent()
    batch = hired.made()
    hired.books.set_state(one, "billed")

    assert hired.books.refused(batches.finalise, (ReimbursementBatch, batch)) == ["batch_outdated"]


def test_dropped_it_gives_back_what_was_on_it(hired: Hired) -> None:
    one = hired.sent()
    hired.books.do(batches.drop, (ReimbursementBatch, hired.made()))
    assert set(hired.lines(hired.made())) == {one}


def test_what_has_no_rate_waits_and_is_told(hired: Hired) -> None:
    kind = hired.books.add("performance_types", name="talk")
    one = hired.sent(performance_type_id=kind)
    batch = hired.made()

    assert hired.lines(batch) == {}
    with hired.books.session() as session:
        found = batches.without_rate(session, session.get_one(ReimbursementBatch, batch))
    assert found == [one]


def refunded(hired: Hired, performance: UUID) -> UUID:
    key = hired.books.do(loose.refund, (Performance, performance), by=hired.books.by, now=NOW)
    hired.books.set_state(key, "submitted")
    return key


def test_a_refund_takes_back_what_was_paid(hired: Hired) -> None:
    one = hired.sent()
    hired.final(hired.made())
    (price,) = (row for row in hired.books.rows("prices") if row["cents"] == 8_000)
    hired.books.change("prices", price["id"], cents=9_000)
    back = refunded(hired, one)

    assert hired.lines(hired.final(hired.made())) == {back: ("reimbursed", -8_000)}


@pytest.mark.parametrize(
    ("decision", "wanted"),
    [
        (Decision.REIMBURSED, ("reimbursed", -8_000)),
        (Decision.EXCLUDED, ("reimbursed", 0)),
        (Decision.DEFERRED, ("deferred", -8_000)),
    ],
)
def test_a_refund_goes_by_what_becomes_of_its_performance(
    hired: Hired, decision: Decision, wanted: tuple[str, int]
) -> None:
    one = hired.sent()
    back = refunded(hired, one)
    batch = hired.made()
    hired.decide(batch, {one: decision})

    assert hired.lines(hired.final(batch))[back] == wanted
