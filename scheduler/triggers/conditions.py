"""When a trigger fires: all of its conditions hold of what the event is about. A closed language. Domain §4.

    {"all": [{"field": "case_kind", "values": ["0193…"]}, {"field": "day", "values": [42, 91]}]}

A condition holds where the field has one of the values; where nobody knows the field, it does not.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agenda import Location
from models.base import Json, Keyed
from models.consultations import CaseKind, ConsultationType, Modality
from models.organisation import Employer, Establishment
from models.people import Practitioner
from scheduler.refusals import Refusal
from scheduler.topics import Topic
from scheduler.triggers.messages import (
    DAY_MISSING,
    FIELD_TWICE,
    FIELD_UNKNOWN,
    NO_SUCH_TOPIC,
    VALUE_UNKNOWN,
)

Value = str | int
LAST_DAY = 3_660
"""Of a case: ten years."""


class Of(StrEnum):
    """What an event may say something of."""

    CONSULTATION_TYPE = "consultation_type"
    NO_SHOW_TYPE = "no_show_type"
    EMPLOYER = "employer"
    ESTABLISHMENT = "establishment"
    LOCATION = "location"
    PRACTITIONER = "practitioner"
    CASE_KIND = "case_kind"
    MODALITY = "modality"
    PRIORITY = "priority"
    DAY = "day"


ROWS: Mapping[Of, type[Keyed]] = MappingProxyType(
    {
        Of.CONSULTATION_TYPE: ConsultationType,
        Of.NO_SHOW_TYPE: ConsultationType,
        Of.EMPLOYER: Employer,
        Of.ESTABLISHMENT: Establishment,
        Of.LOCATION: Location,
        Of.PRACTITIONER: Practitioner,
        Of.CASE_KIND: CaseKind,
    }
)
"""Fields whose values are keys."""
NUMBERS: Mapping[Of, int] = MappingProxyType({Of.PRIORITY: 1_000, Of.DAY: LAST_DAY})
"""Fields whose values are whole numbers from 1, and the largest."""
WORDS: Mapping[Of, frozenset[str]] = MappingProxyType({Of.MODALITY: frozenset(Modality)})

_WHOSE = (Of.EMPLOYER, Of.ESTABLISHMENT, Of.CASE_KIND)
SAYS: Mapping[str, tuple[Of, ...]] = MappingProxyType(
    {
        "Request": (Of.CONSULTATION_TYPE, *_WHOSE, Of.MODALITY, Of.PRIORITY),
        "Appointment": (
            *(Of.CONSULTATION_TYPE, Of.NO_SHOW_TYPE, *_WHOSE),
            *(Of.LOCATION, Of.PRACTITIONER, Of.MODALITY),
        ),
        "Case": (*_WHOSE, Of.PRACTITIONER),
        "Availability": (Of.LOCATION, Of.PRACTITIONER),
        "Absence": (Of.PRACTITIONER,),
    }
)
"""By what a topic begins with."""


class Condition(BaseModel):
    """`field` has one of the `values`: keys, words or whole numbers, whichever the field has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: Of
    values: Annotated[
        tuple[StrictInt | Annotated[str, StringConstraints(max_length=50)], ...],
        Field(min_length=1, max_length=100, examples=[["0193a0de-0000-7000-8000-000000000001"]]),
    ]


def fields_of(topic: str) -> tuple[Of, ...]:
    """What an event of this topic says something of; of some no trigger is to hear."""
    for beginning, fields in SAYS.items():
        if topic.startswith(beginning):
            return (*fields, Of.DAY) if topic == Topic.CASE_DAY_REACHED else fields
    return ()


TOPICS: tuple[Topic, ...] = tuple(topic for topic in Topic if fields_of(topic))
"""Those that a trigger can be tied to."""


def holds(conditions: Iterable[Condition], fields: Mapping[Of, Value]) -> bool:
    """Whether all of them hold."""
    return all(
        one.field in fields and fields[one.field] in map(plain, one.values) for one in conditions
    )


def against(session: Session, topic: Topic, conditions: Sequence[Condition]) -> list[Refusal]:
    """Why these can be no conditions for this topic."""
    says = fields_of(topic)
    if not says:
        return [Refusal(NO_SUCH_TOPIC, {"topic": topic})]
    refusals = []
    seen: set[Of] = set()
    for one in conditions:
        if one.field not in says:
            told = {"topic": topic, "field": one.field, "fields": list(says)}
            refusals.append(Refusal(FIELD_UNKNOWN, told))
            continue
        if one.field in seen:
            refusals.append(Refusal(FIELD_TWICE, {"field": one.field}))
        seen.add(one.field)
        refusals += [
            Refusal(VALUE_UNKNOWN, {"field": one.field, "value": value})
            for value in _unknown(session, one)
        ]
    if Of.DAY in says and Of.DAY not in seen:
        refusals.append(Refusal(DAY_MISSING))
    return refusals


def written(conditions: Iterable[Condition]) -> Json:
    """As they are stored."""
    those = [{"field": one.field.value, "values": [*map(plain, one.values)]} for one in conditions]
    return {"all": those}


def read(stored: Json) -> tuple[Condition, ...]:
    """As they were stored."""
    return tuple(Condition.model_validate(one) for one in stored["all"])


def plain(value: Value) -> Value:
    """A key as we write it, however it was sent."""
    key = as_key(value)
    return value if key is None else str(key)


def as_key(value: Value) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _unknown(session: Session, condition: Condition) -> list[Value]:
    """The values that the field never has."""
    of, values = condition.field, condition.values
    if of in NUMBERS:
        return [one for one in values if isinstance(one, str) or not 1 <= one <= NUMBERS[of]]
    if of in WORDS:
        return [one for one in values if one not in WORDS[of]]
    keys = {value: as_key(value) for value in values}
    wanted = [key for key in keys.values() if key is not None]
    there = set(session.scalars(select(ROWS[of].id).where(ROWS[of].id.in_(wanted))))
    return [value for value, key in keys.items() if key not in there]
