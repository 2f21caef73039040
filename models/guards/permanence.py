"""What stays as it is: final invoices and batches (domain §7), the audit log (§8), the history (§5)."""

from collections.abc import Iterable

from models.guards.face import COMING, GOING, Guard


def stays(table: str, parent: str, key: str) -> Iterable[Guard]:
    """Lines of what is no longer a draft neither come, nor change, nor go (domain §7)."""
    for row, kinds in (("NEW", COMING), ("OLD", GOING)):
        yield Guard(
            "final_stays",
            table,
            f"EXISTS (SELECT 1 FROM {parent} p WHERE p.id = {row}.{key} AND p.state <> 'draft')",
            kinds=kinds,
        )


PERMANENCE = (
    *stays("invoice_lines", "invoice_bases", "basis_id"),
    *stays("reimbursement_lines", "reimbursement_batches", "batch_id"),
    # all that may still happen to a final basis is that its invoice is sent
    Guard(
        "final_stays",
        "invoice_bases",
        "NOT (OLD.state = 'final' AND NEW.state = 'sent' AND NEW.number = OLD.number"
        " AND NEW.final_at = OLD.final_at AND NEW.employer_id = OLD.employer_id"
        " AND NEW.from_day = OLD.from_day AND NEW.until_day = OLD.until_day)",
        "OLD.state <> 'draft'",
        kinds=("UPDATE",),
    ),
    Guard(
        "final_stays",
        "invoice_bases",
        "OLD.state <> 'draft'",
        kinds=("DELETE",),
    ),
    Guard("final_stays", "reimbursement_batches", "OLD.state <> 'draft'", kinds=GOING),
)

APPEND_ONLY = ("audit_records", "audit_seals", "history")
"""Rows of these are written once. Domain §8; for `history`, §5."""
