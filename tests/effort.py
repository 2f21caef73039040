"""How many examples a Hypothesis test tries: a share of what the profile says, so that a soak goes on."""

from hypothesis import settings


def searched(share: float = 1.0) -> settings:
    """Settings for a test that is worth so much of the usual search."""
    usual = settings.default or settings()
    return settings(max_examples=max(1, int(usual.max_examples * share)))
