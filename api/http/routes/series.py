"""Availabilities that come again and again: foreseen, made, and looked at. Domain §1; RFC 5545."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints
from sqlalchemy import exists

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.openings import Opening, OpeningView, shown
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.problems import Reason
from api.http.routes.availabilities import STANDING
from api.http.shapes import Day, Flag, Page, View
from api.http.texts import told
from models.agenda import Availability, AvailabilitySeries
from models.audit import Act
from scheduler.access import Right
from scheduler.agenda import series, series_days
from scheduler.agenda.occurrences import Skipped, Why
from scheduler.agenda.recurrence import LONGEST_RULE
from scheduler.agenda.series import Repeated

routes = Routes("series")

LOOK = everywhere(Right.VIEW_AGENDA, Right.MANAGE_AVAILABILITIES, of=AvailabilitySeries)

Rule = Annotated[
    str,
    StringConstraints(max_length=LONGEST_RULE),
    Field(
        description="an RRULE (RFC 5545), with COUNT or UNTIL",
        examples=["FREQ=WEEKLY;BYDAY=MO;COUNT=10"],
    ),
]


class SkippedDay(View):
    """A day of the rule without an availability."""

    day: date
    why: Why = Field(
        description=(
            "`removed`: left out by hand; `gone`: it got another day,"
            " or the day was a holiday when the series was made"
        )
    )


class SeriesView(OpeningView):
    """A series, as it stands: its availabilities are in `/availabilities?series_id=`."""

    first_day: date
    rule: str


class SeriesDetails(SeriesView):
    """With the days of its rule that it has been left without."""

    skipped: list[SkippedDay]


class MadeSeries(SeriesDetails):
    """With its availabilities, by their time."""

    availabilities: list[UUID]


class SeriesFilters(Paging):
    """Which series."""

    practitioner_id: UUID | None = None
    location_id: UUID | None = None


class NewSeries(Opening):
    """What comes again and again, and by which rule: the same hours on every day, whatever the clocks do."""

    first_day: Day
    rule: Rule
    skip_holidays: Flag = True

    def as_repeated(self) -> Repeated:
        return Repeated(
            offer=self.as_offer(),
            first_day=self.first_day,
            rule=self.rule,
            skip_holidays=self.skip_holidays,
        )


class ForeseenDay(View):
    """An availability that it would have."""

    day: date
    starts_at: datetime
    ends_at: datetime


class SeriesPreview(View):
    """What it would come to. `against`: when the location has as many as it takes, so that it would be refused."""

    items: list[ForeseenDay]
    skipped: list[SkippedDay]
    against: list[Reason]


@routes.get("/availability-series", LOOK)
def list_series(call: Call, filters: Annotated[SeriesFilters, Query()]) -> Page[SeriesView]:
    """The series that still have an availability."""
    one = AvailabilitySeries
    equal = {one.practitioner_id: filters.practitioner_id, one.location_id: filters.location_id}
    conditions = [column == wanted for column, wanted in equal.items() if wanted is not None]
    conditions.append(exists().where(Availability.series_id == one.id, STANDING))
    found, following = call.rows(one, filters, *conditions)
    types = series.types_of(call.session, [row.id for row in found])
    views = [SeriesView(**_shown(row, types[row.id])) for row in found]
    return Page(items=views, next=following)


@routes.get("/availability-series/{series_id}", LOOK)
def read_series(call: Call, series_id: UUID) -> SeriesDetails:
    """One of them, and what it has been left without: holidays, times that the clocks skip, what was left out."""
    return details(call, series_id)


@routes.ask(
    "/availability-series/preview",
    everywhere(Right.MANAGE_AVAILABILITIES, of=AvailabilitySeries),
)
def preview_series(call: Call, given: NewSeries) -> SeriesPreview:
    """What a series would come to, before it is made: its days, those left out, and when there is no room."""
    found = series_days.foresee(call.session, given.as_repeated())
    return SeriesPreview(
        items=[ForeseenDay.model_validate(one) for one in found.days.places],
        skipped=_skipped(found.days.skipped),
        against=[Reason(**one) for one in told(found.against)],
    )


@routes.post(
    "/availability-series",
    everywhere(Right.MANAGE_AVAILABILITIES, of=AvailabilitySeries, act=Act.CREATE),
    status=201,
)
def add_series(call: Call, given: NewSeries) -> MadeSeries:
    """Make all availabilities of a series, or none."""
    made = series.add(call.session, given.as_repeated(), now=call.now)
    row = call.another(AvailabilitySeries, made.series_id)
    return MadeSeries(
        **_shown(row, given.types),
        skipped=_skipped(made.skipped),
        availabilities=list(made.availabilities),
    )


def details(call: Call, series_id: UUID) -> SeriesDetails:
    """As it stands, with what it has been left without."""
    row = call.another(AvailabilitySeries, series_id)
    types = series.types_of(call.session, [row.id])[row.id]
    skipped = _skipped(series_days.left_out(call.session, row.id))
    return SeriesDetails(**_shown(row, types), skipped=skipped)


def _shown(row: AvailabilitySeries, types: Collection[UUID]) -> dict[str, Any]:
    return shown(row, types) | {"first_day": row.first_day, "rule": row.rule}


def _skipped(found: Sequence[Skipped]) -> list[SkippedDay]:
    return [SkippedDay.model_validate(one) for one in found]
