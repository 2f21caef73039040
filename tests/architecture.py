"""The parts of ARCHITECTURE.md that are generated: `python -m tests.architecture` writes them anew."""

import sys
from pathlib import Path

from solver.rules import PAIR_RULES, PLAN_RULES, REQUEST_RULES, RULES, SLOT_RULES, Rule
from tests.lifecycle_tables import blocks as lifecycle_blocks

DOCUMENT = Path(__file__).parents[1] / "ARCHITECTURE.md"

KINDS = {"request": REQUEST_RULES, "pair": PAIR_RULES, "slot": SLOT_RULES, "plan": PLAN_RULES}


def rule_table() -> str:
    """The table of contents of the rules, from the rules themselves."""
    rows = ["| rule | kind | text | eased by |", "| --- | --- | --- | --- |"]
    rows += [f"| `{r.code}` | {_kinds(r)} | {_text(r)} | {_eased(r)} |" for r in RULES]
    return "\n".join(rows) + "\n"


def with_tables(document: str) -> str:
    """The document with its generated parts as they should be now."""
    for name, block in {"rules": rule_table(), **lifecycle_blocks()}.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->\n"
        before, rest = document.split(begin)
        after = rest.split(end)[1]
        document = f"{before}{begin}{block}{end}{after}"
    return document


def _kinds(rule: Rule) -> str:
    return ", ".join(kind for kind, rules in KINDS.items() if rule in rules)


def _text(rule: Rule) -> str:
    """The first line of the rule's module, without its name."""
    title = (sys.modules[type(rule).__module__].__doc__ or "").splitlines()[0]
    return title.split(": ", 1)[1]


def _eased(rule: Rule) -> str:
    return rule.relaxation.offer if rule.relaxation else "-"


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text("utf-8")), "utf-8")
