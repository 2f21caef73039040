"""Searching by the beginning of a text, by an index, on either database."""

from typing import Any

from sqlalchemy import ColumnElement, String, and_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

LAST = "\U0010ffff"
"""No character comes after it."""


class folded(FunctionElement[str]):  # noqa: N801 (reads as SQL's functions do)
    """A text without the difference between capitals and small letters of ASCII, ordered by its characters.

    Of other letters `begins_with` tries both.
    """

    type = String()
    inherit_cache = True


@compiles(folded, "sqlite")
def _nocase(element: folded, compiler: Any, **how: Any) -> str:  # noqa: ANN401 (the face of @compiles)
    return f"{compiler.process(element.clauses, **how)} COLLATE NOCASE"


@compiles(folded, "postgresql")
def _lower(element: folded, compiler: Any, **how: Any) -> str:  # noqa: ANN401 (the face of @compiles)
    return f'lower({compiler.process(element.clauses, **how)} COLLATE "C")'


def begins_with(column: InstrumentedAttribute[Any], beginning: str) -> ColumnElement[bool]:
    """That the text begins so. A range, and no LIKE: there are no wildcards to fear, and an index is used."""
    text = folded(column)
    return or_(
        *(
            and_(text >= folded(form), text <= folded(form + LAST))
            for form in sorted(_forms(beginning))
        )
    )


def _forms(beginning: str) -> set[str]:
    if beginning.isascii():
        return {beginning}
    small = beginning.lower()
    return {beginning, small, small[0].upper() + small[1:]}
