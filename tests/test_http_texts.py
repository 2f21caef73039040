"""Each code has a sentence, and of two the one that can be told whole."""

from api.http.texts import text_of
from scheduler import agreements, appointments, intake


def test_a_code_of_two_tables_is_told_by_the_sentence_whose_holes_are_filled() -> None:
    named = {"type": "CHECK", "what": "a request"}

    assert "CHECK" in text_of("duplicate", named)
    assert text_of("duplicate", {}) == "the employee already has an appointment of this type"
    assert text_of("exclusion", {"field": "required_practitioner_id"}).startswith("required_")
    assert text_of("exclusion", {}) == "the practitioner is excluded for this employee"


def test_a_hole_that_nothing_fills_is_no_fault() -> None:
    assert text_of("no_price", {}).endswith("on …")
    assert text_of("nobody_wrote_this", {"a": 1}) == "nobody_wrote_this"


def test_every_code_of_these_has_a_sentence() -> None:
    for table in (agreements.MESSAGES, appointments.MESSAGES, intake.MESSAGES):
        for code in table:
            assert text_of(code, {}) != code
