"""Logs of made-up records, sealed, with their heads; ids have gaps, as after transactions that were rolled back."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert

from models.audit import Act
from scheduler.audit.chain import RECORDS
from scheduler.audit.heads import Head, export_heads
from scheduler.audit.sealing import seal
from tests.records import MIDNIGHT

PORTIONS = 10
KINDS = {
    "employees": ["first_name", "last_name"],
    "requests": ["from_day", "state"],
    "appointments": ["starts_at"],
}


def a_record(key: int, chance: random.Random, people: int = 20) -> dict[str, Any]:
    kind = chance.choice(sorted(KINDS))
    return {
        "id": key,
        # two hours from record to record: there are heads of many days
        "at": MIDNIGHT + timedelta(hours=2 * key, microseconds=chance.randrange(10**6)),
        "actor_id": UUID(int=chance.randrange(people)),
        "on_behalf_of_id": UUID(int=chance.randrange(people)) if chance.random() < 0.2 else None,
        "role_id": UUID(int=7),
        "group_id": None,
        "act": chance.choice(list(Act)),
        "kind": kind,
        "object_id": UUID(int=chance.randrange(10**9)),
        "employee_id": UUID(int=chance.randrange(people)),
        "fields": KINDS[kind],
        "ground": f"{kind}_view",
        "allowed": chance.random() < 0.9,
        "address": "192.0.2.1",
        "request_reference": f"r-{key}",
    }


def sealed_log(engine: Engine, rows: int, heads: Path) -> tuple[list[int], list[Head]]:
    """Fill the empty log; its ids, and the heads that were exported meanwhile: the last one is the end."""
    chance = random.Random(2027)
    keys: list[int] = []
    for _ in range(rows):
        keys.append((keys[-1] if keys else 0) + chance.choice((1, 1, 2, 3)))
    exported: list[Head] = []
    for start in range(0, rows, rows // PORTIONS):
        portion = [a_record(key, chance) for key in keys[start : start + rows // PORTIONS]]
        with engine.begin() as connection:
            connection.execute(insert(RECORDS), portion)
        seal(engine)
        exported += export_heads(engine, heads)
    return keys, exported
