"""Worlds on their way into a database and out of it again, for the tests of `scheduler.exchange`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from scheduler.exchange import Imported, export, import_instance, instance_file
from solver.facts import Instance
from solver.files.instance import InstanceFile, as_facts
from tests.worlds import Json

SHARED = Path(__file__).parents[2] / "shared" / "data" / "instances"
NOW = datetime(2020, 1, 1, tzinfo=UTC)
"""Before every world: no notice shortens a window."""

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"LEFT OUT: there is no {SHARED} with the shared instances"
)


def parsed(world: Json) -> InstanceFile:
    return InstanceFile.model_validate_json(json.dumps(world))


def facts_of(world: Json) -> Instance:
    return as_facts(parsed(world), "a test")


def again(facts: Instance) -> Instance:
    """Written and read."""
    return facts_of(instance_file(facts))


def imported(session: Session, world: Json | Path, **others: Any) -> Imported:
    source = world if isinstance(world, Path) else parsed(world)
    where: dict[str, Any] = {"country": "NL", "time_zone": "Europe/Amsterdam", "now": NOW} | others
    return import_instance(session, source, **where)


def exported(session: Session, facts: Instance) -> Instance:
    """What the database has on the days of these facts, by way of a file."""
    return facts_of(export(session, now=NOW, from_day=facts.start_date, days=facts.days))
