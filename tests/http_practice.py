"""A practice, called over HTTP: its rows are written by hand and committed, and then somebody asks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import Engine

from models.base import new_id
from scheduler.access import Right
from scheduler.booking import Place, book_one
from tests.http_client import Api, Client, an_api
from tests.practices import NOW, Practice
from tests.records import another_practitioner, at

STEPS = (
    Right.VIEW_APPOINTMENTS,
    Right.PLAN_APPOINTMENTS,
    Right.COMPLETE_APPOINTMENTS,
    Right.UNDO_COMPLETION,
    Right.CANCEL_APPOINTMENTS,
    Right.DELETE_APPOINTMENTS,
    Right.PROCESS_NO_SHOWS,
    Right.MARK_LAPSED,
    Right.REPORT_AD_HOC,
)
"""All that the menu of an appointment offers."""

ROUTES: Mapping[str, tuple[str, str]] = {
    "edit": ("PUT", ""),
    "plan": ("POST", "/plan"),
    "mark_as_draft": ("POST", "/mark-as-draft"),
    "complete": ("POST", "/complete"),
    "undo_completion": ("POST", "/undo-completion"),
    "reschedule": ("POST", "/move"),
    "delete": ("POST", "/delete"),
    "cancel": ("POST", "/cancel"),
    "no_show": ("POST", "/no-show"),
    "correct_no_show": ("POST", "/correct-no-show"),
    "mark_lapsed": ("POST", "/mark-lapsed"),
}


@dataclass
class Surgery:
    """The practice, the API over its database, and somebody who may do all that the menu offers."""

    api: Api
    practice: Practice
    who: Client = field(init=False)

    def __post_init__(self) -> None:
        self.who = self.api.person(*STEPS, may_write_performances=True)

    @contextmanager
    def by_hand(self) -> Iterator[Practice]:
        """Rows are written, or read, past the API; what is written is committed."""
        with self.api.engine.begin() as connection:
            self.practice.connection = connection
            yield self.practice

    def booked(self, clock: str = "09:00", kind: str = "check", **wish: Any) -> tuple[UUID, UUID]:
        """A request and its appointment, with a practitioner of its own for an employee of its own."""
        with self.by_hand() as practice:
            there = another_practitioner(practice.connection, practice.world)
            for name in ("check", "talk", "once"):
                practice.put(
                    "availability_types",
                    availability_id=there["availability_id"],
                    consultation_type_id=practice.types[name],
                )
            values = {
                "employee_id": practice.somebody(),
                "consultation_type_id": practice.types[kind],
                "until_day": date(2027, 6, 1),
            }
            request = practice.add("requests", **practice.world.request(**(values | wish)))
            place = Place(request, there["availability_id"], at(clock))
            return request, practice.do(book_one, place, not_before=NOW)

    def row(self, table: str, key: UUID) -> dict[str, Any]:
        with self.by_hand() as practice:
            return dict(practice.row(table, key))

    def all(self, table: str, **where: Any) -> list[dict[str, Any]]:
        with self.by_hand() as practice:
            return [dict(one) for one in practice.all(table, **where)]

    def performances(self, appointment: UUID) -> list[tuple[str, str]]:
        with self.by_hand() as practice:
            return practice.performances(appointment)

    # --- Asked

    def read(self, appointment: UUID, who: Client | None = None) -> dict[str, Any]:
        answer = (who or self.who).get(f"/appointments/{appointment}")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def body(self, event: str, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the route of an event wants, of an appointment as it stands."""
        bodies: dict[str, dict[str, Any]] = {
            "edit": {
                "consultation_type_id": str(row["consultation_type_id"]),
                "case_id": None,
                "contact_person_id": None,
                "remarks": "changed",
            },
            "reschedule": {
                "availability_id": str(row["availability_id"]),
                "starts_at": at("13:00").isoformat(),
            },
            "delete": {"reason": "a mistake"},
            "cancel": {"party": "employee", "reason": "ill"},
            "no_show": {"consultation_type_id": str(self.practice.types["missed"])},
            "correct_no_show": {},
            "mark_lapsed": {"reason": "never took place"},
        }
        return bodies.get(event)

    def step(
        self,
        event: str,
        appointment: UUID,
        *,
        who: Client | None = None,
        version: int | None = None,
        **changes: Any,
    ) -> httpx2.Response:
        """Let it happen, in the version that stands unless it is said."""
        method, path = ROUTES[event]
        row = self.row("appointments", appointment)
        body = self.body(event, row)
        return (who or self.who).call(
            method,
            f"/appointments/{appointment}{path}",
            None if body is None else body | changes,
            version=version or row["version"],
        )

    def done(self, event: str, appointment: UUID, **changes: Any) -> dict[str, Any]:
        answer = self.step(event, appointment, **changes)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def refused(self, event: str, appointment: UUID, **changes: Any) -> list[str]:
        """The codes by which it is refused."""
        return codes(self.step(event, appointment, **changes))

    def place(self, clock: str, day: int = 0, **more: Any) -> dict[str, Any]:
        """In an availability of the first practitioner."""
        block = self.practice.blocks[day]
        return {"availability_id": str(block), "starts_at": at(clock, day).isoformat(), **more}

    def new(self, kind: str = "check", **changes: Any) -> dict[str, Any]:
        """For whom and for what, without a request."""
        world = self.practice.world
        plain = {
            "employee_id": str(world.employee),
            "consultation_type_id": str(self.practice.types[kind]),
            "establishment_id": str(world.establishment),
        }
        return plain | {
            name: str(value) if isinstance(value, UUID) else value
            for name, value in changes.items()
        }


def codes(answer: httpx2.Response) -> list[str]:
    """Why it is refused; none where it is done."""
    if answer.status_code < 300:
        return []
    assert answer.status_code in {403, 409, 422}, answer.text
    refusals = answer.json()["refusals"]
    assert all(one["text"] and one["text"] != one["code"] for one in refusals)
    return [one["code"] for one in refusals]


def unknown() -> str:
    """The key of nothing."""
    return str(new_id())


@contextmanager
def surgery(engine: Engine) -> Iterator[Surgery]:
    with engine.begin() as connection:
        practice = Practice(connection)
    with an_api(engine) as api:
        api.clock.now = NOW
        yield Surgery(api, practice)
