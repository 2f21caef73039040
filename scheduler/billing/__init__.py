"""What was performed is billed once, at its price, to whoever pays, and suppliers are reimbursed. Domain §7.

Commands are called by their module: `generating.generate`, `finishing.finalise`, `batches.make`. The way
of a performance: `billable` (what waits, its price, what a budget pays) → `generating` (drafts) →
`finishing` (final, sent) → `batches` (its supplier is paid).
"""

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.billing import (
    batches,
    budgets,
    crediting,
    finishing,
    generating,
    loose,
    suppliers,
    ubl,
)

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        **batches.MESSAGES,
        **budgets.MESSAGES,
        **crediting.MESSAGES,
        **finishing.MESSAGES,
        **generating.MESSAGES,
        **loose.MESSAGES,
        **suppliers.MESSAGES,
        **ubl.MESSAGES,
    }
)
"""For each code a msgid with named holes; translated at the edge."""

__all__ = ["MESSAGES"]
