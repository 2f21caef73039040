"""The demo world in a database, as it stands on the eve of its first day."""

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Engine

from models import migrations
from models.database import writing
from scheduler.demo.labels import labels
from scheduler.demo.world import DemoWorld
from scheduler.exchange import Imported, import_instance
from solver.files.instance import InstanceFile

COUNTRY = "NL"
TIME_ZONE = "Europe/Amsterdam"


def eve(world: DemoWorld) -> datetime:
    """Noon of the day before: all of its days are still to come, whatever the calendar on the wall says."""
    return datetime.combine(world.start_date - timedelta(days=1), time(12), tzinfo=UTC)


def bring_to_life(engine: Engine, world: DemoWorld) -> Imported:
    """Put the world into an empty database."""
    migrations.upgrade(engine)
    content = InstanceFile.model_validate(world.instance)
    with writing(engine) as session:
        return import_instance(
            session,
            content,
            country=COUNTRY,
            time_zone=TIME_ZONE,
            now=eve(world),
            labels=labels(world),
        )
