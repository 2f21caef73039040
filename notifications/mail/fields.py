"""Merge fields: those of a list, replaced once, and escaped for where they stand. Reliability §3.12, T17, T19.

No template engine: what stands in a template runs nothing, and what a value holds is never looked at again.
"""

import html
import re
from collections.abc import Callable, Mapping

from models.merging import FIELD, FIELDS

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
ENCODED_WORD = "=?"


def filled(text: str, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    """The text with its fields replaced, in one pass; one that is no field stays as it stands."""

    def value(found: re.Match[str]) -> str:
        return escape(values.get(found[1], "")) if found[1] in FIELDS else found[0]

    return FIELD.sub(value, text)


def for_header(value: str) -> str:
    """Without what would begin another header: old data may hold it (E11, CVE-2024-6923)."""
    plain = CONTROL.sub(" ", value)
    while ENCODED_WORD in plain:
        plain = plain.replace(ENCODED_WORD, "")
    return plain.strip()


def for_text(text: str) -> str:
    """Of a template: its lines stay."""
    return CONTROL_BUT_LINES.sub("", text.replace("\r\n", "\n"))


def for_line(value: str) -> str:
    """A value is one line, whatever old data may hold."""
    return CONTROL.sub(" ", value)


def for_html(value: str) -> str:
    return html.escape(for_line(value))


def in_html(body: str, values: Mapping[str, str]) -> str:
    """The body as HTML: the template's own text is text, too."""
    # braces are not escaped: the fields are found in what is
    return filled(html.escape(for_text(body)), values, for_html).replace("\n", "<br>\n")
