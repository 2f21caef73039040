"""What `spreekuur plan` says of a run, in lines for people."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select

from api.words import Words
from models.agenda import Location
from models.consultations import ConsultationType
from models.database import reading
from models.people import Practitioner
from scheduler.planning.explaining import ZoneResult
from scheduler.planning.lease import Busy
from scheduler.planning.night import RunSettings
from scheduler.planning.run import RunResult
from scheduler.planning.taking_back import (
    NO_SUCH_RUN,
    NOTHING_BOOKED,
    RUN_GOES_ON,
    TOLD,
    TOUCHED,
    TakenBack,
)
from scheduler.refusals import Refusal
from solver.aims import FIRST_COME
from solver.why_not import Explanation

TOLD_IN_FULL = 8
"""Requests left out that are described one by one."""
CHANGES_TOLD = 8
"""Kinds of change that are counted."""
SHORTAGES_TOLD = 3
"""Shortages that are told, the largest first."""

REFUSALS = {
    NO_SUCH_RUN: "there is no run {run}",
    RUN_GOES_ON: "run {run} goes on since {since}: nothing is taken back before it has ended",
    NOTHING_BOOKED: "run {run} was a preview: it has booked nothing",
}
STAY = {
    TOUCHED: "somebody has changed it since",
    TOLD: "somebody has been told of it",
}


def labels(engine: Engine) -> dict[str, str]:
    """What people call the ids of the facts: those of the rows, or the keys that others know them by."""
    found = {}
    with reading(engine) as session:
        for table in (Location, Practitioner):
            for key, reference, name in session.execute(
                select(table.id, table.reference, table.name)
            ):
                found[reference or str(key)] = name
        kinds = select(ConsultationType.code, ConsultationType.name)
        return found | dict(iter(session.execute(kinds)))


def busy(answer: Busy) -> list[str]:
    """That somebody else is at it."""
    return [f"a run goes on already, since {answer.since:%Y-%m-%d %H:%M:%S} UTC; nothing was done"]


def report(
    result: RunResult, settings: RunSettings, database: str, names: Mapping[str, str]
) -> list[str]:
    """Planned, left out and why, the certificate, and where all of it is."""
    told = result.report
    done = "would be planned" if settings.preview else "planned"
    counted = f"{told['planned']:,} of {told['asked']:,} open requests {done}"
    lines = [f"{counted}, {told['left_out']:,} left out; the run is {result.state.value}"]
    for zone in result.zones:
        words = Words(zone.facts.instance, names)
        lines += [*_certificate(zone), *_meanwhile(told, zone.zone), *_shortages(words, zone)]
        lines += [*_reasons(zone.left_out), *_changes(words, zone.left_out)]
        lines += _in_full(words, zone)
    seconds = ", ".join(f"{what} {spent:.1f} s" for what, spent in told["seconds"].items())
    lines += [seconds, f"run {result.run_id} in {database}"]
    if not settings.preview and told["planned"]:
        lines.append(f"take it back: spreekuur plan --take-back {result.run_id}")
    return lines


def _certificate(zone: ZoneResult) -> Iterator[str]:
    instance, solved = zone.facts.instance, zone.solved
    last = instance.start_date + timedelta(days=instance.days - 1)
    said = (
        f"{zone.zone}, {instance.start_date} to {last}: {len(solved.plan):,} planned,"
        f" weight {solved.score.weight:,}"
    )
    if solved.optimal:
        said += "; proven: no plan weighs more"
    elif solved.gap is not None:
        said += (
            f"; proven: no plan weighs more than {solved.bound:,}, so it is at most"
            f" {solved.gap:.2%} from the best"
        )
    if first := solved.compared.get(FIRST_COME):
        said += f"; first come, first served: {first.planned:,} planned, {first.score.weight:,}"
    yield said


def _meanwhile(told: Mapping[str, Any], zone: str) -> Iterator[str]:
    """What planners took while the run was at it."""
    (ours,) = (one for one in told["zones"] if one["zone"] == zone)
    for number, rules in enumerate(ours["refused_for"]):
        if rules:
            places = f"{ours['refused'][number]:,} places were not free any more"
            yield f"  round {number + 1}: {places} ({', '.join(sorted(rules))})"


def _shortages(words: Words, zone: ZoneResult) -> Iterator[str]:
    for shortage in zone.solved.scarcity.shortages[:SHORTAGES_TOLD]:
        yield f"  {words.shortage(shortage)}"


def _reasons(left: Sequence[Explanation]) -> Iterator[str]:
    """For each rule the requests that it keeps out, by itself somewhere or among others everywhere."""
    counted = Counter(code for one in left for code in (one.only or one.reasons))
    if counted:
        named = ", ".join(f"{code} {number:,}" for code, number in counted.most_common())
        yield f"  in the way of the {len(left):,} left out: {named}"


def _changes(words: Words, left: Sequence[Explanation]) -> Iterator[str]:
    changes = Counter(words.kind(offer) for one in left for offer in one.offers if offer.rules)
    for change, number in changes.most_common(CHANGES_TOLD):
        yield f"  {change} would let {number:,} in, one at a time"
    hopeless = sum(not one.offers for one in left)
    if hopeless:
        yield f"  nothing that a planner may change would let {hopeless:,} in"


def _in_full(words: Words, zone: ZoneResult) -> Iterator[str]:
    for one in zone.left_out[:TOLD_IN_FULL]:
        request = zone.facts.instance.requests[one.request]
        yield f"  {request.id} ({words.name(zone.facts.instance.types[request.type].id)})"
        yield f"    in the way: {words.obstacles(one)}"
        yield f"    would help: {words.offers(one)}"


def refusal(why: Refusal) -> str:
    """Why a run is not taken back."""
    return REFUSALS[why.code].format(**why.params)


def taken_back(run_id: UUID, answer: TakenBack) -> list[str]:
    """How many appointments went, and which stay, and why."""
    lines = [f"run {run_id}: {len(answer.taken):,} appointments taken back"]
    if answer.kept:
        lines[0] += f", {len(answer.kept):,} stay"
    return lines + [f"  {key}: {STAY.get(why, why)}" for key, why in answer.kept.items()]
