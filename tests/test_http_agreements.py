"""Price lists, agreements, and who may write performances, over HTTP; and what they let be completed. Domain §§5, 7."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine

from models.audit import Act
from scheduler.access import Right
from tests.access import at_once
from tests.http_client import Client, code_of, copied, on_both, plain
from tests.http_practice import Surgery, codes, surgery, unknown


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def there(engine: Engine) -> Iterator[Surgery]:
    with surgery(engine) as made:
        yield made


@dataclass
class Office:
    """Who manages agreements."""

    there: Surgery
    who: Client

    def add(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.who.post(path, body)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        assert self.who.get(f"{path}/{told['id']}").json() == told
        return told

    def model(self, kind: str = "sale", **more: Any) -> str:
        key: str = self.add("/contract-models", kind=kind, name="Model", **more)["id"]
        return key

    def category(self, model: str | None = None) -> str:
        named = {"contract_model_id": model or self.model(), "name": "Consultations"}
        key: str = self.add("/price-categories", **named, vat_basis_points=2100)["id"]
        return key

    def price(self, category: str, kind: str, **more: Any) -> dict[str, Any]:
        about = {"price_category_id": category, "performance_type_id": kind}
        return self.add("/prices", **({**about, "from_day": "2027-01-01", "cents": 11000} | more))

    def agreement(self, **changes: Any) -> httpx2.Response:
        body = {"name": "2027", "from_day": "2027-01-01"} | changes
        body.setdefault("employer_id", self.employer)
        return self.who.post("/service-agreements", body)

    @property
    def employer(self) -> str:
        with self.there.by_hand() as practice:
            return str(practice.employer)

    def kind(self, name: str = "check") -> str:
        return str(self.there.practice.performed[name])

    def without_agreement(self) -> None:
        """As if nothing had been agreed."""
        with self.there.by_hand() as practice:
            day = date(2020, 1, 1)
            practice.change(
                "service_agreements", practice.agreement, from_day=day, until_day=date(2020, 1, 2)
            )


@pytest.fixture
def office(there: Surgery) -> Office:
    return Office(there, there.api.person(Right.MANAGE_AGREEMENTS))


# --- What completing needs --------------------------------------------------------------------------------


@on_both
def test_from_no_agreement_to_a_refund(office: Office) -> None:
    there = office.there
    office.without_agreement()
    _, key = there.booked()
    assert there.refused("complete", key) == ["no_agreement"]

    model = office.model(frequency="year", subscription_cents=100_000)
    category = office.category(model)
    empty = office.agreement(models=[{"contract_model_id": model, "frequency": "quarter"}])
    assert empty.status_code == 201, empty.text
    assert there.refused("complete", key) == ["no_price"]
    office.price(category, office.kind())
    assert there.done("complete", key)["state"] == "completed"

    there.done("undo_completion", key)
    assert there.performances(key) == [("held", "check")]
    there.done("complete", key)
    (performance,) = there.all("performances", appointment_id=key)
    with there.by_hand() as practice:
        practice.change("performances", performance["id"], state="submitted")
    assert there.done("mark_lapsed", key)["state"] == "lapsed"
    refund = there.all("performances", appointment_id=key)[1]
    assert (refund["refund_of_id"], refund["state"]) == (performance["id"], "released")


def test_who_may_write_performances_is_said_by_his_contract(office: Office) -> None:
    there = office.there
    _, key = there.booked()
    path = f"/accounts/{there.who.id}/contract"
    before = office.who.get(path)
    assert before.json()["may_write_performances"] is True

    version = before.headers["etag"].strip('"')
    answer = office.who.put(path, {"may_write_performances": False}, version=version)

    assert (answer.status_code, answer.json()["may_write_performances"]) == (200, False)
    assert there.refused("complete", key) == ["may_not_write_performances"]
    outdated = office.who.put(path, {"may_write_performances": True}, version=version)
    assert (outdated.status_code, code_of(outdated)) == (412, "outdated")
    again = office.who.put(path, {"may_write_performances": True}, version=int(version) + 1)
    assert again.status_code == 200
    assert there.refused("complete", key) == []
    changed = there.api.records(act=Act.UPDATE, kind="accounts", object_id=there.who.id)
    assert [one.allowed for one in changed] == [True, False, True]
    assert changed[0].fields == ["may_write_performances", "reimbursement_contract_id"]


# --- Price lists ------------------------------------------------------------------------------------------


def test_what_is_performed_has_a_code_of_its_own(office: Office) -> None:
    made = office.add("/performance-types", code="CONSULT-1", name="Consultation")

    again = office.who.post("/performance-types", {"code": "CONSULT-1", "name": "Another"})

    assert (again.status_code, code_of(again)) == (409, "code_taken")
    assert "CONSULT-1" in again.json()["detail"]
    assert made["id"] in [one["id"] for one in office.who.get("/performance-types").json()["items"]]
    for code in ("", "a b", "x" * 51, "a\nb", "é", 1):
        odd = office.who.post("/performance-types", {"code": code, "name": "x"})
        assert odd.status_code == 422


def test_a_subscription_has_an_amount_and_a_frequency(office: Office) -> None:
    halves: list[dict[str, Any]] = [{"frequency": "year"}, {"subscription_cents": 100}]
    for half in halves:
        answer = office.who.post("/contract-models", {"kind": "sale", "name": "Model", **half})

        assert (answer.status_code, code_of(answer)) == (422, "half_a_subscription")


def test_an_amount_is_whole_cents(office: Office) -> None:
    about = {"price_category_id": office.category(), "performance_type_id": office.kind()}
    for cents in (-1, 1e15, 10**15, 0.5, "100", True, None):
        body = {**about, "from_day": "2027-01-01", "cents": cents}

        assert office.who.post("/prices", body).status_code == 422


@on_both
def test_there_is_one_price_at_a_time(office: Office) -> None:
    category = office.category()
    first = office.price(category, office.kind(), until_day="2027-03-01")

    def add(from_day: str, until_day: str | None = None, kind: str = "check") -> list[str]:
        body = {
            "price_category_id": category,
            "performance_type_id": office.kind(kind),
            "from_day": from_day,
            "until_day": until_day,
            "cents": 12000,
        }
        return codes(office.who.post("/prices", body))

    assert add("2027-02-28") == ["one_price"]
    assert add("2026-12-01") == ["one_price"]
    assert add("2027-03-02", "2027-03-02") == ["period_without_a_day"]
    assert add("2027-03-01") == []
    assert add("2027-02-01", kind="missed") == []
    prolonged = office.who.post(f"/prices/{first['id']}/end", {"until_day": "2027-03-02"})
    assert codes(prolonged) == ["one_price"]
    on = f"price_category_id={category}&performance_type_id={office.kind()}&on="
    for day, cents in (("2027-02-28", [11000]), ("2027-03-01", [12000]), ("2026-12-31", [])):
        items = office.who.get(f"/prices?{on}{day}").json()["items"]
        assert [one["cents"] for one in items] == cents


def test_a_price_ends_but_not_under_what_was_released(office: Office) -> None:
    there = office.there
    office.without_agreement()
    model = office.model()
    category = office.category(model)
    price = office.price(category, office.kind())
    agreement = office.agreement(models=[{"contract_model_id": model}]).json()
    _, key = there.booked()
    there.done("complete", key)  # on the first of March

    def end(what: str, day: str, **more: Any) -> list[str]:
        return codes(office.who.post(f"/{what}/end", {"until_day": day}, **more))

    agreed = f"service-agreements/{agreement['id']}"
    assert end(f"prices/{price['id']}", "2027-03-01") == ["performances_left_unpriced"]
    assert end(agreed, "2027-03-01", version=1) == ["performances_left_unpriced"]
    assert end(f"prices/{price['id']}", "2027-01-01") == ["period_without_a_day"]
    assert end(agreed, "2026-12-31", version=1) == ["period_without_a_day"]
    assert end(f"prices/{price['id']}", "2027-03-02") == []
    assert end(agreed, "2027-03-02", version=1) == []
    there.done("undo_completion", key)
    assert end(f"prices/{price['id']}", "2027-03-01") == []
    assert there.refused("complete", key) == ["no_price"]
    assert office.who.get(f"/{agreed}").json()["until_day"] == "2027-03-02"


def test_what_is_named_is_there(office: Office) -> None:
    category, employer = office.category(), office.employer
    agreed = {"name": "x", "from_day": "2027-01-01"}
    price = {"from_day": "2027-01-01", "cents": 1, "performance_type_id": unknown()}
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/price-categories", {"contract_model_id": unknown(), "name": "x"}),
        ("/prices", price | {"price_category_id": unknown()}),
        ("/prices", price | {"price_category_id": category}),
        ("/service-agreements", agreed | {"employer_id": unknown()}),
        (
            "/service-agreements",
            agreed | {"employer_id": employer, "models": [{"contract_model_id": unknown()}]},
        ),
    ]
    for path, body in bodies:
        answer = office.who.post(path, body)

        assert (answer.status_code, code_of(answer)) == (404, "not_found")


# --- Agreements -------------------------------------------------------------------------------------------


def test_an_employer_has_one_agreement_at_a_time(office: Office) -> None:
    office.without_agreement()
    first = office.agreement(until_day="2027-07-01").json()

    assert codes(office.agreement(from_day="2027-06-30")) == ["agreement_overlaps"]
    assert codes(office.agreement(from_day="2026-01-01")) == ["agreement_overlaps"]
    assert codes(office.agreement(from_day="2026-01-01", until_day="2027-01-01")) == []
    assert codes(office.agreement(from_day="2027-07-01")) == []
    assert codes(office.agreement(until_day="2027-01-01")) == ["period_without_a_day"]
    prolonged = {"until_day": "2027-07-02"}
    path = f"/service-agreements/{first['id']}/end"
    assert codes(office.who.post(path, prolonged, version=1)) == ["agreement_overlaps"]
    seen = office.who.get(f"/service-agreements?employer_id={office.employer}&on=2027-06-30")
    assert [one["id"] for one in seen.json()["items"]] == [first["id"]]


@on_both
def test_of_agreements_made_at_once_one_stands(office: Office) -> None:
    office.without_agreement()
    employer = office.employer

    outcomes = at_once(
        office.there.api.engine,
        lambda _: office.agreement(employer_id=employer).status_code,
        clients=5,
    )

    assert sorted(outcomes) == [201, 409, 409, 409, 409]


BUDGETS = [
    # where        whole  part
    ("none",       None,  None, True),
    ("agreement",  100,   None, True),
    ("model",      None,  100,  True),
    ("model",      None,  None, True),
    ("agreement",  None,  None, False),
    ("none",       100,   None, False),
    ("none",       None,  100,  False),
    ("agreement",  100,   100,  False),
    ("model",      100,   100,  False),
]  # fmt: skip


def test_a_budget_is_on_the_agreement_or_on_its_models(office: Office) -> None:
    office.without_agreement()
    model = office.model()
    for year, (scope, whole, part, fits) in enumerate(BUDGETS, start=2030):
        answer = office.agreement(
            from_day=f"{year}-01-01",
            until_day=f"{year + 1}-01-01",
            budget_scope=scope,
            yearly_budget_cents=whole,
            models=[{"contract_model_id": model, "yearly_budget_cents": part}],
        )

        assert set(codes(answer)) == (set() if fits else {"budget_misplaced"}), year
        assert answer.status_code == (201 if fits else 422)


FREQUENCIES = ("year", "half_year", "quarter", "month")


def test_a_subscription_is_billed_by_its_frequency_or_a_shorter_one(office: Office) -> None:
    office.without_agreement()
    agreement, version = office.agreement().json()["id"], 1
    for own in (*FREQUENCIES, None):
        for wanted in FREQUENCIES:
            model = office.model(frequency=own, subscription_cents=None if own is None else 100)
            body = {"contract_model_id": model, "frequency": wanted}
            path = f"/service-agreements/{agreement}/models"
            refused = codes(office.who.post(path, body, version=version))

            shorter = own is not None and FREQUENCIES.index(own) < FREQUENCIES.index(wanted)
            assert refused == ([] if shorter else ["frequency_not_shorter"])
            version += shorter


def test_a_model_is_agreed_once_and_never_one_of_reimbursement(office: Office) -> None:
    office.without_agreement()
    sale, other, paid = office.model(), office.model(), office.model("reimbursement")
    twice = [{"contract_model_id": sale}, {"contract_model_id": sale}]
    assert codes(office.agreement(models=twice)) == ["model_agreed_already"]
    assert codes(office.agreement(models=[{"contract_model_id": paid}])) == ["reimbursement_model"]
    made = office.agreement(models=[{"contract_model_id": sale}]).json()
    path = f"/service-agreements/{made['id']}/models"

    assert codes(office.who.post(path, {"contract_model_id": sale}, version=1)) == [
        "model_agreed_already"
    ]
    assert codes(office.who.post(path, {"contract_model_id": paid}, version=1)) == [
        "reimbursement_model"
    ]
    added = office.who.post(path, {"contract_model_id": other}, version=1)
    assert (added.status_code, added.json()["version"]) == (201, 2)
    assert [one["contract_model_id"] for one in added.json()["models"]] == [sale, other]
    outdated = office.who.post(path, {"contract_model_id": other}, version=1)
    assert (outdated.status_code, code_of(outdated)) == (412, "outdated")


# --- Who may ----------------------------------------------------------------------------------------------


@on_both
def test_an_agreement_is_seen_by_who_reaches_its_employer(office: Office) -> None:
    there = office.there
    with there.by_hand() as practice:
        mine, agreement = practice.employer, practice.agreement
        other = practice.add("employers")
    manages = (Right.MANAGE_AGREEMENTS, Right.VIEW_BILLING)
    stranger = there.api.person(*manages, reaches={"employer_id": other})
    insider = there.api.person(*manages, reaches={"employer_id": mine})
    by_name = there.api.person(*manages, reaches={"employee_id": practice.world.employee})

    assert [one["id"] for one in insider.get("/service-agreements").json()["items"]] == [
        str(agreement)
    ]
    body = {"employer_id": str(mine), "name": "x", "from_day": "2030-01-01"}
    for who in (stranger, by_name):
        for query in ("", f"?employer_id={mine}"):
            assert who.get(f"/service-agreements{query}").json()["items"] == []
        for method, path, sent in (
            ("GET", "/service-agreements/{}", None),
            ("POST", "/service-agreements/{}/end", {"until_day": "2030-01-01"}),
            ("POST", "/service-agreements/{}/models", {"contract_model_id": unknown()}),
        ):
            foreign = who.call(method, path.format(agreement), sent, version=1)
            nothing = who.call(method, path.format(unknown()), sent, version=1)
            assert foreign.status_code == nothing.status_code == 404
            assert plain(foreign) == plain(nothing)
        foreign = who.post("/service-agreements", body)
        nothing = who.post("/service-agreements", body | {"employer_id": unknown()})
        assert foreign.status_code == nothing.status_code == 404
        assert plain(foreign) == plain(nothing)
    assert insider.post("/service-agreements", body).status_code == 201


def test_a_contract_is_of_somebody_in_ones_own_part(office: Office) -> None:
    there = office.there
    with there.by_hand() as practice:
        other = practice.add("employers")
    stranger = there.api.person(Right.MANAGE_AGREEMENTS, reaches={"employer_id": other})
    path = f"/accounts/{there.who.id}/contract"

    assert stranger.get(path).status_code == 404
    answer = stranger.put(path, {"may_write_performances": False}, version=1)
    assert (answer.status_code, code_of(answer)) == (404, "not_found")


def test_to_look_is_not_to_manage(office: Office) -> None:
    there = office.there
    looker = there.api.person(Right.VIEW_BILLING)
    named = {"kind": "sale", "name": "Model"}

    assert looker.get("/contract-models").status_code == 200
    answer = looker.post("/contract-models", named)
    assert (answer.status_code, code_of(answer)) == (403, "right_missing")
    assert there.who.get("/prices").status_code == 403
    assert office.model()


def test_a_new_agreement_is_on_record(office: Office) -> None:
    office.without_agreement()
    made = office.agreement().json()

    (created,) = office.there.api.records(act=Act.CREATE, kind="service_agreements")
    assert (str(created.object_id), created.ground) == (made["id"], "manage_agreements")
    assert "from_day" in created.fields
