"""Nobody sees beyond his part of the organisation, compared with plain Python in random organisations (P10)."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, inspect, select
from sqlalchemy.orm import Session

from models import Base, database
from models.access import Group
from models.agenda import Location
from models.base import new_id
from models.billing import Performance
from models.organisation import ContactPerson, Department, Employer, Establishment
from models.people import Employee, Employment, Exclusion
from models.requests import AppointmentRequest
from scheduler.access import Caller, Scope, visible
from scheduler.access.above import Above, names_above
from scheduler.access.denied import NotFoundError
from scheduler.access.scope import today
from scheduler.access.visible import CONDITIONS, require_visible
from tests.access import NOW, a_group
from tests.effort import searched
from tests.records import DATABASES, add, fresh, row

TODAY = today(NOW)
Row = dict[str, Any]
TABLES = {kind: str(inspect(kind).local_table) for kind in CONDITIONS}


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


# --- A random organisation -------------------------------------------------------------------------------


@dataclass
class Organisation:
    """Its rows, table by table, in the order of their references."""

    chance: random.Random
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, **values: Any) -> Row:
        new = row(table, **values)
        self.tables.setdefault(table, []).append(new)
        return new

    def one(self, table: str, **where: Any) -> Row:
        those = [
            one
            for one in self.tables[table]
            if all(one[name] == value for name, value in where.items())
        ]
        return self.chance.choice(those)

    def some(self, table: str, most: int) -> list[Row]:
        those = self.tables.get(table, [])
        return self.chance.sample(those, min(len(those), self.chance.randint(0, most)))

    def keep(self, connection: Connection) -> None:
        for table, rows in self.tables.items():
            connection.execute(insert(Base.metadata.tables[table]), rows)


def a_day(chance: random.Random) -> date:
    """Around today, and on it."""
    return TODAY + timedelta(days=chance.randint(-3, 3))


def organisation(seed: int) -> Organisation:
    made = Organisation(random.Random(seed))
    chance = made.chance
    for _ in range(chance.randint(1, 3)):
        employer = made.add("employers")
        made.add("service_agreements", employer_id=employer["id"])
        made.add("invoice_bases", employer_id=employer["id"], establishment_id=None)
        for number in range(chance.randint(1, 2)):
            made.add("establishments", employer_id=employer["id"], is_main=number == 0)
        above: list[UUID | None] = [None]
        for _ in range(chance.randint(0, 4)):
            department = made.add(
                "departments", employer_id=employer["id"], parent_id=chance.choice(above)
            )
            above.append(department["id"])
    for _ in range(chance.randint(1, 4)):
        made.add("employees")
    for _ in range(chance.randint(0, 6)):
        an_employment(made)
    what_is_about_them(made)
    what_reaches_them(made)
    return made


def an_employment(made: Organisation) -> None:
    establishment = made.one("establishments")
    employer = establishment["employer_id"]
    departments = [
        one["id"] for one in made.tables.get("departments", []) if one["employer_id"] == employer
    ]
    until_day = made.chance.choice([None, a_day(made.chance)])
    ago = 30 if until_day else made.chance.choice([-30, 30])
    made.add(
        "employments",
        employee_id=made.one("employees")["id"],
        employer_id=employer,
        establishment_id=establishment["id"],
        department_id=made.chance.choice([None, *departments]),
        from_day=TODAY - timedelta(days=ago),
        until_day=until_day,
    )


def what_is_about_them(made: Organisation) -> None:
    chance = made.chance
    practitioner, location = made.add("practitioners"), made.add("locations")
    kind, consultation = made.add("case_kinds"), made.add("consultation_types")
    for _ in range(chance.randint(1, 6)):
        employee, day = made.one("employees")["id"], a_day(chance)
        at = {"employee_id": employee, "establishment_id": made.one("establishments")["id"]}
        starts = datetime(day.year, day.month, day.day, chance.choice([0, 9, 23]), tzinfo=UTC)
        own = {"consultation_type_id": consultation["id"]}
        made.add("cases", **at, kind_id=kind["id"], opened_on=day)
        made.add("requests", **at, **own, requested_on=day)
        made.add(
            "appointments",
            **at,
            **own,
            practitioner_id=made.add("practitioners")["id"],
            location_id=location["id"],
            ad_hoc=True,
            state="cancelled",
            cancelled_by="service",
            cancelled_at=NOW,
            starts_at=starts,
            ends_at=starts + timedelta(minutes=30),
            occupied_until=starts + timedelta(minutes=30),
        )
    what_happened_by_itself(made)
    for employee in made.some("employees", 2):
        made.add("exclusions", employee_id=employee["id"], practitioner_id=practitioner["id"])
    for _ in range(chance.randint(0, 3)):
        establishment = made.one("establishments")
        made.add(
            "contact_persons",
            employer_id=establishment["employer_id"],
            establishment_id=chance.choice([None, establishment["id"]]),
        )


def what_happened_by_itself(made: Organisation) -> None:
    """Tasks about a case, an appointment, an employee or nobody, and the firings that left them."""
    chance = made.chance
    trigger = made.add(
        "triggers", name="-", topic="-", conditions={}, action="announce", settings={}, enabled=True
    )
    for _ in range(chance.randint(1, 5)):
        case, appointment, request = map(made.one, ("cases", "appointments", "requests"))
        about = chance.choice([case, appointment, made.one("employees"), None])
        whose = None if about is None else about.get("employee_id", about["id"])
        task = made.add(
            "tasks",
            title="-",
            employee_id=whose,
            case_id=case["id"] if about is case else None,
            appointment_id=appointment["id"] if about is appointment else None,
        )
        asks = about is not None and chance.random() < 0.5
        made.add(
            "trigger_firings",
            trigger_id=trigger["id"],
            event_id=new_id(),
            employee_id=request["employee_id"] if asks else whose,
            at=NOW,
            depth=1,
            outcome="done",
            task_id=None if asks else task["id"],
            request_id=request["id"] if asks else None,
            appointment_id=None,
        )


def what_reaches_them(made: Organisation) -> None:
    """Groups that reach a little, one that reaches everybody; somebody in each, and performances of his."""
    chance, role = made.chance, made.add("roles")
    for number in range(5):
        group = made.add("groups", everybody=number == 0)
        for table, column in (
            ("employers", "employer_id"),
            ("departments", "department_id"),
            ("employees", "employee_id"),
        ):
            # a group of one single kind is what tells them apart
            for one in made.some(table, 1 if number < 3 else 2):
                scope = dict.fromkeys(("employer_id", "department_id", "employee_id"))
                scope |= {"id": new_id(), "group_id": group["id"], column: one["id"]}
                made.tables.setdefault("group_scopes", []).append(scope)
        account = made.add("accounts", role_id=role["id"], group_id=group["id"])
        _receives(made, account["id"])
        _is_written_to(made, account["id"])
        _has_a_feed(made, account["id"])
        about = made.one(chance.choice(["cases", "appointments"]))
        made.add(
            "performances",
            case_id=about["id"] if "opened_on" in about else None,
            appointment_id=None if "opened_on" in about else about["id"],
            performance_type_id=made.add("performance_types")["id"],
            establishment_id=about["establishment_id"],
            account_id=account["id"],
        )


def _receives(made: Organisation, account_id: UUID) -> None:
    """A receiver of webhooks with the rights of the account, and what it was sent."""
    at = datetime(2027, 3, 1, tzinfo=UTC)
    receiver = made.add(
        "receivers",
        name="Receiver 1",
        url="https://hooks.test/",
        account_id=account_id,
        protocol="websub",
        secret=b"-",
    )
    event = made.add(
        "events",
        topic="AccountLocked",
        subject="accounts",
        subject_id=account_id,
        sequence=1,
        at=at,
        facts={},
    )
    made.add("deliveries", event_id=event["id"], receiver_id=receiver["id"], state="due", due_at=at)


def _has_a_feed(made: Organisation, account_id: UUID) -> None:
    """Of a location, by whose rights it is read."""
    at = datetime(2027, 3, 1, tzinfo=UTC)
    location = made.add("locations")["id"]
    token = new_id().hex
    made.add("feeds", location_id=location, account_id=account_id, created_at=at, token_hash=token)


def _is_written_to(made: Organisation, account_id: UUID) -> None:
    """A reminder, and mails about an account, a case, a request, an appointment, and somebody."""
    at = datetime(2027, 3, 1, tzinfo=UTC)
    template = made.add("templates", code=new_id().hex, name="Reminder")
    rule = made.add(
        "default_reminders",
        template_id=template["id"],
        consultation_type_id=made.add("consultation_types")["id"],
        recipient="employee",
        channel="email",
        minutes=-60,
    )
    names = ("employee_id", "account_id", "case_id", "request_id", "appointment_id")
    case, request, appointment = map(made.one, ("cases", "requests", "appointments"))
    about = [
        {"account_id": account_id},
        {"case_id": case["id"], "employee_id": case["employee_id"]},
        {"request_id": request["id"], "employee_id": request["employee_id"]},
        {"appointment_id": appointment["id"], "employee_id": appointment["employee_id"]},
    ]
    for one in about:
        nothing: Row = dict.fromkeys(names)
        made.add("messages", kind="asked", state="due", due_at=at, **{**nothing, **one})
    made.add(
        "reminders",
        appointment_id=appointment["id"],
        default_reminder_id=rule["id"],
        sequence=1,
        state="due",
        due_at=at,
    )


# --- The oracle ------------------------------------------------------------------------------------------


@dataclass
class Oracle:
    """What a group reaches, by domain §8 in plain words."""

    world: Organisation
    group: UUID

    def rows(self, table: str) -> list[Row]:
        return self.world.tables.get(table, [])

    def named(self, column: str) -> set[UUID]:
        mine = [one for one in self.rows("group_scopes") if one["group_id"] == self.group]
        return {one[column] for one in mine} - {None}

    def in_department(self, key: UUID | None) -> bool:
        """It is named, or one of those above it is."""
        while key is not None:
            if key in self.named("department_id"):
                return True
            key = next(one["parent_id"] for one in self.rows("departments") if one["id"] == key)
        return False

    def works_in_it(self, employment: Row) -> bool:
        by_employer = employment["employer_id"] in self.named("employer_id")
        return by_employer or self.in_department(employment["department_id"])

    def is_over(self, employment: Row, day: date = TODAY) -> bool:
        return employment["until_day"] is not None and employment["until_day"] <= day

    def employee(self, key: UUID) -> bool:
        return key in self.named("employee_id") or any(
            self.works_in_it(one) and not self.is_over(one)
            for one in self.rows("employments")
            if one["employee_id"] == key
        )

    def employment(self, one: Row) -> bool:
        if one["employee_id"] in self.named("employee_id"):
            return True
        return self.works_in_it(one) and self.employee(one["employee_id"])

    def about(self, one: Row, day: date) -> bool:
        if one["employee_id"] in self.named("employee_id"):
            return True
        employer = self.employer_of(one["establishment_id"])
        return any(
            self.works_in_it(job)
            and job["employer_id"] == employer
            and not (self.is_over(job) and self.is_over(job, day))
            for job in self.rows("employments")
            if job["employee_id"] == one["employee_id"]
        )

    def employer_of(self, establishment: UUID) -> UUID:
        found: UUID = next(
            one["employer_id"] for one in self.rows("establishments") if one["id"] == establishment
        )
        return found

    def at_establishment(self, key: UUID | None, employer: UUID) -> bool:
        if employer in self.named("employer_id"):
            return True
        return any(
            self.works_in_it(one) or one["employee_id"] in self.named("employee_id")
            for one in self.rows("employments")
            if one["establishment_id"] == key and not self.is_over(one)
        )

    def department(self, one: Row) -> bool:
        return one["employer_id"] in self.named("employer_id") or self.in_department(one["id"])

    def covers(self, group: Row) -> bool:
        other = Oracle(self.world, group["id"])
        departments = {one["id"]: one for one in self.rows("departments")}
        return (
            not group["everybody"]
            and other.named("employer_id") <= self.named("employer_id")
            and all(self.department(departments[key]) for key in other.named("department_id"))
            and other.named("employee_id") <= self.named("employee_id")
        )

    def performance(self, one: Row) -> bool:
        if one["appointment_id"] is not None:
            about = self.find("appointments", one["appointment_id"])
            return self.sees("appointments", about)
        return self.sees("cases", self.find("cases", one["case_id"]))

    def of_itself(self, one: Row, **named: str) -> bool:
        """What it names, he sees; of nobody, it is everybody's."""
        whose = one["employee_id"]
        if whose is not None and not self.employee(whose):
            return False
        return all(
            one[column] is None or self.sees(table, self.find(table, one[column]))
            for column, table in named.items()
        )

    def find(self, table: str, key: UUID) -> Row:
        return next(one for one in self.rows(table) if one["id"] == key)

    def sees(self, table: str, one: Row) -> bool:
        if self.find("groups", self.group)["everybody"]:
            return True
        plain: dict[str, Callable[[], bool]] = {
            "employees": lambda: self.employee(one["id"]),
            "employments": lambda: self.employment(one),
            "exclusions": lambda: self.employee(one["employee_id"]),
            "cases": lambda: self.about(one, one["opened_on"]),
            "requests": lambda: self.about(one, one["requested_on"]),
            "appointments": lambda: self.about(one, one["starts_at"].date()),
            "performances": lambda: self.performance(one),
            "tasks": lambda: self.of_itself(one, case_id="cases", appointment_id="appointments"),
            "trigger_firings": lambda: self.of_itself(
                one, request_id="requests", task_id="tasks", appointment_id="appointments"
            ),
            "employers": lambda: one["id"] in self.named("employer_id"),
            "service_agreements": lambda: one["employer_id"] in self.named("employer_id"),
            "invoice_bases": lambda: one["employer_id"] in self.named("employer_id"),
            "establishments": lambda: self.at_establishment(one["id"], one["employer_id"]),
            "contact_persons": lambda: self.at_establishment(
                one["establishment_id"], one["employer_id"]
            ),
            "departments": lambda: self.department(one),
            "groups": lambda: self.covers(one),
            "accounts": lambda: self.covers(self.find("groups", one["group_id"])),
            "reminders": lambda: self.sees(
                "appointments", self.find("appointments", one["appointment_id"])
            ),
            "messages": lambda: self.of_itself(
                one,
                account_id="accounts",
                case_id="cases",
                request_id="requests",
                appointment_id="appointments",
            ),
            "receivers": lambda: self.sees("accounts", self.find("accounts", one["account_id"])),
            "feeds": lambda: self.sees("accounts", self.find("accounts", one["account_id"])),
            "deliveries": lambda: self.sees(
                "receivers", self.find("receivers", one["receiver_id"])
            ),
        }
        return plain[table]()


def caller(*groups: UUID, everybody: bool = False) -> Caller:
    return Caller(None, frozenset(), Scope(frozenset(groups), TODAY, everybody=everybody))


def of_groups(world: Organisation, *groups: UUID) -> Caller:
    narrow = [
        one["id"] for one in world.tables["groups"] if one["id"] in groups and not one["everybody"]
    ]
    return caller(*narrow, everybody=not narrow)


@searched(0.1)
@given(seed=st.integers(0, 2**32))
def test_what_is_seen_is_what_plain_words_say(engine: Engine, seed: int) -> None:
    world = organisation(seed)
    with engine.connect() as connection, connection.begin() as kept:
        world.keep(connection)
        groups = [one["id"] for one in world.tables["groups"]]
        with Session(connection, join_transaction_mode="rollback_only") as session:
            for pair in [(one,) for one in groups] + [
                (groups[3], groups[4]),
                (groups[0], groups[4]),
            ]:
                oracles = [Oracle(world, group) for group in pair]
                for kind, table in TABLES.items():
                    rows = {one["id"]: one for one in world.tables.get(table, [])}
                    seen = select(kind.id).where(
                        visible(kind, of_groups(world, *pair)), kind.id.in_(rows)
                    )
                    assert set(session.scalars(seen)) == {
                        key
                        for key, one in rows.items()
                        if all(oracle.sees(table, one) for oracle in oracles)
                    }, kind
        kept.rollback()


def test_the_random_organisations_try_every_kind_both_ways() -> None:
    """A control: the comparison above is about something."""
    answers: set[tuple[str, bool]] = set()
    for seed in range(60):
        world = organisation(seed)
        for group in world.tables["groups"][1:]:
            oracle = Oracle(world, group["id"])
            for table in TABLES.values():
                answers |= {(table, oracle.sees(table, one)) for one in world.tables.get(table, [])}

    assert answers == {(table, answer) for table in TABLES.values() for answer in (True, False)}


# --- By example ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Two:
    """Somebody who works for two employers, in a department below another."""

    employee: UUID
    employers: tuple[UUID, UUID]
    establishments: tuple[UUID, UUID]
    top: UUID
    below: UUID


def two_employers(connection: Connection) -> Two:
    employee = add(connection, "employees")
    first, second = (add(connection, "employers", name=name) for name in ("First", "Second"))
    establishments = tuple(
        add(connection, "establishments", employer_id=one, is_main=True) for one in (first, second)
    )
    top = add(connection, "departments", employer_id=first, name="Top")
    below = add(connection, "departments", employer_id=first, parent_id=top, name="Below")
    for employer, establishment, department in (
        (first, establishments[0], below),
        (second, establishments[1], None),
    ):
        connection.execute(
            insert(Base.metadata.tables["employments"]).values(
                id=new_id(),
                version=1,
                employee_id=employee,
                employer_id=employer,
                establishment_id=establishment,
                department_id=department,
                from_day=TODAY,
            )
        )
    return Two(employee, (first, second), (establishments[0], establishments[1]), top, below)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with database.writing(engine) as session:
        yield session


def test_an_employer_does_not_see_what_another_asks_for_somebody_of_both(session: Session) -> None:
    two = two_employers(session.connection())
    requests = [
        add(
            session.connection(),
            "requests",
            employee_id=two.employee,
            establishment_id=establishment,
            consultation_type_id=add(session.connection(), "consultation_types"),
        )
        for establishment in two.establishments
    ]
    for number in (0, 1):
        who = caller(a_group(session, employer_id=two.employers[number]))
        assert require_visible(session, who, Employee, two.employee).id == two.employee
        require_visible(session, who, AppointmentRequest, requests[number])
        with pytest.raises(NotFoundError) as foreign:
            require_visible(session, who, AppointmentRequest, requests[1 - number])
        with pytest.raises(NotFoundError) as unknown:
            require_visible(session, who, AppointmentRequest, new_id())
        assert foreign.value.refusals == unknown.value.refusals


def test_the_names_above_are_shown_to_who_sees_nothing_else_of_them(session: Session) -> None:
    two = two_employers(session.connection())
    of_below = caller(a_group(session, department_id=two.below))
    of_him = caller(a_group(session, employee_id=two.employee))
    of_second = caller(a_group(session, employer_id=two.employers[1]))
    of_nobody = caller(a_group(session))

    def shown(who: Caller) -> set[tuple[str, tuple[str, ...]]]:
        names = names_above(session, who, [two.employee, new_id()])
        return {(one.employer, one.departments) for one in names.get(two.employee, ())}

    first, second = ("First", ("Top", "Below")), ("Second", ())
    assert shown(of_below) == {first}
    assert shown(of_him) == {first, second}
    assert shown(of_second) == {second}
    assert shown(of_nobody) == set()
    for who in (of_below, of_him):
        for kind, key in ((Employer, two.employers[0]), (Department, two.top)):
            with pytest.raises(NotFoundError):
                require_visible(session, who, kind, key)


def test_departments_that_lie_within_each_other_come_to_an_end(session: Session) -> None:
    two = two_employers(session.connection())
    session.get_one(Department, two.top).parent_id = two.below
    session.flush()
    who = caller(a_group(session, department_id=two.below))

    require_visible(session, who, Department, two.top)
    names = names_above(session, caller(a_group(session, employee_id=two.employee)), [two.employee])
    assert isinstance(names[two.employee][0], Above)


def test_whatever_else_a_query_joins_the_condition_means_the_same(session: Session) -> None:
    two = two_employers(session.connection())
    about = [
        add(
            session.connection(),
            "requests",
            employee_id=two.employee,
            establishment_id=establishment,
            consultation_type_id=add(session.connection(), "consultation_types"),
        )
        for establishment in two.establishments
    ]
    who = caller(a_group(session, department_id=two.below))
    one = AppointmentRequest

    joined = (
        select(one.id)
        .join(Establishment, Establishment.id == one.establishment_id)
        .join(Employment, Employment.employee_id == one.employee_id)
        .join(Department, Department.id == Employment.department_id, isouter=True)
        .join(Employee, Employee.id == one.employee_id)
        .where(visible(one, who), visible(Employee, who))
    )

    assert set(session.scalars(joined)) == {about[0]}


def test_what_has_no_condition_cannot_be_asked_for_by_anybody() -> None:
    for who in (caller(everybody=True), caller(new_id())):
        with pytest.raises(TypeError, match="Location"):
            visible(Location, who)


def test_nothing_said_is_never_everybody() -> None:
    with pytest.raises(ValueError, match="everybody"):
        Scope(frozenset(), TODAY)
    with pytest.raises(ValueError, match="everybody"):
        Scope(frozenset({new_id()}), TODAY, everybody=True)


def test_a_condition_can_be_turned_around(session: Session) -> None:
    """NULLs within it would make rows vanish from both sides."""
    two = two_employers(session.connection())
    who = caller(a_group(session, department_id=two.below))
    for kind in (Employee, Employment, ContactPerson, Establishment, Performance, Exclusion, Group):
        condition = visible(kind, who)
        both = select(kind.id).where(condition | ~condition)
        assert set(session.scalars(both)) == set(session.scalars(select(kind.id)))
