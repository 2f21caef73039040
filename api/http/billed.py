"""Invoice bases and their lines, as they are shown; and whose they are, for the record."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from api.http.calls import Call
from api.http.shapes import View
from models.billing import BasisState, InvoiceBasis, InvoiceLine
from scheduler.billing.listing import Listed
from scheduler.billing.totals import totals


class VatView(View):
    """Of the lines of one rate. `basis_points`: hundredths of a percent, nothing where they are exempt."""

    basis_points: int | None
    taxable_cents: int
    cents: int


class TotalsView(View):
    """What the lines add up to: `price_cents` is `budget_cents`, which a prepaid budget pays, and `invoiced_cents`."""

    lines: int
    price_cents: int
    budget_cents: int
    invoiced_cents: int
    vat: list[VatView]
    vat_cents: int
    payable_cents: int


class BasisView(View):
    """The lines from which an invoice is made. A draft has no number, and its amounts may still change."""

    id: UUID
    version: int
    employer_id: UUID
    establishment_id: UUID | None
    from_day: date
    until_day: date
    state: BasisState
    number: str | None
    final_at: datetime | None
    sent_at: datetime | None
    totals: TotalsView


class LineView(View):
    """A line. `performance_id`, or the period of a subscription; `credits_id`: the line that it takes back."""

    id: UUID
    performance_id: UUID | None
    performed_on: date | None
    performance_code: str | None
    subscription_from: date | None
    subscription_until: date | None
    description: str
    establishment_id: UUID | None
    cost_centre: str | None
    price_cents: int
    budget_cents: int
    budget_year: int | None
    invoiced_cents: int
    vat_basis_points: int | None
    credits_id: UUID | None


def views(call: Call, found: Sequence[InvoiceBasis]) -> list[BasisView]:
    """With their totals."""
    sums = totals(call.session, [one.id for one in found])
    own = [name for name in BasisView.model_fields if name != "totals"]
    return [
        BasisView(
            **{name: getattr(one, name) for name in own},
            totals=TotalsView.model_validate(sums[one.id]),
        )
        for one in found
    ]


def shown_line(listed: Listed) -> LineView:
    """One line."""
    about = {
        "performed_on": listed.performed_on,
        "performance_code": listed.code,
        "establishment_id": listed.establishment_id,
    }
    own = [name for name in LineView.model_fields if name not in about]
    return LineView.model_validate(about | {name: getattr(listed.line, name) for name in own})


def note_lines(call: Call, found: Sequence[Listed]) -> None:
    """Whose performances were shown."""
    for one in found:
        if one.employee_id is not None:
            call.entry(InvoiceLine.__tablename__, one.line.id, one.employee_id)
