"""From rows to the solver's facts: ids become numbers, instants become days and minutes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from scheduler.loading import agenda_facts, request_facts
from scheduler.loading.days import Days
from scheduler.loading.gathered import Numbers, Rows, named, numbered
from scheduler.loading.rows import AvailabilityRow, RequestRow
from solver.facts import NONE, Assignment, ConsultationType, Instance
from solver.minutes import MINUTES_PER_DAY


@dataclass(frozen=True)
class Loaded:
    """The facts, and the way back: the key of each request and availability, and their instants."""

    instance: Instance
    days: Days
    requests: tuple[RequestRow, ...]
    availabilities: tuple[AvailabilityRow, ...]

    def minute(self, availability: int, instant: datetime) -> int:
        """The minute of the availability's day at which something starts; -1 where it is none of them."""
        day = self.instance.availabilities[availability].day
        minute = self.days.minute(day, instant)
        on_it = 0 <= minute < MINUTES_PER_DAY and self.days.instant(day, minute) == instant
        return minute if on_it else NONE

    def starts_at(self, assignment: Assignment) -> datetime:
        day = self.instance.availabilities[assignment.availability].day
        return self.days.instant(day, assignment.start)

    def ends_at(self, assignment: Assignment) -> datetime:
        """When the employee is free again."""
        minutes = self.instance.requests[assignment.request].duration
        return self.starts_at(assignment) + timedelta(minutes=minutes)

    def occupied_until(self, assignment: Assignment) -> datetime:
        """When practitioner and room are."""
        minutes = self.instance.requests[assignment.request].occupied
        return self.starts_at(assignment) + timedelta(minutes=minutes)


def loaded(rows: Rows, *, now: datetime, not_before: datetime) -> Loaded:
    """The facts of these rows; nothing is to start before `not_before`."""
    wanted, days = rows.wanted, rows.days
    everybody = _employees(rows)
    numbers = Numbers(
        types=numbered(kind.id for kind in wanted.types),
        locations=numbered(place.id for place in rows.locations),
        practitioners=numbered(one.id for one in rows.practitioners),
        employees=numbered(everybody),
    )
    blocks = [row for row in rows.availabilities if 0 <= days.day_of(row.starts_at) < days.count]
    instance = Instance(
        name=f"{days.first.isoformat()} {days.zone}",
        start_date=days.first,
        days=days.count,
        grid=wanted.grid,
        types=tuple(
            ConsultationType(kind.code, kind.duration, kind.buffer, kind.refuses_duplicates)
            for kind in wanted.types
        ),
        locations=tuple(agenda_facts.locations(rows)),
        practitioners=tuple(named(one) for one in rows.practitioners),
        employees=tuple(everybody.values()),
        availabilities=tuple(agenda_facts.availabilities(rows, blocks, days, numbers)),
        appointments=(
            *agenda_facts.standing(rows, days, numbers),
            *agenda_facts.rooms(rows, days, numbers),
            *agenda_facts.absences(rows, days, numbers),
            *agenda_facts.busy(rows, days, numbers),
        ),
        requests=tuple(request_facts.requests(rows, days, numbers, now, not_before)),
    )
    return Loaded(
        request_facts.with_points(instance, rows), days, tuple(wanted.requests), tuple(blocks)
    )


def _employees(rows: Rows) -> dict[UUID, str]:
    """Everybody who asks or is seen, in the order of their keys."""
    found = {one.employee_id: one.employee for one in rows.standing}
    # a hold, for one, does not tell the name
    found |= {one.employee_id: one.employee for one in rows.standing if one.employee}
    found |= {one.employee_id: one.employee for one in rows.wanted.requests}
    return {key: found[key] or str(key) for key in sorted(found)}
