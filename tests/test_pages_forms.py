"""What a form sends is read as what it means, and refused where it means nothing. `api.pages.forms`."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import Field

from api.http.shapes import Day, Flag, Given, Line
from api.http.strict import MalformedError
from api.pages import forms


class Inner(Given):
    """Within."""

    count: int = 0


class Row(Given):
    """One of several."""

    language: Line
    name: Line


class Shape(Given):
    """One field of each kind."""

    name: Line | None = None
    day: Day | None = None
    minutes: Annotated[int, Field(ge=0, le=1440)] | None = None
    flag: Flag = True
    several: list[UUID] = Field(default_factory=list)
    numbers: set[int] = Field(default_factory=set)
    reasons: dict[str, Line] = Field(default_factory=dict)
    inner: Inner = Field(default_factory=Inner)
    part: float | None = Field(default=None, strict=True)
    rows: list[Row] = Field(default_factory=list)


def read(*pairs: tuple[str, str]) -> Any:
    return forms.read(Shape, urlencode(pairs).encode())


def test_texts_become_what_they_mean() -> None:
    key = UUID(int=7)

    found = read(
        ("name", " Somebody 1 "),
        ("day", "2027-03-01"),
        ("minutes", "30"),
        ("several", str(key)),
        ("several", str(UUID(int=8))),
        ("numbers", "1"),
        ("reasons.saturday", "asked for it"),
        ("inner.count", "4"),
    )

    assert found == Shape(
        name="Somebody 1",
        day=date(2027, 3, 1),
        minutes=30,
        several=[key, UUID(int=8)],
        numbers={1},
        reasons={"saturday": "asked for it"},
        inner=Inner(count=4),
    )


def test_rows_are_told_apart_by_their_numbers_and_an_empty_one_is_none() -> None:
    found = read(
        ("rows.0.language", "nl"),
        ("rows.1.language", ""),
        ("rows.4.language", "en"),
        ("rows.0.name", "Spreekuur"),
        ("rows.1.name", " "),
        ("rows.4.name", "Consultation"),
    )

    assert found.rows == [
        Row(language="nl", name="Spreekuur"),
        Row(language="en", name="Consultation"),
    ]


def test_what_is_wrong_in_a_row_is_told_where_the_row_stands() -> None:
    with pytest.raises(RequestValidationError) as refused:
        read(("rows.0.language", "nl"), ("rows.0.name", "Spreekuur"), ("rows.4.name", "Other"))

    (fault,) = refused.value.errors()
    assert fault["loc"] == ("body", "rows", "4", "language")


@pytest.mark.parametrize(("text", "minutes"), [("09:30", 570), ("24:00", 1440), ("0:05", 5)])
def test_minutes_are_written_as_a_clock_shows_them(text: str, minutes: int) -> None:
    assert read(("minutes", text)).minutes == minutes


@pytest.mark.parametrize(("text", "number"), [("52.37", 52.37), ("4,89", 4.89), ("-1", -1.0)])
def test_a_fraction_is_written_with_a_point_or_a_comma(text: str, number: float) -> None:
    assert read(("part", text)).part == number


@pytest.mark.parametrize(
    ("sent", "means"), [([("flag", "false")], False), ([("flag", "false"), ("flag", "true")], True)]
)
def test_the_last_word_of_a_box_counts(sent: list[tuple[str, str]], means: bool) -> None:  # noqa: FBT001 (an answer)
    assert read(*sent).flag is means


def test_what_is_left_empty_was_left_out() -> None:
    assert read(("name", "  "), ("day", ""), ("minutes", "")) == Shape()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("minutes", "-1"),
        ("minutes", "1.5"),
        ("minutes", "09:60"),
        ("minutes", "25:00"),
        ("part", "1e9"),
        ("part", "nan"),
        ("rows", "1"),
        ("minutes", "1e9"),
        ("minutes", "9" * 400),
        ("day", "2027-02-30"),
        ("flag", "perhaps"),
        ("several", "nobody"),
        ("strange", "1"),
        ("inner.strange", "1"),
        ("inner", "1"),
        ("reasons.saturday", "a\x1bb"),
    ],
)
def test_what_means_nothing_names_its_field(name: str, value: str) -> None:
    with pytest.raises(RequestValidationError) as refused:
        read((name, value))

    (fault,) = refused.value.errors()
    assert ".".join(str(one) for one in fault["loc"][1:]).startswith(name)


@pytest.mark.parametrize(
    "body", [b"\xff", b"name=%ff", b"name=%00", b"name", b"&".join([b"a=1"] * 6_000)]
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        forms.read(Shape, body)


def test_a_text_that_nobody_can_keep_names_its_field() -> None:
    with pytest.raises(MalformedError) as refused:
        forms.read(Shape, b"day=2027-03-01&name=a%00b")

    assert (refused.value.code, refused.value.params) == ("invalid_characters", {"fields": "name"})
