"""Reimbursement batches: what suppliers are paid, looked through line by line. Domain §7, Suppliers [001]."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import Select, select

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging, behind, cursor_behind
from api.http.performed import note
from api.http.policies import everywhere
from api.http.replies import Reply
from api.http.shapes import Day, Given, Page, View
from models.access import Account
from models.agreements import ContractModel
from models.audit import Act
from models.billing import Performance
from models.reimbursement import (
    BatchState,
    Decision,
    ReimbursementBatch,
    ReimbursementLine,
    Supplier,
)
from scheduler.access import Right
from scheduler.billing import batches
from scheduler.billing.batches import Which
from scheduler.billing.money import in_euros

routes = Routes("billing")

CSV = "text/csv; charset=utf-8"
MOST = 1_000
"""Decisions at once."""
COLUMNS = ("performance", "performed_on", "contract", "decision", "amount")


class BatchView(View):
    """What suppliers are paid for performances up to a day. `without_rate`: those that wait until there is a rate."""

    id: UUID
    version: int
    state: BatchState
    reference_on: date
    supplier_id: UUID | None
    contract_model_id: UUID | None
    holder_id: UUID | None
    lines: int
    reimbursed_cents: int
    excluded: int
    deferred: int
    without_rate: int


class NewBatch(Given):
    """What a batch takes: submitted, and performed on the day or before. What is not given filters nothing."""

    reference_on: Day
    supplier_id: UUID | None = None
    contract_model_id: UUID | None = None
    holder_id: UUID | None = None


class BatchLineView(View):
    """A performance, and what becomes of its reimbursement."""

    performance_id: UUID
    performed_on: date
    performance_type_id: UUID
    contract_id: UUID
    decision: Decision
    cents: int


class LineDecision(Given):
    """What becomes of the reimbursement of a performance."""

    performance_id: UUID
    decision: Decision


class LineDecisions(Given):
    """For some lines."""

    decisions: list[LineDecision] = Field(min_length=1, max_length=MOST)


class BatchFilters(Paging):
    """Which batches."""

    state: BatchState | None = None
    supplier_id: UUID | None = None


LOOK = everywhere(Right.REIMBURSE, of=ReimbursementBatch)
MAKE = everywhere(Right.REIMBURSE, of=ReimbursementBatch, act=Act.CREATE)
CHANGE = everywhere(Right.REIMBURSE, of=ReimbursementBatch, act=Act.UPDATE)
DROP = everywhere(Right.REIMBURSE, of=ReimbursementBatch, act=Act.DELETE)


@routes.get("/reimbursement-batches", LOOK)
def list_reimbursement_batches(
    call: Call, filters: Annotated[BatchFilters, Query()]
) -> Page[BatchView]:
    """The batches."""
    one, conditions = ReimbursementBatch, []
    if filters.state is not None:
        conditions.append(one.state == filters.state)
    if filters.supplier_id is not None:
        conditions.append(one.supplier_id == filters.supplier_id)
    found, following = call.rows(one, filters, *conditions)
    return Page(items=_views(call, found), next=following)


@routes.get("/reimbursement-batches/{batch_id}", LOOK)
def read_reimbursement_batch(call: Call, batch_id: UUID) -> BatchView:
    """One of them."""
    return _views(call, [call.one(ReimbursementBatch, batch_id)])[0]


@routes.get("/reimbursement-batches/{batch_id}/lines", LOOK)
def list_reimbursement_lines(
    call: Call, batch_id: UUID, filters: Annotated[Paging, Query()]
) -> Page[BatchLineView]:
    """The lines of a batch, of performances in your part of the organisation."""
    call.one(ReimbursementBatch, batch_id)
    order = (ReimbursementLine.id,)
    query = _lines(call, batch_id)
    if filters.cursor is not None:
        query = query.where(behind(filters.cursor, order))
    found = call.session.execute(query.order_by(*order).limit(filters.page_size + 1)).all()
    page = found[: filters.page_size]
    note(call, [performance.id for _, performance in page])
    following = cursor_behind(page[-1][0], order) if len(found) > len(page) else None
    return Page(items=[_line(one, performance) for one, performance in page], next=following)


@routes.get("/reimbursement-batches/{batch_id}/lines.csv", LOOK, media_type=CSV, returns=str)
def download_reimbursement_lines(call: Call, batch_id: UUID) -> Reply:
    """The same as a table, all of it; amounts are in euros."""
    call.one(ReimbursementBatch, batch_id)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    found = call.session.execute(_lines(call, batch_id).order_by(ReimbursementLine.id)).all()
    note(call, [performance.id for _, performance in found])
    for one, performance in found:
        cells = (one.performance_id, performance.performed_on, one.contract_id)
        table.writerow([*cells, one.decision.value, in_euros(one.cents)])
    headers = {"Content-Disposition": f'attachment; filename="batch-{batch_id}.csv"'}
    return Reply(out.getvalue().encode(), headers=headers)


@routes.post("/reimbursement-batches", MAKE, status=201)
def make_reimbursement_batch(call: Call, given: NewBatch) -> BatchView:
    """Make a draft of all that is to be reimbursed: each line is, until you say otherwise."""
    for kind, key in (
        (Supplier, given.supplier_id),
        (ContractModel, given.contract_model_id),
        (Account, given.holder_id),
    ):
        if key is not None:
            call.another(kind, key)
    key = batches.make(call.session, Which(**given.model_dump()))
    return _views(call, [call.another(ReimbursementBatch, key)])[0]


@routes.post("/reimbursement-batches/{batch_id}/generate", CHANGE, if_match=True)
def make_reimbursement_batch_again(call: Call, batch_id: UUID) -> BatchView:
    """Make a draft again, by what is submitted now; what was decided stays."""
    batch = call.one(ReimbursementBatch, batch_id)
    batches.again(call.session, batch)
    return _views(call, [batch])[0]


@routes.put("/reimbursement-batches/{batch_id}/decisions", CHANGE, if_match=True)
def decide_reimbursement_lines(call: Call, batch_id: UUID, given: LineDecisions) -> BatchView:
    """Say of some lines whether they are reimbursed, excluded or deferred: a deferred one comes back in the next batch."""
    batch = call.one(ReimbursementBatch, batch_id)
    for one in given.decisions:
        call.another(Performance, one.performance_id)
    decided = {one.performance_id: one.decision for one in given.decisions}
    batches.decide(call.session, batch, decided)
    return _views(call, [batch])[0]


@routes.post("/reimbursement-batches/{batch_id}/finalise", CHANGE, if_match=True)
def finalise_reimbursement_batch(call: Call, batch_id: UUID) -> BatchView:
    """Make it final: nothing of it changes any more."""
    batch = call.one(ReimbursementBatch, batch_id)
    batches.finalise(call.session, batch)
    return _views(call, [batch])[0]


@routes.delete("/reimbursement-batches/{batch_id}", DROP, if_match=True, status=204)
def drop_reimbursement_batch(call: Call, batch_id: UUID) -> None:
    """Take a draft away: what was on it waits for another."""
    batches.drop(call.session, call.one(ReimbursementBatch, batch_id))


def _lines(call: Call, batch_id: UUID) -> Select[ReimbursementLine, Performance]:
    return (
        select(ReimbursementLine, Performance)
        .join(Performance, Performance.id == ReimbursementLine.performance_id)
        .where(ReimbursementLine.batch_id == batch_id, call.seen(Performance))
    )


def _line(one: ReimbursementLine, performance: Performance) -> BatchLineView:
    return BatchLineView(
        performance_id=one.performance_id,
        performed_on=performance.performed_on,
        performance_type_id=performance.performance_type_id,
        contract_id=one.contract_id,
        decision=one.decision,
        cents=one.cents,
    )


def _views(call: Call, found: Sequence[ReimbursementBatch]) -> list[BatchView]:
    sums = batches.sums(call.session, [one.id for one in found])
    own = (
        "id",
        "version",
        "state",
        "reference_on",
        "supplier_id",
        "contract_model_id",
        "holder_id",
    )
    return [
        BatchView(
            **{name: getattr(one, name) for name in own},
            lines=sums[one.id].lines,
            reimbursed_cents=sums[one.id].reimbursed_cents,
            excluded=sums[one.id].excluded,
            deferred=sums[one.id].deferred,
            without_rate=_waiting(call, one),
        )
        for one in found
    ]


def _waiting(call: Call, batch: ReimbursementBatch) -> int:
    is_draft = batch.state is BatchState.DRAFT
    return len(batches.without_rate(call.session, batch)) if is_draft else 0
