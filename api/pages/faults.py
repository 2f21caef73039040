"""What a form says of a field that cannot be taken: by pydantic's code a sentence of ours, which can be translated."""

from collections.abc import Mapping

FAULTS: Mapping[str, str] = {
    "missing": "fill this in",
    "string_too_short": "fill this in",
    "string_too_long": "this is too long",
    "string_type": "fill in a text",
    "string_pattern_mismatch": "this is not written as it should be",
    "invalid_characters": "one line of text, without special characters",
    "day": "choose a day",
    "instant": "choose a day and a time",
    "year": "a year that is near enough",
    "int_type": "fill in a whole number",
    "int_parsing": "fill in a whole number",
    "bool_type": "choose yes or no",
    "greater_than_equal": "this number is too small",
    "greater_than": "this number is too small",
    "less_than_equal": "this number is too large",
    "less_than": "this number is too large",
    "enum": "choose one of the list",
    "literal_error": "choose one of the list",
    "uuid_type": "choose one of the list",
    "uuid_parsing": "choose one of the list",
    "too_short": "choose at least one",
    "too_long": "this is too long",
    "extra_forbidden": "this cannot be set here",
}
OTHERWISE = "this value cannot be used"


def fault(code: str) -> str:
    """The msgid for it."""
    return FAULTS.get(code, OTHERWISE)
