"""ARCHITECTURE.md tells the truth about the rules."""

from tests.architecture import DOCUMENT, with_tables


def test_the_rule_table_in_the_architecture_is_that_of_the_code() -> None:
    document = DOCUMENT.read_text("utf-8")

    assert document == with_tables(document), "run: .venv/bin/python -m tests.architecture"
