"""An employment ended: what was planned for it goes. Domain §3."""

from uuid import UUID

from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.leaving import Confirmed, leave
from api.http.policies import by_right
from api.http.routes.records.people import EmploymentView
from api.http.shapes import Day
from models.audit import Act
from models.people import Employment
from scheduler.access import Right
from scheduler.agenda import employments

routes = Routes("employments")


class End(Confirmed):
    """The first day on which the employee no longer works there; nothing: it goes on."""

    until_day: Day | None = Field(examples=["2027-06-01"])


@routes.post(
    "/employments/{employment_id}/end",
    by_right(Right.MANAGE_EMPLOYEES, of=Employment, act=Act.UPDATE),
    if_match=True,
)
def end_employment(call: Call, employment_id: UUID, given: End) -> EmploymentView:
    """End an employment, or let it go on.

    What is planned for it from then on is listed (`disturbs_appointments`), and cancelled once that is
    confirmed.
    """
    row = call.one(Employment, employment_id)
    with leave(call, confirmed=given.confirm) as given_leave:
        employments.end(
            call.session,
            row.id,
            row.version,
            given.until_day,
            leave=given_leave,
            by=call.by,
            now=call.now,
        )
    return EmploymentView.model_validate(row)
