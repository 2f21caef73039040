"""What the menu of an appointment says over HTTP, its routes do: the table of domain §5, on both databases (000 §3.1.3)."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Engine

from api.http.appointments import RIGHT_FOR
from scheduler.access import Right
from tests.appointment_table import AFTER, EVENTS, ROWS, SUBMITTED, standing
from tests.http_client import Client, code_of, copied, on_both
from tests.http_practice import ROUTES, STEPS, Surgery, codes, surgery
from tests.records import tried

HELD, SENT = "held", "submitted"


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def there(engine: Engine) -> Iterator[Surgery]:
    with surgery(engine) as made:
        yield made


def an_appointment(there: Surgery, state: str, performances: str) -> UUID:
    booked = there.booked()
    with there.by_hand() as practice:
        return standing(practice, booked, state, performances)


def offered(there: Surgery, key: UUID, who: Client | None = None) -> dict[str, list[str]]:
    """The menu: for each event the codes of why not."""
    menu = there.read(key, who)["actions"]
    for action in menu.values():
        assert action["allowed"] is not bool(action["reasons"])
        assert all(one["text"] for one in action["reasons"])
    return {event: [one["code"] for one in action["reasons"]] for event, action in menu.items()}


@tried(
    "state, performances, allowed",
    [tuple(one.values) for one in ROWS],
    kind=lambda state, *_: state,
    called=lambda state, performances, _: f"{state}; {performances}",
)
def test_the_menu_the_routes_and_the_specification_agree(
    there: Surgery, state: str, performances: str, allowed: dict[str, str]
) -> None:
    key = an_appointment(there, state, performances)
    if state == "deleted":
        assert there.who.get(f"/appointments/{key}").status_code == 404
        for event in EVENTS:
            assert code_of(there.step(event, key)) == "not_found"
        return
    menu = offered(there, key)
    before = there.row("appointments", key)
    plain = state.partition(",")[0]
    assert list(menu) == list(EVENTS)
    for event, cell in allowed.items():
        about = an_appointment(there, state, performances) if cell == "yes" else key
        answer = there.step(event, about)

        assert codes(answer) == menu[event], event
        assert (menu[event] == []) is (cell == "yes"), event
        after = there.row("appointments", about)
        if menu[event]:
            assert after == before
        else:
            assert after["state"] == AFTER[event].get(plain, plain)
            assert after["version"] == before["version"] + 1


@on_both
@pytest.mark.parametrize(("state", "performances"), [("planned", HELD), ("completed", SENT)])
@pytest.mark.parametrize("right", sorted(set(RIGHT_FOR.values())))
def test_who_lacks_a_right_is_told_so_by_the_menu_and_by_the_route(
    there: Surgery, state: str, performances: str, right: Right
) -> None:
    key = an_appointment(there, state, performances)
    who = there.api.person(*(set(STEPS) - {right}), may_write_performances=True)
    full, menu = offered(there, key), offered(there, key, who)

    for event, needed in RIGHT_FOR.items():
        missing = ["right_missing"] if needed == right else []
        assert menu[event] == full[event] + missing
        if missing:
            assert code_of(there.step(event, key, who=who)) == "right_missing"


@on_both
def test_who_may_not_write_performances_is_told_so_by_the_menu_and_by_the_route(
    there: Surgery,
) -> None:
    key = an_appointment(there, "planned", "none")
    who = there.api.person(*STEPS)

    assert offered(there, key, who)["complete"] == ["may_not_write_performances"]
    assert there.refused("complete", key, who=who) == ["may_not_write_performances"]
    _, free = there.booked(kind="talk")
    assert offered(there, free, who)["complete"] == []
    assert there.refused("complete", free, who=who) == []


@on_both
@pytest.mark.parametrize("performances", SUBMITTED)
def test_of_an_invoiced_one_all_that_is_offered_is_to_mark_it_lapsed(
    there: Surgery, performances: str
) -> None:
    """T6."""
    key = an_appointment(there, "completed", performances)

    assert [event for event, why in offered(there, key).items() if not why] == ["mark_lapsed"]
    for event in ("reschedule", "delete", "undo_completion"):
        answer = there.step(event, key)
        assert (answer.status_code, code_of(answer)) == (409, "appointment_locked")
        assert "mark it lapsed" in answer.json()["detail"]
    for event in ("edit", "complete", "cancel", "no_show"):
        assert there.step(event, key).status_code == 409
    refused = [one for one in there.api.records(object_id=key) if not one.allowed]
    assert {one.ground for one in refused} == {"appointment_locked", "not_allowed"}


def test_each_event_has_a_route_and_a_right() -> None:
    assert set(ROUTES) == set(RIGHT_FOR) == set(EVENTS)
