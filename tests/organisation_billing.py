"""What was billed to an employer, and what suppliers are paid: rows of each state that something can be done with."""

from datetime import date
from uuid import UUID

from models.access import Account
from models.agreements import (
    AgreedModel,
    ContractModel,
    PerformanceType,
    Price,
    PriceCategory,
)
from models.billing import InvoiceBasis, InvoiceLine, Performance
from models.organisation import Employer, Establishment
from models.reimbursement import (
    ReimbursementBatch,
    ReimbursementContract,
    ReimbursementLine,
    Supplier,
)
from models.requests import Case
from tests.agendas import FRIDAY_BEFORE
from tests.organisation_rows import LONG_AGO, PRICED_UNTIL, Part
from tests.records import change

PERIOD = {"from_day": date(2026, 1, 1), "until_day": PRICED_UNTIL}
ADDRESS = {"street": "Street 1", "postal_code": "1000 AA", "city": "Amsterdam", "country": "NL"}
PARTIES = {
    "seller": ADDRESS
    | {"name": "Service 1", "vat_number": "NL000099998B57", "registration": "12345678"}
    | {"iban": "NL91ABNA0417164300"},
    "buyer": ADDRESS | {"name": "Employer 1", "vat_number": "NL000099998B57"},
    "payment_days": 30,
}


def who_supplies(part: Part) -> None:
    """A supplier who is paid by the first of two price lists, and batches."""
    for _ in range(2):
        part.add(ContractModel, kind="reimbursement")
    model = part.rows[ContractModel][2]
    category = part.add(PriceCategory, contract_model_id=model)
    part.add(
        Price,
        price_category_id=category,
        performance_type_id=part.one(PerformanceType),
        from_day=LONG_AGO,
    )
    supplier = part.add(Supplier, code="S1")
    part.add(
        ReimbursementContract, supplier_id=supplier, contract_model_id=model, kind="reimbursement"
    )
    part.add(ReimbursementBatch, state="draft", reference_on=PRICED_UNTIL)


def what_is_billed(part: Part, everywhere: Part) -> None:
    """A draft with a line and a credit line, a final basis, and one that was sent."""
    own = _performances(part, everywhere)
    employer = part.one(Employer)
    draft = part.add(InvoiceBasis, employer_id=employer, **PERIOD)
    final, sent = (
        part.add(InvoiceBasis, employer_id=employer, **PERIOD | _later(n)) for n in (1, 2)
    )
    credited = _line(part, final, own["credited"])
    _line(part, draft, own["released"])
    _line(part, final, own["billed"])
    _line(part, sent, own["submitted"])
    _line(part, draft, own["credited"], credits_id=credited)
    keys = part.rows[InvoiceLine]
    keys.insert(0, keys.pop())  # the credit line
    number = {"final_at": FRIDAY_BEFORE, "parties": PARTIES}
    change(part.connection, "invoice_bases", final, state="final", number=final.hex, **number)
    gone = {"state": "sent", "sent_at": FRIDAY_BEFORE}
    change(part.connection, "invoice_bases", sent, number=sent.hex, **number, **gone)


def what_is_paid(part: Part, everywhere: Part) -> None:
    """What the employer's user wrote is paid by his contract."""
    contract = everywhere.one(ReimbursementContract)
    account = part.rows[Account][-1]
    change(part.connection, "accounts", account, reimbursement_contract_id=contract)
    part.add(
        ReimbursementLine,
        batch_id=everywhere.one(ReimbursementBatch),
        performance_id=part.rows[Performance][-1],
        contract_id=contract,
        decision="reimbursed",
        cents=11_000,
    )


def _performances(part: Part, everywhere: Part) -> dict[str, UUID]:
    """Loose ones, in every state."""
    states = ("held", "released", "billed", "credited", "submitted")
    return {
        state: part.add(
            Performance,
            case_id=part.one(Case),
            performance_type_id=everywhere.one(PerformanceType),
            establishment_id=part.one(Establishment),
            account_id=part.rows[Account][-1],
            state="billed" if state == "credited" else state,
            performed_on=date(2026, 2, 1),
        )
        for state in states
    }


def _later(days: int) -> dict[str, date]:
    """A period of its own."""
    return {"from_day": date(2026, 1, 1 + days)}


def _line(part: Part, basis: UUID, performance: UUID, **values: UUID) -> UUID:
    cents = -11_000 if values else 11_000
    return part.add(
        InvoiceLine,
        basis_id=basis,
        agreed_model_id=part.one(AgreedModel),
        performance_id=performance,
        price_cents=cents,
        invoiced_cents=cents,
        **values,
    )
