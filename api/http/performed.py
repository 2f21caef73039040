"""Whose performances were shown, for the record: they say what was done for an employee."""

from collections.abc import Collection
from uuid import UUID

from api.http.calls import Call
from models.billing import Performance
from scheduler.performing import employees


def note(call: Call, performances: Collection[UUID]) -> None:
    """Put on record whose they are."""
    for key, employee in employees(call.session, performances).items():
        call.entry(Performance.__tablename__, key, employee)
