"""Triggers over a planner's desk: set up, fed with what happens, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select

from models.appointments import Appointment
from models.outbox import Event
from models.triggers import Task, Trigger, TriggerFiring
from scheduler.intake import May, cases, requests
from scheduler.relay import relay_all
from scheduler.topics import Topic
from scheduler.triggers import setting_up, settings, subscribers
from scheduler.triggers.conditions import Condition
from tests.desks import NOW, Desk

PLACER = May(place=True)


@dataclass
class Bench:
    """A desk whose employee has an open case of the kind that the type prefers."""

    desk: Desk
    now: datetime = NOW
    kind: UUID = field(init=False)
    case: UUID = field(init=False)

    def __post_init__(self) -> None:
        desk = self.desk
        self.kind = desk.add("case_kinds")
        desk.set("consultation_types", desk.world.type, preferred_case_kind_id=self.kind)
        self.case = desk.add(
            "cases",
            employee_id=desk.world.employee,
            establishment_id=desk.world.establishment,
            kind_id=self.kind,
        )

    @property
    def engine(self) -> Engine:
        return self.desk.engine

    # --- set up

    def trigger(
        self, topic: Topic, does: dict[str, Any], *conditions: tuple[str, Sequence[Any]]
    ) -> UUID:
        wanted = self.wanted(topic, does, *conditions)
        return self.desk.do(
            lambda session: setting_up.set_up(session, wanted, enabled=True, now=self.now)
        )

    def wanted(
        self, topic: Topic, does: dict[str, Any], *conditions: tuple[str, Sequence[Any]]
    ) -> setting_up.Wanted:
        those = [
            Condition.model_validate({"field": name, "values": values})
            for name, values in conditions
        ]
        return setting_up.Wanted("Trigger 1", topic, those, self.does(does))

    def does(self, does: dict[str, Any]) -> settings.Does:
        if does["action"] == "create_request":
            does = {"consultation_type_id": self.desk.world.type, **does}
        return settings._ANY.validate_python(does)

    def request(self, **changes: Any) -> dict[str, Any]:
        return {"action": "create_request", **changes}

    # --- what happens

    def opens(self, **values: Any) -> UUID:
        """A case of the same kind; of another employee where it is said."""
        world = self.desk.world
        those: dict[str, Any] = {
            "employee_id": world.employee,
            "establishment_id": world.establishment,
            "kind_id": self.kind,
            "opened_on": NOW.date(),
        }
        new = cases.NewCase(**(those | values))
        return self.desk.do(lambda session: cases.open_case(session, new, now=self.now))

    def withdraws(self, request: UUID) -> None:
        version = self.desk.request(request).version
        self.desk.do(
            lambda s: requests.withdraw(s, request, version, by=self.desk.by, now=self.now)
        )

    def relayed(self) -> int:
        return relay_all(self.engine, subscribers(lambda: self.now))

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    # --- what came of it

    def firings(self, trigger: UUID | None = None) -> list[TriggerFiring]:
        query = select(TriggerFiring).order_by(TriggerFiring.id)
        if trigger is not None:
            query = query.where(TriggerFiring.trigger_id == trigger)
        with self.desk.reading() as session:
            return list(session.scalars(query))

    def firing(self, trigger: UUID | None = None) -> TriggerFiring:
        (one,) = self.firings(trigger)
        return one

    def codes(self, firing: TriggerFiring) -> list[str]:
        return [one["code"] for one in (firing.refusals or {})["refusals"]]

    def tasks(self) -> list[Task]:
        with self.desk.reading() as session:
            return list(session.scalars(select(Task).order_by(Task.id)))

    def appointments(self) -> list[Appointment]:
        with self.desk.reading() as session:
            return list(session.scalars(select(Appointment).order_by(Appointment.id)))

    def events(self, topic: Topic) -> list[Event]:
        with self.desk.reading() as session:
            query = select(Event).where(Event.topic == topic.value).order_by(Event.id)
            return list(session.scalars(query))

    def rows(self) -> dict[str, int]:
        """How many rows there are of all that a trigger could write."""
        tables = ("events", "requests", "tasks", "trigger_firings", "appointments", "history")
        return {table: self.desk.count(table) for table in tables}

    def stored(self, trigger: UUID) -> Trigger:
        with self.desk.reading() as session:
            return session.get_one(Trigger, trigger)
