"""Planning runs: started, watched, read, cancelled and taken back. Domain §4."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from api.http.calls import Call
from api.http.pages import Paging
from api.http.replies import Reply
from api.http.routes import runs as api
from api.http.routes.runs import OutcomeFilters, RunView
from api.http.shapes import Given
from api.pages.answers import go_to
from api.pages.appointments import known
from api.pages.declaring import Pages
from api.pages.listing import further
from api.pages.names import names
from api.pages.rendering import render
from api.pages.requests import RULES
from api.pages.runs import GOING, KINDS, STATES, main_reason, scarce
from models.access import Account
from models.requests import AppointmentRequest
from models.runs import RunState
from scheduler.access import Right
from scheduler.planning.asking import PLANNING

pages = Pages("runs")

SHOWN = 25
"""Runs of a page, and requests left out of a report's page."""


class Outcomes(Given):
    """Which part of those left out."""

    cursor: str | None = None


@pages.get("/runs", api.LOOK)
def runs_page(call: Call) -> Reply:
    """The last runs, the newest first; and how another is asked for."""
    last = api.newest(call, SHOWN)
    return render(
        call,
        "runs/list.html",
        runs=last,
        states=STATES,
        kinds=KINDS,
        going=GOING,
        known=names(call, Account, [one.asked_by_id for one in last]),
        may_start=call.caller.may(Right.START_RUNS) and call.caller.scope.everybody,
    )


@pages.post("/runs", api.START)
def start_run_at_page(call: Call, given: api.NewRun) -> Reply:
    """Ask for one, and watch it."""
    return go_to(f"/runs/{api.start_run(call, given).id}")


@pages.get("/runs/{run_id}", api.LOOK)
def run_page(call: Call, run_id: UUID, part: Annotated[Outcomes, Query()]) -> Reply:
    """How far it is; when it has ended, its report."""
    run = api.read_run(call, run_id)
    ended = run.state not in GOING and run.kind == PLANNING
    left_out = OutcomeFilters(planned=False, cursor=part.cursor, page_size=SHOWN)
    found = api.list_outcomes(call, run_id, left_out) if ended else None
    requests = _requests(call, [one.request_id for one in found.items] if found else [])
    return render(
        call,
        "runs/one.html",
        **_standing(call, run),
        changes=api.read_changes(call, run_id) if ended and not run.preview else None,
        scarce=scarce(call, run.report or {}),
        left_out=found.items if found else [],
        next=further(part, found.next if found else None),
        requests={one.id: one for one in requests},
        known=known(
            call,
            (),
            employee_id={one.employee_id for one in requests},
            consultation_type_id={one.consultation_type_id for one in requests},
        ),
        rules=RULES,
        main_reason=main_reason,
    )


@pages.get("/runs/{run_id}/progress", api.LOOK)
def run_progress(call: Call, run_id: UUID) -> Reply:
    """How far it is at this moment, asked again and again; when it has ended, the whole page."""
    run = api.read_run(call, run_id)
    if run.state not in GOING:
        return go_to(f"/runs/{run_id}")
    return render(call, "runs/progress.html", **_standing(call, run))


@pages.post("/runs/{run_id}/cancel", api.CANCEL)
def cancel_run_at_page(call: Call, run_id: UUID) -> Reply:
    """Let it end."""
    api.cancel_run(call, run_id)
    return go_to(f"/runs/{run_id}")


@pages.post("/runs/{run_id}/take-back", api.TAKE_BACK)
def take_run_back_at_page(call: Call, run_id: UUID) -> Reply:
    """Ask for its appointments to be deleted again."""
    return go_to(f"/runs/{api.take_run_back(call, run_id).id}")


def _standing(call: Call, run: RunView) -> dict[str, Any]:
    whole = call.caller.scope.everybody
    booked = (
        run.kind == PLANNING
        and not run.preview
        and run.state in {RunState.DONE, RunState.FAILED, RunState.CANCELLED}
    )
    return {
        "run": run,
        "states": STATES,
        "kinds": KINDS,
        "going": run.state in GOING,
        "asked_by": names(call, Account, [run.asked_by_id]),
        "may_cancel": whole and run.state in GOING and run.cancel_asked_at is None,
        "may_take_back": whole and booked and call.caller.may(Right.TAKE_BACK_RUNS),
    }


def _requests(call: Call, keys: list[UUID]) -> list[AppointmentRequest]:
    those = call.rows(AppointmentRequest, Paging(page_size=SHOWN), AppointmentRequest.id.in_(keys))
    return those[0]
