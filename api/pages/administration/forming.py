"""A form with what is filled in, and what may be chosen, in the words of whoever reads it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, or_

from api.http.calls import Call
from api.languages import LANGUAGES, Language
from api.pages.administration.fields import Field, Widget, fields_of, keys_of
from api.pages.administration.labels import FIRST, NO, SECTIONS, WORDS, YES
from api.pages.names import NAMELESS, called, choices, names
from api.pages.rendering import reader
from models.base import Keyed

Values = Mapping[str, Any]
Option = tuple[object, str]
A_MONDAY = date(2027, 3, 1)
TWO_LETTERS = 2
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Two letters that are not a country of ISO 3166-1."""
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Two letters that are not a country of ISO 3166-1."""


@dataclass(frozen=True)
class Form:
    """What the templates make a form of. `sections`: title and fields; the first has no title."""

    sections: Sequence[tuple[str, Sequence[Field]]]
    values: Values
    names: Mapping[UUID, str]
    options: Mapping[str, Sequence[Option]]


def form(
    call: Call, shape: type[BaseModel], values: Values | None = None, *, but: Iterable[str] = ()
) -> Form:
    """The form by which this shape is filled in, with these values."""
    fields = [one for one in fields_of(shape) if one.name not in but]
    # what lies within is flat here: its fields know the whole of their names
    flat = [inner for one in fields for inner in _flat(one)]
    filled = {**_defaults(shape), **(values or {})}
    known = known_names(call, flat, [filled])
    spoken = reader(call).language
    options = {
        one.name: _options(call, spoken, one, filled.get(one.name))
        for field in flat
        for one in (field, *field.fields)
    }
    return Form(_sections(fields), filled, known, options)


def known_names(call: Call, fields: Sequence[Field], rows: Sequence[Values]) -> Mapping[UUID, str]:
    """What the keys in these rows are called."""
    wanted: dict[type[Keyed], set[UUID]] = {}
    for row in rows:
        for kind, keys in keys_of(fields, row).items():
            wanted.setdefault(kind, set()).update(keys)
    return {key: name for kind in wanted for key, name in names(call, kind, wanted[kind]).items()}


def told(spoken: Language, field: Field, value: Any, known: Mapping[UUID, str]) -> str:  # noqa: ANN401 (of any field)
    """A value, as a list shows it."""
    if field.names is not None and value:
        return called(known, value) if field.several else known.get(value, NAMELESS)
    match value:
        case None | "" | []:
            return ""
        case bool():
            return spoken.text(YES if value else NO)
        case date():
            return spoken.day(value)
    if field.widget is Widget.CLOCK:
        return clock(value)
    return dict(_worded(spoken, field)).get(value) or str(value)


def clock(minute: int) -> str:
    """A minute of the day."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _flat(field: Field) -> Sequence[Field]:
    return field.fields if field.widget is Widget.WITHIN else (field,)


def _defaults(shape: type[BaseModel]) -> dict[str, Any]:
    made = {
        name: info.get_default(call_default_factory=True)
        for name, info in shape.model_fields.items()
        if not info.is_required()
    }
    return {name: value for name, value in made.items() if value is not None}


def _sections(fields: Sequence[Field]) -> list[tuple[str, Sequence[Field]]]:
    place = {name: n for n, name in enumerate(FIRST)}
    parted = {name for those in SECTIONS.values() for name in those}
    first = [one for one in fields if one.name not in parted]
    by_name = {one.name: one for one in fields}
    found: list[tuple[str, Sequence[Field]]] = [
        ("", sorted(first, key=lambda one: (_late(one), place.get(one.name, len(place)))))
    ]
    for title, those in SECTIONS.items():
        if there := [by_name[name] for name in those if name in by_name]:
            found.append((title, there))
    return found


def _late(field: Field) -> int:
    """What takes a line of its own comes after what does not, and boxes between."""
    if field.widget in {Widget.ROWS, Widget.WITHIN, Widget.SEVERAL}:
        return 2
    return int(field.widget is Widget.BOX)


# --- What may be chosen ---------------------------------------------------------------------------------


def _options(call: Call, spoken: Language, field: Field, value: Any) -> Sequence[Option]:  # noqa: ANN401 (of any field)
    if field.names is not None:
        few = field.widget in {Widget.CHOICE, Widget.SEVERAL}
        return choices(call, field.names, *_in_use(field.names, value)) if few else ()
    if field.widget is not Widget.CHOICE:
        return ()
    worded = _worded(spoken, field)
    if value is None or value in dict(worded):
        return worded
    return [*worded, (value, str(value))]


def _in_use(kind: type[Keyed], value: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 (a key, several, or none)
    """What is archived is offered no more; where it is chosen already, it stays."""
    archived = getattr(kind, "archived_at", None)
    if archived is None:
        return []
    kept = value if isinstance(value, list) else [value]
    return [or_(archived.is_(None), kind.id.in_([key for key in kept if key is not None]))]


def _worded(spoken: Language, field: Field) -> Sequence[Option]:
    if field.codes is not None:
        return [(code.value, spoken.text(WORDS[code.value])) for code in field.codes]
    match field.name.rpartition(".")[2]:
        case "language":
            return list(LANGUAGES.items())
        case "country":
            return countries(spoken)
        case "weekday":
            return [(n + 1, spoken.day(A_MONDAY + timedelta(days=n), "EEEE")) for n in range(7)]
        case _:
            return ()


@cache
def countries(spoken: Language) -> Sequence[Option]:
    """By their names; the two letters are the key."""
    found = [
        (code, name)
        for code, name in spoken.locale.territories.items()
        if len(code) == TWO_LETTERS and code.isalpha() and code not in NO_COUNTRIES
    ]
    return sorted(found, key=lambda one: one[1].casefold())
