"""Campaigns: a request for each of many employees, spread over a period; shown first, then made. Domain §3."""

from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import by_right
from api.http.reports import Refused, RowView, reasons, reported
from api.http.requests import MAKE, may_of
from api.http.shapes import Day, Given, Text, View
from api.http.wishes import MOST_LOCATIONS, require_seen
from models.audit import Act
from models.base import Keyed
from models.consultations import Modality
from models.organisation import Department, Employer, Establishment
from models.people import Employee
from models.requests import AppointmentRequest
from scheduler.intake import May, campaign, crowds
from scheduler.intake.bulk import MOST
from scheduler.intake.campaign import Window

routes = Routes("requests")


class Crowd(Given):
    """Who meets each of these conditions, of which there is at least one. `department_id`: with those below it."""

    employer_id: UUID | None = None
    establishment_id: UUID | None = None
    department_id: UUID | None = None
    employees: Annotated[list[UUID], Field(max_length=MOST)] | None = None

    def as_crowd(self) -> crowds.Crowd:
        named = None if self.employees is None else frozenset(self.employees)
        where = self.model_dump(exclude={"employees"})
        return crowds.Crowd(employees=named, **where)


class Campaign(Given):
    """Whom, for what, when. `window`: of each request its day, or that day's week or month."""

    crowd: Crowd
    consultation_type_id: UUID
    from_day: Day
    until_day: Day
    window: Window = Window.WEEK
    location_ids: list[UUID] = Field(default=[], max_length=MOST_LOCATIONS)
    modality: Modality | None = None
    priority: Annotated[int, Field(strict=True)] = 1
    remarks: Text | None = None

    def as_campaign(self) -> campaign.Campaign:
        content = self.model_dump(exclude={"crowd", "location_ids"})
        where = frozenset(self.location_ids)
        return campaign.Campaign(crowd=self.crowd.as_crowd(), location_ids=where, **content)


class LeftOut(View):
    """Who gets no request. `unknown`: keys of nobody, or of nobody whom you see."""

    without_work: list[UUID]
    unknown: list[UUID]


class Load(View):
    """How many requests have this window."""

    from_day: date
    until_day: date
    requests: int


class CampaignPreview(LeftOut):
    """What a campaign would make as things stand."""

    load: list[Load]
    refused: list[Refused]


class Carried(LeftOut):
    """What a campaign made."""

    made: int
    rows: list[RowView]


@routes.ask("/campaigns/preview", by_right(*MAKE, of=AppointmentRequest))
def preview_campaign(call: Call, given: Campaign) -> CampaignPreview:
    """What would come of a campaign; nothing is made."""
    may = _may(call, given.crowd)
    found = campaign.preview(call.session, given.as_campaign(), may=may, now=call.now)
    refused = [
        Refused(employee_id=found.wishes[number].employee_id, refusals=reasons(against))
        for number, against in found.refused.items()
    ]
    for employee_id in (*(one.employee_id for one in refused), *found.chosen.without_work):
        call.entry(Employee.__tablename__, employee_id, employee_id)
    return CampaignPreview(
        load=[Load(from_day=a, until_day=b, requests=n) for (a, b), n in found.load.items()],
        refused=refused,
        without_work=list(found.chosen.without_work),
        unknown=list(found.chosen.unknown),
    )


@routes.post("/campaigns", by_right(*MAKE, of=AppointmentRequest, act=Act.CREATE))
def carry_out_campaign(call: Call, given: Campaign) -> Carried:
    """Make the requests; whoever has such a request already keeps that one."""
    may = _may(call, given.crowd)
    done = campaign.carry_out(call.session, given.as_campaign(), may=may, by=call.by, now=call.now)
    for employee_id in done.chosen.without_work:
        call.entry(Employee.__tablename__, employee_id, employee_id, Act.READ)
    return Carried(
        made=done.report.made,
        rows=reported(call, done.wishes, done.report),
        without_work=list(done.chosen.without_work),
        unknown=list(done.chosen.unknown),
    )


def _may(call: Call, crowd: Crowd) -> May:
    """Of whom he sees: where they work, too, is his to see.

    Raises:
        NotFoundError: it is not.
    """
    named: tuple[tuple[type[Keyed], UUID | None], ...] = (
        (Employer, crowd.employer_id),
        (Establishment, crowd.establishment_id),
        (Department, crowd.department_id),
    )
    require_seen(call, named)
    return replace(may_of(call), sees=call.seen)
