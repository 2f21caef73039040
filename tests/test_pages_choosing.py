"""Choosing one of many, and naming what is chosen: only what is the reader's to see, and whose name he saw is on record."""

from collections.abc import Iterator
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import Engine

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import everywhere
from api.http.shapes import View
from api.pages.names import names
from models.audit import Act
from models.consultations import ConsultationType
from models.organisation import Employer
from models.people import Employee
from scheduler.access import Right
from tests.agendas import MONDAY
from tests.http_client import Api, Client, an_api, copied, on_both
from tests.records import add


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


class Told(View):
    """Names, by their keys."""

    names: dict[str, str]


def named(kind: type, keys: list[UUID]) -> Routes:
    """A page that shows what these keys are called."""
    routes = Routes("names")

    @routes.get("/names", everywhere(Right.MANAGE_TYPES, of=ConsultationType))
    def told(call: Call) -> Told:
        """Them."""
        call.seen(ConsultationType)
        return Told(names={str(key): name for key, name in names(call, kind, keys).items()})

    return routes


def asked(api: Api, by: Client, path: str, **query: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {by.token}", "HX-Request": "true"}
    return api.client.get(path, params=query, headers=headers)


@on_both
@pytest.mark.parametrize(
    ("what", "right"),
    [
        ("employers", Right.VIEW_ORGANISATION),
        ("establishments", Right.MANAGE_EMPLOYEES),
        ("departments", Right.MANAGE_GROUPS),
        ("employees", Right.VIEW_EMPLOYEES),
    ],
)
def test_only_what_is_his_to_see_is_found(engine: Engine, what: str, right: Right) -> None:
    with engine.begin() as connection:
        parts = [add(connection, "employers", name=f"Same name {n}") for n in (1, 2)]
        for n, part in enumerate(parts, 1):
            owned = {"employer_id": part, "name": f"Same name {n}"}
            site = add(connection, "establishments", **owned)
            add(connection, "departments", **owned)
            somebody = add(connection, "employees", last_name=f"Same name {n}")
            work = {"employee_id": somebody, "establishment_id": site, "from_day": MONDAY}
            add(connection, "employments", employer_id=part, **work)
    with an_api(engine) as api:
        his = api.person(right, reaches={"employer_id": parts[0]})

        found = asked(api, his, f"/choose/{what}", q="same", name="employer_id")

        assert "Same name 1" in found.text
        assert "Same name 2" not in found.text
        assert asked(api, api.person(), f"/choose/{what}", q="same").status_code == 403


@on_both
def test_users_who_may_log_in_are_found_by_name_and_by_login(engine: Engine) -> None:
    with an_api(engine) as api:
        absent = api.person(Right.APPOINT_DEPUTIES, name="Planner 1", login="first")
        gone = api.person(name="Planner 2", login="second", deactivated_at=api.clock.now)
        program = api.program(name="Planner 3", login="third")

        by_name = asked(api, absent, "/choose/users", q="plan", name="deputy_id").text
        by_login = asked(api, absent, "/choose/users", q="firs", name="deputy_id").text

        assert str(absent.id) in by_name
        assert str(absent.id) in by_login
        assert str(gone.id) not in by_name
        assert str(program.id) not in by_name


@on_both
def test_a_name_that_is_not_his_to_see_is_none_and_a_name_that_he_saw_is_on_record(
    engine: Engine,
) -> None:
    with engine.begin() as connection:
        part, other = (add(connection, "employers", name=f"Employer {n}") for n in (1, 2))
        somebody = add(connection, "employees", last_name="Employee 1", first_name="First")
        site = add(connection, "establishments", employer_id=part)
        work = {"employee_id": somebody, "establishment_id": site, "from_day": MONDAY}
        add(connection, "employments", employer_id=part, **work)
    with an_api(engine, named(Employer, [part, other])) as api:
        his = api.person(Right.MANAGE_TYPES, reaches={"employer_id": part})
        assert his.get("/names").json()["names"] == {str(part): "Employer 1"}
    with an_api(engine, named(Employee, [somebody])) as api:
        nobody = api.person(Right.MANAGE_TYPES, reaches={"employer_id": part})
        assert nobody.get("/names").json()["names"] == {}
        sees = (Right.MANAGE_TYPES, Right.VIEW_EMPLOYEES)
        his = api.person(*sees, reaches={"employer_id": part})
        assert his.get("/names").json()["names"] == {str(somebody): "Employee 1, First"}
        (record,) = api.records(employee_id=somebody, actor_id=his.id)
        assert record.act is Act.READ


@on_both
def test_a_type_is_called_by_its_name_in_the_readers_language(engine: Engine) -> None:
    with engine.begin() as connection:
        kind = add(connection, "consultation_types", name="Spreekuur")
        table = ConsultationType.metadata.tables["consultation_type_names"]
        connection.execute(
            table.insert().values(consultation_type_id=kind, language="en", name="Consultation")
        )
    with an_api(engine, named(ConsultationType, [kind])) as api:
        for language, name in (("en", "Consultation"), ("nl", "Spreekuur"), ("nl-BE", "Spreekuur")):
            reads = api.person(Right.MANAGE_TYPES, language=language)
            assert reads.get("/names").json()["names"] == {str(kind): name}
