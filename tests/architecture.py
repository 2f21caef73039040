"""The parts of ARCHITECTURE.md that are generated: `python -m tests.architecture` writes them anew."""

import sys
from pathlib import Path

from solver.rules import PAIR_RULES, PLAN_RULES, REQUEST_RULES, RULES, SLOT_RULES, Rule

DOCUMENT = Path(__file__).parents[1] / "ARCHITECTURE.md"
BEGIN, END = "<!-- rules:begin -->\n", "<!-- rules:end -->\n"

KINDS = {"request": REQUEST_RULES, "pair": PAIR_RULES, "slot": SLOT_RULES, "plan": PLAN_RULES}


def rule_table() -> str:
    """The table of contents of the rules, from the rules themselves."""
    rows = ["| rule | kind | text | eased by |", "| --- | --- | --- | --- |"]
    rows += [f"| `{r.code}` | {_kinds(r)} | {_text(r)} | {_eased(r)} |" for r in RULES]
    return "\n".join(rows) + "\n"


def with_tables(document: str) -> str:
    """The document with its generated parts as they should be now."""
    before, rest = document.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}{rule_table()}{END}{after}"


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
