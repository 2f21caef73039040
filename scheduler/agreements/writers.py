"""Who may write performances: a part of a user's contract. Domain §7, Suppliers [001]."""

from sqlalchemy.orm import Session

from models.access import Account


def let_write(session: Session, account: Account, *, may_write: bool) -> None:
    """Whether what he completes can be written; without it he completes nothing that is billed."""
    account.may_write_performances = may_write
    session.flush()
