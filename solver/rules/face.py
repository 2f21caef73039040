"""The faces of a rule: what each kind is asked, and in which readings it answers.

Every rule has one home, a module of this package with one class. From it come the refusal at the
API, the filter of candidates, the constraint in the model, the check of a finished plan and the
sentence that tells a planner why something is not possible.

Laws of `holds`: only comparisons, `&`, `|`, integer arithmetic and the words of `words.py`; never
`and`, `or`, `not`, `if` or `in` (numpy refuses those loudly). There is no clock, no calendar and no
look at other rows in a rule: such a thing is a fact, computed by whoever made the facts.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

from solver.facts import Availability, Membership, Number, Request, Truth
from solver.minutes import Minutes


@dataclass(frozen=True, slots=True)
class Relaxation:
    """How a planner may ease a rule, as a msgid with named holes."""

    offer: str


class Rule(Protocol):
    """What every rule says of itself."""

    code: ClassVar[str]
    """Stable and public: plan files, API, webhooks, metrics, docs."""
    message: ClassVar[str]
    """A msgid with named holes; translated at the edge."""
    rigidity: ClassVar[int]
    """How unlikely a planner can change it, 0..100; orders explanations, softest first."""
    relaxation: ClassVar[Relaxation | None]
    """How it may be eased; None: never."""


class RequestFacts(Protocol):
    """A request as a pair rule sees it: one row or a column of them."""

    @property
    def type(self) -> Number: ...
    @property
    def from_day(self) -> Number: ...
    @property
    def until_day(self) -> Number: ...
    @property
    def required_practitioner(self) -> Number: ...
    @property
    def modalities(self) -> Number: ...
    @property
    def allow_saturday(self) -> Truth: ...
    @property
    def allow_day_off(self) -> Truth: ...
    @property
    def locations(self) -> Membership: ...
    @property
    def excluded(self) -> Membership: ...


class AvailabilityFacts(Protocol):
    """An availability as a pair rule sees it: one row or a column of them."""

    @property
    def practitioner(self) -> Number: ...
    @property
    def location(self) -> Number: ...
    @property
    def day(self) -> Number: ...
    @property
    def modalities(self) -> Number: ...
    @property
    def on_saturday(self) -> Truth: ...
    @property
    def on_day_off(self) -> Truth: ...
    @property
    def types(self) -> Membership: ...


@runtime_checkable
class RequestRule(Rule, Protocol):
    """Asks about a request by itself."""

    def admits(self, request: Request) -> bool:
        """Whether the request may be planned at all."""
        ...


@runtime_checkable
class PairRule(Rule, Protocol):
    """Asks about this request in this availability."""

    def holds(self, r: RequestFacts, a: AvailabilityFacts) -> Truth:
        """A bool for two rows; a mask where either is a column."""
        ...


class Occupation(Protocol):
    """What stands: who and what is occupied when, as sets of minutes of a day."""

    @property
    def grid(self) -> int:
        """Minutes between possible starts."""
        ...

    def practitioner_busy(self, practitioner: int, day: int) -> Minutes: ...
    def busy_elsewhere(self, practitioner: int, day: int) -> Minutes: ...
    def employee_busy(self, employee: int, day: int) -> Minutes: ...
    def room_full(self, location: int, day: int) -> Minutes:
        """The minutes at which no further appointment finds a room."""
        ...


@runtime_checkable
class SlotRule(Rule, Protocol):
    """Asks about this request at each start in this availability, given what stands."""

    personal: ClassVar[bool]
    """Whether the answer depends on who asks, or only on the shape of the request."""

    def starts(self, r: Request, a: Availability, stands: Occupation) -> Minutes:
        """The starts (minutes of the day) that this rule, asked alone, allows."""
        ...


@dataclass(frozen=True, slots=True)
class Booked:
    """One appointment of a finished plan or one that stands, as the plan rules count them.

    `request` is the index of the request, `NONE` for an appointment that stood before.
    """

    label: str
    request: int
    practitioner: int
    location: int
    employee: int
    type: int
    day: int
    start: int
    end: int
    occupied_until: int
    takes_room: bool
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: which, by what (labels of requests and appointments), and how."""

    rule: str
    involved: tuple[str, ...]
    detail: str


class Finished(Protocol):
    """A finished plan together with what stood before, as the plan rules count it."""

    @property
    def booked(self) -> Sequence[Booked]: ...
    def capacity(self, location: int) -> int: ...
    def refuses_duplicates(self, type_: int) -> bool: ...
    def clock(self, day: int, minute: int) -> str:
        """A day and a minute as people read them."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A request in one free stretch of an availability: one yes-or-no of the model.

    `stretch` is the maximal free interval `[start, end)` of the day in which it would lie, `starts`
    the minutes of it at which the request may start, given what stands.
    """

    request: int
    availability: int
    practitioner: int
    location: int
    employee: int
    type: int
    day: int
    duration: int
    occupied: int
    takes_room: bool
    stretch: tuple[int, int]
    starts: Minutes


class Sentences(Protocol):
    """The words in which a plan rule states itself to the model; the model finds the constraint."""

    @property
    def choices(self) -> Sequence[Choice]: ...
    def refuses_duplicates(self, type_: int) -> bool: ...
    def at_most_one(self, choices: Sequence[Choice]) -> None:
        """Of these choices at most one is taken."""
        ...

    def never_at_once(self, choices: Sequence[Choice], length: Callable[[Choice], int]) -> None:
        """No two of these, each so many minutes long, overlap."""
        ...

    def rooms_suffice(self, choices: Sequence[Choice], location: int, day: int) -> None:
        """These never need more rooms at once than the location has left on that day."""
        ...


@runtime_checkable
class PlanRule(Rule, Protocol):
    """Asks about all appointments together."""

    def violations(self, plan: Finished) -> Iterable[Violation]:
        """What a finished plan breaks, counted without a solver; what only stood is not its fault."""
        ...

    def post(self, model: Sentences) -> None:
        """State the rule to the model."""
        ...
