"""What is shown of appointments: all of one, and the filters of the list. Domain §§5, 7, 8."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.base import new_id
from scheduler.access import Right
from tests.http_client import copied, on_both
from tests.http_practice import STEPS, Surgery, surgery, unknown
from tests.practices import NEXT_DAY
from tests.records import at


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def there(engine: Engine) -> Iterator[Surgery]:
    with surgery(engine) as made:
        yield made


def reminding(there: Surgery, minutes: int, kind: str = "check") -> None:
    """Each appointment of the type gets a mail so long after its start, or before."""
    with there.by_hand() as practice:
        template, code = new_id(), new_id().hex
        practice.put("templates", id=template, version=1, code=code, name="Reminder")
        practice.put(
            "default_reminders",
            id=new_id(),
            version=1,
            consultation_type_id=practice.types[kind],
            template_id=template,
            recipient="employee",
            channel="email",
            minutes=minutes,
        )


@on_both
def test_amounts_are_shown_to_who_may_see_billing(there: Surgery) -> None:
    _, key = there.booked()
    there.done("complete", key)
    biller = there.api.person(Right.VIEW_APPOINTMENTS, Right.VIEW_BILLING)

    (without,) = there.read(key)["performances"]
    (with_,) = there.read(key, biller)["performances"]

    assert without["price_cents"] is None
    assert with_ == without | {"price_cents": 11000}
    assert (with_["state"], with_["performed_on"]) == ("released", "2027-03-01")
    assert with_["performance_type_id"] == str(there.practice.performed["check"])


def test_what_is_on_a_final_invoice_keeps_its_amount_and_its_refund_is_negative(
    there: Surgery,
) -> None:
    _, key = there.booked()
    there.done("complete", key)
    (performance,) = there.all("performances", appointment_id=key)
    with there.by_hand() as practice:
        basis = practice.add("invoice_bases", employer_id=practice.employer)
        practice.add(
            "invoice_lines",
            basis_id=basis,
            agreed_model_id=practice.agreed_model,
            performance_id=performance["id"],
            price_cents=9900,
            invoiced_cents=9900,
        )
    biller = there.api.person(*STEPS, Right.VIEW_BILLING)

    def amounts() -> list[int]:
        return [one["price_cents"] for one in there.read(key, biller)["performances"]]

    assert amounts() == [11000]  # the basis is a draft
    with there.by_hand() as practice:
        practice.change("invoice_bases", basis, state="final", number="1", final_at=at("12:00"))
        practice.change("performances", performance["id"], state="billed")
    assert amounts() == [9900]
    there.done("mark_lapsed", key)
    assert amounts() == [9900, -9900]


def test_a_no_show_shows_what_it_was(there: Surgery) -> None:
    _, key = there.booked()
    assert there.read(key)["no_show"] is None
    before = there.read(key)
    there.done("no_show", key)

    was = there.read(key)["no_show"]

    for name in ("consultation_type_id", "practitioner_id", "location_id"):
        assert was[name] == before[name]
    assert (was["starts_at"], was["ends_at"]) == (before["starts_at"], before["ends_at"])
    assert (was["follow_up_id"], was["follow_up_appointments"]) == (None, [])


def test_rules_that_were_set_aside_are_shown_with_who_and_why(there: Surgery) -> None:
    request, key = there.booked()
    with there.by_hand() as practice:
        practice.change("requests", request, until_day=at("00:00", 1).date())
    lead = there.api.person(*STEPS, Right.OVERRIDE_RULES)
    why = {"date_window": "asked by telephone"}

    there.done("reschedule", key, who=lead, **there.place("09:00", NEXT_DAY, overrides=why))

    assert there.read(key)["overrides"] == [
        {"rule": "date_window", "account_id": str(lead.id), "reason": "asked by telephone"}
    ]


def test_the_reminders_to_be_sent_move_with_it_and_go_with_it(there: Surgery) -> None:
    reminding(there, -24 * 60)
    _, key = there.booked()
    assert there.read(key)["reminders"] == []  # nobody can be reached
    with there.by_hand() as practice:
        employee = practice.row("appointments", key)["employee_id"]
        practice.change("employees", employee, work_email="employee1@example.org")

    there.done("reschedule", key)

    told = {"channel": "email", "recipient": "employee"}
    assert there.read(key)["reminders"] == [told | {"due_at": "2027-02-28T13:00:00Z"}]
    there.done("mark_as_draft", key)
    assert there.read(key)["reminders"] == []


def test_the_list_is_filtered_as_a_planner_asks(there: Surgery) -> None:
    _, first = there.booked()
    _, second = there.booked("10:00", kind="talk")
    _, missed = there.booked("11:00")
    there.done("no_show", missed)
    mine = there.row("appointments", first)
    with there.by_hand() as practice:
        own = practice.employer
        elsewhere = practice.add("employers")

    def seen(**query: Any) -> list[UUID]:
        answer = there.who.get("/appointments", params=query)
        assert answer.status_code == 200, answer.text
        return [UUID(one["id"]) for one in answer.json()["items"]]

    assert seen() == [first, second, missed]
    assert seen(no_show="true") == [missed]
    assert seen(no_show="false") == [first, second]
    assert seen(ad_hoc="true") == []
    assert seen(consultation_type_id=str(mine["consultation_type_id"])) == [first]
    assert seen(employer_id=str(own)) == [first, second, missed]
    assert seen(employer_id=str(elsewhere)) == seen(employer_id=unknown()) == []
    assert seen(establishment_id=str(mine["establishment_id"])) == [first, second, missed]
    assert seen(case_id=unknown()) == []
    assert seen(practitioner_id=str(mine["practitioner_id"])) == [first]
    assert seen(no_show="true", starts_before=at("11:00").isoformat()) == []


@on_both
def test_another_employers_are_in_no_filter(there: Surgery) -> None:
    """T2."""
    _, key = there.booked()
    with there.by_hand() as practice:
        own, other = practice.employer, practice.add("employers")
    stranger = there.api.person(*STEPS, reaches={"employer_id": other})
    mine = there.api.person(*STEPS, reaches={"employer_id": own})

    for query in ("", f"?employer_id={own}", "?no_show=false"):
        assert stranger.get(f"/appointments{query}").json()["items"] == []
        assert [one["id"] for one in mine.get(f"/appointments{query}").json()["items"]] == [
            str(key)
        ]
    for path in ("", "/history"):
        assert stranger.get(f"/appointments/{key}{path}").status_code == 404
        assert mine.get(f"/appointments/{key}{path}").status_code == 200
