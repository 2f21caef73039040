"""What a lifecycle is: a table of steps, each with what it needs and what it announces. Domain §5."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Table

from models.base import Code
from scheduler.topics import Topic


@dataclass(frozen=True, slots=True)
class Situation:
    """A thing as it stands, as far as a need may ask about it."""

    state: Code
    is_no_show: bool = False
    """An appointment that carries a no-show type and the stored original."""
    is_credited: bool = False
    """A performance of which a final basis carries a credit line."""
    performances: frozenset["Situation"] = frozenset()
    """Those of an appointment, each as it stands."""


@dataclass(frozen=True, slots=True)
class Need:
    """What must hold for a step beside the state; the message says what it is when it does not."""

    code: str
    """Stable and public, like that of a rule."""
    message: str
    holds: Callable[[Situation], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """One step: by `event` from `source` to `target`; without a source it is the first."""

    event: str
    source: Code | None
    target: Code
    needs: tuple[Need, ...] = ()
    announces: Topic | None = None
    asks_reason: bool = False
    spec: str = "§5"
    """Where the domain page says so."""


@dataclass(frozen=True, eq=False)
class Lifecycle:
    """All steps of one kind of thing: what is not in `rows` does not happen."""

    name: str
    states: type[Code]
    table: Table
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        if len(self._by_event) < len(self.rows):
            raise ValueError(
                f"the lifecycle of a {self.name} leads from one state to two by one event"
            )

    @cached_property
    def _by_event(self) -> dict[tuple[str, str | None], Row]:
        return {(row.event, row.source): row for row in self.rows}

    def row(self, event: str, source: str | None) -> Row | None:
        return self._by_event.get((event, source))

    @property
    def events(self) -> tuple[str, ...]:
        """What can happen to one that is there, in the order of the table."""
        return tuple(dict.fromkeys(row.event for row in self.rows if row.source is not None))

    def sources(self, event: str) -> tuple[str, ...]:
        """The states in which the event can happen."""
        return tuple(
            row.source.value for row in self.rows if row.event == event and row.source is not None
        )
