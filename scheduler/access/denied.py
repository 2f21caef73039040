"""Why somebody is not let in, or may not do something: each with a code, and a kind that the edge answers by."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from scheduler.refusals import Refusal, RefusedError

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "invalid_credentials": "this combination of name, password and code is not right",
        "too_many_attempts": "too many wrong tries from this network: try again in {seconds} seconds",
        "invalid_token": "log in again",
        "not_found": "not found",
        "right_missing": "this needs the right: {right}",
        "log_in_unfinished": "first: {pending}",
        "proof_needed": "give your password and code once more",
        "not_under_impersonation": "nobody does this for another",
        "impersonation_not_allowed": "this account may not act for that user",
        "no_deputy": "you are no deputy of this user today",
        "beyond_own_rights": "nobody gives or manages rights that he does not hold himself",
        "beyond_own_part": "nobody gives or manages a part of the organisation beyond his own",
        "last_super_administrator": "the last super-administrator stays one",
        "password_too_short": "a password has at least {minimum} characters",
        "password_too_long": "a password has at most {maximum} characters",
        "password_too_plain": "a password has at least {minimum} different characters",
        "password_names_you": "a password does not contain your name, login or address",
        "password_unchanged": "choose a password that you do not have already",
        "wrong_code": "this is not the code that the app shows now",
        "nothing_offered": "first ask for a new secret",
        "login_malformed": "a login has up to {maximum} small letters, digits and . _ @ + -",
        "login_taken": "this login is taken",
        "name_taken": "this name is taken",
        "in_use": "there are still accounts with it",
        "not_a_user": "this is not for people",
        "not_a_program": "this is not for programs",
        "account_inactive": "this account is deactivated",
        "own_deputy": "a deputy is somebody else",
        "period_empty": "the period ends before it begins",
        "super_administrators_stay": "all rights, and everybody, cannot be changed",
    }
)
"""For each code a msgid with named holes; translated at the edge."""


class Why(StrEnum):
    """What was wrong at a door, for the security log; whoever knocked never reads it."""

    UNKNOWN = "unknown"
    WRONG = "wrong"
    NOT_NOW = "not_now"
    """Right, but used before, or locked, or deactivated."""


class UnauthenticatedError(RefusedError):
    """Nobody we know: 401. One text for all reasons, so that nothing is learnt from it.

    `why` and `account_id` are for our own log.
    """

    why: Why | None = None
    account_id: UUID | None = None


class TooManyAttemptsError(RefusedError):
    """So many wrong tries from one network that it has to wait: 429."""

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, -(-wait // timedelta(seconds=1)))
        super().__init__([Refusal("too_many_attempts", {"seconds": seconds})])
        self.seconds = seconds


class ForbiddenError(RefusedError):
    """Known, and not allowed: 403."""


class NotFoundError(RefusedError):
    """Not there, or not his to see, and nobody can tell which: 404."""

    def __init__(self) -> None:
        super().__init__([Refusal("not_found")])


def unauthenticated(code: str) -> UnauthenticatedError:
    return UnauthenticatedError([Refusal(code)])


def not_let_in(account_id: UUID | None, *, right: bool) -> UnauthenticatedError:
    """At a door: somebody, or nobody, whose secrets were right, or not."""
    error = unauthenticated("invalid_credentials")
    error.account_id = account_id
    if account_id is None:
        error.why = Why.UNKNOWN
    else:
        error.why = Why.NOT_NOW if right else Why.WRONG
    return error


def forbidden(code: str, **params: object) -> ForbiddenError:
    return ForbiddenError([Refusal(code, params)])


def refused(code: str, **params: object) -> RefusedError:
    return RefusedError([Refusal(code, params)])
