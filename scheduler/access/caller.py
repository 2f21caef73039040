"""Who calls: the account, whom it acts for, what it may, and for whom. Read from the database at each call."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from scheduler.access.denied import forbidden
from scheduler.access.rights import EVERY_RIGHT, Right
from scheduler.access.scope import Scope, today
from scheduler.actor import Actor

PROOF_LASTS = timedelta(minutes=15)
"""So long after password and code were given, what is dangerous may be done without giving them again."""


class Pending(StrEnum):
    """What a user must do before anything else."""

    PASSWORD = "password"  # noqa: S105 (a word for it)
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True)
class Caller:
    """To every command, whoever is there.

    `everything`: a super-administrator by his own account, who holds rights that do not exist yet.
    """

    account_id: UUID | None
    rights: frozenset[Right]
    scope: Scope
    on_behalf_of_id: UUID | None = None
    everything: bool = False
    pending: frozenset[Pending] = field(default_factory=frozenset)
    session_id: UUID | None = None
    proved_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        """As history and audit name him."""
        return Actor(self.account_id, self.on_behalf_of_id)

    def may(self, right: Right) -> bool:
        return right in self.rights and not self.pending

    def require(self, right: Right) -> None:
        """Raises ForbiddenError where he does not hold it, or has to finish his log-in first."""
        self.require_settled()
        if right not in self.rights:
            raise forbidden("right_missing", right=right)

    def require_settled(self) -> None:
        """Raises ForbiddenError where he has to finish his log-in first."""
        if self.pending:
            raise forbidden("log_in_unfinished", pending=sorted(self.pending))

    def require_everybody(self) -> None:
        """Raises ForbiddenError where he reaches no more than a part of the organisation."""
        if not self.scope.everybody:
            raise forbidden("beyond_own_part")

    def require_own_hands(self) -> None:
        """Raises ForbiddenError while he acts for another: of secrets and rights, nobody's but his own."""
        if self.on_behalf_of_id is not None:
            raise forbidden("not_under_impersonation")

    def require_to_manage(self, right: Right) -> None:
        """Both: what changes accounts, rights or secrets."""
        self.require_own_hands()
        self.require(right)

    def require_himself(self, now: datetime) -> UUID:
        """His account, where it was certainly he who has just logged in: to change his own secrets.

        Raises:
            ForbiddenError: he acts for another, or the proof is too long ago.
        """
        self.require_own_hands()
        fresh = self.proved_at is not None and now < self.proved_at + PROOF_LASTS
        if self.account_id is None or not fresh:
            raise forbidden("proof_needed")
        return self.account_id


def operator(now: datetime) -> Caller:
    """Whoever types commands on the machine itself: he holds the database anyway."""
    everybody = Scope(frozenset(), today(now), everybody=True)
    return Caller(None, EVERY_RIGHT, everybody, everything=True)
