"""How much a test tries: in the suite as much as there is time for, in a soak (`make soak`) a great deal more."""

from collections.abc import Callable

from hypothesis import settings

SOAK = "soak"
"""The profile of a soak."""
REPORT = "report"
"""The property in which a test tells what it measured: shown at the end of a soak."""
Report = Callable[[str, object], None]
"""pytest's `record_property`."""


def searched(share: float = 1.0) -> settings:
    """Settings for a test that is worth so much of the usual search."""
    usual = settings.default or settings()
    return settings(max_examples=max(1, int(usual.max_examples * share)))


def sized(usual: int, in_a_soak: int) -> int:
    """How many, where it is not Hypothesis that tries: mark such a test `hypothesis`, and a soak takes it along."""
    return in_a_soak if settings.get_current_profile_name() == SOAK else usual
