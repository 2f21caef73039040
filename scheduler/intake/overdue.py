"""A request whose window has passed stays open, and is shown as overdue. Domain §5."""

from datetime import date
from typing import Any, overload

from sqlalchemy import ColumnElement

from models.requests import AppointmentRequest, RequestState


@overload
def overdue(request: AppointmentRequest, today: date) -> bool: ...
@overload
def overdue(request: type[AppointmentRequest], today: date) -> ColumnElement[bool]: ...
def overdue(request: Any, today: date) -> Any:
    """One expression with two readings: of a row, and of the table."""
    return (request.state == RequestState.OPEN) & (request.until_day <= today)
