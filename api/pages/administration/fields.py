"""A form, out of the shape that the API takes: for each field what it is filled in by. Nothing is said twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date
from enum import Enum, StrEnum
from functools import cache
from typing import Any, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.pages.administration.labels import hint, label
from api.pages.forms import is_shape, plain
from models.access import Account, Group, Role
from models.agenda import Location
from models.agreements import PerformanceType
from models.base import Keyed
from models.consultations import CaseKind
from models.organisation import Department, Employer, Establishment
from models.people import Employee, Function, Practitioner


class Widget(StrEnum):
    """What a field is filled in by; the template has one macro for each."""

    TEXT = "text"
    NUMBER = "number"
    FRACTION = "fraction"
    CLOCK = "clock"
    DAY = "day"
    BOX = "box"
    CHOICE = "choice"
    SEVERAL = "several"
    SEARCH = "search"
    ROWS = "rows"
    WITHIN = "within"


MEANT: Mapping[str, Widget] = {
    "language": Widget.CHOICE,
    "country": Widget.CHOICE,
    "weekday": Widget.CHOICE,
    "start_minute": Widget.CLOCK,
    "end_minute": Widget.CLOCK,
}
"""Where the name says more than the type."""
NAMED: Mapping[str, type[Keyed]] = {
    "account_id": Account,
    "deputy_id": Account,
    "department_id": Department,
    "employee_id": Employee,
    "employer_id": Employer,
    "establishment_id": Establishment,
    "functions": Function,
    "group_id": Group,
    "location_id": Location,
    "parent_id": Department,
    "performance_type_id": PerformanceType,
    "practitioner_id": Practitioner,
    "preferred_case_kind_id": CaseKind,
    "role_id": Role,
    "employers": Employer,
    "departments": Department,
    "employees": Employee,
}
"""The kind of thing whose key a field holds."""
SEARCHED: Mapping[type[Keyed], str] = {
    Account: "/choose/users",
    Department: "/choose/departments",
    Employee: "/choose/employees",
    Employer: "/choose/employers",
    Establishment: "/choose/establishments",
}
"""Of which there are too many for a list."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `names`: the kind whose key it holds. `fields`: of what lies within it."""

    name: str
    widget: Widget
    required: bool
    label: str
    hint: str = ""
    names: type[Keyed] | None = None
    several: bool = False
    codes: type[Enum] | None = None
    fields: tuple["Field", ...] = ()
    limits: Mapping[str, int | float] = dataclass_field(default_factory=dict)
    """As a browser knows them: `maxlength`, `min`, `max`."""

    @property
    def search(self) -> str:
        return SEARCHED[self.names] if self.names is not None else ""


@cache
def fields_of(shape: type[BaseModel], *, within: str = "") -> tuple[Field, ...]:
    """All of its fields, in its order."""
    return tuple(_field(shape, name, info, within) for name, info in shape.model_fields.items())


def _field(shape: type[BaseModel], name: str, info: FieldInfo, within: str) -> Field:
    kind = plain(info.annotation)
    inner = plain((get_args(kind) or (None,))[0]) if get_origin(kind) is list else None
    named = NAMED.get(name)
    below = inner if is_shape(inner) else kind if is_shape(kind) else None
    whole = f"{within}{name}"
    return Field(
        name=whole,
        widget=_widget(name, kind, inner),
        required=info.is_required(),
        label=label(name),
        hint=hint(shape.__name__, name),
        names=named,
        several=inner is not None,
        codes=kind if isinstance(kind, type) and issubclass(kind, Enum) else None,
        fields=fields_of(below, within=f"{whole}." if below is kind else "") if below else (),
        limits=_limits(info) if inner is None else {},
    )


def _widget(name: str, kind: Any, inner: Any) -> Widget:  # noqa: ANN401 (types)
    if name in NAMED:
        few = Widget.CHOICE if inner is None else Widget.SEVERAL
        return Widget.SEARCH if NAMED[name] in SEARCHED else few
    if name in MEANT:
        return MEANT[name]
    if is_shape(kind) or is_shape(inner):
        return Widget.WITHIN if is_shape(kind) else Widget.ROWS
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Widget.CHOICE
    return BY_TYPE[kind]


BY_TYPE: Mapping[Any, Widget] = {
    bool: Widget.BOX,
    date: Widget.DAY,
    float: Widget.FRACTION,
    int: Widget.NUMBER,
    str: Widget.TEXT,
}


LIMITS: Mapping[str, str] = {"max_length": "maxlength", "ge": "min", "le": "max"}


def _limits(info: FieldInfo) -> Mapping[str, int | float]:
    found: dict[str, int | float] = {}
    for one in (*info.metadata, *_said_beside(info.annotation)):
        for name, attribute in LIMITS.items():
            limit = getattr(one, name, None)
            if limit is not None:
                found.setdefault(attribute, limit)
    return found


def _said_beside(annotation: Any) -> list[Any]:  # noqa: ANN401 (a type)
    """Of a type that may be missing: what pydantic has not unpacked."""
    beside: list[Any] = []
    for one in getattr(annotation, "__args__", ()):
        for said in getattr(one, "__metadata__", ()):
            beside += getattr(said, "metadata", None) or [said]
    return beside


def keys_of(fields: Sequence[Field], values: Mapping[str, Any]) -> dict[type[Keyed], set[UUID]]:
    """The keys that these values hold, by their kind, to look up what they are called."""
    found: dict[type[Keyed], set[UUID]] = {}
    for field in fields:
        value = values.get(field.name)
        if field.names is not None and value:
            found.setdefault(field.names, set()).update(value if field.several else [value])
    return found
