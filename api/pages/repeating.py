"""How often an availability comes again, as people say it: a rule is made of that (RFC 5545). Experts write the rule."""

from datetime import date
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api.http.routes.series import NewSeries, Rule
from api.http.shapes import Day
from api.pages.availabilities import Hours
from api.pages.words import msgid

MOST_APART = 52
A_WEEK = 7
LAST = 5
"""The fifth Monday of a month is its last; not every month has one, so it is the last that is meant."""


class Weekday(StrEnum):
    """As RFC 5545 has them, from Monday on."""

    MONDAY = "MO"
    TUESDAY = "TU"
    WEDNESDAY = "WE"
    THURSDAY = "TH"
    FRIDAY = "FR"
    SATURDAY = "SA"
    SUNDAY = "SU"

    @classmethod
    def of(cls, day: date) -> Self:
        return list(cls)[day.weekday()]


class Repeat(StrEnum):
    """Ways to come again."""

    WEEKLY = "weekly"
    DAY_OF_MONTH = "day_of_month"
    WEEKDAY_OF_MONTH = "weekday_of_month"
    BY_RULE = "by_rule"


REPEATS = {
    Repeat.WEEKLY: msgid("by the week, on certain days"),
    Repeat.DAY_OF_MONTH: msgid("by the month, on the same date as the first day"),
    Repeat.WEEKDAY_OF_MONTH: msgid("by the month, on the same day of the week as the first day"),
    Repeat.BY_RULE: msgid("by a rule that I write"),
}
WEEKDAYS = {
    Weekday.MONDAY: msgid("Monday"),
    Weekday.TUESDAY: msgid("Tuesday"),
    Weekday.WEDNESDAY: msgid("Wednesday"),
    Weekday.THURSDAY: msgid("Thursday"),
    Weekday.FRIDAY: msgid("Friday"),
    Weekday.SATURDAY: msgid("Saturday"),
    Weekday.SUNDAY: msgid("Sunday"),
}


class SeriesForm(Hours, NewSeries):
    """A series as the form sends it. `every`: so many weeks, or months. `until_day` is among its days."""

    repeat: Repeat = Repeat.WEEKLY
    every: int = Field(default=1, ge=1, le=MOST_APART)
    weekdays: list[Weekday] = Field(default=[], max_length=A_WEEK)
    until_day: Day | None = Field(default=None, validate_default=True)
    own_rule: Rule = Field(default="", validate_default=True)
    rule: Rule = ""

    @field_validator("until_day", "own_rule")
    @classmethod
    def _said(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 (a day, or a rule)
        """A rule says itself when it ends."""
        by_rule = info.data.get("repeat") is Repeat.BY_RULE
        if not value and by_rule is (info.field_name == "own_rule"):
            raise PydanticCustomError("missing", "fill this in")
        return value

    @model_validator(mode="after")
    def _with_rule(self) -> Self:
        self.rule = self.own_rule if self.repeat is Repeat.BY_RULE else self._as_rule()
        return self

    def _as_rule(self) -> str:
        first, until = self.first_day, self.until_day
        if self.repeat is Repeat.WEEKLY:
            days = self.weekdays or [Weekday.of(first)]
            when = f"FREQ=WEEKLY;INTERVAL={self.every};BYDAY={','.join(days)}"
        elif self.repeat is Repeat.DAY_OF_MONTH:
            when = f"FREQ=MONTHLY;INTERVAL={self.every};BYMONTHDAY={first.day}"
        else:
            number = (first.day - 1) // A_WEEK + 1
            number = -1 if number == LAST else number
            when = f"FREQ=MONTHLY;INTERVAL={self.every};BYDAY={number}{Weekday.of(first)}"
        return f"{when};UNTIL={until:%Y%m%d}"
