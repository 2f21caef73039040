"""Planning runs: asked for, how far, how good, and what became of each request. Domain §4."""

import csv
import io
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import Select, select

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging, behind, cursor_behind
from api.http.policies import everywhere
from api.http.replies import Reply
from api.http.shapes import Day, Flag, Given, Page, View
from api.http.why_not import but, for_caller
from models.audit import Act
from models.requests import AppointmentRequest
from models.runs import JobRun, RunOutcome, RunState
from scheduler.access import Right
from scheduler.planning.asking import PLANNING, TAKING_BACK, ask, cancel
from scheduler.planning.compared import changes
from scheduler.planning.lease import Job
from scheduler.planning.night import RunSettings
from scheduler.planning.run import business_date_of
from scheduler.planning.taking_back import require_ended

routes = Routes("runs")

LOOK = everywhere(Right.START_RUNS, of=JobRun)
START = everywhere(Right.START_RUNS, of=JobRun, act=Act.CREATE)
CANCEL = everywhere(Right.START_RUNS, of=JobRun, act=Act.UPDATE)
TAKE_BACK = everywhere(Right.TAKE_BACK_RUNS, of=JobRun, act=Act.CREATE)
COUNTS = frozenset({"asked", "planned", "left_out", "booked", "seconds", "seed", "iterations"})
"""Of a report, what speaks of nobody: the rest names requests that may not be his to see."""
CSV = "text/csv; charset=utf-8"
COLUMNS = (
    "request", "employee", "consultation_type", "priority", "requested_on", "from_day", "until_day",
    "availability", "starts_at", "reasons", "relaxations",
)  # fmt: skip
"""Of the table of outcomes."""


class NewRun(Given):
    """How a run is asked for."""

    preview: Flag = Field(default=False, description="planned and shown, nothing is booked")
    from_day: Day | None = Field(None, description="the first day; without: the next one")
    days: int | None = Field(
        None,
        ge=1,
        le=366,
        description="how many days ahead; without: as the product parameter has it",
    )
    minutes: int = Field(5, ge=1, le=240, description="what it may take")
    seed: int = Field(1, ge=0, le=2**31 - 1)

    def settings(self) -> RunSettings:
        return RunSettings(
            from_day=self.from_day,
            days=self.days,
            time_limit=self.minutes * 60.0,
            seed=self.seed,
            preview=self.preview,
        )


class RunView(View):
    """One run. `report`: all of it for whoever reaches the whole organisation, else the counts."""

    id: UUID
    version: int
    kind: str
    business_date: date
    preview: bool
    state: RunState
    asked_by_id: UUID | None
    occasion: str | None
    settings: dict[str, Any]
    progress: dict[str, Any] | None
    started_at: datetime
    cancel_asked_at: datetime | None
    finished_at: datetime | None
    report: dict[str, Any] | None


class Outcome(View):
    """Of one request: where it was planned, or why not."""

    request_id: UUID
    availability_id: UUID | None
    starts_at: datetime | None
    why_not: dict[str, Any] | None


class ChangesView(View):
    """Against the run before it. `dealt_with`: left out then, and not asked for any more when this one ran."""

    since: UUID | None
    planned_at_last: int = 0
    left_out_again: int = 0
    left_out_anew: int = 0
    dealt_with: int = 0


class OutcomeFilters(Paging):
    """Which outcomes."""

    planned: bool | None = None


class RunFilters(Paging):
    """Which runs."""

    state: RunState | None = None
    kind: str | None = Field(None, max_length=50)


@routes.get("/runs", LOOK)
def list_runs(call: Call, filters: Annotated[RunFilters, Query()]) -> Page[RunView]:
    """Planning runs, the oldest first."""
    wanted = [] if filters.state is None else [JobRun.state == filters.state]
    if filters.kind is not None:
        wanted.append(JobRun.kind == filters.kind)
    found, following = call.rows(JobRun, filters, *wanted)
    return Page(items=[_view(call, one) for one in found], next=following)


def newest(call: Call, most: int) -> list[RunView]:
    """The last ones, the newest first."""
    query = select(JobRun).where(call.seen(JobRun)).order_by(JobRun.id.desc()).limit(most)
    return [_view(call, one) for one in call.session.scalars(query)]


@routes.get("/runs/{run_id}", LOOK)
def read_run(call: Call, run_id: UUID) -> RunView:
    """One of them."""
    return _view(call, call.one(JobRun, run_id))


@routes.post("/runs", START, status=202)
def start_run(call: Call, given: NewRun) -> RunView:
    """Ask for a planning run of all open requests: the next worker who is free does it."""
    call.caller.require_everybody()
    settings = given.settings()
    today = business_date_of(call.session, call.now)
    job = Job(PLANNING, "", today, settings.kept(), settings.preview)
    return _asked(call, job)


@routes.post("/runs/{run_id}/cancel", CANCEL)
def cancel_run(call: Call, run_id: UUID) -> RunView:
    """Let it end at its next step; what it has booked stays."""
    call.caller.require_everybody()
    run = call.one(JobRun, run_id)
    cancel(call.session, run_id)
    call.session.refresh(run)
    call.note(run)
    return _view(call, run)


@routes.post("/runs/{run_id}/take-back", TAKE_BACK, status=202)
def take_run_back(call: Call, run_id: UUID) -> RunView:
    """Ask for all that it has booked to be deleted again: those that nobody touched and nobody was told of."""
    call.caller.require_everybody()
    run = call.one(JobRun, run_id)
    require_ended(run)
    job = Job(TAKING_BACK, str(run_id), run.business_date, {"run": str(run_id)})
    return _asked(call, job)


def _asked(call: Call, job: Job) -> RunView:
    run = call.session.get_one(JobRun, ask(call.session, job, by=call.by.account_id))
    call.note(run)
    call.afterwards.append(call.service.ring_workers)
    return _view(call, run)


@routes.get("/runs/{run_id}/changes", LOOK)
def read_changes(call: Call, run_id: UUID) -> ChangesView:
    """What it has changed against the run before it, counted over the whole organisation."""
    found = changes(call.session, call.one(JobRun, run_id))
    return ChangesView(since=None) if found is None else ChangesView.model_validate(found)


@routes.get("/runs/{run_id}/outcomes", LOOK)
def list_outcomes(
    call: Call, run_id: UUID, filters: Annotated[OutcomeFilters, Query()]
) -> Page[Outcome]:
    """What it says of each request that is yours to see."""
    call.one(JobRun, run_id)
    order = (RunOutcome.request_id,)
    query = _outcomes(call, run_id)
    if filters.planned is not None:
        there = RunOutcome.availability_id.is_not(None)
        query = query.where(there if filters.planned else ~there)
    if filters.cursor is not None:
        query = query.where(behind(filters.cursor, order))
    found = call.session.execute(query.order_by(*order).limit(filters.page_size + 1)).all()
    page = found[: filters.page_size]
    for _, request in page:
        call.note(request)
    following = cursor_behind(page[-1][0], order) if len(found) > len(page) else None
    return Page(items=[_outcome(call, one) for one, _ in page], next=following)


@routes.get("/runs/{run_id}/outcomes.csv", LOOK, media_type=CSV, returns=str)
def download_outcomes(call: Call, run_id: UUID) -> Reply:
    """The same as a table, all of it: the request, where and when it was planned, or the rules in its way and what would help."""
    call.one(JobRun, run_id)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for one, request in call.session.execute(
        _outcomes(call, run_id).order_by(RunOutcome.request_id)
    ):
        call.note(request)
        table.writerow(_line(_outcome(call, one), request))
    headers = {"Content-Disposition": f'attachment; filename="run-{run_id}.csv"'}
    return Reply(out.getvalue().encode(), headers=headers)


def _outcomes(call: Call, run_id: UUID) -> Select[RunOutcome, AppointmentRequest]:
    return (
        select(RunOutcome, AppointmentRequest)
        .join(AppointmentRequest, AppointmentRequest.id == RunOutcome.request_id)
        .where(RunOutcome.run_id == run_id, call.seen(AppointmentRequest))
    )


def _line(one: Outcome, request: AppointmentRequest) -> list[object]:
    """Keys, numbers, codes: nothing in it that somebody typed, which a spreadsheet might take for a formula."""
    why = one.why_not or {}
    return [
        one.request_id,
        request.employee_id,
        request.consultation_type_id,
        request.priority,
        request.requested_on,
        request.from_day,
        request.until_day,
        one.availability_id or "",
        one.starts_at.isoformat() if one.starts_at else "",
        " ".join(f"{rule}:{n}" for rule, n in why.get("reasons", {}).items()),
        " | ".join("+".join(rules) for rules in why.get("relaxations", [])),
    ]


def _view(call: Call, run: JobRun) -> RunView:
    view = RunView.model_validate(run)
    if not call.caller.scope.everybody:
        view.progress = None
        view.report = run.report and but(run.report, run.report.keys() - COUNTS)
    return view


def _outcome(call: Call, one: RunOutcome) -> Outcome:
    view = Outcome.model_validate(one)
    if view.why_not is not None:
        view.why_not = for_caller(call, view.why_not)
    return view
