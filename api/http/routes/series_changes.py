"""A series changed or removed, from one of its availabilities on. Domain §1; RFC 5545."""

from uuid import UUID

from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.leaving import Confirmed, leave
from api.http.openings import Opening
from api.http.policies import everywhere
from api.http.routes.availabilities import STANDING
from api.http.routes.series import Rule, SeriesDetails, details
from api.http.shapes import Flag
from models.agenda import Availability
from models.audit import Act
from scheduler.access import Right
from scheduler.agenda import series_changes
from scheduler.agenda.series_changes import Changed
from scheduler.agenda.series_parts import Reach

routes = Routes("series")


class ChangedSeries(Opening, Confirmed):
    """What it is to be. Without a `rule` it keeps its days."""

    reach: Reach
    rule: Rule | None = None
    skip_holidays: Flag = Field(default=True, description="of a new rule")


class RemovedSeries(Confirmed):
    """How far it goes."""

    reach: Reach


@routes.post(
    "/availabilities/{availability_id}/series/change",
    everywhere(Right.MANAGE_AVAILABILITIES, of=Availability, act=Act.UPDATE),
    if_match=True,
)
def change_series(call: Call, availability_id: UUID, given: ChangedSeries) -> SeriesDetails:
    """Change a series from one of its availabilities on: this one, this and those that follow, or all.

    What has begun stays as it was, and so does what was changed or removed by hand. From the middle on it
    becomes a series of its own, which is what is answered. Planned appointments that it would leave without
    a place are listed, and cancelled once that is confirmed.
    """
    row = call.one(Availability, availability_id, STANDING)
    changed = Changed(
        offer=given.as_offer(),
        reach=given.reach,
        rule=given.rule,
        skip_holidays=given.skip_holidays,
    )
    with leave(call, confirmed=given.confirm) as given_leave:
        key = series_changes.change(
            call.session,
            row.id,
            row.version,
            changed,
            leave=given_leave,
            by=call.by,
            now=call.now,
        )
    return details(call, key)


@routes.post(
    "/availabilities/{availability_id}/series/remove",
    everywhere(Right.MANAGE_AVAILABILITIES, of=Availability, act=Act.DELETE),
    if_match=True,
    status=204,
)
def remove_series(call: Call, availability_id: UUID, given: RemovedSeries) -> None:
    """Take away one availability of a series, or it and those that follow, or all that have not begun.

    Planned appointments in them are listed, and cancelled once that is confirmed.
    """
    row = call.one(Availability, availability_id, STANDING)
    with leave(call, confirmed=given.confirm) as given_leave:
        series_changes.remove(
            call.session,
            row.id,
            row.version,
            given.reach,
            leave=given_leave,
            by=call.by,
            now=call.now,
        )
