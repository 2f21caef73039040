"""Markdown tables."""

from collections.abc import Iterable, Sequence


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with these headings."""
    lines = [_line(headings), _line(["---"] * len(headings))]
    return "\n".join(lines + [_line(row) for row in rows])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def percent(share: float | None, digits: int = 2) -> str:
    """A share in percent; nothing where there is none."""
    return "" if share is None else f"{share:.{digits}%}"


def number(figure: float | None, digits: int = 0) -> str:
    """A figure with its thousands apart; nothing where there is none."""
    return "" if figure is None else f"{figure:,.{digits}f}"
