"""What is put on record of whoever comes to a door: that he was let in, or was not, and why. Reliability T11-T14."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import select

from api.http.declaring import AtTheDoor
from models.access import Account
from models.audit import Act
from models.database import reading
from scheduler.access.denied import UnauthenticatedError
from scheduler.actor import NOBODY, Actor
from scheduler.audit import Entry, Origin, record_reads
from scheduler.refusals import RefusedError


@contextmanager
def watched(door: AtTheDoor, ground: str, wanted: UUID | None = None) -> Iterator[None]:
    """Put on record who was refused here. `wanted`: whom he wanted to be."""
    try:
        yield
    except UnauthenticatedError as error:
        why = error.refusals[0].code if error.why is None else f"{ground}_{error.why.value}"
        tell(door, why, error.account_id or wanted, allowed=False)
        raise
    except RefusedError as error:
        tell(door, error.refusals[0].code, wanted, allowed=False)
        raise


def tell(
    door: AtTheDoor,
    ground: str,
    account_id: UUID | None,
    *,
    by: Actor = NOBODY,
    allowed: bool = True,
) -> None:
    """One record, committed before anything of it is answered."""
    role_id = group_id = None
    if by.account_id is not None:
        with reading(door.service.engine) as session:
            of = select(Account.role_id, Account.group_id).where(Account.id == by.account_id)
            role_id, group_id = session.execute(of).one()
    knocked = door.knocked
    entry = Entry(Act.LOGIN, Account.__tablename__, ground, account_id, allowed=allowed)
    record_reads(
        door.service.engine,
        [entry],
        by=Origin(by, role_id, group_id, knocked.address, knocked.request_id),
    )
