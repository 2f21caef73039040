"""Where and when, and what is taken: locations, availabilities, and all that stands."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from models.appointments import AppointmentState
from models.consultations import Modality as Held
from scheduler.loading.days import Days
from scheduler.loading.gathered import Numbers, Rows, maybe, named
from scheduler.loading.rows import AbsenceRow, AvailabilityRow
from solver.facts import NONE, Appointment, Availability, Location, Members, Modality
from solver.minutes import MINUTES_PER_DAY

SATURDAY, SUNDAY = 5, 6

EVERYWHERE = ""
"""The region of every location: where a request may go, its list of locations says."""


def locations(rows: Rows) -> Iterable[Location]:
    there: dict[UUID, set[UUID]] = {}
    for block in rows.availabilities:
        there.setdefault(block.location_id, set()).add(block.practitioner_id)
    for other in rows.standing:
        if other.practitioner_id is not None:
            there.setdefault(other.location_id, set()).add(other.practitioner_id)
    for place in rows.locations:
        # where there is no limit: one more than could ever be there at once, each with one appointment
        never_full = len(there.get(place.id, ())) + 1
        capacity = never_full if place.capacity is None else place.capacity
        yield Location(named(place), EVERYWHERE, capacity)


def availabilities(
    rows: Rows, blocks: Sequence[AvailabilityRow], days: Days, numbers: Numbers
) -> Iterable[Availability]:
    able: dict[tuple[UUID, frozenset[UUID]], Members] = {}
    for row in blocks:
        day = days.day_of(row.starts_at)
        on = days.date_of(day)
        admitted = row.practitioner_id, rows.admitted.get(row.id, frozenset())
        if admitted not in able:
            able[admitted] = _able(rows, numbers, *admitted)
        yield Availability(
            id=named(row),
            practitioner=numbers.practitioners[row.practitioner_id],
            location=numbers.locations[row.location_id],
            day=day,
            # what of it lies behind the solver's last minute cannot be told (`DayClock`)
            start=max(0, days.minute_of_end(day, row.starts_at)),
            end=min(MINUTES_PER_DAY, days.minute(day, row.ends_at)),
            types=able[admitted],
            modalities=(
                Modality.AT_LOCATION * row.at_location
                + Modality.TELEPHONE * row.by_telephone
                + Modality.VIDEO * row.by_video
            ),
            on_saturday=on.weekday() == SATURDAY,
            on_day_off=on.weekday() == SUNDAY or on in rows.days_off[row.location_id],
        )


def _able(rows: Rows, numbers: Numbers, practitioner: UUID, admitted: frozenset[UUID]) -> Members:
    """Of the types admitted those for which the practitioner holds a function (`type_admitted`)."""
    held = rows.held_functions.get(practitioner, frozenset())
    asked = rows.wanted.asked_functions
    return Members(
        numbers.types[kind]
        for kind in admitted
        if kind in numbers.types and (kind not in asked or asked[kind] & held)
    )


def standing(rows: Rows, days: Days, numbers: Numbers) -> Iterable[Appointment]:
    for row in rows.standing:
        planned = row.state == AppointmentState.PLANNED
        kind = maybe(numbers.types, row.consultation_type_id)
        location = numbers.locations.get(row.location_id, NONE)
        for piece in days.pieces(row.starts_at, row.occupied_until):
            until = days.minute_of_end(piece.day, row.ends_at)
            yield Appointment(
                id=named(row),
                practitioner=maybe(numbers.practitioners, row.practitioner_id),
                location=location,
                employee=numbers.employees[row.employee_id],
                # only a planned one stands in the way of another of its type (`duplicate`)
                type=kind if planned else NONE,
                day=piece.day,
                start=piece.start,
                end=min(max(piece.start, until), piece.end),
                occupied_until=piece.end,
                takes_room=row.modality == Held.AT_LOCATION and location != NONE,
            )


def rooms(rows: Rows, days: Days, numbers: Numbers) -> Iterable[Appointment]:
    """What others have there: it needs a room, and no more is known of it."""
    for row in rows.rooms:
        for piece in days.pieces(row.starts_at, row.occupied_until):
            yield Appointment(
                id="",
                practitioner=NONE,
                location=numbers.locations[row.location_id],
                employee=NONE,
                type=NONE,
                day=piece.day,
                start=piece.start,
                end=piece.end,
                occupied_until=piece.end,
            )


def absences(rows: Rows, days: Days, numbers: Numbers) -> Iterable[Appointment]:
    """Somebody who is away is occupied, with nobody, and needs no room."""
    return _away(rows.absences, days, numbers, elsewhere=False)


def busy(rows: Rows, days: Days, numbers: Numbers) -> Iterable[Appointment]:
    """So is somebody whose own calendar says so."""
    return _away(rows.busy, days, numbers, elsewhere=True)


def _away(
    away: Sequence[AbsenceRow], days: Days, numbers: Numbers, *, elsewhere: bool
) -> Iterable[Appointment]:
    for row in away:
        practitioner = numbers.practitioners.get(row.practitioner_id, NONE)
        for piece in days.pieces(row.starts_at, row.ends_at):
            yield Appointment(
                id=str(row.id),
                practitioner=practitioner,
                location=NONE,
                employee=NONE,
                type=NONE,
                day=piece.day,
                start=piece.start,
                end=piece.end,
                occupied_until=piece.end,
                takes_room=False,
                elsewhere=elsewhere,
            )
