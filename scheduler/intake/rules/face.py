"""What a rule of intake is: one question about one wish, with one sentence for people."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from scheduler.intake.known import Known
from scheduler.intake.wishes import May, Wish

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Question:
    """A wish about which the rules are asked."""

    wish: Wish
    may: May
    is_placed: bool
    """Whether it is to be planned or approved; a draft may be unfinished, and what is rejected rests."""
    before: Wish | None = None
    """What was asked before, where it is edited: rules are asked about what changes."""
    request_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`against` gives what its sentence names, once for each time that it is broken; nothing: it is kept."""

    code: str
    """Stable and public."""
    message: str
    """A msgid with named holes: values and remedy."""
    about: tuple[str, ...]
    """The fields of a wish that it is about: where none of these changes, what stands may stay."""
    against: Callable[[Question, Known], Iterable[Params]]
    binds_drafts: bool = True
    spec: str = "domain §3"

    def is_asked(self, question: Question) -> bool:
        if not (question.is_placed or self.binds_drafts):
            return False
        return question.before is None or question.wish.differs(question.before, self.about)
