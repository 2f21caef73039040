"""Keeping records without the API: codes taken at once, what the database refuses itself, names found by an index."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, func, select, text, true
from sqlalchemy.orm import Session

from api.http.keeping import partial
from api.http.shapes import Given, Line
from models.access import Group, Role
from models.base import new_id
from models.database import reading, writing
from models.organisation import Department, Employer
from models.people import Employee
from models.prefixes import begins_with
from models.settings import Criterion, Preference
from scheduler import records
from scheduler.access import groups, operator, roles
from scheduler.access.groups import Reach
from scheduler.access.rights import Right
from scheduler.records.references import naming
from scheduler.refusals import RefusedError
from tests.access import NOW, a_group, a_role, at_once, codes_of, outcome
from tests.records import DATABASES, add, fresh, small_world

TOGETHER = 8


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with writing(engine) as session:
        yield session


# --- At once ----------------------------------------------------------------------------------------------


def test_of_many_who_take_a_code_at_once_one_has_it(engine: Engine) -> None:
    code = new_id().hex

    def take(own: Engine) -> str:
        with writing(own) as session:
            values = {"code": code, "name": "Employer 1", "preferred_hours": []}
            return outcome(lambda: records.add(session, records.EMPLOYER, values, now=NOW))

    outcomes = at_once(engine, take, TOGETHER)

    assert sorted(outcomes) == ["code_taken"] * (TOGETHER - 1) + ["in"]
    with reading(engine) as session:
        there = select(func.count()).select_from(Employer).where(Employer.code == code)
        assert session.scalar(there) == 1


def test_two_departments_are_not_put_into_each_other_at_once(engine: Engine) -> None:
    with engine.begin() as connection:
        employer = add(connection, "employers")
        one, other = (add(connection, "departments", employer_id=employer) for _ in range(2))
    pairs = iter([(one, other), (other, one)])

    def put(own: Engine) -> str:
        lower, upper = next(pairs)
        with writing(own) as session:
            row = session.get_one(Department, lower)
            change = {"parent_id": upper}
            return outcome(
                lambda: records.change(session, records.DEPARTMENT, row, change, now=NOW)
            )

    assert sorted(at_once(engine, put, 2)) == ["in", "within_itself"]


def test_an_order_is_set_by_one_after_another(engine: Engine) -> None:
    wanted = [Criterion.EVENNESS, Criterion.CONTINUITY]
    with writing(engine) as session:
        records.set_order(session, [Criterion.CONTINUITY, Criterion.PREFERRED_LOCATION])
        records.set_order(session, wanted)

    with reading(engine) as session:
        assert list(records.preferred_order(session)) == wanted
        ranks = session.execute(select(Preference.criterion, Preference.rank)).all()
        assert sorted(map(tuple, ranks)) == [("continuity", 2), ("evenness", 1)]


# --- What is refused leaves nothing ---------------------------------------------------------------------------


def test_a_refused_record_leaves_nothing_and_the_transaction_goes_on(session: Session) -> None:
    code = new_id().hex
    values = {"code": code, "name": "Function 1"}
    records.add(session, records.FUNCTION, values, now=NOW)

    assert outcome(lambda: records.add(session, records.FUNCTION, values, now=NOW)) == "code_taken"
    other = records.add(session, records.FUNCTION, {**values, "code": new_id().hex}, now=NOW)
    assert outcome(lambda: records.change(session, records.FUNCTION, other, values, now=NOW)) == (
        "code_taken"
    )
    session.refresh(other)
    assert other.version == 1


def test_every_reason_is_told_at_once(session: Session) -> None:
    person = records.add(session, records.EMPLOYEE, {"last_name": "Employee 1"}, now=NOW)
    values = {
        "employee_id": person.id,
        "establishment_id": new_id(),
        "from_day": date(2027, 2, 1),
        "until_day": date(2027, 1, 1),
    }

    with pytest.raises(RefusedError) as refused:
        records.add(session, records.EMPLOYMENT, values, now=NOW)

    assert codes_of(refused.value) == ["field_missing", "employment_period"]


def test_what_names_a_row_is_read_from_the_tables(session: Session) -> None:
    world = small_world(session.connection())

    named = naming(session, records.LOCATION, world.location)

    assert named == ["availabilities"]
    assert naming(session, records.EMPLOYEE, world.employee) == []
    with pytest.raises(TypeError, match="is not archived"):
        records.archive(
            session, records.EMPLOYEE, session.get_one(Employee, world.employee),
            seen=true(), now=NOW,
        )  # fmt: skip


# --- Versions of what consists of rows ------------------------------------------------------------------------


def test_a_role_and_a_group_get_another_version_with_their_rows(session: Session) -> None:
    caller = operator(NOW)
    role = session.get_one(Role, a_role(session, [Right.VIEW_AUDIT]))
    group = session.get_one(Group, a_group(session))

    roles.change_role(session, caller, role.id, [Right.VIEW_AGENDA])
    groups.change_group(session, caller, group.id, Reach())

    assert (role.version, group.version) == (2, 2)
    session.expire_all()
    assert (role.version, group.version) == (2, 2)


# --- Found by an index ----------------------------------------------------------------------------------------


def test_names_are_found_by_an_index(engine: Engine) -> None:
    query = select(Employee.id).where(begins_with(Employee.last_name, "jan"))
    written = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {written}")).all()
        else:
            # of an empty table nothing is faster than reading all of it
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            plan = connection.execute(text(f"EXPLAIN {written}")).all()

    told = " ".join(map(str, plan))
    assert "ix_employees_last_name" in told
    assert "SCAN employees" not in told


# --- Bodies of which all may be left out ----------------------------------------------------------------------


class Thing(Given):
    """Something."""

    name: Line
    size: int = 3
    colour: Line | None = None


def test_a_change_has_what_was_sent_and_nothing_else() -> None:
    model = partial(Thing)

    def sent(**body: Any) -> dict[str, Any]:
        return model(**body).model_dump(exclude_unset=True)

    assert sent() == {}
    assert sent(colour=None, name=" a ") == {"colour": None, "name": "a"}
    for wrong in ({"name": None}, {"name": ""}, {"size": "x"}, {"shape": 1}):
        with pytest.raises(ValidationError):
            sent(**wrong)
    assert "required" not in model.model_json_schema()
    assert not any("default" in one for one in model.model_json_schema()["properties"].values())
