"""Planning runs: how far, how good, and what became of each request. Domain §4."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging, behind, cursor_behind
from api.http.policies import everywhere
from api.http.shapes import Page, View
from api.http.why_not import but, for_caller
from models.requests import AppointmentRequest
from models.runs import JobRun, RunOutcome, RunState
from scheduler.access import Right

routes = Routes("runs")

LOOK = everywhere(Right.START_RUNS, of=JobRun)
COUNTS = frozenset({"asked", "planned", "left_out", "booked", "seconds", "seed", "iterations"})
"""Of a report, what speaks of nobody: the rest names requests that may not be his to see."""


class RunView(View):
    """One run. `report`: all of it for whoever reaches the whole organisation, else the counts."""

    id: UUID
    version: int
    kind: str
    business_date: date
    preview: bool
    state: RunState
    progress: dict[str, Any] | None
    started_at: datetime
    finished_at: datetime | None
    report: dict[str, Any] | None


class Outcome(View):
    """Of one request: where it was planned, or why not."""

    request_id: UUID
    availability_id: UUID | None
    starts_at: datetime | None
    why_not: dict[str, Any] | None


class RunFilters(Paging):
    """Which runs."""

    state: RunState | None = None


@routes.get("/runs", LOOK)
def list_runs(call: Call, filters: Annotated[RunFilters, Query()]) -> Page[RunView]:
    """Planning runs, the oldest first."""
    wanted = [] if filters.state is None else [JobRun.state == filters.state]
    found, following = call.rows(JobRun, filters, *wanted)
    return Page(items=[_view(call, one) for one in found], next=following)


@routes.get("/runs/{run_id}", LOOK)
def read_run(call: Call, run_id: UUID) -> RunView:
    """One of them."""
    return _view(call, call.one(JobRun, run_id))


@routes.get("/runs/{run_id}/outcomes", LOOK)
def list_outcomes(call: Call, run_id: UUID, paging: Annotated[Paging, Query()]) -> Page[Outcome]:
    """What it says of each request that is yours to see."""
    call.one(JobRun, run_id)
    order = (RunOutcome.request_id,)
    query = (
        select(RunOutcome, AppointmentRequest)
        .join(AppointmentRequest, AppointmentRequest.id == RunOutcome.request_id)
        .where(RunOutcome.run_id == run_id, call.seen(AppointmentRequest))
    )
    if paging.cursor is not None:
        query = query.where(behind(paging.cursor, order))
    found = call.session.execute(query.order_by(*order).limit(paging.page_size + 1)).all()
    page = found[: paging.page_size]
    for _, request in page:
        call.note(request)
    following = cursor_behind(page[-1][0], order) if len(found) > len(page) else None
    return Page(items=[_outcome(call, one) for one, _ in page], next=following)


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
