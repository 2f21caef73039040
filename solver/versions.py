"""What a plan depends on beside its input."""

import sys
from importlib.metadata import version

PLANNED_BY = ("spreekuur", "ortools", "numpy", "scipy", "numba", "llvmlite")
"""The packages that decide what a plan looks like."""


def versions() -> dict[str, str]:
    """Those of Python and of these packages, as installed here."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return {"python": python} | {name: version(name) for name in PLANNED_BY}
