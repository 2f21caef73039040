"""What an invoice in UBL asks for: its lines, their VAT, and the totals."""

from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree as ET

from models.billing import InvoiceLine
from scheduler.billing.listing import Listed
from scheduler.billing.money import in_euros
from scheduler.billing.totals import Totals, Vat
from scheduler.billing.ubl_elements import amount, cac, cbc, vat_scheme

PIECE, DISCOUNT, EXEMPT = "C62", "95", "E"


def tax_total(sums: Totals) -> ET.Element | None:
    """VAT, by its rates."""
    return cac("TaxTotal", amount("TaxAmount", sums.vat_cents), *map(_subtotal, sums.vat))


def _subtotal(vat: Vat) -> ET.Element | None:
    exempt = vat.basis_points is None
    return cac(
        "TaxSubtotal",
        amount("TaxableAmount", vat.taxable_cents),
        amount("TaxAmount", vat.cents),
        cac(
            "TaxCategory",
            *_category(vat.basis_points),
            cbc("TaxExemptionReason", "Exempt from VAT" if exempt else None),
            vat_scheme(),
        ),
    )


def _category(basis_points: int | None) -> tuple[ET.Element | None, ...]:
    """Exempt is not the same as 0 %."""
    code = EXEMPT if basis_points is None else "S" if basis_points else "Z"
    return cbc("ID", code), cbc("Percent", in_euros(basis_points or 0))


def monetary_total(sums: Totals) -> ET.Element | None:
    """What is to be paid."""
    return cac(
        "LegalMonetaryTotal",
        amount("LineExtensionAmount", sums.invoiced_cents),
        amount("TaxExclusiveAmount", sums.invoiced_cents),
        amount("TaxInclusiveAmount", sums.payable_cents),
        amount("PayableAmount", sums.payable_cents),
    )


def line_of(number: int, listed: Listed) -> ET.Element | None:
    """One line; what is refunded or credited has a quantity of -1."""
    line = listed.line
    return cac(
        "InvoiceLine",
        cbc("ID", number),
        cbc("InvoicedQuantity", -1 if line.price_cents < 0 else 1, unitCode=PIECE),
        amount("LineExtensionAmount", line.invoiced_cents),
        cbc("AccountingCost", line.cost_centre),
        _when(listed),
        _budget(line),
        cac(
            "Item",
            cbc("Name", line.description),
            cac("SellersItemIdentification", cbc("ID", listed.code)),
            cac("ClassifiedTaxCategory", *_category(line.vat_basis_points), vat_scheme()),
        ),
        cac("Price", amount("PriceAmount", abs(line.price_cents))),
    )


def _when(listed: Listed) -> ET.Element | None:
    first = listed.performed_on or listed.line.subscription_from
    last = listed.performed_on or _day_before(listed.line.subscription_until)
    return cac("InvoicePeriod", cbc("StartDate", first), cbc("EndDate", last))


def _day_before(day: date | None) -> date | None:
    return None if day is None else day - timedelta(days=1)


def _budget(line: InvoiceLine) -> ET.Element | None:
    if not line.budget_cents:
        return None
    restores = line.budget_cents < 0
    reason = "Prepaid budget restored" if restores else "Paid from the prepaid budget"
    details: dict[str, Any] = {} if restores else {"AllowanceChargeReasonCode": DISCOUNT}
    return cac(
        "AllowanceCharge",
        cbc("ChargeIndicator", str(restores).lower()),
        *(cbc(name, value) for name, value in details.items()),
        cbc("AllowanceChargeReason", reason),
        amount("Amount", abs(line.budget_cents)),
    )
