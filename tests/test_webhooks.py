"""What happens is told to whoever wants to hear of it and may: signed, in order, again by the table, and never once more. P7, P8, F10-F12."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from api.http.sending import OUTBOX
from models.database import writing
from models.instants import database_now
from models.outbox import Delivery, DeliveryState, Event
from notifications.delivering import (
    RETRIES,
    USUAL,
    Deliverer,
    Outcome,
    Terms,
    claim,
    finish,
)
from notifications.delivering import claims as claiming
from notifications.egress import Client, Rules
from notifications.webhooks import MOST_BYTES, compose
from notifications.webhooks.channel import Failure
from scheduler.announcing import News, announce
from scheduler.receivers import TESTED
from scheduler.relay import relay_all
from scheduler.rounds import Rounds
from scheduler.topics import Topic
from tests.deliveries import (
    a_receiver,
    all_due,
    anybody,
    attempts,
    by_right,
    database_time,
    deliver,
    deliveries,
    happened,
    later,
    states,
    things,
    webhooks,
)
from tests.effort import searched
from tests.hooks import Heard, a_hook, require_signed, says, well
from tests.http_client import copied, on_both
from tests.records import at

DUE, SENT, FAILED = DeliveryState.DUE, DeliveryState.SENT, DeliveryState.FAILED
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
Said = tuple[int, Mapping[str, str], bytes]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


# --- What arrives ---------------------------------------------------------------------------------------


@on_both
def test_an_event_arrives_thin_and_signed(engine: Engine) -> None:
    subject = things(engine, 1)[0]
    with a_hook() as hook:
        receiver = a_receiver(engine, hook.url)
        happened(engine, [subject])
        assert deliver(engine, webhooks(hook.client())) == 1

    (heard,) = hook.heard
    (kept,) = deliveries(engine)
    assert heard.told == {
        "version": 1,
        "id": str(kept.event_id),
        "topic": "RequestOpened",
        "subject": {"kind": "employers", "id": str(subject)},
        "sequence": 1,
        "occurred_at": "2027-03-01T09:00:00.000000Z",
        "facts": {},
    }
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.id == str(kept.event_id)
    assert (kept.state, kept.attempts, kept.last_status) == (SENT, 1, 204)
    assert kept.body == heard.body.decode()
    require_signed(heard, receiver.secret)
    (attempt,) = attempts(engine)
    assert (attempt.round, attempt.number, attempt.status, attempt.error) == (1, 1, 204, None)
    assert attempt.milliseconds is not None


def test_only_what_is_wanted_is_heard(engine: Engine) -> None:
    with a_hook() as hook:
        first = a_receiver(engine, hook.url + "/1", Topic.REQUEST_OPENED)
        both = a_receiver(engine, hook.url + "/2", Topic.REQUEST_OPENED, Topic.REQUEST_WITHDRAWN)
        removed = a_receiver(engine, hook.url + "/3", removed_at=at("08:00"))
        subject = things(engine, 1)
        happened(engine, subject, Topic.REQUEST_OPENED)
        happened(engine, subject, Topic.REQUEST_WITHDRAWN)
        happened(engine, subject, Topic.REQUEST_CHANGED)
        deliver(engine, webhooks(hook.client()))

    assert Counter(one.path for one in hook.heard) == {"/hook/1": 1, "/hook/2": 2}
    assert [len(deliveries(engine, one)) for one in (first, both, removed)] == [1, 2, 0]


def test_a_receiver_that_is_tried_out_hears_it_alone_whatever_it_wants(engine: Engine) -> None:
    with a_hook() as hook:
        receiver = a_receiver(engine, hook.url)
        a_receiver(engine, hook.url + "/other")
        with writing(engine) as session:
            announce(session, [News(TESTED, "receivers", receiver.id)], at=at("09:00"))
        relay_all(engine, [OUTBOX])
        deliver(engine, by_right(hook.client()))

    assert [(one.path, one.told["topic"]) for one in hook.heard] == [("/hook", "ReceiverTested")]


@searched(0.5)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,10}", fullmatch=True), st.integers(0, 9_999_999) | st.uuids().map(str), max_size=3_000))  # fmt: skip
def test_a_body_is_never_larger_than_promised(facts: dict[str, object]) -> None:
    made = dict.fromkeys((f"{name}{n}" for n in range(500) for name in facts), 1) | facts
    for one in (facts, made):
        event = Event(
            id=UUID(int=1),
            topic="T",
            subject="s",
            subject_id=UUID(int=2),
            sequence=1,
            at=at("09:00"),
            facts=one,
        )
        assert len(compose(event).encode()) <= MOST_BYTES
        assert compose(event) == compose(event)


# --- Again, by the table --------------------------------------------------------------------------------


@on_both
def test_it_is_tried_at_0_1_3_9_and_33_hours_and_no_sixth_time(engine: Engine) -> None:
    with a_hook(says(500)) as hook, later(engine) as clock:
        a_receiver(engine, hook.url)
        happened(engine, things(engine, 1))
        channel = webhooks(hook.client())
        tried: list[timedelta] = []

        def until(hours: float) -> None:
            """Every so often, as a poll does."""
            while clock.ahead < hours * HOUR:
                clock.go(20 * MINUTE)
                tried.extend([clock.ahead] * deliver(engine, channel))

        tried.extend([clock.ahead] * deliver(engine, channel))
        until(48)
        (kept,) = deliveries(engine)
        assert (kept.state, kept.attempts, kept.last_error) == (FAILED, 5, "status")
        until(24 * 4)

    assert len(tried) == len(hook.heard) == 5
    pauses = [after - before for before, after in pairwise(tried)]
    for pause, least in zip(pauses, RETRIES, strict=True):
        assert least <= pause <= 1.1 * least + 40 * MINUTE
    assert [least // HOUR for least in RETRIES] == [1, 2, 6, 24]
    soonest = [0, 1, 3, 9, 33]
    assert all(moment >= hours * HOUR for moment, hours in zip(tried, soonest, strict=True))
    assert len({(one.id, one.body) for one in hook.heard}) == 1
    assert [one.number for one in attempts(engine)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("attempt", [1, 2, 3, 4])
@pytest.mark.parametrize("wish", [None, 1, 7_200, 86_400, 10**9])
def test_the_pause_is_never_shorter_than_the_table(attempt: int, wish: int | None) -> None:
    least = RETRIES[attempt - 1]
    wished = None if wish is None else timedelta(seconds=wish)
    for _ in range(50):
        pause = USUAL.pause(attempt, wished)
        assert pause is not None
        assert least <= pause <= max(1.1 * least, timedelta(hours=24))
        if wished is not None:
            assert pause >= min(wished, timedelta(hours=24))
    assert USUAL.pause(5, wished) is None


def test_the_same_is_sent_again_under_a_new_signature(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_hook(says(503)) as hook:
        receiver = a_receiver(engine, hook.url)
        happened(engine, things(engine, 1))
        deliver(engine, webhooks(hook.client()))
        all_due(engine)
        hook.answers = well
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + 10)
        deliver(engine, webhooks(hook.client()))

    first, second = hook.heard
    assert (first.id, first.body) == (second.id, second.body)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    require_signed(second, receiver.secret)
    assert states(engine) == [SENT]


def test_a_wish_to_be_left_alone_only_lengthens(engine: Engine) -> None:
    with a_hook(says(429, Retry_After="36000")) as hook:
        a_receiver(engine, hook.url)
        happened(engine, things(engine, 1))
        deliver(engine, webhooks(hook.client()))
        (kept,) = deliveries(engine)
        assert kept.due_at - database_time(engine) > 9.9 * HOUR

        hook.answers = says(429, Retry_After="1")
        all_due(engine)
        deliver(engine, webhooks(hook.client()))
        (kept,) = deliveries(engine)
        assert kept.due_at - database_time(engine) > 1.99 * HOUR


@pytest.mark.parametrize(
    ("answers", "status", "error"),
    [
        (says(302, Location="http://127.0.0.1/"), 302, "redirect"),
        (says(500), 500, "status"),
        (says(404), 404, "status"),
    ],
    ids=["redirect", "trouble", "gone"],
)
def test_what_is_not_well_is_an_attempt_that_failed(
    engine: Engine, answers: Any, status: int, error: str
) -> None:
    with a_hook(answers) as hook:
        a_receiver(engine, hook.url)
        happened(engine, things(engine, 1))
        deliver(engine, webhooks(hook.client()))

    (kept,) = deliveries(engine)
    assert (kept.state, kept.last_status, kept.last_error) == (DUE, status, error)
    assert len(hook.heard) == 1


def test_an_address_that_leads_inside_now_fails_and_the_table_goes_on(engine: Engine) -> None:
    """T8."""
    client = Client(Rules(), lookup=lambda *_: ["169.254.169.254"])
    a_receiver(engine, "https://rebinding.test/")
    happened(engine, things(engine, 1))
    deliver(engine, webhooks(client))

    (kept,) = deliveries(engine)
    assert (kept.state, kept.last_status, kept.last_error) == (DUE, None, "address_refused")
    assert kept.due_at - database_time(engine) > 0.99 * HOUR


@on_both
def test_whatever_the_clocks_of_hosts_say_the_database_s_counts(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F12."""
    real = time.time
    with a_hook(says(500)) as hook:
        a_receiver(engine, hook.url)
        for n, jump in enumerate((HOUR, -HOUR, -24 * HOUR), 1):
            seconds = jump.total_seconds()
            monkeypatch.setattr(time, "time", lambda ahead=seconds: real() + ahead)
            happened(engine, things(engine, 1))
            assert deliver(engine, webhooks(hook.client())) == 1
            assert deliver(engine, webhooks(hook.client())) == 0
            last = deliveries(engine)[-1]
            pause = last.due_at - database_time(engine)
            assert 0.99 * HOUR < pause < 1.11 * HOUR
            assert len(hook.heard) == n


# --- Whose it is ----------------------------------------------------------------------------------------

MOMENT = timedelta(milliseconds=30)
SHORT = Terms(lease=MOMENT)


def claimed(engine: Engine, channel: Any, terms: Terms = SHORT) -> list[claiming.Claim]:
    with writing(engine) as session:
        return claim(session, channel, 10, terms)


def finished(engine: Engine, one: claiming.Claim, outcome: Outcome) -> bool:
    with writing(engine) as session:
        return finish(session, one, outcome, MINUTE, SHORT)


@on_both
def test_who_comes_late_has_no_say(engine: Engine) -> None:
    a_receiver(engine, "https://hooks.test/")
    happened(engine, things(engine, 1))
    channel = webhooks(Client(Rules()))
    (late,) = claimed(engine, channel, USUAL)
    assert claimed(engine, channel, USUAL) == []
    with writing(engine) as session:
        session.execute(update(Delivery).values(claimed_until=database_now()))
    (present,) = claimed(engine, channel, USUAL)

    assert (late.number, present.number) == (1, 2)
    assert late.parcel.body == present.parcel.body
    assert not finished(engine, late, Outcome(500, Failure.STATUS))
    assert finished(engine, present, Outcome(200))
    assert states(engine) == [SENT]
    assert [one.status for one in attempts(engine)] == [500, 200]


@on_both
def test_attempts_that_nobody_finished_count_so_that_there_is_no_sixth(engine: Engine) -> None:
    a_receiver(engine, "https://hooks.test/")
    happened(engine, things(engine, 1))
    channel = webhooks(Client(Rules()))
    made = 0
    for _ in range(8):
        made += len(claimed(engine, channel))
        time.sleep(2 * MOMENT.total_seconds())

    assert made == 5
    (kept,) = deliveries(engine)
    assert (kept.state, kept.last_error) == (FAILED, "interrupted")
    assert [one.error for one in attempts(engine)] == ["interrupted"] * 5


def test_what_a_channel_raises_is_an_attempt(engine: Engine) -> None:
    class Broken(type(webhooks(Client(Rules())))):  # type: ignore[misc]
        def send(self, parcel: object) -> Outcome:
            raise ZeroDivisionError

    a_receiver(engine, "https://hooks.test/")
    happened(engine, things(engine, 1))
    deliver(engine, Broken(Client(Rules()), anybody, lambda _: ("x",)))

    (kept,) = deliveries(engine)
    assert (kept.state, kept.last_error) == (DUE, "internal")


# --- Side by side ---------------------------------------------------------------------------------------


@on_both
def test_a_receiver_has_two_under_way_at_the_most_and_others_do_not_wait_for_it(
    engine: Engine,
) -> None:
    now, most = Counter[str](), Counter[str]()
    lock = threading.Lock()
    done: list[str] = []

    def slowly(heard: Heard) -> Said:
        with lock:
            now[heard.path] += 1
            most[heard.path] = max(most[heard.path], now[heard.path])
        time.sleep(0.4 if heard.path == "/hook/slow" else 0.01)
        with lock:
            now[heard.path] -= 1
            done.append(heard.path)
        return well(heard)

    with a_hook(slowly) as hook:
        for name in ("slow", "1", "2"):
            a_receiver(engine, f"{hook.url}/{name}")
        happened(engine, things(engine, 6))
        deliver(engine, webhooks(hook.client()))

    assert len(done) == 18
    assert max(most.values()) == 2
    assert done[-4:] == ["/hook/slow"] * 4
    assert set(states(engine)) == {SENT}


def test_what_happens_to_one_thing_arrives_in_its_order(engine: Engine) -> None:
    with a_hook() as hook:
        a_receiver(engine, hook.url)
        subjects = things(engine, 5)
        happened(engine, [*subjects, *subjects, *subjects, *subjects])
        deliver(engine, webhooks(hook.client()))

    order = defaultdict(list)
    for one in hook.heard:
        order[one.told["subject"]["id"]].append(one.told["sequence"])
    assert set(map(tuple, order.values())) == {(1, 2, 3, 4)}
    assert len(order) == 5


def test_one_that_failed_does_not_hold_up_those_behind_it(engine: Engine) -> None:
    def not_the_first(heard: Heard) -> Said:
        return (500, {}, b"") if heard.told["sequence"] == 1 else well(heard)

    with a_hook(not_the_first) as hook:
        a_receiver(engine, hook.url)
        happened(engine, things(engine, 1) * 3)
        deliver(engine, webhooks(hook.client()))

    assert [one.told["sequence"] for one in hook.heard] == [1, 2, 3]
    assert states(engine) == [DUE, SENT, SENT]


def test_a_thread_that_is_rung_delivers_at_once(engine: Engine) -> None:
    with a_hook() as hook:
        a_receiver(engine, hook.url)
        deliverer = Deliverer(engine, webhooks(hook.client()))
        rounds = Rounds("deliverer", deliverer.fill, HOUR)
        deliverer.rung = rounds.ring
        with rounds.going():
            time.sleep(0.05)
            happened(engine, things(engine, 20))
            rounds.ring()
            ends = time.monotonic() + 20
            while len(hook.heard) < 20 and time.monotonic() < ends:
                time.sleep(0.01)
        deliverer.close()

    assert len(hook.heard) == 20
    assert set(states(engine)) == {SENT}
