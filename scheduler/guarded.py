"""What the database refuses, told by the codes that our own rules have: its guards have the last word."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models import guards
from scheduler.refusals import Refusal, RefusedError

REFERENCE_TAKEN = "reference_taken"

_TAKEN = re.compile(r"uq_\w+?_(account|code|reference)(?:_id)?")
"""What another row has already, by the names of the constraints."""
_OUR_FAULT = ("fk_", "pk_", "uq_")
"""Names of constraints that no input should be able to reach."""


@contextmanager
def guarded(session: Session) -> Iterator[None]:
    """All of it or nothing, in a savepoint.

    Raises:
        RefusedError: a guard of the database refused.
    """
    try:
        with session.begin_nested():
            yield
    except DBAPIError as error:
        code = refusal_code(error)
        if code is None:
            raise
        raise RefusedError([Refusal(code)]) from error


def refusal_code(error: DBAPIError) -> str | None:
    """The code of the rule that an error of the database speaks of, if it speaks of one."""
    rule = guards.refused_by(error)
    taken = _TAKEN.fullmatch(rule or "")
    code = f"{taken[1]}_taken" if taken else rule
    return None if code is None or code.startswith(_OUR_FAULT) else code
