"""What a route has to say before it may be one: who may ask, for what, and what is put on record. Domain §8, reliability P10, P13."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from typing import Any

from models.access import Account, Session
from models.audit import Act
from scheduler.access import Caller, Right
from scheduler.access.denied import forbidden
from scheduler.access.visible import CONDITIONS


class Who(Enum):
    """Who may ask."""

    ANYBODY = "anybody"
    """No token is asked for: whether the service is up, and how its API looks."""
    AT_THE_DOOR = "at the door"
    """Whoever wants to be let in, and has no token yet."""
    HIMSELF = "himself"
    """Whoever is logged in, about his own account."""
    WITH_A_RIGHT = "with a right"


@dataclass(frozen=True, slots=True)
class Policy:
    """Of one route. `rights`: one of them is enough. `of`: the table that the audit log names.

    `everywhere`: what belongs to no part of the organisation, and is shown to all who hold the right.
    `settled`: not before the log-in is finished.
    """

    who: Who
    of: type[Any] | None = None
    act: Act = Act.READ
    rights: AbstractSet[Right] = frozenset()
    everywhere: bool = False
    settled: bool = True

    def __post_init__(self) -> None:
        if (self.who is Who.WITH_A_RIGHT) is not bool(self.rights):
            raise ValueError("a right is asked of whoever needs one, and of nobody else")
        if self.who is not Who.ANYBODY and self.of is None:
            raise ValueError("say which table it is about: the audit log names it")
        if self.who is Who.WITH_A_RIGHT and self.everywhere is self.in_a_part:
            raise ValueError(
                f"{self.of} lies in a part of the organisation, or is everywhere: one of both"
            )

    @property
    def in_a_part(self) -> bool:
        """Whether what it is about lies in a part of the organisation."""
        return self.of in CONDITIONS

    @property
    def asks_for_a_token(self) -> bool:
        return self.who in {Who.HIMSELF, Who.WITH_A_RIGHT}

    def require(self, caller: Caller) -> None:
        """Raises ForbiddenError where this caller may not ask."""
        if self.settled:
            caller.require_settled()
        if self.rights and not self.rights & caller.rights:
            raise forbidden("right_missing", right=sorted(self.rights))

    def ground(self, caller: Caller) -> str:
        """By which right it is allowed, for the record."""
        held = sorted(self.rights & caller.rights)
        return held[0] if held else self.who.value


def by_right(*rights: Right, of: type[Any], act: Act = Act.READ) -> Policy:
    """About what lies in a part of the organisation: the caller's, or it is not there."""
    return Policy(Who.WITH_A_RIGHT, of, act, frozenset(rights))


def everywhere(*rights: Right, of: type[Any], act: Act = Act.READ) -> Policy:
    """About what belongs to the organisation as a whole."""
    return Policy(Who.WITH_A_RIGHT, of, act, frozenset(rights), everywhere=True)


def himself(act: Act = Act.READ, of: type[Any] = Account, *, settled: bool = True) -> Policy:
    """About one's own account."""
    return Policy(Who.HIMSELF, of, act, settled=settled)


AT_THE_DOOR = Policy(Who.AT_THE_DOOR, Session, Act.LOGIN)
ANYBODY = Policy(Who.ANYBODY)
