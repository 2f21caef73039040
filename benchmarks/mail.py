"""`mail`: ten thousand reminders that are due at one minute, sent by two workers: at what rate, in how much memory, and whether any is lost or doubled.

The mail server is in this process, under TLS, and shares the machine with the workers and PostgreSQL.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from uuid import UUID

import psutil
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from api.senders import Bell
from benchmarks.databases import empty
from benchmarks.machine import Record
from benchmarks.tables import markdown, number
from models import migrations
from models.appointments import Appointment, AppointmentState
from models.base import new_id
from models.consultations import Modality
from models.database import reading, writing
from models.instants import database_now
from models.messages import Reminder
from models.outbox import DeliveryState
from models.people import Employee
from notifications.mail.terms import USUAL
from tests.mail import Box, a_box, a_rule, a_server, a_template
from tests.records import World
from tests.sending import sender, start, stop
from tests.servers import started_redis
from tests.test_booking import Service

REMINDERS = 10_000
PORTION = 500
MINUTES = 5
"""From one appointment to the next, each with another employee."""
PER_DAY = 200
"""A minute between two appointments, so that the seconds of making them are no matter."""
MIB = 1 << 20
LOOKS_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """One database. `wall`: seconds from the due minute to the last mail. Memory of each worker, in MiB: when a tenth was sent, at the end."""

    database: str
    reminders: int
    wall: float
    rate: float
    lost: int
    doubles: int
    connections: int
    sent_by: dict[str, int]
    memory_early: list[int]
    memory_late: list[int]


def benchmark(kinds: tuple[str, ...], reminders: int, record: Record) -> list[Row]:
    """Send them, and write what was found."""
    rows: list[Row] = []
    for kind in kinds:
        with _due(kind, reminders) as (engine, box):
            rows.append(_measured(kind, engine, box))
        print(asdict(rows[-1]), flush=True)
        record.write({"rows": [asdict(one) for one in rows]}, _table(rows))
    return rows


@contextmanager
def _due(kind: str, reminders: int) -> Iterator[tuple[Engine, Box]]:
    """So many employees, each with an appointment that he is to be reminded of."""
    with empty(kind) as engine, a_box() as box:
        migrations.upgrade(engine)
        a_server(engine, box.port)
        service = Service(engine)
        world = service.world
        rule = a_rule(engine, world.type, a_template(engine), -1440)
        for first in range(0, reminders, PORTION):
            with writing(engine) as session:
                for number_ in range(first, min(first + PORTION, reminders)):
                    _one(session, world, rule, number_)
        yield engine, box


def _one(session: Session, world: World, rule: UUID, number: int) -> None:
    employee, appointment = new_id(), new_id()
    session.add(
        Employee(
            id=employee,
            last_name=f"Employee {number}",
            private_email=f"employee-{number}@example.org",
        )
    )
    session.flush()
    at = datetime.now(UTC).replace(second=0, microsecond=0)
    at += timedelta(days=2 + number // PER_DAY, minutes=MINUTES * (number % PER_DAY))
    until = at + timedelta(minutes=MINUTES - 1)
    session.add(
        Appointment(
            id=appointment,
            employee_id=employee,
            practitioner_id=world.practitioner,
            location_id=world.location,
            consultation_type_id=world.type,
            establishment_id=world.establishment,
            state=AppointmentState.PLANNED,
            modality=Modality.TELEPHONE,
            ad_hoc=True,
            starts_at=at,
            ends_at=until,
            occupied_until=until,
        )
    )
    session.flush()
    session.add(
        Reminder(
            appointment_id=appointment,
            default_reminder_id=rule,
            sequence=1,
            state=DeliveryState.DUE,
            due_at=at,
        )
    )


def _measured(kind: str, engine: Engine, box: Box) -> Row:
    with reading(engine) as session:
        whole = session.scalar(select(func.count()).select_from(Reminder)) or 0
    with started_redis() as redis, closing(Bell.at(redis)) as bell:
        workers = start(sender, engine, redis, box, USUAL)
        with writing(engine) as session:
            session.execute(update(Reminder).values(due_at=database_now()))
        began = time.monotonic()
        bell.ring()
        early: list[int] = []
        while (came := len(box.taken)) < whole and all(one.is_alive() for one in workers):
            if not early and came > whole // 10:
                early = _memory(workers)
            time.sleep(LOOKS_EVERY)
        wall = time.monotonic() - began
        time.sleep(LOOKS_EVERY)
        late = _memory(workers)
        stop(workers)
    came_ids = Counter(one.id.partition("@")[0] for one in box.taken)
    with reading(engine) as session:
        done = session.scalar(
            select(func.count()).select_from(Reminder).where(Reminder.state == DeliveryState.SENT)
        )
    return Row(
        database=kind,
        reminders=whole,
        wall=round(wall, 1),
        rate=round(whole / wall, 1),
        lost=whole - min(len(came_ids), done or 0),
        doubles=came_ids.total() - len(came_ids),
        connections=box.connections,
        sent_by=dict(Counter(one.id.partition("@")[2].rstrip(">") for one in box.taken)),
        memory_early=early,
        memory_late=late,
    )


def _memory(workers: list[BaseProcess]) -> list[int]:
    return [psutil.Process(one.pid).memory_info().rss // MIB for one in workers]


def _table(rows: list[Row]) -> str:
    headings = [
        "database", "reminders", "s", "mails/s", "lost", "doubled", "connections",
        "by each worker", "MiB at a tenth", "MiB at the end",
    ]  # fmt: skip
    return markdown(
        headings,
        [
            [
                row.database,
                number(row.reminders),
                number(row.wall, 1),
                number(row.rate, 1),
                number(row.lost),
                number(row.doubles),
                number(row.connections),
                ", ".join(number(one) for one in row.sent_by.values()),
                ", ".join(number(one) for one in row.memory_early),
                ", ".join(number(one) for one in row.memory_late),
            ]
            for row in rows
        ],
    )
