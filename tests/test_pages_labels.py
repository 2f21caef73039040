"""What the administration is made of: a label for each field, a word for each code, a group for each right. `api.pages.administration`."""

from collections.abc import Iterator
from enum import Enum

import pytest
from pydantic import BaseModel

from api.http.routes import accounts, deputies, exclusions, groups, own_days
from api.http.routes.records import KINDS as KEPT
from api.languages import LANGUAGES, language
from api.pages.administration.fields import Field, Widget, fields_of
from api.pages.administration.forming import countries, told
from api.pages.administration.kinds import BY_NAME, EMPLOYEES, KINDS
from api.pages.administration.labels import ACTS, LABELS, PARAMETERS, WORDS
from api.pages.administration.rights import GROUPED
from api.pages.routes.administration import GROUPS, PLACES
from api.pages.routes.settings import moved
from models.access import AccountKind
from models.audit import Act
from models.consultations import Modality
from models.settings import Criterion
from scheduler import parameters
from scheduler.access import Right

SHAPES: list[type[BaseModel]] = [
    *(one.new or one.given for one in KEPT),
    accounts.NewAccount,
    deputies.Appointing,
    exclusions.NewExclusion,
    groups.NewGroup,
    own_days.NewHoliday,
]
OWN_LABELS = {"confirm"}
"""On a button that comes with what is in the way."""


def every(fields: tuple[Field, ...]) -> Iterator[Field]:
    for one in fields:
        yield one
        yield from every(one.fields)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_field_has_a_label_in_every_language(shape: type[BaseModel]) -> None:
    names = {name for name in shape.model_fields if name not in OWN_LABELS}

    assert names <= LABELS.keys()
    if not OWN_LABELS & shape.model_fields.keys():
        for field in every(fields_of(shape)):
            said = {language(code).text(field.label) for code in LANGUAGES}
            assert all(said)


def test_every_kind_that_is_administered_has_its_pages() -> None:
    assert {one.many for one in KEPT} - BY_NAME.keys() == {"employments"}  # on the employee's page
    assert {one.group for one in PLACES} == set(GROUPS)
    assert len({one.path for one in PLACES}) == len(PLACES)


@pytest.mark.parametrize("kind", [EMPLOYEES, *KINDS], ids=lambda kind: kind.keeping.many)
def test_a_list_shows_what_a_line_can(kind: object) -> None:
    shown = kind.shown  # type: ignore[attr-defined]

    assert not {one.widget for one in shown} & {Widget.ROWS, Widget.WITHIN}
    assert {one.name for one in shown} <= kind.keeping.view.model_fields.keys()  # type: ignore[attr-defined]


@pytest.mark.parametrize("codes", [Modality, AccountKind, Criterion])
def test_every_code_is_a_word(codes: type[Enum]) -> None:
    assert {one.value for one in codes} <= WORDS.keys()


def test_every_right_is_in_one_group() -> None:
    grouped = [right for _, rights in GROUPED for right in rights]

    assert grouped == list(Right)
    assert all(rights for _, rights in GROUPED)


def test_every_act_and_every_parameter_is_told() -> None:
    assert {one.value for one in Act} == ACTS.keys()
    assert {(one.category, one.code) for one in parameters.PARAMETERS} == PARAMETERS.keys()


def test_values_are_told_in_the_language_of_the_reader() -> None:
    whole = [shape for shape in SHAPES if not OWN_LABELS & shape.model_fields.keys()]
    fields = {one.name: one for shape in whole for one in every(fields_of(shape))}
    dutch, english = language("nl"), language("en")

    assert told(dutch, fields["is_main"], True, {}) == "ja"
    assert told(english, fields["country"], "NL", {}) == "Netherlands"
    assert told(dutch, fields["modality"], Modality.TELEPHONE, {}) == "telefonisch"
    assert told(english, fields["start_minute"], 1440, {}) == "24:00"
    assert told(dutch, fields["weekday"], 1, {}) == "maandag"
    assert told(english, fields["functions"], [], {}) == ""


def test_a_country_is_one_of_iso() -> None:
    found = dict(countries(language("nl")))

    assert found["NL"] == "Nederland"
    assert not {"EU", "UN", "ZZ"} & found.keys()


A, B, C = list(Criterion)[:3]


@pytest.mark.parametrize(
    ("one", "how", "after"),
    [
        (B, "up", [B, A]),
        (A, "down", [B, A]),
        (A, "up", [A, B]),
        (B, "down", [A, B]),
        (A, "out", [B]),
        (C, "in", [A, B, C]),
        (C, "up", [A, B, C]),
    ],
)
def test_a_criterion_moves_a_step(one: Criterion, how: str, after: list[Criterion]) -> None:
    assert moved([A, B], one, how) == after
