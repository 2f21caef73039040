"""Private feeds: made, revoked, read by their address, by the rights of their account; parsed by another library. Domain §§6, 8, reliability P20, P21."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import vobject
from icalendar import Calendar
from sqlalchemy import Engine, update

from models.access import Account, RoleRight
from models.agenda import Location
from models.appointments import Appointment
from models.audit import Act
from models.consultations import ConsultationType
from models.database import writing
from models.people import Employee, Practitioner
from scheduler.access import Right
from scheduler.access.lockout import HOUR, TRIES_OF_A_NETWORK
from scheduler.feeds import AHEAD, BACK
from tests.http_client import Client, World, a_world, code_of, copied, on_both

HIS = (Right.VIEW_APPOINTMENTS,)
ALL = (Right.VIEW_APPOINTMENTS, Right.MANAGE_LOCATIONS, Right.MANAGE_PRACTITIONERS)


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    with a_world(engine, requests=3) as made:
        yield made


def practitioner(world: World, *rights: Right, **changes: Any) -> Client:
    """The one whose agenda it is, logged in."""
    person = world.api.person(*rights, **changes)
    with writing(world.api.engine) as session:
        session.execute(update(Practitioner).values(account_id=person.id))
    return person


def made(client: Client, path: str = "/me/feeds") -> tuple[str, str]:
    """The key of a new feed, and the path by which it is read."""
    answer = client.post(path)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    base, token = told["url"].rsplit("/", 1)
    assert base.endswith("/feeds")
    return told["feed"]["id"], f"/feeds/{token}"


def events(world: World, path: str) -> list[Any]:
    answer = world.api.client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


@on_both
def test_a_practitioner_reads_his_own_agenda_until_he_revokes_it(world: World) -> None:
    booked = [world.book(number, number) for number in (0, 1)]
    him = practitioner(world, *HIS)
    key, path = made(him)

    first, second = events(world, path)
    assert [UUID(str(one["UID"])[5:41]) for one in (first, second)] == [
        UUID(one["id"]) for one in booked
    ]
    assert first["DTSTART"].dt == datetime.fromisoformat(booked[0]["starts_at"])
    assert str(first["SUMMARY"]) == "Afspraak"
    assert str(first["DESCRIPTION"]).endswith(f"/appointments/{booked[0]['id']}")
    assert [one["id"] for one in him.get("/me/feeds").json()["items"]] == [key]

    assert him.delete(f"/me/feeds/{key}").status_code == 204
    revoked, unknown = world.api.client.get(path), world.api.client.get("/feeds/x.ics")
    assert (revoked.status_code, unknown.status_code) == (404, 404)
    without = [{**one.json(), "request_id": ""} for one in (revoked, unknown)]
    assert without[0] == without[1]
    assert him.get("/me/feeds").json()["items"] == []


def test_it_is_sent_again_only_where_it_is_another_one(world: World) -> None:
    booked = world.book()
    _, path = made(practitioner(world, *HIS))
    first = world.api.client.get(path)
    etag = first.headers["etag"]

    again = world.api.client.get(path, headers={"If-None-Match": f'"x", W/{etag}'})
    assert (again.status_code, again.content) == (304, b"")
    moved = world.planner.post(
        f"/appointments/{booked['id']}/move", world.place(2), version=booked["version"]
    )
    assert moved.status_code == 200, moved.text
    other = world.api.client.get(path, headers={"If-None-Match": etag})
    assert (other.status_code, other.headers["etag"] != etag) == (200, True)
    looks = world.api.records(kind="feeds", act="read")
    assert [(one.ground, one.actor_id, one.employee_id) for one in looks] == [
        ("feed", None, None)
    ] * 2


@on_both
def test_it_shows_what_its_account_may_see_at_that_moment(world: World) -> None:
    world.book(0, 0)
    other = world.book(1, 1)
    him = practitioner(world, *HIS, reaches={"employee_id": UUID(other["employee_id"])})
    _, path = made(him)
    (one,) = events(world, path)
    assert other["id"] in str(one["UID"])

    assert him.person is not None
    with writing(world.api.engine) as session:
        session.query(RoleRight).filter_by(role_id=him.person.role_id).delete()
    assert world.api.client.get(path).status_code == 404


def test_of_who_left_nothing_is_read(world: World) -> None:
    him = practitioner(world, *HIS)
    _, path = made(him)
    with writing(world.api.engine) as session:
        session.execute(
            update(Account).where(Account.id == him.id).values(deactivated_at=world.api.clock.now)
        )
    assert world.api.client.get(path).status_code == 404


def test_who_administers_makes_and_revokes_that_of_another(world: World) -> None:
    booked = world.book()
    him = practitioner(world, *HIS)
    boss = world.api.person(*ALL)
    of_him = f"/practitioners/{booked['practitioner_id']}/feeds"
    of_location = f"/locations/{booked['location_id']}/feeds"
    mine, path = made(boss, of_him)
    there, at_location = made(boss, of_location)

    assert len(events(world, path)) == 1
    (one,) = events(world, at_location)
    assert str(one["SUMMARY"]) == "Afspraak: Practitioner 1"
    assert [each["id"] for each in boss.get(of_him).json()["items"]] == [mine]
    assert [each["id"] for each in boss.get(of_location).json()["items"]] == [there]
    # it is one of his own agenda
    assert him.delete(f"/me/feeds/{mine}").status_code == 204
    assert boss.delete(f"/feeds/{there}").status_code == 204
    assert {world.api.client.get(each).status_code for each in (path, at_location)} == {404}
    acts = [one.act for one in world.api.records(kind="feeds") if one.actor_id == boss.id]
    assert acts.count(Act.CREATE) == 2
    assert Act.DELETE in acts


def test_who_may_not_makes_none(world: World) -> None:
    booked = world.book()
    him = practitioner(world, *HIS)
    own = made(him)[0]
    somebody = world.api.person(*HIS)
    assert code_of(somebody.post("/me/feeds")) == "not_a_practitioner"
    assert code_of(somebody.delete(f"/me/feeds/{own}")) == "not_own_feed"
    assert code_of(somebody.delete(f"/feeds/{own}")) == "right_missing"
    # gives the sight of what he does not see himself
    blind = world.api.person(Right.MANAGE_LOCATIONS, Right.MANAGE_PRACTITIONERS)
    at_location = f"/locations/{booked['location_id']}/feeds"
    of_him = f"/practitioners/{booked['practitioner_id']}/feeds"
    assert code_of(blind.post(at_location)) == "beyond_own_rights"
    narrow = world.api.person(*ALL, reaches={"employee_id": UUID(booked["employee_id"])})
    assert code_of(narrow.post(of_him)) == "beyond_own_part"
    assert code_of(narrow.delete(f"/feeds/{own}")) == "not_found"
    locations = world.api.person(Right.MANAGE_LOCATIONS)
    assert code_of(locations.delete(f"/feeds/{own}")) == "right_missing"
    with writing(world.api.engine) as session:
        session.execute(update(Practitioner).values(account_id=None))
    assert code_of(world.api.person(*ALL).post(of_him)) == "practitioner_without_account"


def test_there_are_never_too_many(world: World) -> None:
    him = practitioner(world, *HIS)
    for _ in range(10):
        made(him)
    assert code_of(him.post("/me/feeds")) == "too_many_feeds"


def test_it_is_bounded(world: World) -> None:
    booked = world.book()
    _, path = made(practitioner(world, *HIS))
    starts = datetime.fromisoformat(booked["starts_at"])
    for now, seen in (
        (starts + BACK, 1),
        (starts + BACK + timedelta(minutes=1), 0),
        (starts - AHEAD, 0),
        (starts - AHEAD + timedelta(minutes=1), 1),
    ):
        world.api.clock.now = now
        assert len(events(world, path)) == seen


def test_who_guesses_has_to_wait(world: World) -> None:
    _, path = made(practitioner(world, *HIS))
    for number in range(TRIES_OF_A_NETWORK):
        assert world.api.client.get(f"/feeds/{number}.ics").status_code == 404
    assert world.api.client.get(path).status_code == 429
    world.api.clock.now += HOUR
    assert world.api.client.get(path).status_code == 200


SECRETS = ("burn-out", "111222333", "remark about health", "Employee 1")


def test_nothing_of_health_and_nobody_is_in_it(world: World) -> None:
    """P21."""
    world.book()
    with writing(world.api.engine) as session:
        session.execute(update(ConsultationType).values(name=SECRETS[0]))
        session.execute(update(Employee).values(reference=None, last_name=SECRETS[3]))
        session.execute(update(Appointment).values(remarks=SECRETS[2], reference=SECRETS[1]))
        session.execute(update(Location).values(name="A\r\nBEGIN:VALARM\r\nATTACH:x\x0b"))
    _, path = made(practitioner(world, *HIS))

    text = world.api.client.get(path).text

    assert not [secret for secret in SECRETS if secret in text]
    lines = text.split("\r\n")
    assert not [one for one in lines if one.startswith(("BEGIN:VALARM", "ATTACH"))]
    assert all(len(one.encode()) <= 75 for one in lines)


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York"])
def test_another_library_reads_the_right_times_across_both_changes(world: World, zone: str) -> None:
    """P20: by vobject, which knows the zone by what the feed says of it."""
    booked = world.book()
    _, path = made(practitioner(world, *HIS))
    with writing(world.api.engine) as session:
        session.execute(update(Location).values(time_zone=zone))
    for starts in (
        datetime(2027, 3, 14, 6, 45, tzinfo=UTC),
        datetime(2027, 3, 14, 7, 15, tzinfo=UTC),
        datetime(2027, 3, 28, 0, 45, tzinfo=UTC),
        datetime(2027, 3, 28, 1, 15, tzinfo=UTC),
        datetime(2027, 10, 31, 0, 45, tzinfo=UTC),
        datetime(2027, 10, 31, 1, 15, tzinfo=UTC),
        datetime(2027, 11, 7, 5, 45, tzinfo=UTC),
        datetime(2027, 11, 7, 6, 15, tzinfo=UTC),
    ):
        stands(world, UUID(booked["id"]), starts)
        world.api.clock.now = starts - timedelta(days=1)
        found = vobject.readOne(world.api.client.get(path).text)
        assert found.vevent.dtstart.value.astimezone(UTC) == starts
        assert found.vevent.dtend.value.astimezone(UTC) == starts + timedelta(minutes=30)


def stands(world: World, appointment: UUID, starts: datetime) -> None:
    """Moved by hand, past every rule."""
    with writing(world.api.engine) as session:
        session.execute(
            update(Appointment)
            .where(Appointment.id == appointment)
            .values(
                starts_at=starts,
                ends_at=starts + timedelta(minutes=30),
                occupied_until=starts + timedelta(minutes=30),
                availability_id=None,
                ad_hoc=True,
            )
        )
