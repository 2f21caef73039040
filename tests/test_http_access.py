"""Being let in over HTTP: cookies, tokens, acting for others. Domain §8, reliability P11, P12, T11-T16, T24."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import Engine, update

from models.access import Account, AccountKind, NetworkFailures
from models.audit import Act
from models.database import reading, writing
from scheduler.access import Right
from scheduler.access.totp import STEP
from tests.access import PASSWORD, Person, a_group, a_role, an_account
from tests.http_client import ADDRESS, Api, Client, an_api, code_of, copied, on_both, plain
from tests.records import add

A_STEP = timedelta(seconds=STEP)
A_LOGIN = "urn:spreekuur:params:oauth:token-type:login"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
COOKIE = "__Host-spreekuur"


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def api(engine: Engine) -> Iterator[Api]:
    with an_api(engine) as made:
        yield made


@pytest.fixture
def person(api: Api) -> Person:
    with writing(api.engine) as session:
        rights = [Right.VIEW_REQUESTS, Right.APPOINT_DEPUTIES]
        return an_account(session, role_id=a_role(session, rights))


def log_in(api: Api, person: Person, **changes: Any) -> httpx2.Response:
    api.client.cookies.clear()
    body = {
        "login": person.login,
        "password": PASSWORD,
        "second_factor": person.code(api.clock.now),
    }
    return api.client.post("/api/v1/session", json=body | changes)


def token(api: Api, **form: str) -> httpx2.Response:
    return api.client.post("/oauth/token", data=form)


def credentials(api: Api, program: Person, **changes: str) -> dict[str, str]:
    secret = program.secret + program.code(api.clock.now)
    plain = {"client_id": program.login, "client_secret": secret}
    return {"grant_type": "client_credentials"} | plain | changes


# --- A page ---------------------------------------------------------------------------------------------


def test_a_log_in_gives_a_cookie_that_no_script_and_no_other_site_gets(
    api: Api, person: Person
) -> None:
    answer = log_in(api, person)

    cookies = answer.headers.get_list("set-cookie")
    assert answer.status_code == 201
    assert [one.partition("=")[0] for one in cookies] == [COOKIE, f"{COOKIE}-device"]
    for one in cookies:
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(one.split("; "))
        assert one.partition("=")[2].partition(";")[0] not in answer.text
    assert answer.json()["pending"] == []
    assert api.client.get("/api/v1/me").json()["account"]["login"] == person.login
    (told,) = api.records(act=Act.LOGIN)
    assert (told.allowed, told.actor_id, told.address) == (True, person.id, ADDRESS)


def test_a_change_by_cookie_needs_what_only_our_pages_know(api: Api, person: Person) -> None:
    csrf = log_in(api, person).json()["csrf_token"]
    key = {"Idempotency-Key": "k1"}

    without = api.client.delete("/api/v1/session", headers=key)
    wrong = api.client.delete("/api/v1/session", headers=key | {"X-CSRF-Token": "0" * 64})
    assert api.client.get("/api/v1/me").json()["csrf_token"] == csrf
    right = api.client.delete("/api/v1/session", headers=key | {"X-CSRF-Token": csrf})

    assert code_of(without) == code_of(wrong) == "csrf_failed"
    assert without.status_code == 403
    assert right.status_code == 204
    assert "Max-Age=0" in right.headers["set-cookie"]
    assert api.client.get("/api/v1/me").status_code == 401


@on_both
def test_whatever_is_wrong_the_answer_is_one(api: Api, person: Person) -> None:
    with writing(api.engine) as session:
        program = an_account(session, kind=AccountKind.API)
        gone = an_account(session, deactivated_at=api.clock.now)
    wrong = [
        log_in(api, person, login="nobody"),
        log_in(api, person, login="NO SUCH\x7fLOGIN"),
        log_in(api, person, password="not this one"),  # noqa: S106 (nobody's)
        log_in(api, person, second_factor="000000"),
        log_in(api, person, second_factor=None),
        log_in(api, gone),
        log_in(api, program, password=program.secret),
    ]

    assert {one.status_code for one in wrong} == {401}
    assert {code_of(one) for one in wrong} == {"invalid_credentials"}
    assert len({str(plain(one)) for one in wrong}) == 1
    tries = api.records(act=Act.LOGIN)
    assert [one.allowed for one in tries] == [False] * len(wrong)
    assert {one.ground for one in tries} == {"log_in_unknown", "log_in_wrong", "log_in_not_now"}


def test_five_wrong_tries_lock_and_the_answer_does_not_say_so(api: Api, person: Person) -> None:
    wrong = [log_in(api, person, password="wrong") for _ in range(5)]  # noqa: S106 (nobody's)

    locked = log_in(api, person)

    assert {str(plain(one)) for one in (*wrong, locked)} == {str(plain(locked))}
    assert locked.status_code == 401
    with reading(api.engine) as session:
        assert session.get_one(Account, person.id).locked_at is not None


@on_both
def test_a_network_that_guesses_has_to_wait(api: Api, person: Person) -> None:
    assert log_in(api, person, login="nobody").status_code == 401
    with writing(api.engine) as session:
        session.execute(update(NetworkFailures).values(failures=99))
    assert log_in(api, person, login="nobody").status_code == 401

    answer = log_in(api, person)

    assert (answer.status_code, code_of(answer)) == (429, "too_many_attempts")
    assert 0 < int(answer.headers["retry-after"]) <= 3600


@on_both
def test_a_code_lets_in_once_however_many_give_it(api: Api, person: Person) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: token_or_log_in(api, person), range(20)))

    assert sorted(answers) == [201] + [401] * 19
    api.clock.now += 3 * A_STEP
    old = log_in(api, person, second_factor=person.code(api.clock.now - 2 * A_STEP))
    future = log_in(api, person, second_factor=person.code(api.clock.now + A_STEP))
    assert {old.status_code, future.status_code} == {401}


def token_or_log_in(api: Api, person: Person) -> int:
    body = {
        "login": person.login,
        "password": PASSWORD,
        "second_factor": person.code(api.clock.now),
    }
    return api.client.post("/api/v1/session", json=body).status_code


def test_half_a_log_in_is_good_for_finishing_it(api: Api) -> None:
    administrator = api.administrator()
    with writing(api.engine) as session:
        role, group = a_role(session, [Right.VIEW_REQUESTS]), a_group(session, everybody=True)
    body = {"login": "planner9", "name": "Planner 9", "role_id": str(role), "group_id": str(group)}
    password = administrator.post("/users", body).json()["one_time_password"]

    entered = api.client.post("/api/v1/session", json={"login": "planner9", "password": password})
    assert entered.json()["pending"] == ["password", "second_factor"]
    page = Client(api, None, None, {"X-CSRF-Token": entered.json()["csrf_token"]})

    assert code_of(page.get("/requests")) == "log_in_unfinished"
    weak = page.put("/me/password", {"password": "planner9planner9"})
    assert (weak.status_code, code_of(weak)) == (422, "password_names_you")
    assert page.put("/me/password", {"password": "seven purple lorries"}).status_code == 204
    offered = page.post("/me/second-factor").json()
    assert code_of(page.post("/me/second-factor/confirmation", {"code": "000000"})) == "wrong_code"
    app = Person(UUID(int=0), "planner9", offered["secret"], PASSWORD, group, role)
    confirmed = page.post("/me/second-factor/confirmation", {"code": app.code(api.clock.now)})
    assert len(confirmed.json()["codes"]) == 10
    assert page.get("/requests").status_code == 200
    api.clock.now += A_STEP
    assert log_in(api, app).status_code == 201
    backup = log_in(api, app, second_factor=confirmed.json()["codes"][0])
    assert backup.status_code == 201
    again = log_in(api, app, second_factor=confirmed.json()["codes"][0])
    assert again.status_code == 401


def test_own_secrets_are_changed_after_a_proof_only(api: Api, person: Person) -> None:
    csrf = log_in(api, person).json()["csrf_token"]
    page = Client(api, None, None, {"X-CSRF-Token": csrf})
    api.clock.now += timedelta(minutes=20)

    late = page.put("/me/address", {"email": "planner1@example.org"})
    wrong = page.post("/session/proof", {"password": "wrong", "second_factor": "000000"})
    body = {"password": PASSWORD, "second_factor": person.code(api.clock.now)}
    proved = page.post("/session/proof", body)
    done = page.put("/me/address", {"email": "planner1@example.org"})

    assert (late.status_code, code_of(late)) == (403, "proof_needed")
    assert (wrong.status_code, code_of(wrong)) == (401, "invalid_credentials")
    assert (proved.status_code, done.status_code) == (204, 204)


# --- Programs -------------------------------------------------------------------------------------------


def a_program(api: Api, **changes: Any) -> Person:
    with writing(api.engine) as session:
        role = a_role(session, [Right.VIEW_REQUESTS, Right.VIEW_APPOINTMENTS])
        group = a_group(session, everybody=True)
        return an_account(session, kind=AccountKind.API, role_id=role, group_id=group, **changes)


def test_a_program_gets_a_token_for_a_quarter_of_an_hour(api: Api) -> None:
    program = a_program(api)

    answer = token(api, **credentials(api, program))

    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)
    assert told["base_url"] == "http://127.0.0.1:8000"
    bearer = Client(api, program, told["access_token"])
    assert bearer.get("/requests").status_code == 200
    api.clock.now += timedelta(minutes=15)
    assert bearer.get("/requests").status_code == 401


def test_a_program_may_give_its_secret_by_basic(api: Api) -> None:
    program = a_program(api)
    told = credentials(api, program)
    basic = base64.b64encode(f"{told['client_id']}:{told['client_secret']}".encode()).decode()

    answer = api.client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        (
            {"grant_type": "password", "username": "x", "password": "y"},
            400,
            "unsupported_grant_type",
        ),
        ({"grant_type": "client_credentials"}, 401, "invalid_credentials"),
        ({"grant_type": EXCHANGE}, 400, "invalid_request"),
        ({"grant_type": EXCHANGE, "subject_token_type": A_LOGIN}, 400, "invalid_request"),
        (
            {"grant_type": EXCHANGE, "subject_token_type": A_LOGIN, "actor_token": "x"},
            401,
            "invalid_token",
        ),
        ({f"field{number}": "x" for number in range(30)}, 400, "invalid_request"),
    ],
)
def test_a_grant_that_is_none(api: Api, form: dict[str, str], status: int, code: str) -> None:
    answer = token(api, **form)

    assert (answer.status_code, code_of(answer)) == (status, code)
    assert answer.json()["error"]


def test_neither_uses_the_others_door(api: Api, person: Person) -> None:
    answer = token(
        api, **credentials(api, person, client_secret=PASSWORD + person.code(api.clock.now))
    )

    assert (answer.status_code, code_of(answer)) == (401, "invalid_credentials")


def test_a_form_says_each_thing_once(api: Api) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    twice = api.client.post("/oauth/token", content=b"grant_type=a&grant_type=b", headers=form)
    odd = api.client.post("/oauth/token", content=b"grant_type=%FF%00", headers=form)
    as_json = api.client.post("/oauth/token", json={"grant_type": "client_credentials"})

    assert (twice.status_code, code_of(twice)) == (400, "invalid_request")
    assert (odd.status_code, code_of(odd)) == (400, "invalid_request")
    assert (as_json.status_code, code_of(as_json)) == (415, "unsupported_media_type")


# --- Tokens that are none -----------------------------------------------------------------------------------


def test_a_token_ends_with_its_account(api: Api) -> None:
    program = api.program(Right.VIEW_REQUESTS)
    administrator = api.administrator()
    assert program.get("/requests").status_code == 200

    version = administrator.get(f"/accounts/{program.id}").json()["version"]
    administrator.post(f"/accounts/{program.id}/deactivate", version=version)

    answer = program.get("/requests")
    assert (answer.status_code, code_of(answer)) == (401, "invalid_token")


def test_an_altered_token_is_none(api: Api) -> None:
    client = api.person(Right.VIEW_REQUESTS)
    assert client.token is not None
    client.token = client.token[:-1] + ("A" if client.token[-1] != "A" else "B")

    assert code_of(client.get("/requests")) == "invalid_token"


@pytest.mark.parametrize("name", ["access_token", "token"])
def test_a_token_in_the_address_is_revoked(api: Api, name: str) -> None:
    client = api.person(Right.VIEW_REQUESTS)

    answer = api.nobody().get(f"/requests?{name}={client.token}")

    assert (answer.status_code, code_of(answer)) == (400, "token_in_url")
    assert client.get("/requests").status_code == 401


# --- For another ----------------------------------------------------------------------------------------


def exchange(api: Api, actor: str, login: str) -> httpx2.Response:
    return token(
        api, grant_type=EXCHANGE, subject_token=login, subject_token_type=A_LOGIN, actor_token=actor
    )


@on_both
def test_a_program_acts_for_a_user_and_both_are_on_record(api: Api) -> None:
    user = api.person(Right.VIEW_REQUESTS, Right.MANAGE_ROLES)
    assert user.person is not None
    program = api.program(
        Right.VIEW_REQUESTS, Right.START_RUNS, impersonates_id=user.person.group_id
    )
    assert program.token is not None

    answer = exchange(api, program.token, user.person.login)

    told = answer.json()
    assert answer.status_code == 200
    assert told["act"] == {"sub": str(program.id)}
    both = Client(api, None, told["access_token"])
    assert both.get("/me").json()["rights"] == ["view_requests"]
    assert both.get("/me").json()["act_for"]["id"] == str(user.id)
    assert both.get("/requests").status_code == 200
    assert code_of(both.get("/roles")) == code_of(both.get("/runs")) == "right_missing"
    denied = api.records(allowed=False)[-1]
    assert (denied.actor_id, denied.on_behalf_of_id) == (program.id, user.id)
    for path, body in (
        ("/me/password", {"password": "seven purple lorries"}),
        ("/me/address", {"email": "a@b.example"}),
    ):
        refused = both.put(path, body)
        assert (refused.status_code, code_of(refused)) == (403, "not_under_impersonation")
    chained = exchange(api, told["access_token"], user.person.login)
    assert (chained.status_code, code_of(chained)) == (403, "impersonation_not_allowed")


def test_whom_a_program_may_not_be_is_on_record(api: Api) -> None:
    program = api.program(Right.VIEW_REQUESTS)
    stranger = api.person()
    chief = api.administrator()
    assert program.token
    assert stranger.person
    assert chief.person

    for wanted in (stranger.person, chief.person):
        answer = exchange(api, program.token, wanted.login)
        assert (answer.status_code, code_of(answer)) == (403, "impersonation_not_allowed")
        assert answer.json()["error"] == "invalid_target"
        told = api.records()[-1]
        assert (told.actor_id, told.object_id, told.allowed) == (program.id, wanted.id, False)
    known = exchange(api, program.token, chief.person.login)
    unknown = exchange(api, program.token, "nobody")
    assert plain(unknown) == plain(known)


def test_a_deputy_acts_for_a_user_in_a_period(api: Api) -> None:
    user = api.person(Right.VIEW_REQUESTS, Right.APPOINT_DEPUTIES)
    deputy = api.person()
    body = {
        "account_id": str(user.id),
        "deputy_id": str(deputy.id),
        "from_day": "2027-03-01",
        "until_day": "2027-03-02",
    }

    made = user.post("/deputyships", body)
    opened = deputy.post("/deputyships/acting", {"account_id": str(user.id)})

    assert made.status_code == opened.status_code == 201, made.text + opened.text
    acting = Client(api, None, opened.json()["access_token"])
    assert acting.get("/requests").status_code == 200
    assert deputy.get("/deputyships").json()["items"] == [made.json()]
    assert user.delete(f"/deputyships/{made.json()['id']}").status_code == 204
    assert acting.get("/requests").status_code == 401
    refused = deputy.post("/deputyships/acting", {"account_id": str(user.id)})
    assert (refused.status_code, code_of(refused)) == (403, "no_deputy")


def test_deputies_are_seen_of_the_users_whom_one_manages_and_of_no_others(api: Api) -> None:
    with writing(api.engine) as session:
        part, other = (add(session.connection(), "employers") for _ in range(2))
    manager = api.person(Right.MANAGE_USERS, reaches={"employer_id": part})
    period = {"from_day": "2027-03-01", "until_day": "2027-03-02"}
    made = []
    for where in (part, other):
        user = api.person(Right.APPOINT_DEPUTIES, reaches={"employer_id": where})
        body = {"account_id": str(user.id), "deputy_id": str(api.person().id), **period}
        made.append(user.post("/deputyships", body).json())

    assert manager.get("/deputyships/managed").json()["items"] == made[:1]
    assert manager.get("/deputyships").json()["items"] == []
    api.clock.now += timedelta(days=2)
    assert api.administrator().get("/deputyships/managed").json()["items"] == []
    assert api.person().get("/deputyships/managed").status_code == 403


def test_own_sessions_are_seen_and_closed(api: Api, person: Person) -> None:
    csrf = log_in(api, person).json()["csrf_token"]
    page = Client(api, None, None, {"X-CSRF-Token": csrf})
    with writing(api.engine) as session:
        other = api.client_of(person, session)
    other.headers["Cookie"] = ""

    sessions = page.get("/sessions").json()["items"]
    (theirs,) = [one["id"] for one in sessions if not one["current"]]
    assert len(sessions) == 2
    assert page.delete(f"/sessions/{theirs}").status_code == 204
    assert page.delete(f"/sessions/{theirs}").status_code == 404
    api.client.cookies.clear()
    assert other.get("/me").status_code == 401


@on_both
def test_the_last_super_administrator_stays(api: Api) -> None:
    one, other = api.administrator(), api.administrator()

    gone = one.post(f"/accounts/{other.id}/deactivate", version=1)
    answer = one.post(f"/accounts/{one.id}/deactivate", version=1)

    assert gone.status_code == 200
    assert (answer.status_code, code_of(answer)) == (409, "last_super_administrator")
