"""The night's run by a timetable: at an hour of the clocks where most availabilities are, once a day.

It does not fire at the hour but looks whether the hour has come and nobody has asked yet. So it may look as
often as it likes, in as many processes as there are, and a clock that is set forward or back changes nothing:
the hour that does not exist has come when the clocks are past it, and of the hour that comes twice the
first one asks.
"""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from models.database import reading, writing
from scheduler.loading import zones
from scheduler.parameters import NIGHTLY_RUN_AT, NIGHTLY_RUN_MINUTES, value
from scheduler.planning.asking import PLANNING, ask_once
from scheduler.planning.lease import Job
from scheduler.planning.night import RunSettings

LATE = timedelta(hours=6)
"""Past its hour by more than this a run is not begun any more: people are at work."""


def ask_when_due(engine: Engine, now: datetime) -> UUID | None:
    """Ask for the night's run where its hour has come; nothing where it has not, or somebody has asked."""
    with reading(engine) as session:
        hour = value(session, NIGHTLY_RUN_AT)
        minutes = value(session, NIGHTLY_RUN_MINUTES)
        there = zones(session)
    if not hour or not there:
        return None
    zone = ZoneInfo(there[0])
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        begins = datetime.combine(day, time.fromisoformat(hour), zone)
        # in UTC, in which a night has as many hours as it has
        if timedelta(0) <= now.astimezone(UTC) - begins.astimezone(UTC) <= LATE:
            job = Job(PLANNING, "", today, RunSettings(time_limit=minutes * 60.0).kept())
            with writing(engine) as session:
                return ask_once(session, job, f"night of {day}")
    return None
