"""What happens reaches whoever may see it, over the whole way; the log says what came of it, and it is sent again. Domain §6, T10."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine, update

from models.database import reading, writing
from models.outbox import Delivery, DeliveryState, Event
from scheduler.access import Right
from tests.deliveries import all_due, attempts, deliveries
from tests.hooks import Hook, a_hook, require_signed, soon, well
from tests.http_client import Api, Client, a_world, an_api, code_of, copied, on_both
from tests.test_http_receivers import MANAGER, a_program, added, wish


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


# --- The whole way --------------------------------------------------------------------------------------


@dataclass
class Way:
    """A receiver of the service that runs."""

    api: Api
    manager: Client
    hook: Hook
    receiver: dict[str, Any]
    secret: str
    path: str = field(init=False)

    def __post_init__(self) -> None:
        self.path = f"/receivers/{self.receiver['id']}"

    def tested(self) -> None:
        """Try it out, and wait for what comes of it."""
        before = len(attempts(self.api.engine))
        told = self.manager.post(f"{self.path}/test", version=self.receiver["version"])
        assert told.status_code == 200, told.text
        assert self.ended(before + 1)

    def ended(self, number: int) -> bool:
        """Whether so many attempts have come to an end."""
        return soon(
            lambda: (
                len(attempts(self.api.engine)) >= number
                and all(one.milliseconds is not None for one in attempts(self.api.engine))
            )
        )

    def log(self, **which: Any) -> list[dict[str, Any]]:
        told = self.manager.get(f"{self.path}/deliveries", params=which)
        assert told.status_code == 200, told.text
        found: list[dict[str, Any]] = told.json()["items"]
        return found


@contextmanager
def a_way(engine: Engine, **more: Any) -> Iterator[Way]:
    with a_hook() as hook, an_api(engine, egress=hook.client()) as api:
        manager = api.person(*MANAGER)
        made = added(manager, wish(a_program(api), url=hook.url, **more))
        yield Way(api, manager, hook, made["receiver"], made["secret"])


@on_both
def test_a_booking_is_told_to_whoever_may_see_it(engine: Engine) -> None:
    with a_hook() as hook, a_world(engine, egress=hook.client()) as world:
        api = world.api
        manager = api.person(*MANAGER)
        for account, name in (
            (a_program(api), "sees"),
            (a_program(api, Right.VIEW_REQUESTS), "sees-no-appointments"),
        ):
            added(manager, wish(account, url=f"{hook.url}/{name}"))
        booked = world.book()
        assert soon(lambda: {one.state for one in deliveries(engine)} - {DeliveryState.DUE})
        assert soon(lambda: DeliveryState.DUE not in {one.state for one in deliveries(engine)})

    (heard,) = hook.heard
    assert heard.path == "/hook/sees"
    assert heard.told["topic"] == "AppointmentPlanned"
    assert heard.told["subject"] == {"kind": "appointments", "id": booked["id"]}
    assert sorted(one.state for one in deliveries(engine)) == ["not_authorised", "sent"]
    assert [one.body is None for one in deliveries(engine)].count(True) == 1


def test_it_is_tried_out_and_the_log_says_what_came_of_it(engine: Engine) -> None:
    with a_way(engine) as way:
        way.tested()
        require_signed(way.hook.heard[0], way.secret)
        (line,) = way.log()
        assert (line["topic"], line["state"], line["attempts"]) == ("ReceiverTested", "sent", 1)
        assert line["webhook_id"] == way.hook.heard[0].id

        told = way.manager.get(f"/deliveries/{line['id']}").json()
        assert told["delivery"] == line
        assert told["body"].encode() == way.hook.heard[0].body
        assert [(one["number"], one["status"]) for one in told["log"]] == [(1, 204)]


def test_what_failed_is_sent_again_by_hand_and_under_the_same_id(engine: Engine) -> None:
    with a_way(engine) as way:
        way.hook.answers = lambda _: (500, {}, b"")
        way.tested()
        (line,) = way.log()
        refused = way.manager.post(f"/deliveries/{line['id']}/redeliver")
        assert (refused.status_code, code_of(refused)) == (409, "delivery_under_way")

        _given_up(engine)
        way.hook.answers = well
        told = way.manager.post(f"/deliveries/{line['id']}/redeliver")
        assert told.json() == {"deliveries": 1}
        way.manager.post(f"{way.path}/test", version=way.receiver["version"])
        assert way.ended(3)

        assert len({one.id for one in way.hook.heard[:2]}) == 1
        again = way.manager.get(f"/deliveries/{line['id']}").json()
        assert [(one["round"], one["number"], one["status"]) for one in again["log"]] == [
            (1, 1, 500),
            (2, 1, 204),
        ]
        done = way.api.records(kind="deliveries", act="update", allowed=True)
        assert [str(one.object_id) for one in done] == [line["id"]]


def _given_up(engine: Engine) -> None:
    with writing(engine) as session:
        failed = {"state": DeliveryState.FAILED, "attempts": 5, "claimed_until": None}
        session.execute(update(Delivery).values(failed))


def test_all_that_failed_since_is_sent_again(engine: Engine) -> None:
    with a_way(engine) as way:
        way.hook.answers = lambda _: (500, {}, b"")
        for _ in range(3):
            way.tested()
        _given_up(engine)
        assert len(way.log(state="failed")) == 3
        way.hook.answers = well
        late = {"since": "2199-01-01T00:00:00Z"}
        early = {"since": "2020-01-01T00:00:00Z"}
        redeliver = f"{way.path}/redeliver-failed"
        assert way.manager.post(redeliver, late).json() == {"deliveries": 0}
        assert way.manager.post(redeliver, early).json() == {"deliveries": 3}
        way.manager.post(f"{way.path}/test", version=way.receiver["version"])
        assert way.ended(7)

        assert len(way.log(state="sent")) == 4


def test_whoever_is_removed_gets_nothing_more_and_its_log_is_there(engine: Engine) -> None:
    with a_way(engine) as way:
        way.hook.answers = lambda _: (500, {}, b"")
        way.tested()
        removed = way.manager.delete(way.path, version=way.receiver["version"])
        assert removed.status_code == 204
        all_due(engine)
        way.manager.post(f"{way.path}/test", version=way.receiver["version"] + 1)
        time.sleep(0.2)

        assert len(way.hook.heard) == 1
        (line,) = way.log()
        assert (line["state"], line["attempts"]) == ("cancelled", 1)
        refused = way.manager.post(f"/deliveries/{line['id']}/redeliver")
        assert code_of(refused) == "receiver_removed"


def test_the_log_comes_in_parts_the_newest_first(engine: Engine) -> None:
    with a_way(engine) as way:
        for _ in range(5):
            way.tested()
        whole = [one["sequence"] for one in way.log()]
        assert whole == [5, 4, 3, 2, 1]
        first = way.manager.get(f"{way.path}/deliveries", params={"page_size": 3}).json()
        rest = way.log(page_size=3, cursor=first["next"])
        assert [one["sequence"] for one in (*first["items"], *rest)] == whole


def test_the_figures_tell_what_has_not_arrived(engine: Engine) -> None:
    with a_way(engine) as way:
        way.hook.answers = lambda _: (500, {}, b"")
        way.tested()
        text = way.api.client.get("/metrics").text

    assert "spreekuur_deliveries_waiting 1.0" in text
    assert "spreekuur_deliveries_failed 0.0" in text
    assert "spreekuur_deliveries_overdue_seconds 0.0" in text


# --- At the receiver ------------------------------------------------------------------------------------


def test_the_check_that_is_described_takes_what_is_ours_and_nothing_else(engine: Engine) -> None:
    """T10."""
    with a_way(engine) as way:
        way.tested()
        described = way.api.client.get("/openapi.json").json()["info"]["description"]
        (heard,) = way.hook.heard
    (snippet,) = re.findall(r"```python\n(.*?)```", described, re.DOTALL)
    known: dict[str, Any] = {}
    exec(snippet, known)  # noqa: S102 (as a reader does who copies it)
    headers = {name.lower(): one for name, one in heard.headers.items()}

    def verified(body: bytes = heard.body, secrets: tuple[str, ...] = (way.secret,), **more: Any) -> str:  # fmt: skip
        try:
            known["verify"](secrets, more.pop("headers", headers), body, **({"seen": set()} | more))
        except ValueError as error:
            return str(error)
        return "ours"

    assert verified() == "ours"
    assert verified(secrets=("whsec_b3RoZXI=", way.secret)) == "ours"
    assert "signature" in verified(heard.body + b" ")
    assert "signature" in verified(secrets=("whsec_b3RoZXI=",))
    assert "signature" in verified(headers=headers | {"webhook-timestamp": "1"})
    assert "five minutes" in verified(now=time.time() + 301)
    assert "known already" in verified(seen={heard.id})


def test_no_name_is_told(engine: Engine) -> None:
    """Bodies hold ids, and nobody's data."""
    with a_way(engine) as way:
        way.tested()
    with reading(engine) as session:
        for one in session.query(Event).all():
            assert all(isinstance(value, int | str) for value in one.facts.values())
