"""An invitation answered by its link, and a feed made and revoked, at a real browser; in Dutch and English. Domain §6, reliability P11."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select, update

from api.http import sending
from models.agenda import Location
from models.base import new_id
from models.database import reading, writing
from models.messages import Answer, Invitation, InvitationAnswer
from models.people import Practitioner
from scheduler.access import Right
from scheduler.invitations import sealed
from tests.access import VAULT
from tests.http_client import World, a_world, copied
from tests.pages import Desk, a_browser, a_desk, require_accessible


@pytest.fixture(scope="module", params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    with a_browser() as made:
        yield made


@pytest.fixture(scope="module")
def world(engine: Engine) -> Iterator[World]:
    with a_world(engine, requests=4) as made:
        yield made


@pytest.fixture(scope="module")
def desk(world: World, started: Browser) -> Iterator[Desk]:
    with a_desk(world.api, started) as made:
        yield made


def invited(world: World, appointment: str) -> str:
    """The employee; gives the link in his mail."""
    key = new_id()
    with writing(world.api.engine) as session:
        session.add(Invitation(id=key, appointment_id=UUID(appointment)))
    return f"{sending.ANSWER}/{sealed(VAULT, key)}"


def answers(world: World) -> list[tuple[Answer, str | None]]:
    with reading(world.api.engine) as session:
        query = select(InvitationAnswer).order_by(InvitationAnswer.id)
        return [(one.answer, one.remark) for one in session.scalars(query)]


def answered(page: Page, said: str, remark: str = "") -> None:
    page.get_by_label(said).check()
    if remark:
        page.get_by_role("textbox").fill(remark)
    page.locator("button.first").click()


def test_an_answer_by_the_link_is_seen_by_who_plans(desk: Desk, world: World) -> None:
    booked = world.book(0, 0)
    link = invited(world, booked["id"])

    with desk.open(link, language="en") as page:
        # in the language of whoever is invited, whatever his browser speaks
        expect(page.get_by_role("heading", level=1)).to_have_text("Uw afspraak")
        expect(page.locator("html")).to_have_attribute("lang", "nl")
        expect(page.get_by_text("maandag 3 mei 2027, 09:00–09:30")).to_be_visible()
        require_accessible(page)
        assert answers(world) == []
        answered(page, "Ik wil graag een ander moment", "Liever na 11 uur\n<b>graag</b>")
        expect(page.get_by_text("De afspraak blijft staan")).to_be_visible()
        require_accessible(page)
    assert answers(world) == [(Answer.ANOTHER_TIME, "Liever na 11 uur\n<b>graag</b>")]

    with desk.open(link) as page:
        expect(page.get_by_label("Ik wil graag een ander moment")).to_be_checked()
        answered(page, "Nee, ik kan niet komen")
        expect(page.locator("#answered").get_by_text("Nee, ik kan niet komen")).to_be_visible()

    with desk.open(f"/appointments/{booked['id']}", world.planner) as page:
        card = page.get_by_role("region", name="Invitations")
        expect(card.get_by_text("cannot come")).to_be_visible()
        expect(card.get_by_text("Liever na 11 uur")).to_be_visible()
        expect(page.locator(".history li").first).to_contain_text("answered: cannot come")
        require_accessible(page)
    told = world.planner.get(f"/appointments/{booked['id']}").json()
    (one,) = told["invitations"]
    assert (one["recipient"], one["answer"]["answer"]) == ("employee", "declined")
    assert told["state"] == "planned"
    history = world.planner.get(f"/appointments/{booked['id']}/history").json()
    assert [each["answer"] for each in history["answers"]] == ["another_time", "declined"]


def test_the_link_dies_with_the_appointment_and_says_so(desk: Desk, world: World) -> None:
    booked = world.book(1, 1)
    link = invited(world, booked["id"])
    with desk.open(link) as page:
        world.planner.post(
            f"/appointments/{booked['id']}/cancel",
            {"party": "employee", "reason": "ill"},
            version=booked["version"],
        )
        answered(page, "Ja, ik kom")
        expect(page.locator("form .problems")).to_contain_text("deze afspraak gaat niet door")
        page.reload()
        expect(page.get_by_text("Deze afspraak gaat niet door")).to_be_visible()
        expect(page.get_by_role("radio")).to_have_count(0)
        require_accessible(page)


def test_a_practitioner_makes_a_feed_and_revokes_it(desk: Desk, world: World) -> None:
    booked = world.book(2, 2)
    person = world.api.person(Right.VIEW_APPOINTMENTS, Right.VIEW_AGENDA)
    with writing(world.api.engine) as session:
        session.execute(
            update(Practitioner)
            .where(Practitioner.id == UUID(booked["practitioner_id"]))
            .values(account_id=person.id)
        )

    with desk.open("/own", person, language="nl") as page:
        card = page.get_by_role("region", name="Link voor uw eigen agenda")
        card.get_by_role("button", name="Nieuwe agendalink").click()
        address = card.locator("code.secret")
        expect(address).to_be_visible()
        require_accessible(page)
        path = re.sub(r"^https?://[^/]+", "", address.inner_text())
        answer = page.request.get(path)
        assert answer.status == 200
        assert booked["id"] in answer.text()
        card.get_by_role("link", name="Ik heb het bewaard").click()
        card.get_by_role("button", name="Intrekken").click()
        expect(card.get_by_text("Er is geen agendalink.")).to_be_visible()
        assert page.request.get(path).status == 404
        require_accessible(page)


def test_who_administers_locations_makes_one_of_a_location(desk: Desk, world: World) -> None:
    with reading(world.api.engine) as session:
        location = session.scalars(select(Location)).first()
    assert location is not None
    person = world.api.person(Right.VIEW_APPOINTMENTS, Right.VIEW_AGENDA, Right.MANAGE_LOCATIONS)
    with desk.open(f"/administration/locations/{location.id}", person) as page:
        page.get_by_role("link", name="Feeds for calendars").click()
        page.get_by_role("button", name="New feed").click()
        expect(page.locator("code.secret")).to_contain_text(".ics")
        require_accessible(page)
        page.get_by_role("link", name="I have kept it").click()
        expect(page.get_by_role("button", name="Revoke")).to_be_visible()
        require_accessible(page)
