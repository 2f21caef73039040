"""What a run has to show in the end: the plan of each zone as it stands, and why the rest is not in it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from uuid import UUID

from models.database import retried
from scheduler.loading import Loaded
from scheduler.planning import outcomes
from scheduler.planning.carrying import Carrying
from scheduler.planning.finished import Finished, finished
from scheduler.planning.night import Night, without
from scheduler.planning.outcomes import WhyNot
from scheduler.planning.rounds import ZonePlan
from scheduler.planning.unplanned import tell_of
from solver.aims import Score
from solver.check import check
from solver.facts import Plan
from solver.process import Solved
from solver.scarcity import NOTHING_SCARCE
from solver.score import score
from solver.why_not import Explanation, why_not


@dataclass(frozen=True, slots=True)
class ZoneResult:
    """One zone as it stands in the end. All numbers are those of `facts`.

    `facts`: all that was asked there, the run's own bookings among it, and what stands beside them.
    `solved`: what the run has booked (in a preview: would book), its score, and the bound that was
    proven on the first snapshot. `left_out`: an explanation for each request that is not planned.
    """

    zone: str
    facts: Loaded
    solved: Solved
    left_out: tuple[Explanation, ...]


def as_it_stands(night: Night, plan: ZonePlan) -> ZoneResult:
    """Read the zone once more, and say why what is left is left."""
    if night.settings.preview and plan.facts is not None:
        planned = plan.solved[0].plan if plan.solved else ()
        stands = Finished(plan.facts, planned)
    else:
        stands = finished(night.load(plan.zone), plan.bookings)
        came_later = {row.id for row in stands.facts.requests} - plan.asked
        if came_later:
            stands = _without(stands, came_later)
    with night.stopwatch.timing("explain"):
        left_out = why_not(stands.facts.instance, stands.plan)
    return ZoneResult(plan.zone, stands.facts, _together(plan, stands), tuple(left_out))


def _without(stands: Finished, requests: set[UUID]) -> Finished:
    """Without those who asked after the run's last snapshot: the next run is theirs."""
    facts = without(stands.facts, requests)
    return Finished(facts, Carrying(stands.facts, facts).plan(stands.plan).plan)


def _together(plan: ZonePlan, stands: Finished) -> Solved:
    """All rounds as one: the certificate is the first one's, whose snapshot had everything in it."""
    instance = stands.facts.instance
    reached = score(instance, stands.plan)
    trouble = [solved.trouble for solved in plan.solved] + [plan.trouble]
    trouble.append(_broken(stands))
    if not plan.solved or plan.facts is None:
        return _nothing_planned(reached, stands.plan, _joined(trouble))
    first = plan.solved[0]
    seconds: Counter[str] = Counter()
    for solved in plan.solved:
        seconds.update(solved.seconds)
    # what planners freed meanwhile may be worth more than the snapshot allowed
    holds = first.bound is not None and reached.weight <= first.bound
    return replace(
        first,
        plan=stands.plan,
        score=reached,
        bound=first.bound if holds else None,
        iterations=sum(solved.iterations for solved in plan.solved),
        seconds=dict(seconds),
        trouble=_joined(trouble),
        scarcity=Carrying(plan.facts, stands.facts).scarcity(first.scarcity),
    )


def _nothing_planned(reached: Score, plan: Plan, trouble: str | None) -> Solved:
    return Solved(
        plan=plan,
        score=reached,
        bound=None if trouble else 0,
        compared={},
        iterations=0,
        trouble=trouble,
        scarcity=NOTHING_SCARCE,
    )


def _broken(stands: Finished) -> str | None:
    """Never, or the guards have failed as well."""
    broken = check(stands.facts.instance, stands.plan)
    if not broken:
        return None
    first = broken[0]
    return f"what stands breaks {len(broken)} rules, first {first.rule}: {first.detail}"


def _joined(troubles: Sequence[str | None]) -> str | None:
    return "; ".join(one for one in troubles if one) or None


# --- What is kept of it -------------------------------------------------------------------------------


def keep(night: Night, plans: Sequence[ZonePlan], results: Sequence[ZoneResult]) -> None:
    """Answer for every request that is left out: in batches, each only while the run is ours."""
    with night.stopwatch.timing("explain"):
        why = _why(plans, results)
        planned = {
            result.facts.requests[one.request].id
            for result in results
            for one in result.solved.plan
        }
        rows = outcomes.left_out({key: told for key, told in why.items() if key not in planned})
        if night.settings.preview:
            for result in results:
                rows += outcomes.planned(result.facts, result.solved.plan)
    rest = iter(rows)
    while batch := list(islice(rest, night.settings.batch)):
        with night.stopwatch.timing("explain"):
            retried(partial(_record, night, batch))
        night.watch.at("explaining")
    asked = {key for plan in plans for key in plan.asked} | night.waiting
    with night.stopwatch.timing("explain"):
        retried(partial(_record_unanswered, night, asked))


def _record(night: Night, rows: Sequence[outcomes.Outcome]) -> None:
    with night.held.writing() as session:
        if not night.settings.preview:
            left_out = [row["request_id"] for row in rows if "why_not" in row]
            tell_of(session, left_out, run_id=night.held.run_id, at=night.moment)
        outcomes.record(session, night.held.run_id, rows)


def _record_unanswered(night: Night, asked: set[UUID]) -> None:
    """What somebody else dealt with meanwhile, and what no zone has an availability for."""
    with night.held.writing() as session:
        planned, explained = outcomes.answered(session, night.held.run_id)
        rest = sorted(asked - planned - explained)
        for start in range(0, len(rest), night.settings.batch):
            some = rest[start : start + night.settings.batch]
            became = outcomes.what_became_of(session, some)
            if not night.settings.preview:
                still = [key for key, why in became.items() if "meanwhile" not in why]
                tell_of(session, still, run_id=night.held.run_id, at=night.moment)
            outcomes.record(session, night.held.run_id, outcomes.left_out(became))


def _why(plans: Sequence[ZonePlan], results: Sequence[ZoneResult]) -> dict[UUID, WhyNot]:
    """By request; one that may go to several zones is explained where the most availabilities suit it."""
    troubles = {plan.zone: plan.trouble for plan in plans}
    refused = {key: codes for plan in plans for by in plan.refused for key, codes in by.items()}
    found: dict[UUID, WhyNot] = {}
    for result in results:
        for explanation in result.left_out:
            key = result.facts.requests[explanation.request].id
            if key in found and found[key]["suitable"] >= explanation.suitable:
                continue
            found[key] = outcomes.why(result.facts, explanation)
            if (trouble := troubles.get(result.zone)) and not explanation.reasons:
                # nothing stands in its way but that the planning ended
                found[key]["trouble"] = trouble
            if key in refused:
                found[key]["refused"] = list(refused[key])
    return found
