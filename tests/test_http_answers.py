"""Answers by the link in a mail: kept, told, put on record; nothing without sending it, nothing by a link that is none. Domain §6, reliability §3.8, P21."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import Engine, select, update

from api.http.sending import ANSWER
from models.base import new_id
from models.database import reading, writing
from models.messages import Answer, Invitation, InvitationAnswer
from models.outbox import Event
from models.people import Employee, Practitioner
from models.triggers import Task
from scheduler.access.lockout import HOUR, TRIES_OF_A_NETWORK
from scheduler.invitations import MOST_ANSWERS, sealed
from tests.access import VAULT
from tests.http_client import ADDRESS, World, a_world, copied, on_both
from tests.mail import a_box, a_server
from tests.waiting import soon


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    with a_world(engine) as made:
        yield made


def invited(world: World, appointment: dict[str, Any], *, practitioner: bool = False) -> str:
    key = new_id()
    with writing(world.api.engine) as session:
        whose = UUID(appointment["practitioner_id"]) if practitioner else None
        to = UUID(appointment["id"])
        session.add(Invitation(id=key, appointment_id=to, practitioner_id=whose))
    return f"{ANSWER}/{sealed(VAULT, key)}"


def said(world: World, link: str, answer: str = "accepted", remark: str = "") -> httpx2.Response:
    """As the page sends it."""
    return world.api.client.post(
        link, data={"answer": answer, "remark": remark}, headers={"HX-Request": "true"}
    )


def kept(world: World) -> list[InvitationAnswer]:
    with reading(world.api.engine) as session:
        return list(session.scalars(select(InvitationAnswer).order_by(InvitationAnswer.id)))


def topics(world: World) -> list[tuple[str, dict[str, Any]]]:
    with reading(world.api.engine) as session:
        query = select(Event).where(Event.subject == "appointments").order_by(Event.sequence)
        return [(one.topic, one.facts) for one in session.scalars(query)][1:]


@on_both
def test_an_answer_is_kept_and_told_and_nothing_is_cancelled(world: World) -> None:
    booked = world.book()
    link = invited(world, booked)
    page = world.api.client.get(link)
    assert (page.status_code, kept(world)) == (200, [])

    assert said(world, link, "declined", "  On holiday ").status_code == 200
    assert said(world, link, "declined", "On holiday").status_code == 200
    assert said(world, link, "another_time").status_code == 200

    assert [(one.answer, one.remark, one.version) for one in kept(world)] == [
        (Answer.DECLINED, "On holiday", 1),
        (Answer.ANOTHER_TIME, None, 1),
    ]
    told = {"version": 1, "recipient": "employee"}
    assert topics(world) == [("AppointmentDeclined", told), ("AppointmentTimeAsked", told)]
    shown = world.planner.get(f"/appointments/{booked['id']}").json()
    assert (shown["state"], shown["version"]) == ("planned", 1)
    (one,) = shown["invitations"]
    assert one["answer"]["answer"] == "another_time"
    assert not one["answer"]["outdated"]
    history = world.planner.get(f"/appointments/{booked['id']}/history").json()
    assert [each["answer"] for each in history["answers"]] == ["declined", "another_time"]


def test_what_was_said_to_another_time_is_marked(world: World) -> None:
    booked = world.book()
    said(world, invited(world, booked))
    moved = world.planner.post(
        f"/appointments/{booked['id']}/move", world.place(2), version=booked["version"]
    )
    assert moved.status_code == 200, moved.text

    (one,) = world.planner.get(f"/appointments/{booked['id']}").json()["invitations"]
    assert (one["answer"]["answer"], one["answer"]["outdated"]) == ("accepted", True)


def test_both_looks_and_answers_are_on_record_and_name_nobody(world: World) -> None:
    booked = world.book()
    link = invited(world, booked)
    world.api.client.get(link)
    said(world, link, "accepted", "canary of health")

    records = world.api.records(ground="invitation")
    assert [(one.act, one.kind) for one in records] == [
        ("read", "invitations"),
        ("update", "invitation_answers"),
    ]
    assert {str(one.employee_id) for one in records} == {booked["employee_id"]}
    assert {(one.actor_id, one.address) for one in records} == {(None, ADDRESS)}
    assert all("canary" not in str(facts) for _, facts in topics(world))
    assert not {booked["id"], booked["employee_id"]} & set(link.split("/"))


@pytest.mark.parametrize("how", ["cancelled", "over", "moved away"])
def test_a_link_dies_and_says_so(world: World, how: str) -> None:
    booked = world.book()
    link = invited(world, booked, practitioner=how == "moved away")
    if how == "cancelled":
        body = {"party": "employee", "reason": "ill"}
        path = f"/appointments/{booked['id']}/cancel"
        answer = world.planner.post(path, body, version=booked["version"])
        assert answer.status_code == 200, answer.text
    elif how == "over":
        world.api.clock.now += 100 * HOUR
    else:
        key = new_id()
        with writing(world.api.engine) as session:
            session.add(Practitioner(id=key, name="Practitioner 9"))
            session.flush()
            session.scalars(select(Invitation)).one().practitioner_id = key

    page = world.api.client.get(link)
    assert page.status_code == 410
    assert "09:00" not in page.text
    assert said(world, link).status_code == 409
    assert kept(world) == []


def test_what_is_no_link_is_not_there_and_too_many_of_them_have_to_wait(world: World) -> None:
    booked = world.book()
    link = invited(world, booked)
    strange = [
        f"{ANSWER}/{sealed(VAULT, new_id())}",
        f"{ANSWER}/x",
        f"{ANSWER}/{'A' * 500}",
        f"{ANSWER}/{link.split('/')[-1][:-3]}AAA",
    ]
    answers = [world.api.client.get(one) for one in strange]
    assert {one.status_code for one in answers} == {404}
    for _ in range(TRIES_OF_A_NETWORK - len(strange)):
        assert world.api.client.get(strange[1]).status_code == 404

    assert world.api.client.get(strange[1]).status_code == 429
    assert world.api.client.get(link).status_code == 429
    # nobody is kept from logging in by it
    tried = {"login": "nobody", "password": "-", "second_factor": "-"}
    assert world.api.client.post("/api/v1/session", json=tried).status_code == 401
    world.api.clock.now += HOUR
    assert world.api.client.get(link).status_code == 200


def test_what_cannot_be_an_answer_is_refused(world: World) -> None:
    link = invited(world, world.book())
    assert said(world, link, "perhaps").status_code == 422
    assert said(world, link, "accepted", "x" * 501).status_code == 422
    assert said(world, link, "accepted", "a\x00b").status_code == 422
    assert said(world, link, "accepted", "a\x1b[2Jb").status_code == 422
    without_script = world.api.client.post(link, data={"answer": "accepted"})
    assert without_script.status_code == 403
    assert kept(world) == []


def test_nobody_answers_for_ever(world: World) -> None:
    link = invited(world, world.book())
    for number in range(MOST_ANSWERS):
        assert said(world, link, "accepted", str(number)).status_code == 200
    assert said(world, link, "declined").status_code == 409
    assert len(kept(world)) == MOST_ANSWERS


def test_a_trigger_follows_a_declined_invitation(world: World) -> None:
    booked = world.book()
    administrator = world.api.administrator()
    trigger = {
        "name": "Call",
        "topic": "AppointmentDeclined",
        "conditions": [],
        "does": {"action": "add_task", "title": "Call the employee"},
        "enabled": True,
    }
    answer = administrator.post("/triggers", trigger)
    assert answer.status_code == 201, answer.text
    said(world, invited(world, booked), "declined")

    def tasks() -> list[Task]:
        with reading(world.api.engine) as session:
            return list(session.scalars(select(Task)))

    assert soon(tasks)
    (task,) = tasks()
    assert str(task.appointment_id) == booked["id"]


def test_from_the_booking_to_the_answer_by_itself(engine: Engine) -> None:
    """The whole service: rung by the commit it invites, and the link in the mail is one."""
    with a_box() as box, a_world(engine, egress=box.client()) as world:
        a_server(engine, box.port)
        with writing(engine) as session:
            session.execute(update(Employee).values(private_email="e@example.org", language="en"))
        booked = world.book()
        assert soon(lambda: box.taken)
        (mail,) = box.taken

        link = re.search(rf"{ANSWER}/[\w-]+", mail.text)
        assert link is not None
        assert mail.mail["Subject"] == "Appointment on Monday 3 May 2027 at 09:00"
        assert said(world, link[0], "declined").status_code == 200

        def invited() -> Any:
            (one,) = world.planner.get(f"/appointments/{booked['id']}").json()["invitations"]
            return one

        # the server has taken it a moment before that is written down
        assert soon(lambda: invited()["method"])
        one = invited()
        assert (one["method"], one["sequence"]) == ("request", 1)
        assert one["answer"]["answer"] == "declined"
