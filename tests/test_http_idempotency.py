"""A hundred who send the same with one key, at the same moment: it is done once (reliability §1, P5; §4, T5).

Over HTTP, by the real server; in the control run nobody remembers a key, and it is done a hundred times.
"""

from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import Engine, func, select

from models.database import reading
from models.outbox import Event
from models.requests import AppointmentRequest
from scheduler.access import Right
from tests.crowds import Crowd, a_crowd, a_token, at_once, code_of
from tests.http_processes import Address, forgetful
from tests.records import DATABASES, fresh
from tests.towns import Town, town

ALIKE = 100
MAKER = (
    Right.CREATE_REQUESTS,
    Right.PLACE_REQUESTS,
    Right.VIEW_REQUESTS,
    Right.VIEW_EMPLOYEES,
    Right.VIEW_ORGANISATION,
)
KEY = "the-same"


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def here(engine: Engine) -> Town:
    return town(engine, practitioners=1, employees=1)


def wish(here: Town, **changes: object) -> dict[str, object]:
    """Nothing but the key keeps somebody from asking for the same again."""
    usual = {
        "employee_id": str(here.employees[0]),
        "consultation_type_id": str(here.world.type),
        "establishment_id": str(here.world.establishment),
        "from_day": "2027-03-01",
        "until_day": "2027-03-08",
    }
    return usual | changes


def all_at_once(crowd: Crowd, here: Town) -> list[httpx2.Response]:
    """One try each."""
    body = wish(here)
    return at_once([KEY] * ALIKE, lambda key: crowd.once("POST", "/requests", body, key=key))


def made(engine: Engine) -> tuple[int, int]:
    """Requests that were made, and news of them."""
    requests = select(func.count()).select_from(AppointmentRequest)
    news = select(func.count()).where(Event.topic == "RequestOpened")
    with reading(engine) as session:
        # one was there before
        return (session.scalar(requests) or 0) - 1, session.scalar(news) or 0


def test_of_a_hundred_equal_requests_one_has_an_effect(engine: Engine, here: Town) -> None:
    with (
        Address(engine) as address,
        address.served(),
        a_crowd(address.url, a_token(engine, *MAKER)) as crowd,
        a_crowd(address.url, a_token(engine, *MAKER)) as others,
    ):
        answers = all_at_once(crowd, here)
        later = crowd.post("/requests", wish(here), key=KEY)
        assert made(engine) == (1, 1)
        changed = crowd.post("/requests", wish(here, remarks="and more"), key=KEY)
        theirs = others.post("/requests", wish(here), key=KEY)
        assert made(engine) == (2, 2)

    done = [one for one in answers if one.is_success]
    assert {one.content for one in done} == {later.content}
    assert [one for one in done if "idempotency-replayed" not in one.headers][1:] == []
    waiting = [one for one in answers if not one.is_success]
    assert {code_of(one) for one in waiting} <= {"request_in_progress", "busy"}
    assert {one.headers["retry-after"] for one in waiting} <= {"1"}
    assert later.headers["idempotency-replayed"] == "true"
    assert (changed.status_code, code_of(changed)) == (422, "idempotency_key_reused")
    assert theirs.status_code == 201
    assert theirs.json()["id"] != later.json()["id"]


def test_control_where_nobody_remembers_the_key_it_is_done_again(
    engine: Engine, here: Town
) -> None:
    with (
        Address(engine, prepare=forgetful) as address,
        address.served(),
        a_crowd(address.url, a_token(engine, *MAKER)) as crowd,
    ):
        answers = all_at_once(crowd, here)

    done = len([one for one in answers if one.is_success])
    assert done > ALIKE // 2
    assert made(engine) == (done, done)
