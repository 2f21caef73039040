"""The settings of the organisation: their defaults, what they may be, and how they are kept."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from models import database
from models.consultations import ConsultationType
from models.settings import ProductParameter
from scheduler import parameters
from scheduler.parameters import (
    DEFAULT_TYPE,
    GRID,
    HORIZON_DAYS,
    NOTICE_NEXT_DAY,
    PARAMETERS,
    SAVE_AND_PLAN,
    Parameter,
    ParameterError,
    put,
    value,
)
from tests.records import DATABASES, add, at, change, fresh


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, Session(connection) as session:
        yield session  # and never commit


def store(session: Session, parameter: Parameter[Any], text: str) -> None:
    session.execute(delete(ProductParameter))
    session.add(ProductParameter(category=parameter.category, code=parameter.code, value=text))
    session.flush()


def test_what_nobody_has_set_is_as_the_specification_has_it(session: Session) -> None:
    assert value(session, GRID) == 5
    assert value(session, HORIZON_DAYS) == 42
    assert value(session, NOTICE_NEXT_DAY) is True
    assert value(session, SAVE_AND_PLAN) is True
    assert value(session, DEFAULT_TYPE) == ""


def test_what_was_set_is_read_again_in_another_session(engine: Engine) -> None:
    with database.writing(engine) as session:
        put(session, GRID, 15)
        put(session, NOTICE_NEXT_DAY, False)
        put(session, GRID, 20)

    with database.reading(engine) as session:
        assert value(session, GRID) == 20
        assert value(session, NOTICE_NEXT_DAY) is False
        assert value(session, SAVE_AND_PLAN) is True
    with database.writing(engine) as session:
        session.execute(delete(ProductParameter))


@pytest.mark.parametrize("minutes", [7, 0, -5, 61, 120])
def test_a_grid_divides_the_day_and_is_an_hour_at_most(session: Session, minutes: int) -> None:
    with pytest.raises(ParameterError) as refused:
        put(session, GRID, minutes)

    assert str(refused.value) == (
        "product parameter Planning/Grid must be a whole number from 1 to 60 that divides 1440,"
        f" not '{minutes}'"
    )
    assert value(session, GRID) == 5


@pytest.mark.parametrize("text", ["", "abc", "1_0", " 10", "٣", "5.0", "-", "7"])
def test_a_stored_value_that_is_none_is_not_taken_for_the_default(
    session: Session, text: str
) -> None:
    store(session, GRID, text)

    with pytest.raises(ParameterError, match="Planning/Grid must be a whole number"):
        value(session, GRID)


@pytest.mark.parametrize("text", ["True", "1", "on", ""])
def test_a_switch_is_true_or_false(session: Session, text: str) -> None:
    store(session, SAVE_AND_PLAN, text)

    with pytest.raises(ParameterError, match="must be true or false"):
        value(session, SAVE_AND_PLAN)


def test_the_default_type_is_one_in_use_or_none_at_all(session: Session) -> None:
    connection = session.connection()
    missed = add(connection, "consultation_types", code="missed", is_no_show=True)

    with pytest.raises(ParameterError, match="DefaultTypeForRequests must be the code of"):
        put(session, DEFAULT_TYPE, "other")
    put(session, DEFAULT_TYPE, "missed")
    assert value(session, DEFAULT_TYPE) == "missed"
    put(session, DEFAULT_TYPE, "")
    assert value(session, DEFAULT_TYPE) == ""

    change(connection, ConsultationType.__tablename__, missed, archived_at=at("08:00"))
    with pytest.raises(ParameterError, match="in use"):
        put(session, DEFAULT_TYPE, "missed")


def test_every_parameter_is_listed_once_with_a_meaning_and_a_default_that_it_may_have() -> None:
    named = {name for name, found in vars(parameters).items() if isinstance(found, Parameter)}

    assert len(PARAMETERS) == len(named) == len({(p.category, p.code) for p in PARAMETERS})
    for one in PARAMETERS:
        assert one.kind.read(one.kind.written(one.default)) == one.default
        assert one.meaning.endswith(".")
