"""Planned appointments in the way of a change: they go if that is confirmed, by who may cancel them, and each is put on record."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import Field
from sqlalchemy import false

from api.http.calls import Call
from api.http.shapes import Flag, Given
from models.appointments import Appointment
from models.audit import Act
from scheduler.access import Right
from scheduler.access.visible import visible
from scheduler.agenda.disturbed import Leave

SEEING = frozenset({Right.VIEW_APPOINTMENTS, Right.CANCEL_APPOINTMENTS})
"""With one of these, the appointments in his part of the organisation are his to see."""


class Confirmed(Given):
    """Whether the planned appointments in its way may go."""

    confirm: Flag = Field(
        default=False,
        description=(
            "cancel the planned appointments that are in its way, and open their requests again;"
            " needs the right `cancel_appointments`"
        ),
    )


@contextmanager
def leave(call: Call, *, confirmed: bool) -> Iterator[Leave]:
    """What to give to a command that planned appointments may be in the way of.

    Raises:
        ForbiddenError: he confirms, and may not cancel appointments.
    """
    if confirmed:
        call.caller.require(Right.CANCEL_APPOINTMENTS)
    sees = any(call.caller.may(right) for right in SEEING)
    given = Leave(confirmed, visible(Appointment, call.caller) if sees else false())
    yield given
    for key in given.gone:
        call.note(call.session.get_one(Appointment, key), Act.UPDATE)
