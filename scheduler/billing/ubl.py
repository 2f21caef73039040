"""A final basis as a UBL 2.1 invoice, as Peppol BIS Billing 3 wants it (EN 16931). Domain §7.

What a budget pays is an allowance on the line, and what a refund restores is a charge on its line, whose
quantity is -1: so prices stay positive, as the standard asks. No employee is named.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from xml.etree import ElementTree as ET

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from models.billing import BasisState, InvoiceBasis, InvoiceLine, Performance
from scheduler import parameters
from scheduler.billing.finishing import NOT_FINAL, local_day
from scheduler.billing.listing import lines_of
from scheduler.billing.parties import Buyer, Parties, Seller, parties
from scheduler.billing.totals import totals
from scheduler.billing.ubl_amounts import line_of, monetary_total, tax_total
from scheduler.billing.ubl_elements import CAC, CBC, CURRENCY, INVOICE, cac, cbc, vat_scheme
from scheduler.refusals import Refusal, RefusedError

INCOMPLETE = "invoice_incomplete"

MESSAGES: Mapping[str, str] = {
    INCOMPLETE: "the invoice cannot be written without: {missing}",
}

CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
COMMERCIAL_INVOICE, CREDIT_TRANSFER = "380", "30"
KVK = "0106"
SCHEMES: Mapping[str, str] = {
    "BE": "9925",
    "DE": "9930",
    "FR": "9957",
    "LU": "9938",
    "NL": "9944",
}
"""By which register a VAT number of that country is an address in Peppol."""
OF_SELLER = ("name", "street", "postal_code", "city", "vat_number", "registration", "iban")
OF_BUYER = ("name", "street", "postal_code", "city", "country", "vat_number")


def invoice(session: Session, basis: InvoiceBasis) -> bytes:
    """The XML.

    Raises:
        RefusedError: the basis is a draft, or an invoice of it would lack what the standard asks for.
    """
    if basis.state is BasisState.DRAFT or basis.final_at is None:
        raise RefusedError([Refusal(NOT_FINAL, {"state": basis.state})])
    of = parties(session, basis)
    _require_complete(of)
    issued = local_day(session, basis.final_at)
    days = (basis.parties or {}).get("payment_days")
    within = parameters.value(session, parameters.PAYMENT_DAYS) if days is None else int(days)
    sums = totals(session, [basis.id])[basis.id]
    root = ET.Element(f"{{{INVOICE}}}Invoice")
    root.extend(
        part
        for part in (
            *_heading(basis, of.buyer, issued, within),
            *_before(session, basis),
            cac("AccountingSupplierParty", _seller(of.seller)),
            cac("AccountingCustomerParty", _buyer(of.buyer)),
            _payment(basis, of.seller),
            tax_total(sums),
            monetary_total(sums),
            *(line_of(number, one) for number, one in enumerate(lines_of(session, basis.id), 1)),
        )
        if part is not None
    )
    for prefix, space in (("", INVOICE), ("cac", CAC), ("cbc", CBC)):
        ET.register_namespace(prefix, space)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _require_complete(of: Parties) -> None:
    missing = [f"seller.{name}" for name in OF_SELLER if not getattr(of.seller, name)]
    missing += [f"buyer.{name}" for name in OF_BUYER if not getattr(of.buyer, name)]
    missing += [
        f"{who}.vat_number"
        for who, number in (("seller", of.seller.vat_number), ("buyer", of.buyer.vat_number))
        if number and number[:2] not in SCHEMES
    ]
    if missing:
        raise RefusedError([Refusal(INCOMPLETE, {"missing": tuple(missing)})])


# --- Who, when and how ------------------------------------------------------------------------------------


def _heading(
    basis: InvoiceBasis, buyer: Buyer, issued: date, within: int
) -> Sequence[ET.Element | None]:
    return (
        cbc("CustomizationID", CUSTOMIZATION),
        cbc("ProfileID", PROFILE),
        cbc("ID", basis.number),
        cbc("IssueDate", issued),
        cbc("DueDate", issued + timedelta(days=within)),
        cbc("InvoiceTypeCode", COMMERCIAL_INVOICE),
        cbc("Note", f"Cost unit: {buyer.cost_unit}" if buyer.cost_unit else None),
        cbc("DocumentCurrencyCode", CURRENCY),
        cbc("AccountingCost", buyer.cost_centre),
        cbc("BuyerReference", buyer.invoice_code or buyer.debtor_number or basis.number),
    )


def _before(session: Session, basis: InvoiceBasis) -> list[ET.Element | None]:
    """The invoices whose lines are credited or refunded on this one."""
    mine, theirs = aliased(InvoiceLine), aliased(InvoiceLine)
    credited = select(theirs.basis_id).join(mine, mine.credits_id == theirs.id)
    refunded = (
        select(theirs.basis_id)
        .join(Performance, Performance.refund_of_id == theirs.performance_id)
        .join(mine, mine.performance_id == Performance.id)
        .where(theirs.credits_id.is_(None))
    )
    of = [query.where(mine.basis_id == basis.id) for query in (credited, refunded)]
    either = InvoiceBasis.id.in_(of[0]) | InvoiceBasis.id.in_(of[1])
    numbers = session.scalars(
        select(InvoiceBasis.number).where(either).order_by(InvoiceBasis.number)
    )
    return [
        cac("BillingReference", cac("InvoiceDocumentReference", cbc("ID", number)))
        for number in numbers
    ]


def _seller(seller: Seller) -> ET.Element | None:
    number = seller.registration if seller.country == "NL" else seller.vat_number
    scheme = KVK if seller.country == "NL" else SCHEMES[seller.vat_number[:2]]
    register = {"schemeID": KVK} if seller.country == "NL" else {}
    return cac(
        "Party",
        cbc("EndpointID", number, schemeID=scheme),
        cac("PartyName", cbc("Name", seller.name)),
        _address(seller),
        _tax_scheme(seller.vat_number),
        cac(
            "PartyLegalEntity",
            cbc("RegistrationName", seller.name),
            cbc("CompanyID", seller.registration, **register),
        ),
    )


def _buyer(buyer: Buyer) -> ET.Element | None:
    return cac(
        "Party",
        cbc("EndpointID", buyer.vat_number, schemeID=SCHEMES[buyer.vat_number[:2]]),
        cac("PartyIdentification", cbc("ID", buyer.debtor_number)),
        cac("PartyName", cbc("Name", buyer.name)),
        _address(buyer),
        _tax_scheme(buyer.vat_number),
        cac("PartyLegalEntity", cbc("RegistrationName", buyer.name)),
    )


def _address(of: Seller | Buyer) -> ET.Element | None:
    return cac(
        "PostalAddress",
        cbc("StreetName", of.street),
        cbc("CityName", of.city),
        cbc("PostalZone", of.postal_code),
        cac("Country", cbc("IdentificationCode", of.country)),
    )


def _tax_scheme(number: str) -> ET.Element | None:
    return cac("PartyTaxScheme", cbc("CompanyID", number), vat_scheme())


def _payment(basis: InvoiceBasis, seller: Seller) -> ET.Element | None:
    return cac(
        "PaymentMeans",
        cbc("PaymentMeansCode", CREDIT_TRANSFER),
        cbc("PaymentID", basis.number),
        cac("PayeeFinancialAccount", cbc("ID", seller.iban)),
    )
