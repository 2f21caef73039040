"""Billing over HTTP: from a completed appointment to an invoice in XML and a supplier who is paid. Domain §7."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import Engine

from models.database import writing
from scheduler import parameters
from scheduler.access import Right
from tests.http_client import Client, code_of, copied, on_both
from tests.http_practice import Surgery, codes, surgery, unknown

MARCH = {"from_day": "2027-03-01", "until_day": "2027-04-01"}
SELLER = {
    parameters.SELLER_NAME: "Service 1",
    parameters.SELLER_STREET: "Street 1",
    parameters.SELLER_POSTAL_CODE: "1000 AA",
    parameters.SELLER_CITY: "Amsterdam",
    parameters.SELLER_VAT_NUMBER: "NL000099998B57",
    parameters.SELLER_REGISTRATION: "12345678",
    parameters.SELLER_IBAN: "NL91ABNA0417164300",
}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@dataclass
class Desk:
    """Who bills, and a practice to bill for."""

    there: Surgery
    who: Client

    def held(self, clock: str = "09:00") -> UUID:
        """A completed appointment."""
        _, key = self.there.booked(clock)
        self.there.done("complete", key)
        return key

    @property
    def employer(self) -> str:
        with self.there.by_hand() as practice:
            return str(practice.employer)

    def make(self, **changes: Any) -> httpx2.Response:
        return self.who.post("/invoice-bases", {"employer_id": self.employer, **MARCH, **changes})

    def draft(self, **changes: Any) -> str:
        answer = self.make(**changes)
        assert answer.status_code == 201, answer.text
        (key,) = answer.json()["basis_ids"]
        return str(key)

    def read(self, path: str) -> dict[str, Any]:
        answer = self.who.get(path)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def step(self, path: str, method: str = "POST", to: str = "", body: Any = None) -> Any:
        """A change of what is at the path, in the version that stands."""
        version = self.read(path)["version"]
        return self.who.call(method, f"{path}{to}", body, version=version)

    def final(self, basis: str) -> dict[str, Any]:
        answer = self.step(f"/invoice-bases/{basis}", to="/finalise")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    with surgery(engine) as made:
        made.api.clock.now += timedelta(days=10)
        made.__post_init__()  # who was logged in before is not any more
        yield Desk(made, made.api.administrator())


@on_both
def test_from_a_completed_appointment_to_what_its_supplier_is_paid(desk: Desk) -> None:
    key = desk.held()
    (performance,) = desk.there.all("performances", appointment_id=key)
    basis = desk.draft()

    path = f"/invoice-bases/{basis}"
    (line,) = desk.read(f"{path}/lines")["items"]
    assert (line["performance_id"], line["price_cents"]) == (str(performance["id"]), 11_000)
    done = desk.final(basis)
    assert (done["state"], done["number"]) == ("final", "2027-000001")
    assert (done["totals"]["invoiced_cents"], done["totals"]["payable_cents"]) == (11_000, 11_000)
    sent = desk.step(path, to="/send")
    assert (sent.status_code, sent.json()["state"]) == (200, "sent")
    assert codes(desk.step(path, to="/finalise")) == ["basis_not_a_draft"]

    batch = hired(desk)
    (paid,) = desk.read(f"{batch}/lines")["items"]
    assert (paid["performance_id"], paid["cents"]) == (str(performance["id"]), 8_000)
    decisions = {"decisions": [{"performance_id": paid["performance_id"], "decision": "deferred"}]}
    assert desk.step(batch, "PUT", "/decisions", decisions).json()["deferred"] == 1
    assert desk.step(batch, to="/finalise").json()["state"] == "final"
    assert codes(desk.step(batch, "PUT", "/decisions", decisions)) == ["batch_not_a_draft"]
    again = desk.who.post("/reimbursement-batches", {"reference_on": "2027-03-31"}).json()
    assert (again["lines"], again["reimbursed_cents"]) == (1, 8_000)


def hired(desk: Desk) -> str:
    """Whoever completed is supplied by somebody, at EUR 80; the path of a batch for it."""
    kind = str(desk.there.practice.performed["check"])
    who = desk.who
    supplier = who.post("/suppliers", {"code": "S1", "name": "Supplier 1"}).json()["id"]
    model = who.post("/contract-models", {"kind": "reimbursement", "name": "Model"}).json()["id"]
    category = {"contract_model_id": model, "name": "Consultations"}
    price = {
        "price_category_id": who.post("/price-categories", category).json()["id"],
        "performance_type_id": kind,
        "from_day": "2027-01-01",
        "cents": 8_000,
    }
    assert who.post("/prices", price).status_code == 201
    agreed = {"supplier_id": supplier, "contract_model_id": model}
    contract = who.post("/reimbursement-contracts", agreed)
    assert contract.status_code == 201, contract.text
    account = f"/accounts/{desk.there.who.id}/contract"
    body = {
        "may_write_performances": True,
        "reimbursement_contract_id": contract.json()["id"],
    }
    assert desk.step(account, "PUT", body=body).status_code == 200
    made = who.post("/reimbursement-batches", {"reference_on": "2027-03-31"} | agreed)
    assert made.status_code == 201, made.text
    return f"/reimbursement-batches/{made.json()['id']}"


def test_the_same_draft_is_made_again_and_by_a_run(desk: Desk) -> None:
    desk.held()
    basis = desk.draft()
    desk.held("10:00")

    again = desk.step(f"/invoice-bases/{basis}", to="/generate")
    assert again.json()["basis_ids"] == [basis]
    assert desk.read(f"/invoice-bases/{basis}")["totals"]["lines"] == 2
    step = desk.who.post("/invoice-bases/run", MARCH)
    assert step.status_code == 201, step.text
    assert step.json() == {
        "basis_ids": [basis],
        "left_out": [],
        "left_out_count": 0,
        "next_employer_id": None,
    }
    listed = desk.read("/invoice-bases?state=draft&from_day=2027-03-05&until_day=2027-03-06")
    assert [one["id"] for one in listed["items"]] == [basis]
    assert desk.step(f"/invoice-bases/{basis}", "DELETE").status_code == 204
    assert desk.read("/invoice-bases")["items"] == []


def test_what_is_outdated_or_sent_wrongly_is_refused(desk: Desk) -> None:
    desk.held()
    basis = desk.draft()
    outdated = desk.who.post(f"/invoice-bases/{basis}/finalise", version=7)
    assert (outdated.status_code, code_of(outdated)) == (412, "outdated")
    missing = desk.who.post(f"/invoice-bases/{basis}/finalise")
    assert (missing.status_code, code_of(missing)) == (428, "version_missing")
    empty = desk.make(until_day="2027-03-01")
    assert (empty.status_code, codes(empty)) == (422, ["period_without_a_day"])
    assert desk.make(employer_id=unknown()).status_code == 404
    assert desk.make(establishment_id=unknown()).status_code == 404


def test_a_repeated_key_makes_one_basis_final_once(desk: Desk) -> None:
    desk.held()
    path = f"/invoice-bases/{desk.draft()}"
    version = desk.read(path)["version"]

    answers = [
        desk.who.post(f"{path}/finalise", key="one-of-a-kind", version=version) for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


@on_both
def test_a_lapsed_appointment_is_refunded_on_the_next_basis(desk: Desk) -> None:
    """And the budget of that year is whole again."""
    with desk.there.by_hand() as practice:
        agreement = f"/service-agreements/{practice.agreement}"
    budget = {"budget_scope": "agreement", "yearly_budget_cents": 10_000}
    told = desk.step(agreement, "PUT", "/budgets", budget)
    assert told.status_code == 200, told.text
    key = desk.held()
    basis = desk.draft()
    desk.final(basis)
    used = desk.read(f"{agreement}/budgets?year=2027")["budgets"]
    assert used == [{"agreed_model_id": None, "cents": 10_000, "used": 10_000, "left": 0}]
    (spent,) = desk.read(f"{agreement}/budget-lines?year=2027")["items"]
    assert (spent["basis_id"], spent["budget_cents"]) == (basis, 10_000)

    desk.there.done("mark_lapsed", key)
    following = desk.draft(from_day="2027-04-01", until_day="2027-05-01")
    totals = desk.final(following)["totals"]

    assert (totals["price_cents"], totals["budget_cents"]) == (-11_000, -10_000)
    assert totals["invoiced_cents"] == -1_000
    left = desk.read(f"{agreement}/budgets?year=2027")["budgets"]
    assert left == [{"agreed_model_id": None, "cents": 10_000, "used": 0, "left": 10_000}]


def test_a_line_is_credited_and_the_credit_taken_off(desk: Desk) -> None:
    key = desk.held()
    first = desk.draft()
    desk.final(first)
    (line,) = desk.read(f"/invoice-bases/{first}/lines")["items"]
    desk.held("10:00")
    path = f"/invoice-bases/{desk.draft()}"

    made = desk.step(path, to="/credits", body={"line_id": line["id"]})
    assert (made.status_code, made.json()["totals"]["invoiced_cents"]) == (201, 0)
    again = desk.step(path, to="/credits", body={"line_id": line["id"]})
    assert codes(again) == ["credited_once"]
    assert desk.step(path, to="/credits", body={"line_id": unknown()}).status_code == 404
    credit = next(one for one in desk.read(f"{path}/lines")["items"] if one["credits_id"])
    off = desk.step(path, "DELETE", f"/credits/{credit['id']}")
    assert off.json()["totals"]["invoiced_cents"] == 11_000
    desk.step(path, to="/credits", body={"line_id": line["id"]})
    desk.step(path, to="/finalise")

    # it counts as billed no more, and its appointment can be undone
    assert desk.there.done("undo_completion", key)["state"] == "planned"


def test_a_table_and_an_invoice(desk: Desk) -> None:
    desk.held()
    basis = desk.draft()
    path = f"/invoice-bases/{basis}"
    table = desk.who.get(f"{path}/lines.csv")
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert (row["price"], row["invoiced"], row["code"]) == ("110.00", "110.00", row["code"])
    assert codes(desk.who.get(f"{path}/invoice.xml")) == ["basis_not_final"]
    desk.final(basis)
    assert codes(desk.who.get(f"{path}/invoice.xml")) == ["invoice_incomplete"]

    with writing(desk.there.api.engine) as session:
        for one, value in SELLER.items():
            parameters.put(session, one, value)
    with desk.there.by_hand() as practice:
        practice.change("employers", practice.employer, vat_number="NL000099998B57")
        place = {"street": "Street 2", "postal_code": "1000 AB", "city": "Utrecht"}
        practice.change("establishments", practice.world.establishment, **place)
    invoice = desk.who.get(f"{path}/invoice.xml")
    assert invoice.status_code == 200, invoice.text
    assert invoice.headers["content-type"].startswith("application/xml")
    assert ">2027-000001<" in invoice.text


# --- Loose performances -------------------------------------------------------------------------------------


def a_case(desk: Desk) -> str:
    with desk.there.by_hand() as practice:
        kind = practice.add("case_kinds")
        key = UUID(unknown())
        practice.put(
            "cases",
            id=key,
            version=1,
            employee_id=practice.world.employee,
            establishment_id=practice.world.establishment,
            kind_id=kind,
            opened_on=desk.there.api.clock.now.date(),
        )
    return str(key)


@on_both
def test_a_loose_performance_is_written_held_released_billed_and_refunded(desk: Desk) -> None:
    writer = desk.there.api.person(
        Right.WRITE_PERFORMANCES, Right.MARK_LAPSED, may_write_performances=True
    )
    kind = str(desk.there.practice.performed["check"])
    body = {"performance_type_id": kind, "performed_on": "2027-03-01"}
    made = writer.post(f"/cases/{a_case(desk)}/performances", body)
    assert made.status_code == 201, made.text
    one = made.json()
    assert (one["state"], one["account_id"]) == ("released", str(writer.id))
    assert one["establishment_id"] == str(desk.there.practice.world.establishment)
    written = desk.there.api.records(kind="performances", actor_id=writer.id)
    assert [record.act for record in written] == ["create"]
    assert written[0].employee_id == desk.there.practice.world.employee

    path = f"/performances/{one['id']}"
    held = writer.post(f"{path}/hold", version=1)
    assert (held.status_code, held.json()["state"]) == (200, "held")
    assert desk.make().json()["basis_ids"] == []
    assert writer.post(f"{path}/release", version=2).json()["state"] == "released"
    basis = desk.draft()
    desk.final(basis)
    early = writer.post(f"{path}/refund", version=4)
    assert codes(early) == ["performance_not_refundable"]
    desk.step(f"/invoice-bases/{basis}", to="/send")
    refund = writer.post(f"{path}/refund", version=5)
    assert (refund.status_code, refund.json()["refund_of_id"]) == (201, one["id"])
    found = desk.read(f"/performances?state=released&employer_id={desk.employer}")
    assert [each["id"] for each in found["items"]] == [refund.json()["id"]]


def test_who_may_not_write_writes_nothing_and_hears_why(desk: Desk) -> None:
    kind = str(desk.there.practice.performed["check"])
    path = f"/cases/{a_case(desk)}/performances"
    body = {"performance_type_id": kind, "performed_on": "2027-03-01"}
    outsider = desk.there.api.person(Right.WRITE_PERFORMANCES)
    assert codes(outsider.post(path, body)) == ["may_not_write_performances"]
    writer = desk.there.api.person(Right.WRITE_PERFORMANCES, may_write_performances=True)
    late = writer.post(path, body | {"performed_on": "2027-03-25"})
    assert codes(late) == ["performed_ahead"]
    early = writer.post(path, body | {"performed_on": "2025-03-01"})
    assert codes(early) == ["no_agreement"]
    with desk.there.by_hand() as practice:
        other = practice.add("establishments", employer_id=practice.add("employers"))
    elsewhere = writer.post(path, body | {"establishment_id": str(other)})
    assert codes(elsewhere) == ["establishment_of_another_employer"]
    nobody = desk.there.api.person(Right.VIEW_BILLING, may_write_performances=True)
    assert codes(nobody.post(path, body)) == ["right_missing"]


def test_on_an_appointment_it_is_held_until_that_is_completed(desk: Desk) -> None:
    writer = desk.there.api.person(Right.WRITE_PERFORMANCES, may_write_performances=True)
    kind = str(desk.there.practice.performed["missed"])
    _, key = desk.there.booked()
    path = f"/appointments/{key}/performances"
    made = writer.post(path, {"performance_type_id": kind})
    assert (made.status_code, made.json()["state"]) == (201, "held")
    loose = writer.post(f"/performances/{made.json()['id']}/release", version=1)
    assert codes(loose) == ["performance_of_an_appointment"]

    desk.there.done("complete", key)

    assert sorted(desk.there.performances(key)) == [("released", "check"), ("released", "missed")]
    assert writer.post(path, {"performance_type_id": kind}).json()["state"] == "released"
    with desk.there.by_hand() as practice:
        practice.change("appointments", key, state="lapsed", reason="void")
    assert codes(writer.post(path, {"performance_type_id": kind})) == ["not_allowed"]


# --- Who sees what ------------------------------------------------------------------------------------------


def test_bases_of_others_are_not_there(desk: Desk) -> None:
    desk.held()
    basis = desk.draft()
    employer = desk.employer
    with desk.there.by_hand() as practice:
        other = practice.add("employers")
    rights = (Right.INVOICE, Right.VIEW_BILLING)
    stranger = desk.there.api.person(*rights, reaches={"employer_id": other})

    assert stranger.get("/invoice-bases").json()["items"] == []
    for path in ("", "/lines", "/lines.csv", "/invoice.xml"):
        assert stranger.get(f"/invoice-bases/{basis}{path}").status_code == 404
    assert stranger.post(f"/invoice-bases/{basis}/finalise", version=1).status_code == 404
    assert stranger.post("/invoice-bases/run", MARCH).json()["basis_ids"] == []
    mine = stranger.post("/invoice-bases", {"employer_id": employer, **MARCH})
    assert mine.status_code == 404


def test_whose_performances_were_shown_is_on_record(desk: Desk) -> None:
    key = desk.held()
    basis = desk.draft()
    employee = desk.there.row("appointments", key)["employee_id"]
    looker = desk.there.api.person(Right.VIEW_BILLING)

    looker.get(f"/invoice-bases/{basis}/lines")
    looker.get("/performances")

    found = desk.there.api.records(actor_id=looker.id, employee_id=employee)
    assert [(one.kind, one.act) for one in found] == [
        ("invoice_lines", "read"),
        ("performances", "read"),
    ]
