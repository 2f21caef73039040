"""One time zone, planned and booked in rounds: what somebody else took meanwhile comes back in the next.

A round reads a snapshot and closes the transaction, plans, reads afresh, checks, and books in batches
by the same `book` as planners do. Whoever books by hand is never in its way: humans always win.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from uuid import UUID

from models.database import retried
from scheduler.booking import Booked, Place, book
from scheduler.booking.book import NO_AVAILABILITY
from scheduler.loading import Loaded
from scheduler.planning import outcomes
from scheduler.planning.carrying import Carried, Carrying
from scheduler.planning.finished import Booking
from scheduler.planning.night import Night, without
from solver.check import check
from solver.facts import Assignment, Plan
from solver.process import GaveUp, Solved

Refused = dict[UUID, tuple[str, ...]]
"""By request, the codes of what was in the way."""


@dataclass(slots=True)
class ZonePlan:
    """What became of one zone. `facts`: its first snapshot. `trouble`: why its rounds ended early, if they did."""

    zone: str
    facts: Loaded | None = None
    asked: set[UUID] = field(default_factory=set)
    solved: list[Solved] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    trouble: str | None = None

    @property
    def refused_for(self) -> list[dict[str, int]]:
        """By round: how many places each rule refused in the end."""
        return [
            dict(Counter(code for codes in refused.values() for code in codes))
            for refused in self.refused
        ]


def plan_zone(
    night: Night, found: ZonePlan, *, zones_left: int, taken: Collection[UUID] = ()
) -> None:
    """Plan the zone, round after round, as long as something was refused. `taken`: planned elsewhere already."""
    for number in range(night.settings.rounds):
        night.watch.at("loading")
        facts = without(night.load(found.zone), taken) if taken else night.load(found.zone)
        night.watch.at("loaded")
        found.facts = found.facts or facts
        found.asked |= {row.id for row in facts.requests}
        options = night.options(facts, number, zones_left)
        if options is None or not facts.requests or not facts.availabilities:
            return
        with night.stopwatch.timing("solve"):
            solved = night.solve(facts.instance, options, night.watch.solving)
        night.watch.at("solved")
        if isinstance(solved, GaveUp):
            found.trouble = solved.reason
            return
        found.solved.append(solved)
        if night.settings.preview:
            return
        _book_round(night, found, facts, solved.plan)
        if not found.refused[-1]:
            return


def _book_round(night: Night, found: ZonePlan, planned_on: Loaded, plan: Plan) -> None:
    """Book what still keeps every rule, as it stands now."""
    facts = night.load(found.zone)
    with night.stopwatch.timing("check"):
        carrying = Carrying(planned_on, facts).plan(plan)
        refused = _no_place(planned_on, facts, carrying)
        broken = _broken(facts, carrying.plan)
    found.refused.append(refused)
    kept = tuple(one for one in carrying.plan if facts.requests[one.request].id not in broken)
    refused |= broken
    booked: dict[UUID, UUID] = {}
    found.bookings.append(Booking(facts, kept, booked))
    night.watch.at("checked")
    for batch in _batches(_what_matters_first(facts, kept), night.settings.batch):
        with night.stopwatch.timing("book"):
            answer = retried(partial(_book, night, facts, batch))
        booked |= answer.appointments
        refused |= {
            key: tuple(refusal.code for refusal in refusals)
            for key, refusals in answer.refused.items()
        }
        in_it = [one for one in batch if facts.requests[one.request].id in answer.appointments]
        night.watch.planned += len(in_it)
        night.watch.weight += sum(facts.requests[one.request].priority for one in in_it)
        night.watch.at("booking")


def _no_place(planned_on: Loaded, facts: Loaded, carried: Carried) -> Refused:
    """Requests that are still asked, and whose place is not there any more."""
    waiting = {row.id for row in facts.requests}
    lost = (planned_on.requests[one.request].id for one in carried.lost)
    return {key: (NO_AVAILABILITY,) for key in lost if key in waiting}


def _broken(facts: Loaded, plan: Plan) -> Refused:
    """Requests whose place breaks a rule by now, each with its rules.

    Where only together they are too many for what stands by now, `book` decides: who matters most is
    asked first.
    """
    keys = {
        request.id: row.id
        for request, row in zip(facts.instance.requests, facts.requests, strict=True)
    }
    found: dict[UUID, set[str]] = {}
    for violation in check(facts.instance, plan):
        involved = [keys[name] for name in violation.involved if name in keys]
        if len(involved) == 1:
            found.setdefault(involved[0], set()).add(violation.rule)
    return {key: tuple(sorted(rules)) for key, rules in found.items()}


def _what_matters_first(facts: Loaded, plan: Plan) -> list[Assignment]:
    """By priority, then by who asked first: a run that is cut off has booked those."""

    def order(one: Assignment) -> tuple[object, ...]:
        row = facts.requests[one.request]
        return -row.priority, row.requested_on, row.id

    return sorted(plan, key=order)


def _batches(plan: Iterable[Assignment], size: int) -> Iterator[Sequence[Assignment]]:
    rest = iter(plan)
    while batch := list(islice(rest, size)):
        yield batch


def _book(night: Night, facts: Loaded, batch: Sequence[Assignment]) -> Booked:
    """One transaction: the bookings, and the answers to their requests."""
    with night.held.writing() as session:
        answer = book(
            session,
            [_place(facts, one) for one in batch],
            by=night.by,
            now=night.moment,
            not_before=night.not_before(facts.days.zone),
            run_id=night.held.run_id,
        )
        told = outcomes.planned(facts, tuple(batch))
        booked = [one for one in told if one["request_id"] in answer.appointments]
        outcomes.record(session, night.held.run_id, booked)
    return answer


def _place(facts: Loaded, one: Assignment) -> Place:
    request, availability = facts.requests[one.request], facts.availabilities[one.availability]
    return Place(request.id, availability.id, facts.starts_at(one))
