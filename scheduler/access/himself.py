"""A user's own account, once it is certain that it is he who calls."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.access import Account, AccountKind
from scheduler.access.caller import Caller
from scheduler.access.denied import refused


def own_account(session: Session, caller: Caller, now: datetime) -> Account:
    """His account, for him to change; a program's is its administrator's to change.

    Raises:
        ForbiddenError: it is not certainly he.
        RefusedError: it is a program's.
    """
    account_id = caller.require_himself(now)
    account = session.get_one(Account, account_id, with_for_update={"key_share": True})
    if account.kind is not AccountKind.USER:
        raise refused("not_a_program")
    return account
