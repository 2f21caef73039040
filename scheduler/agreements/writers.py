"""Who may write performances, and under which contract they are reimbursed: a user's contract. Domain §7, Suppliers [001]."""

from uuid import UUID

from sqlalchemy.orm import Session

from models.access import Account
from scheduler.actor import Actor


def let_write(
    session: Session, account: Account, *, may_write: bool, reimbursement_contract_id: UUID | None
) -> None:
    """Whether what he completes can be written, and how his supplier is paid for it, if he is hired."""
    account.may_write_performances = may_write
    account.reimbursement_contract_id = reimbursement_contract_id
    session.flush()


def may_write(session: Session, by: Actor) -> bool:
    """Without it he completes nothing that is billed."""
    key = writer(by)
    found = None if key is None else session.get(Account, key)
    return found is not None and found.may_write_performances


def writer(by: Actor) -> UUID | None:
    """Whose supplier is reimbursed: the user's, whoever acts for him."""
    return by.on_behalf_of_id or by.account_id
