"""A campaign: many employees, one type, spread over a period so that every working day has as much to do.

The employees are dealt over the working days of the period, in the order of their keys: of n employees
and d days, each day gets n / d, rounded down or up. The window of a request is its day, or that day's
week or month, as far as it lies in the period. So a week with a holiday in it gets less than another.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agenda import Location
from models.consultations import Modality
from scheduler.actor import Actor
from scheduler.agenda.bounds import out_of_range
from scheduler.agenda.calendars import UNKNOWN_CALENDAR
from scheduler.intake import bulk
from scheduler.intake.bulk import Report
from scheduler.intake.cases import preferred
from scheduler.intake.crowds import Chosen, Crowd, Period, choose
from scheduler.intake.known import known
from scheduler.intake.rules import Question, judge
from scheduler.intake.wishes import First, May, Wish
from scheduler.loading.calendar import UnknownCalendarError, days_off
from scheduler.refusals import Refusal, RefusedError
from solver.rules.date_window import DateWindow

DAY = timedelta(days=1)
LONGEST = timedelta(days=2 * 366)
FRIDAY = 5

NO_WORKING_DAY = "no_working_day"
TOO_LONG = "campaign_too_long"

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        NO_WORKING_DAY: "there is no working day from {from_day} until {until_day}; choose a longer period",
        TOO_LONG: "a campaign lasts until {most} at the latest; choose a shorter period",
    }
)
"""For those of its own; the rest is told by the rules of intake."""


class Window(StrEnum):
    """How wide the window of each request is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Whom, for what, when."""

    crowd: Crowd
    consultation_type_id: UUID
    from_day: date
    until_day: date
    window: Window = Window.WEEK
    location_ids: frozenset[UUID] = frozenset()
    """Where they may be planned; the first one's holidays count, or those of the location that is oldest."""
    modality: Modality | None = None
    priority: int = 1
    remarks: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a campaign would make."""

    wishes: tuple[Wish, ...]
    refused: Mapping[int, tuple[Refusal, ...]]
    """By the number of the wish."""
    chosen: Chosen
    """Who was left out before is in there, too."""
    load: Mapping[tuple[date, date], int] = field(default_factory=dict)
    """Requests by window, those that are refused not among them."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a campaign made: a report of its wishes, and who was left out before."""

    wishes: tuple[Wish, ...]
    report: Report
    chosen: Chosen


def preview(session: Session, campaign: Campaign, *, may: May, now: datetime) -> Preview:
    """What would come of it as things stand; nothing is written.

    Raises:
        RefusedError: the period is none, or there are too many employees.
    """
    wishes, chosen = _wishes(session, campaign, may)
    facts = known(session, wishes, now=now, sees=may.sees)
    judged = judge([Question(wish, may, is_placed=True) for wish in wishes], facts)
    refused = {number: against for number, against in enumerate(judged) if against}
    load = Counter(
        (wish.from_day, wish.until_day)
        for number, wish in enumerate(wishes)
        if number not in refused
    )
    return Preview(tuple(wishes), refused, chosen, dict(sorted(load.items())))


def carry_out(
    session: Session, campaign: Campaign, *, may: May, by: Actor, now: datetime
) -> Carried:
    """Make the requests, row by row: whoever has such a request already keeps that one.

    Raises:
        RefusedError: the period is none, or there are too many employees.
    """
    wishes, chosen = _wishes(session, campaign, may)
    report = bulk.row_by_row(session, wishes, First.PLACED, may=may, by=by, now=now)
    return Carried(tuple(wishes), report, chosen)


# --- Who and when ---------------------------------------------------------------------------------------


def _wishes(session: Session, campaign: Campaign, may: May) -> tuple[list[Wish], Chosen]:
    days = _working_days(session, campaign)
    period = Period(campaign.from_day, campaign.until_day)
    chosen = choose(session, campaign.crowd, period, may.sees)
    works = chosen.works
    cases = preferred(
        session, campaign.consultation_type_id, works, campaign.from_day, sees=may.sees
    )
    wishes = []
    for number, (employee, (employer, establishment)) in enumerate(works.items()):
        begin, until = _window(campaign, days[number * len(days) // len(works)])
        wishes.append(
            Wish(
                employee_id=employee,
                consultation_type_id=campaign.consultation_type_id,
                establishment_id=establishment,
                from_day=begin,
                until_day=until,
                case_id=cases.get((employee, employer)),
                location_ids=campaign.location_ids,
                modality=campaign.modality,
                priority=campaign.priority,
                remarks=campaign.remarks,
            )
        )
    return wishes, chosen


def _working_days(session: Session, campaign: Campaign) -> Sequence[date]:
    begin, until = campaign.from_day, campaign.until_day
    against = out_of_range(from_day=begin, until_day=until)
    if until <= begin:
        days = {"from_day": begin, "until_day": until, "earliest": begin + DAY}
        against.append(Refusal(DateWindow.code, days))
    elif until - begin > LONGEST:
        against.append(Refusal(TOO_LONG, {"most": begin + LONGEST}))
    if against:
        raise RefusedError(against)
    closed = _holidays(session, campaign)
    every = (begin + DAY * n for n in range((until - begin).days))
    found = [day for day in every if day.isoweekday() <= FRIDAY and day not in closed]
    if not found:
        raise RefusedError([Refusal(NO_WORKING_DAY, {"from_day": begin, "until_day": until})])
    return found


def _holidays(session: Session, campaign: Campaign) -> frozenset[date]:
    query = select(Location).where(Location.archived_at.is_(None)).order_by(Location.id).limit(1)
    if campaign.location_ids:
        query = query.where(Location.id.in_(campaign.location_ids))
    place = session.scalars(query).first()
    if place is None:
        return frozenset()
    try:
        return days_off(session, [place], campaign.from_day, campaign.until_day)[place.id]
    except UnknownCalendarError as error:
        reason = {"location": error.location, "problem": str(error)}
        raise RefusedError([Refusal(UNKNOWN_CALENDAR, reason)]) from error


def _window(campaign: Campaign, day: date) -> tuple[date, date]:
    if campaign.window == Window.DAY:
        begin, until = day, day + DAY
    elif campaign.window == Window.WEEK:
        begin = day - DAY * (day.isoweekday() - 1)
        until = begin + 7 * DAY
    else:
        begin = day.replace(day=1)
        until = (begin + 31 * DAY).replace(day=1)
    return max(begin, campaign.from_day), min(until, campaign.until_day)
