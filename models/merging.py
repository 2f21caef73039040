"""The merge fields of templates: a list, and no language. Domain §6, reliability §3.12 (T19)."""

import re
from collections.abc import Sequence

FIELDS: Sequence[str] = (
    "recipient.name",
    "employee.first_name",
    "employee.last_name",
    "employee.name",
    "employer.name",
    "appointment.day",
    "appointment.time",
    "appointment.until",
    "consultation.name",
    "practitioner.name",
    "location.name",
    "location.address",
)
"""All there are."""
FIELD = re.compile(r"\{\{\s*([a-z_.]{1,60})\s*\}\}", re.ASCII)
SUSPECT = re.compile(r"\{\{.{0,200}?\}\}|\{%.{0,200}?%\}|\{\{|\}\}|\{%|%\}", re.DOTALL)
"""What somebody may have meant for a field, or for a command of another system."""
SHOWN = 60


def unknown(text: str) -> list[str]:
    """What looks like a field and is none."""
    left = FIELD.sub(lambda found: "" if found[1] in FIELDS else found[0], text)
    return sorted({found[0][:SHOWN] for found in SUSPECT.finditer(left)})
