"""What is asked: the requests, and what each availability is worth to them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from models.consultations import Modality as Held
from models.requests import RequestState
from scheduler.loading.days import Days
from scheduler.loading.gathered import Numbers, Rows, maybe, named, numbered
from scheduler.loading.grades import Coordinates
from scheduler.loading.preferences import (
    USUAL_ORDER,
    Liking,
    Wish,
    World,
    likings,
    points,
)
from solver.aims import OLDEST
from solver.facts import Instance, Members, Modality, Request

FLAGS = {
    Held.AT_LOCATION: int(Modality.AT_LOCATION),
    Held.TELEPHONE: int(Modality.TELEPHONE),
    Held.VIDEO: int(Modality.VIDEO),
}


def requests(
    rows: Rows, days: Days, numbers: Numbers, now: datetime, not_before: datetime
) -> Iterable[Request]:
    wanted = rows.wanted
    everywhere = Members(numbers.locations.values())
    notice = {kind.id: timedelta(minutes=kind.minimum_notice) for kind in wanted.types}
    places = numbers.locations
    practitioners = numbers.practitioners
    planned = {
        (one.employee_id, one.consultation_type_id): one.request_id for one in wanted.planned_once
    }
    for row in wanted.requests:
        same = row.employee_id, row.consultation_type_id
        wished = wanted.wished_locations.get(row.id)
        yield Request(
            id=named(row),
            employee=numbers.employees[row.employee_id],
            type=numbers.types[row.consultation_type_id],
            duration=row.duration,
            buffer=row.buffer,
            from_day=days.number(row.from_day),
            until_day=days.number(row.until_day),
            locations=everywhere
            if wished is None
            else Members(places[key] for key in wished if key in places),
            priority=row.priority,
            requested_on=row.requested_on,
            age=min(max((days.first - row.requested_on).days, 0), OLDEST),
            required_practitioner=maybe(practitioners, row.required_practitioner_id),
            preferred_practitioner=maybe(practitioners, row.preferred_practitioner_id),
            preferred_location=maybe(places, row.preferred_location_id),
            allow_saturday=row.allow_saturday,
            allow_day_off=row.allow_sunday_holiday,
            modalities=FLAGS[row.modality],
            excluded=Members(
                practitioners[key]
                for key in wanted.excluded.get(row.employee_id, ())
                if key in practitioners
            ),
            earliest=days.earliest(max(not_before, now + notice[row.consultation_type_id])),
            draft=row.state == RequestState.DRAFT,
            awaits_approval=row.state == RequestState.FOR_APPROVAL,
            already_has_one=same in planned and planned[same] != row.id,
        )


def with_points(instance: Instance, rows: Rows) -> Instance:
    """The same with the points of preference, where they are not the solver's usual ones."""
    order = rows.wanted.order
    if tuple(order) == USUAL_ORDER:
        return instance
    each = points(order, _world(instance, rows), _wishes(instance, rows))
    requests = tuple(
        request if theirs is None else replace(request, preferences=theirs)
        for request, theirs in zip(instance.requests, each, strict=True)
    )
    return replace(instance, requests=requests)


def likings_of(instance: Instance, rows: Rows) -> list[Liking]:
    """What each criterion adds to the points of the first request."""
    wish = next(iter(_wishes(instance, rows)))
    return likings(rows.wanted.order, _world(instance, rows), wish)


def _world(instance: Instance, rows: Rows) -> World:
    """What the criteria ask about these facts."""
    return World.of(
        instance,
        [one.score for one in rows.practitioners],
        [_coordinates(place.latitude, place.longitude) for place in rows.locations],
        rows.wanted.hours,
    )


def _wishes(instance: Instance, rows: Rows) -> Iterator[Wish]:
    practitioners = numbered(one.id for one in rows.practitioners)
    for row, fact in zip(rows.wanted.requests, instance.requests, strict=True):
        yield Wish(
            preferred_practitioner=fact.preferred_practitioner,
            case_practitioner=maybe(practitioners, row.case_practitioner_id),
            preferred_location=fact.preferred_location,
            establishment=_coordinates(row.latitude, row.longitude),
            employer=row.employer_id,
            locations=fact.locations,
            remote=not fact.takes_room,
        )


def _coordinates(latitude: float | None, longitude: float | None) -> Coordinates | None:
    if latitude is None or longitude is None:
        return None
    return Coordinates(latitude, longitude)
