"""Trouble, told on standard error: one line each, with nothing in it that a terminal would obey."""

from rich.console import Console

from solver.files.reading import printable

errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def complain(trouble: str) -> None:
    """Say it."""
    errors.print(f"spreekuur: {printable(trouble)}")
