"""What all bodies have in common: no field that is not named, and values that the database can keep and people can read."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from models.base import LINE

FIRST_YEAR, LAST_YEAR = 1900, 2200
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
"""RFC 3339; seconds may be left out."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CONTROL_BUT_NEW_LINES = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f]")
ENCODED_WORD = "=?"
"""Begins an encoded word of a mail header, which may hide a line break (reliability §0, E11; T17)."""


class Given(BaseModel):
    """What is sent to us: a field that is not named here is refused, and not quietly dropped (T3)."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class View(BaseModel):
    """What is shown of a row."""

    model_config = ConfigDict(from_attributes=True)


Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A part of a list. `next`: for the next part, as `cursor`; nothing where this is the last."""

    items: list[Item]
    next: str | None = Field(
        default=None, examples=["WyIwMTkzMGQ3Yy04ZjFiLTdhNWQtOGQxMi0zZjBiOWE2MmM3MWUiXQ"]
    )

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__}Page"


def _text_of_an_instant(value: Any) -> Any:  # noqa: ANN401 (whatever was sent)
    # pydantic takes numbers, too, and texts of numbers, for seconds since 1970
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise PydanticCustomError("instant", "a text such as 2027-03-01T09:00:00+01:00")
    return value


def _text_of_a_day(value: Any) -> Any:  # noqa: ANN401 (whatever was sent)
    if isinstance(value, date):  # a default
        return value
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise PydanticCustomError("day", "a text such as 2027-03-01")
    return value


def _in_our_time(value: Any) -> Any:  # noqa: ANN401 (a day or an instant)
    if not FIRST_YEAR <= value.year < LAST_YEAR:
        raise PydanticCustomError(
            "year", "a year from {first} to {last}", {"first": FIRST_YEAR, "last": LAST_YEAR - 1}
        )
    return value


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _one_line(value: str) -> str:
    if CONTROL.search(value) or ENCODED_WORD in value:
        raise PydanticCustomError(
            "invalid_characters", "one line of text, without control characters"
        )
    return value


def _plain(value: str) -> str:
    if CONTROL_BUT_NEW_LINES.search(value):
        raise PydanticCustomError("invalid_characters", "text, without control characters")
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_text_of_an_instant),
    AfterValidator(_in_our_time),
    AfterValidator(_utc),
    Field(examples=["2027-03-01T09:00:00+01:00"]),
]
"""With a zone or an offset: without one it is no instant (T23)."""
Day = Annotated[
    date,
    BeforeValidator(_text_of_a_day),
    AfterValidator(_in_our_time),
    Field(examples=["2027-03-01"]),
]
Line = Annotated[str, StringConstraints(min_length=1, max_length=LINE), AfterValidator(_one_line)]
"""One line of text that goes into mails and calendars (T17, T18)."""
Short = Annotated[str, StringConstraints(min_length=1, max_length=50), AfterValidator(_one_line)]
"""A code, or a number that another administration gives."""
Beginning = Annotated[str, StringConstraints(min_length=1, max_length=100), Field(examples=["Em"])]
"""Of a name, to search by."""
Language = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$"), Field(examples=["nl-NL"])
]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["NL"])]
"""ISO 3166-1."""
Telephone = Annotated[
    str,
    StringConstraints(min_length=3, max_length=30, pattern=r"^[0-9+()/. -]+$"),
    Field(examples=["+31 20 555 01 00"]),
]
Text = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_plain)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=False)]
Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2_000),
    AfterValidator(_one_line),
    Field(examples=["https://hooks.example.org/spreekuur"]),
]
"""Whether anything is sent there is not for its shape to say."""
Flag = StrictBool
Cents = Annotated[int, Field(strict=True, ge=0, le=10**11, examples=[11000])]
"""An amount of money; a fraction of a cent is none."""
Address = Annotated[
    str,
    StringConstraints(min_length=3, max_length=LINE, pattern=r"^[^@\s]+@[^@\s]+$"),
    AfterValidator(_one_line),
    Field(examples=["planner1@example.org"]),
]
