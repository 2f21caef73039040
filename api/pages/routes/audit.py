"""Who looked at or changed the data of an employee, for whoever guards it. Domain §8, reliability §3.10."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.pages import LONGEST_CURSOR
from api.http.policies import by_right
from api.http.replies import Reply
from api.http.routes import audit as audit_api
from api.http.shapes import Day, Given
from api.languages import ZONE
from api.pages.administration.labels import ACTS, LABELS, TABLES
from api.pages.declaring import Pages
from api.pages.rendering import render
from models.people import Employee
from scheduler.access import Right
from scheduler.loading.days import midnight

pages = Pages("audit")

A_DAY = timedelta(days=1)


class Looks(Given):
    """In which days; the last one is included, as people mean it."""

    first_day: Day | None = None
    last_day: Day | None = None
    cursor: str | None = Field(default=None, max_length=LONGEST_CURSOR)


@pages.get("/employees/{employee_id}/audit", by_right(Right.VIEW_AUDIT, of=Employee))
def audit_page(call: Call, employee_id: UUID, asked: Annotated[Looks, Query()]) -> Reply:
    """Who saw or changed what of him; this look is put on record, too."""
    begins = {"since": asked.first_day, "until": asked.last_day and asked.last_day + A_DAY}
    told = {name: midnight(ZONE, day).isoformat() for name, day in begins.items() if day}
    filters = audit_api.AuditFilters.model_validate({**told, "cursor": asked.cursor})
    page = audit_api.report_of_employee(call, employee_id, filters)
    following = {"cursor": page.next} if page.next else {}
    days = asked.model_dump(mode="json", exclude_none=True, exclude={"cursor"})
    return render(
        call,
        "employees/audit.html",
        one=call.session.get_one(Employee, employee_id),
        asked=asked,
        lines=page.items,
        acts=ACTS,
        tables=TABLES,
        labels=LABELS,
        grounds={right.value: right.sentence for right in Right},
        next=urlencode({**days, **following}) if following else None,
    )
