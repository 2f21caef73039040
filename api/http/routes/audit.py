"""Who looked at or changed the data of an employee: for him, and for whoever guards it. Reliability §3.10 (NEN 7513)."""

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import ColumnElement, and_, exists, inspect, or_, select, true

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.shapes import Instant, Page, View
from models.appointments import Hold
from models.audit import Act, AuditRecord
from models.people import Employee
from models.requests import AppointmentRequest
from scheduler.access import Right
from scheduler.access.denied import refused
from scheduler.access.visible import CONDITIONS
from scheduler.audit import EVER, of_employee
from scheduler.audit.reports import Period

routes = Routes("audit")


class AuditLine(View):
    """One look or one change, with the names of the accounts as they are today."""

    record_id: int
    at: datetime
    actor_id: UUID | None
    actor: str | None
    on_behalf_of_id: UUID | None
    on_behalf_of: str | None
    act: Act
    kind: str
    object_id: UUID | None
    fields: list[str]
    ground: str
    allowed: bool
    address: str | None
    request_reference: str | None


class AuditFilters(Paging):
    """In which period."""

    since: Instant | None = None
    until: Instant | None = Field(default=None, description="not included")


@routes.get("/employees/{employee_id}/audit", by_right(Right.VIEW_AUDIT, of=Employee, act=Act.READ))
def report_of_employee(
    call: Call, employee_id: UUID, filters: Annotated[AuditFilters, Query()]
) -> Page[AuditLine]:
    """Who saw or changed what of an employee; this look is put on record, too."""
    call.one(Employee, employee_id)
    found = of_employee(
        call.session,
        employee_id,
        Period(filters.since or EVER.since, filters.until or EVER.until),
        after=_after(filters.cursor),
        page=filters.page_size + 1,
        seen=_of_what_is_seen(call),
    )
    page = found[: filters.page_size]
    following = _cursor(page[-1].record_id) if len(found) > len(page) else None
    return Page(items=[AuditLine.model_validate(one) for one in page], next=following)


def _of_what_is_seen(call: Call) -> ColumnElement[bool]:
    """Who works for two employers has things at each: whoever reaches one learns nothing of the other's.

    What is there no more is told of: it lies in nobody's part.
    """
    if call.caller.scope.everybody:
        return true()
    held = select(AppointmentRequest.id).where(call.seen(AppointmentRequest))
    seen = {kind: call.seen(kind) for kind in CONDITIONS} | {Hold: Hold.request_id.in_(held)}
    hidden = (
        and_(
            AuditRecord.kind == inspect(kind).local_table.name,
            exists().where(kind.id == AuditRecord.object_id),
            ~exists().where(kind.id == AuditRecord.object_id, condition),
        )
        for kind, condition in seen.items()
    )
    return ~or_(*hidden)


def _cursor(record_id: int) -> str:
    return base64.urlsafe_b64encode(str(record_id).encode()).decode().rstrip("=")


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        after = int(told.decode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise refused("invalid_cursor") from error
    if not 0 <= after < 2**62:
        raise refused("invalid_cursor")
    return after
