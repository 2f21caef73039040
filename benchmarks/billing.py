"""`billing`: a month of performances of 500 employers: drafts made, made again, and made final; time, memory, growth.

Each step is a process of its own, over the same database: what it took is its time without the start of
Python, and the most memory that it held. Every employer has a yearly budget that pays for some of it.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.pool import NullPool

from benchmarks.databases import empty
from benchmarks.machine import Record
from benchmarks.measured import measured
from benchmarks.tables import markdown, number
from models import Base, database, migrations
from models.base import new_id
from models.billing import InvoiceBasis
from models.database import reading, writing
from scheduler.actor import NOBODY
from scheduler.billing import finishing
from scheduler.billing.generating import Period
from scheduler.billing.runs import generate_all

SIZES = (12_500, 25_000, 50_000)
EMPLOYERS, TYPES = 500, 20
MARCH = Period(date(2027, 3, 1), date(2027, 4, 1))
NOW = datetime(2027, 4, 1, 12, tzinfo=UTC)
SINCE = date(2026, 1, 1)
TABLES = Base.metadata.tables


@dataclass(frozen=True, slots=True)
class Row:
    """One step of a size: seconds, MiB, and microseconds for each performance."""

    database: str
    performances: int
    step: str
    seconds: float
    peak_mib: int

    @property
    def each(self) -> float:
        return 1e6 * self.seconds / self.performances


def benchmark(sizes: Sequence[int], databases: Sequence[str], record: Record) -> list[Row]:
    """Measure each, and write what was found."""
    rows: list[Row] = []
    for kind in databases:
        for size in sizes:
            rows += _of(kind, size)
            record.write({"rows": [asdict(row) for row in rows]}, _table(rows))
    print(_table(rows), flush=True)
    return rows


def _of(kind: str, size: int) -> list[Row]:
    with empty(kind) as engine:
        migrations.upgrade(engine)
        with engine.begin() as connection:
            fill(connection, size)
        url = engine.url.render_as_string(hide_password=False)
        engine.dispose()
        return [_step(kind, size, url, step) for step in ("make", "again", "final")]


def _step(kind: str, size: int, url: str, step: str) -> Row:
    took = measured(
        [sys.executable, "-m", "benchmarks.billing", url, "make" if step == "again" else step]
    )
    if took.code:
        raise RuntimeError(took.err)
    return Row(kind, size, step, round(float(took.out), 2), took.peak_mib)


# --- In a process of its own ------------------------------------------------------------------------------


def make(engine: Engine) -> None:
    """All drafts of the month."""
    for _ in generate_all(engine, MARCH):
        pass


def final(engine: Engine) -> None:
    """Each of them final, in a transaction of its own."""
    with reading(engine) as session:
        bases = list(session.scalars(select(InvoiceBasis.id).order_by(InvoiceBasis.id)))
    for basis in bases:
        with writing(engine) as session:
            row = session.get_one(InvoiceBasis, basis)
            finishing.finalise(session, row, by=NOBODY, now=NOW)


STEPS: Mapping[str, Callable[[Engine], None]] = {"make": make, "final": final}


def run(url: str, step: str) -> None:
    """Do it, and print the seconds that it took."""
    engine = database.engine(url, poolclass=NullPool)
    began = time.perf_counter()
    STEPS[step](engine)
    print(time.perf_counter() - began)


# --- What is billed ---------------------------------------------------------------------------------------


def fill(connection: Connection, performances: int) -> None:
    """Employers with an agreement of one price list, and what was performed for them in March."""

    def rows(table: str, those: Sequence[Mapping[str, Any]]) -> list[UUID]:
        columns = TABLES[table].c.keys()
        plain = {"version": 1} if "version" in columns else {}
        made = [{"id": new_id(), **plain, **one} for one in those]
        connection.execute(insert(TABLES[table]), made)
        return [one["id"] for one in made]

    (role,), (group,) = rows("roles", [{"name": "Role"}]), rows("groups", [{"name": "Group"}])
    whose = {"role_id": role, "group_id": group, "kind": "user", "secret_hash": "-"}
    (account,) = rows("accounts", [whose | {"login": "writer", "name": "Writer"}])
    (kind,) = rows("case_kinds", [{"code": "absence", "name": "Absence"}])
    (model,) = rows("contract_models", [{"kind": "sale", "name": "Model"}])
    of_model = {"contract_model_id": model, "vat_basis_points": 2100}
    (category,) = rows("price_categories", [of_model | {"name": "All"}])
    types = rows(
        "performance_types", [{"code": f"T{n}", "name": f"Type {n}"} for n in range(TYPES)]
    )
    priced = {"price_category_id": category, "from_day": SINCE}
    rows("prices", [priced | {"performance_type_id": one, "cents": 5_000} for one in types])
    employers = rows(
        "employers", [{"code": f"E{n}", "name": f"Employer {n}"} for n in range(EMPLOYERS)]
    )
    site = {"name": "Main", "is_main": True, "country": "NL"}
    sites = rows("establishments", [site | {"employer_id": one} for one in employers])
    agreed = {"name": "Agreement", "from_day": SINCE, "budget_scope": "agreement"}
    agreed["yearly_budget_cents"] = 100_000
    agreements = rows("service_agreements", [agreed | {"employer_id": one} for one in employers])
    within = {"contract_model_id": model, "budget_scope": "agreement", "kind": "sale"}
    rows("agreed_models", [within | {"agreement_id": one} for one in agreements])
    people = rows("employees", [{"last_name": f"Employee {n}"} for n in range(EMPLOYERS)])
    about = {"kind_id": kind, "opened_on": SINCE}
    cases = rows(
        "cases",
        [
            about | {"employee_id": who, "establishment_id": where}
            for who, where in zip(people, sites, strict=True)
        ],
    )
    rows(
        "performances",
        [
            {
                "case_id": cases[n % EMPLOYERS],
                "establishment_id": sites[n % EMPLOYERS],
                "performance_type_id": types[n % TYPES],
                "account_id": account,
                "performed_on": date(2027, 3, 1 + n % 31),
                "state": "released",
            }
            for n in range(performances)
        ],
    )


# --- What was found ---------------------------------------------------------------------------------------


def _table(rows: Sequence[Row]) -> str:
    head = ["database", "performances", "step", "seconds", "µs each", "MiB"]
    cells = [
        [
            row.database,
            number(row.performances),
            {"make": "drafts", "again": "drafts again", "final": "final"}[row.step],
            f"{row.seconds:.1f}",
            f"{row.each:.0f}",
            number(row.peak_mib),
        ]
        for row in rows
    ]
    return markdown(head, cells)


if __name__ == "__main__":
    run(*sys.argv[1:])
