"""Numbers without gaps: the counter is a row, locked until the transaction that counts is committed. Domain §7."""

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models import Base
from models.billing import NumberSeries

TABLE = Base.metadata.tables[NumberSeries.__tablename__]
INVOICES = "invoices"


def next_number(session: Session, series: str, year: int) -> str:
    """The next of the year; a transaction that is rolled back gives it back."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    new = postgresql.insert(TABLE) if on_postgresql else sqlite.insert(TABLE)
    session.execute(new.values(name=series, year=year, last=0).on_conflict_do_nothing())
    counted = (
        update(TABLE)
        .where(TABLE.c.name == series, TABLE.c.year == year)
        .values(last=TABLE.c.last + 1)
        .returning(TABLE.c.last)
    )
    return f"{year}-{session.scalars(counted).one():06}"
