"""Invoice bases: drafts, final, sent; their lines as a page, a table and an invoice. Domain §7."""

import csv
import io
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import ColumnElement, select

from api.http import introduction
from api.http.billed import BasisView, LineView, note_lines, shown_line, views
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging, behind, cursor_behind
from api.http.policies import by_right
from api.http.replies import Reply
from api.http.shapes import Day, Given, Page, View
from api.http.texts import text_of
from models.audit import Act
from models.billing import BasisState, InvoiceBasis, InvoiceLine
from models.organisation import Employer, Establishment
from scheduler.access import Right
from scheduler.billing import crediting, finishing, generating, listing, ubl
from scheduler.billing.generating import Generated, Period
from scheduler.billing.listing import Listed

routes = Routes("billing")

CSV = "text/csv; charset=utf-8"
XML = "application/xml; charset=utf-8"
AT_ONCE = 25
"""Employers in one step of a run over all of them."""
MOST_TOLD = 100
"""Of what is left out so many are named."""


class LeftOutView(View):
    """A performance that gets onto no basis, and why."""

    performance_id: UUID
    code: str
    text: str


class GeneratedView(View):
    """The drafts that were made, or made again. `left_out_count`: of `left_out`, which names a hundred at most."""

    basis_ids: list[UUID]
    left_out: list[LeftOutView]
    left_out_count: int


class GeneratedStep(GeneratedView):
    """A step of a run. `next_employer_id`: the last that this step was about; without it the run is at its end."""

    next_employer_id: UUID | None


class BasisToMake(Given):
    """A period from a day until another, which is not included; of an establishment, or of the employer as a whole."""

    employer_id: UUID
    establishment_id: UUID | None = None
    from_day: Day
    until_day: Day


class RunStep(Given):
    """A period, and after which employer the run goes on; without one it begins."""

    from_day: Day
    until_day: Day
    after_employer_id: UUID | None = None


class Credit(Given):
    """A line of a basis that is final."""

    line_id: UUID


class BasisFilters(Paging):
    """Which bases."""

    employer_id: UUID | None = None
    establishment_id: UUID | None = None
    state: BasisState | None = None
    from_day: Day | None = Field(default=None, description="of periods that end after this day")
    until_day: Day | None = Field(default=None, description="of periods that begin before this day")


LOOK = by_right(Right.VIEW_BILLING, Right.INVOICE, of=InvoiceBasis)
MAKE = by_right(Right.INVOICE, of=InvoiceBasis, act=Act.CREATE)
CHANGE = by_right(Right.INVOICE, of=InvoiceBasis, act=Act.UPDATE)
DROP = by_right(Right.INVOICE, of=InvoiceBasis, act=Act.DELETE)


@routes.get("/invoice-bases", LOOK)
def list_invoice_bases(call: Call, filters: Annotated[BasisFilters, Query()]) -> Page[BasisView]:
    """The invoice bases of employers in your part of the organisation."""
    found, following = call.rows(InvoiceBasis, filters, *_conditions(filters))
    return Page(items=views(call, found), next=following)


@routes.get("/invoice-bases/{basis_id}", LOOK)
def read_invoice_basis(call: Call, basis_id: UUID) -> BasisView:
    """One of them, with what its lines add up to."""
    return views(call, [call.one(InvoiceBasis, basis_id)])[0]


@routes.get("/invoice-bases/{basis_id}/lines", LOOK)
def list_invoice_lines(
    call: Call, basis_id: UUID, filters: Annotated[Paging, Query()]
) -> Page[LineView]:
    """The lines of a basis, in their order."""
    call.one(InvoiceBasis, basis_id)
    order = (InvoiceLine.id,)
    query = listing.listing().where(InvoiceLine.basis_id == basis_id)
    if filters.cursor is not None:
        query = query.where(behind(filters.cursor, order))
    rows = call.session.execute(query.order_by(*order).limit(filters.page_size + 1))
    found = [Listed._make(row) for row in rows]
    page = found[: filters.page_size]
    note_lines(call, page)
    following = cursor_behind(page[-1].line, order) if len(found) > len(page) else None
    return Page(items=[shown_line(one) for one in page], next=following)


@routes.get("/invoice-bases/{basis_id}/lines.csv", LOOK, media_type=CSV, returns=str)
def download_invoice_lines(call: Call, basis_id: UUID) -> Reply:
    """The same as a table, all of it; amounts are in euros."""
    call.one(InvoiceBasis, basis_id)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(listing.COLUMNS)
    found = listing.lines_of(call.session, basis_id)
    note_lines(call, found)
    table.writerows(one.cells for one in found)
    return _file(out.getvalue().encode(), f"basis-{basis_id}.csv")


@routes.get(
    "/invoice-bases/{basis_id}/invoice.xml",
    LOOK,
    media_type=XML,
    returns=str,
    openapi=dict(introduction.REFUSED),
)
def download_invoice(call: Call, basis_id: UUID) -> Reply:
    """The invoice of a final basis as UBL 2.1, as Peppol BIS Billing 3 wants it."""
    basis = call.one(InvoiceBasis, basis_id)
    written = ubl.invoice(call.session, basis)
    note_lines(call, listing.lines_of(call.session, basis_id))
    return _file(written, f"invoice-{basis.number}.xml")


@routes.post("/invoice-bases", MAKE, status=201)
def make_invoice_basis(call: Call, given: BasisToMake) -> GeneratedView:
    """Make the draft of an employer's period, or make it again: all that was released before its end and waits.

    Where there is nothing to be billed, there is none.
    """
    call.another(Employer, given.employer_id)
    if given.establishment_id is not None:
        of_employer = Establishment.employer_id == given.employer_id
        call.another(Establishment, given.establishment_id, of_employer)
    period = Period(given.from_day, given.until_day, given.establishment_id)
    return _generated(call, generating.generate(call.session, [given.employer_id], period))


@routes.post("/invoice-bases/run", MAKE, status=201)
def make_invoice_bases(call: Call, given: RunStep) -> GeneratedStep:
    """One step of a run over all employers in your part of the organisation: the drafts of the next 25.

    Ask again with `next_employer_id` as `after_employer_id` until there is none. Asked twice, or begun again, a
    step makes the same drafts.
    """
    period = Period(given.from_day, given.until_day)
    which: list[ColumnElement[bool]] = [call.seen(Employer)]
    if given.after_employer_id is not None:
        call.another(Employer, given.after_employer_id)
        which.append(Employer.id > given.after_employer_id)
    found = generating.to_be_billed(call.session, period, *which, limit=AT_ONCE + 1)
    told = _generated(call, generating.generate(call.session, found[:AT_ONCE], period))
    last = found[AT_ONCE - 1] if len(found) > AT_ONCE else None
    return GeneratedStep(**told.model_dump(), next_employer_id=last)


@routes.post("/invoice-bases/{basis_id}/generate", CHANGE, if_match=True)
def make_invoice_basis_again(call: Call, basis_id: UUID) -> GeneratedView:
    """Make a draft again, by what is released now; its credit lines stay."""
    basis = call.one(InvoiceBasis, basis_id)
    return _generated(call, generating.again(call.session, basis))


@routes.post("/invoice-bases/{basis_id}/finalise", CHANGE, if_match=True)
def finalise_invoice_basis(call: Call, basis_id: UUID) -> BasisView:
    """Fix prices and budgets, and give it the next number: nothing of it changes any more."""
    basis = call.one(InvoiceBasis, basis_id)
    finishing.finalise(call.session, basis, by=call.by, now=call.now)
    return views(call, [basis])[0]


@routes.post("/invoice-bases/{basis_id}/send", CHANGE, if_match=True)
def send_invoice_basis(call: Call, basis_id: UUID) -> BasisView:
    """Say that its invoice has been sent: its performances are submitted."""
    basis = call.one(InvoiceBasis, basis_id)
    finishing.send(call.session, basis, by=call.by, now=call.now)
    return views(call, [basis])[0]


@routes.delete("/invoice-bases/{basis_id}", DROP, if_match=True, status=204)
def drop_invoice_basis(call: Call, basis_id: UUID) -> None:
    """Take a draft away: what was on it waits for another."""
    generating.drop(call.session, call.one(InvoiceBasis, basis_id))


@routes.post("/invoice-bases/{basis_id}/credits", CHANGE, if_match=True, status=201)
def credit_invoice_line(call: Call, basis_id: UUID, given: Credit) -> BasisView:
    """Take a line of a final basis back, by a credit line on this draft of the same employer."""
    basis = call.one(InvoiceBasis, basis_id)
    crediting.credit(call.session, basis, _invoice_line(call, given.line_id))
    return views(call, [basis])[0]


@routes.delete("/invoice-bases/{basis_id}/credits/{line_id}", CHANGE, if_match=True)
def take_credit_line_off(call: Call, basis_id: UUID, line_id: UUID) -> BasisView:
    """Take a credit line off a draft: what it would have taken back stays billed."""
    basis = call.one(InvoiceBasis, basis_id)
    crediting.take_off(call.session, basis, _invoice_line(call, line_id))
    return views(call, [basis])[0]


def _invoice_line(call: Call, key: UUID) -> InvoiceLine:
    """Of a basis that is his to see."""
    seen = InvoiceLine.basis_id.in_(select(InvoiceBasis.id).where(call.seen(InvoiceBasis)))
    return call.another(InvoiceLine, key, seen)


def _generated(call: Call, made: Generated) -> GeneratedView:
    for basis in made.bases:
        call.entry(InvoiceBasis.__tablename__, basis)
    left_out = [
        LeftOutView(performance_id=key, code=why.code, text=text_of(why.code, why.params))
        for key, why in list(made.left_out.items())[:MOST_TOLD]
    ]
    return GeneratedView(
        basis_ids=list(made.bases), left_out=left_out, left_out_count=len(made.left_out)
    )


def _conditions(filters: BasisFilters) -> list[ColumnElement[bool]]:
    one = InvoiceBasis
    wanted: list[ColumnElement[bool] | None] = [
        None if filters.employer_id is None else one.employer_id == filters.employer_id,
        None
        if filters.establishment_id is None
        else one.establishment_id == filters.establishment_id,
        None if filters.state is None else one.state == filters.state,
        None if filters.from_day is None else one.until_day > filters.from_day,
        None if filters.until_day is None else one.from_day < filters.until_day,
    ]
    return [condition for condition in wanted if condition is not None]


def _file(content: bytes, name: str) -> Reply:
    return Reply(content, headers={"Content-Disposition": f'attachment; filename="{name}"'})
