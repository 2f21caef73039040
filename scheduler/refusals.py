"""Why something is not done: every reason at once, each with a stable code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason. `code`: stable and public, that of a rule where a rule refuses; `params`: what its sentence names."""

    code: str
    params: Mapping[str, object] = field(default_factory=dict)


class RefusedError(Exception):
    """What was asked is against the rules as things stand; nothing was changed."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(", ".join(refusal.code for refusal in refusals))
        self.refusals = tuple(refusals)
