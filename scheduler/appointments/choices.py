"""For whom and for what an appointment without a request is: the rules of intake, asked for its one day. Domain §3."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from models.consultations import Modality
from scheduler.intake import May, Wish
from scheduler.intake.known import TypeRow, known
from scheduler.intake.rules import Question, judge
from scheduler.refusals import Refusal, RefusedError

A_DAY = timedelta(days=1)
BY_HAND = May(place=True)
"""Whether somebody may plan at all, is asked before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An appointment without a request. Duration, buffer and modality: the type's, unless others are asked for."""

    employee_id: UUID
    consultation_type_id: UUID
    establishment_id: UUID
    case_id: UUID | None = None
    contact_person_id: UUID | None = None
    duration: int | None = None
    buffer: int | None = None
    modality: Modality | None = None
    remarks: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """How long, and how."""

    duration: int
    buffer: int
    modality: Modality


def shape(choice: Choice, kind: TypeRow) -> Shape:
    return Shape(
        kind.duration if choice.duration is None else choice.duration,
        kind.buffer if choice.buffer is None else choice.buffer,
        choice.modality or kind.modality,
    )


def about(choice: Choice, day: date) -> Wish:
    """What intake is asked: a wish for just that day."""
    return Wish(
        employee_id=choice.employee_id,
        consultation_type_id=choice.consultation_type_id,
        establishment_id=choice.establishment_id,
        case_id=choice.case_id,
        contact_person_id=choice.contact_person_id,
        duration=choice.duration,
        buffer=choice.buffer,
        modality=choice.modality,
        from_day=day,
        until_day=day + A_DAY,
    )


def judged(
    session: Session, choice: Choice, day: date, now: datetime
) -> tuple[TypeRow, list[Refusal]]:
    """The type, and every reason against choosing this.

    Raises:
        RefusedError: without a type, or with another measure, nothing else can be asked.
    """
    wish = about(choice, day)
    facts = known(session, [wish], now=now)
    (against,) = judge([Question(wish, BY_HAND, is_placed=True)], facts)
    kind = facts.types.get(choice.consultation_type_id)
    if kind is None or any(one.code in MEASURES for one in against):
        raise RefusedError(against)
    return kind, list(against)


MEASURES = frozenset({"duration", "buffer"})


def judged_anew(
    session: Session,
    before: Choice,
    after: Choice,
    day: date,
    *,
    now: datetime,
    request_id: UUID | None,
) -> list[Refusal]:
    """Every reason against what is changed: what stands, stood."""
    was, wish = about(before, day), about(after, day)
    question = Question(wish, BY_HAND, is_placed=True, before=was, request_id=request_id)
    (against,) = judge([question], known(session, [wish], now=now))
    return list(against)


def together(*told: Iterable[Refusal]) -> list[Refusal]:
    """Each code as it was told first: `duplicate` is a rule of intake and of the agenda."""
    found: dict[str, list[Refusal]] = {}
    for refusals in told:
        these: dict[str, list[Refusal]] = {}
        for one in refusals:
            these.setdefault(one.code, []).append(one)
        found = these | found
    return [one for each in found.values() for one in each]
