"""Cents: divided so that nothing is lost, and rounded in one place. Domain §7."""

BASIS_POINTS = 10_000


def share(cents: int, parts: int, number: int) -> int:
    """The part of that number (from 0) of an amount that is divided evenly: all parts together are the amount."""
    return cents * (number + 1) // parts - cents * number // parts


def rounded_share(cents: int, basis_points: int) -> int:
    """So many hundredths of a percent of it, to the nearest cent; a half goes away from zero."""
    doubled = 2 * abs(cents) * basis_points
    size = (doubled + BASIS_POINTS) // (2 * BASIS_POINTS)
    return size if cents >= 0 else -size


def in_euros(cents: int) -> str:
    """As other systems read it: 1100 is 11.00."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"
