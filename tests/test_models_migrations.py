"""Up from empty and down again, on both databases; what is migrated is what the tables in code say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, inspect, text

from models import Base, guards, migrations
from tests.records import DATABASES, add, fresh, refusal, small_world

VERSIONS = Path(migrations.__file__).parent / "versions"


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


def described(connection: Connection) -> dict[str, Any]:
    """What a database says of its tables, constraints and indexes, as far as it can say it in words."""
    found = inspect(connection)
    tables = sorted(set(found.get_table_names()) - {"alembic_version"})
    if connection.dialect.name == "postgresql":
        constraints = text(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = current_schema()::regnamespace"
            " AND conrelid::regclass::text <> 'alembic_version'"
        )
        indexes = text(
            "SELECT tablename, indexname, indexdef FROM pg_indexes"
            " WHERE schemaname = current_schema() AND tablename <> 'alembic_version'"
        )
        return {
            "constraints": sorted(map(tuple, connection.execute(constraints))),
            "indexes": sorted(map(tuple, connection.execute(indexes))),
        }
    indexes = text("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    return {
        "checks": {
            table: sorted(
                (one["name"], one["sqltext"]) for one in found.get_check_constraints(table)
            )
            for table in tables
        },
        "unique": {
            table: sorted(str(one["name"]) for one in found.get_unique_constraints(table))
            for table in tables
        },
        "indexes": sorted(connection.scalars(indexes)),
    }


def test_the_migrations_make_what_the_tables_say(engine: Engine) -> None:
    migrations.check(engine)
    with engine.connect() as connection:
        migrated = described(connection)

    migrations.downgrade(engine, "base")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        made = described(connection)

    # Alembic's check sees neither CHECKs nor the conditions of partial indexes
    assert migrated == made


def test_control_a_column_that_no_migration_makes_is_found(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE employers DROP COLUMN vat_number"))

    with pytest.raises(CommandError, match="vat_number"):
        migrations.check(engine)


def test_down_and_up_again_the_guards_stand(engine: Engine) -> None:
    migrations.downgrade(engine, "base")
    migrations.upgrade(engine)

    with engine.connect() as connection:
        assert not guards.outdated(connection)
        world = small_world(connection)
        add(connection, "appointments", **world.appointment("09:00", "09:30"))
        again = world.appointment("09:00", "09:30")
        assert refusal(connection, add, "appointments", **again) == "practitioner_free"


def test_guards_that_are_missing_or_changed_are_noticed_and_put_right(engine: Engine) -> None:
    with engine.begin() as connection:
        guards.remove(connection)
        assert len(guards.outdated(connection)) > len({guard.table for guard in guards.GUARDS})
    with pytest.raises(RuntimeError, match="guard_appointments"):
        migrations.check(engine)

    migrations.upgrade(engine)
    migrations.check(engine)

    with engine.begin() as connection:
        weaken(connection)
        assert len(guards.outdated(connection)) == 1
    migrations.upgrade(engine)
    migrations.check(engine)


def weaken(connection: Connection) -> None:
    """Leave a guard of the right name that guards nothing."""
    if connection.dialect.name == "sqlite":
        name = "guard_holds_insert_update_on_insert"
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
        nothing = f"CREATE TRIGGER {name} BEFORE INSERT ON holds BEGIN SELECT 1; END"
        connection.exec_driver_sql(nothing)
    else:
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION guard_holds_insert_update() RETURNS trigger"
            " LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$"
        )


@pytest.mark.parametrize("version", sorted(VERSIONS.glob("r*.py")), ids=lambda path: path.stem)
def test_each_migration_takes_the_guards_away_first(version: Path) -> None:
    steps = re.findall(
        r"^def (upgrade|downgrade)\(\) -> None:\n    (.*)$", version.read_text(), re.MULTILINE
    )

    first = "guards.remove(op.get_bind())"
    assert steps == [("upgrade", first), ("downgrade", first)]


def test_a_migration_that_fails_leaves_everything_as_it_was(engine: Engine) -> None:
    with pytest.raises(CommandError):
        migrations.upgrade(engine, "no such revision")

    with engine.connect() as connection:
        assert not guards.outdated(connection)
