"""The rows of an organisation: everybody's, those of an employer, what is seen only in part, and what is nobody's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, String, insert
from sqlalchemy.orm import Session as Transaction

from models.access import Account, Deputy, Group, GroupScope, Role, RoleRight, Session
from models.agenda import (
    Availability,
    AvailabilitySeries,
    AvailabilityType,
    Location,
    OwnHoliday,
)
from models.agreements import (
    AgreedModel,
    ContractModel,
    PerformanceType,
    Price,
    PriceCategory,
    ServiceAgreement,
)
from models.appointments import Appointment, Hold, NoShow
from models.base import Keyed, new_id
from models.billing import Performance
from models.consultations import CaseKind, ConsultationType
from models.messages import (
    DefaultReminder,
    Feed,
    MailServer,
    Message,
    Reminder,
    Sender,
    Template,
    TemplateText,
)
from models.organisation import (
    ContactPerson,
    Department,
    Employer,
    Establishment,
    PreferredHours,
)
from models.outbox import Delivery, Event, Receiver
from models.own_calendars import OwnCalendar
from models.people import Absence, Employee, Employment, Exclusion, Function, Practitioner
from models.requests import AppointmentRequest, Case
from models.runs import JobRun, RunOutcome
from models.triggers import Task, Trigger, TriggerFiring
from scheduler.access import Right
from scheduler.access.vault import place
from scheduler.appointments.originals import as_it_is
from tests.access import VAULT
from tests.agendas import AMSTERDAM, FRIDAY_BEFORE, MONDAY, there
from tests.records import change, row

MARKED = frozenset(
    {
        *("name", "first_name", "last_name", "remark", "remarks", "reason", "description"),
        *("street", "city", "email", "private_email", "telephone", "login", "reference"),
    }
)
"""The columns in which somebody's data is read."""
HERE, ELSEWHERE, NOWHERE = "here", "otherwhere", "nowheres"
LONG_AGO = date(2020, 1, 1)
PRICED_UNTIL = MONDAY + timedelta(days=3)
"""There are agreements and prices until then; whoever adds one begins later."""
HALF_AN_HOUR = timedelta(minutes=30)


@dataclass
class Part:
    """What belongs together: an employer's, nobody's, or everybody's."""

    connection: Connection
    word: str
    rows: dict[type[Keyed], list[UUID]] = field(default_factory=dict)

    def add(self, kind: type[Any], /, **values: Any) -> UUID:
        table = kind.__table__
        number = len(self.rows.setdefault(kind, []))
        key = values.get("id") or new_id()
        told = {
            name: f"{self.word} {kind.__name__} {number} {key.hex}"[-table.c[name].type.length :]
            for name in MARKED & set(table.c.keys())
            if isinstance(table.c[name].type, String) and table.c[name].type.length
        }
        plain = row(table.name, **(told | values | {"id": key}))
        self.connection.execute(insert(table).values(plain))
        self.rows[kind].append(key)
        return key

    def link(self, kind: type[Any], /, **values: Any) -> None:
        """A row without a key of its own."""
        self.connection.execute(insert(kind.__table__).values(values))

    def one(self, kind: type[Keyed]) -> UUID:
        """The first of them."""
        return self.rows[kind][0]


# --- Of everybody -----------------------------------------------------------------------------------------


def of_everybody(part: Part) -> None:
    """Where, by whom and of what kind; and what it costs."""
    part.add(Location, time_zone=AMSTERDAM)
    part.add(Location, time_zone=AMSTERDAM)
    part.add(Practitioner)
    part.add(Practitioner, archived_at=FRIDAY_BEFORE)
    part.add(Function)
    part.add(CaseKind)
    part.add(CaseKind)
    part.add(PerformanceType)
    part.add(ConsultationType, performance_type_id=part.one(PerformanceType))
    part.add(ConsultationType, is_no_show=True, performance_type_id=part.one(PerformanceType))
    part.add(ContractModel)
    part.add(ContractModel)
    part.add(PriceCategory, contract_model_id=part.rows[ContractModel][1])
    part.add(
        Price,
        price_category_id=part.one(PriceCategory),
        performance_type_id=part.one(PerformanceType),
        from_day=LONG_AGO,
        until_day=PRICED_UNTIL,
    )
    part.add(OwnHoliday, country="NL", day=MONDAY + timedelta(days=60))
    _how_mail_goes(part)
    part.add(
        Trigger,
        topic="CaseOpened",
        conditions={"all": []},
        action="add_task",
        settings={"title": "Call"},
        enabled=True,
    )
    part.add(Role)
    part.add(Role)
    users = part.add(Role)
    for right in (Right.APPOINT_DEPUTIES, Right.VIEW_APPOINTMENTS):
        part.link(RoleRight, role_id=users, right_code=right)
    at = {"practitioner_id": part.one(Practitioner), "location_id": part.one(Location)}
    next_week = FRIDAY_BEFORE + timedelta(days=10)
    part.add(
        Absence,
        practitioner_id=at["practitioner_id"],
        starts_at=next_week,
        ends_at=next_week + HALF_AN_HOUR,
    )
    his = {"practitioner_id": at["practitioner_id"]}
    part.add(OwnCalendar, **his, url=b"sealed", host="calendar.example.org")
    series = part.add(
        AvailabilitySeries, **at, **HOURS, first_day=MONDAY, rule="FREQ=WEEKLY;COUNT=3"
    )
    _availability(part, at, 1, series_id=series)
    _availability(part, at, 2, removed_at=FRIDAY_BEFORE)
    _availability(part, at, 3, series_id=series)


HOURS = {
    "at_location": True,
    "by_telephone": True,
    "by_video": True,
    "start_minute": 480,
    "end_minute": 1020,
}


def _availability(part: Part, at: Mapping[str, UUID], day: int, **values: Any) -> UUID:
    """From eight to five, so many days after the Monday."""
    on = MONDAY + timedelta(days=day)
    key = part.add(
        Availability,
        **at,
        **values,
        starts_at=there(AMSTERDAM, on, 480),
        ends_at=there(AMSTERDAM, on, 1020),
        day=on,
    )
    part.link(
        AvailabilityType, availability_id=key, consultation_type_id=part.one(ConsultationType)
    )
    return key


# --- Of an employer ---------------------------------------------------------------------------------------


def of_an_employer(part: Part, everywhere: Part, number: int) -> None:
    employer = part.add(Employer, code=f"{part.word}-{number}")
    part.add(Establishment, employer_id=employer, is_main=True)
    part.add(Department, employer_id=employer)
    part.add(PreferredHours, employer_id=employer, weekday=1, start_minute=480, end_minute=720)
    part.add(ContactPerson, employer_id=employer, establishment_id=part.one(Establishment))
    part.add(Employee, private_email=f"{part.word}@example.org")
    _employed(part, part.one(Employee))
    part.add(
        Case,
        employee_id=part.one(Employee),
        establishment_id=part.one(Establishment),
        kind_id=everywhere.one(CaseKind),
        opened_on=LONG_AGO,
    )
    part.add(
        Exclusion, employee_id=part.one(Employee), practitioner_id=everywhere.rows[Practitioner][1]
    )
    _who_acts(part, everywhere)
    # nobody speaks of these yet
    part.add(Establishment, employer_id=employer)
    part.add(Department, employer_id=employer)
    part.add(ContactPerson, employer_id=employer)
    part.add(Employee)
    _employed(part, part.rows[Employee][-1])
    _what_is_asked(part, everywhere)
    _what_is_planned(part, everywhere, number)
    _what_it_costs(part, everywhere)
    _what_happened_by_itself(part, everywhere)
    _what_is_mailed(part, everywhere)


def _employed(part: Part, employee: UUID) -> None:
    part.add(
        Employment,
        employee_id=employee,
        employer_id=part.one(Employer),
        establishment_id=part.one(Establishment),
        department_id=part.one(Department),
        from_day=LONG_AGO,
    )


def _who_acts(part: Part, everywhere: Part) -> None:
    """Two users and a program, in groups that reach no further than the employer."""
    role, _, may = everywhere.rows[Role]
    group = part.add(Group)
    part.add(Group)
    for one in part.rows[Group]:
        part.add(GroupScope, group_id=one, employer_id=part.one(Employer))
    for kind, held in (("user", role), ("api", role), ("user", may)):
        key = new_id()
        part.add(
            Account,
            id=key,
            kind=kind,
            role_id=held,
            group_id=group,
            may_write_performances=kind == "user",
            totp_secret=VAULT.seal(b"JBSWY3DPEHPK3PXP", place(Account.totp_secret, key)),
        )
    other, _, user = part.rows[Account]
    part.add(
        Session,
        account_id=user,
        token_hash=new_id().hex,
        created_at=FRIDAY_BEFORE,
        proved_at=FRIDAY_BEFORE,
        used_at=FRIDAY_BEFORE,
        expires_at=FRIDAY_BEFORE + timedelta(hours=12),
    )
    _who_hears(part)
    for whose, deputy in ((user, other), (other, user)):
        part.add(
            Deputy,
            account_id=whose,
            deputy_id=deputy,
            from_day=LONG_AGO,
            until_day=MONDAY + timedelta(days=90),
        )


def _who_hears(part: Part) -> None:
    """A receiver for the program, with a secret in rotation, and what it was sent."""
    key = new_id()
    program = part.rows[Account][1]
    part.add(
        Receiver,
        id=key,
        url="https://1.1.1.1/hooks",
        account_id=program,
        protocol="websub",
        secret=VAULT.seal(b"whsec_b2xk", place(Receiver.secret, key)),
        previous_secret=VAULT.seal(b"whsec_bmV3", place(Receiver.previous_secret, key)),
    )
    event = part.add(
        Event,
        topic="AccountLocked",
        subject="accounts",
        subject_id=program,
        sequence=1,
        at=FRIDAY_BEFORE,
        facts={},
        relayed_at=FRIDAY_BEFORE,
    )
    part.add(
        Delivery, event_id=event, receiver_id=key, state="failed", due_at=FRIDAY_BEFORE, attempts=5
    )


def about(part: Part, everywhere: Part) -> dict[str, Any]:
    """What requests and appointments say of whom they are about."""
    return {
        "employee_id": part.one(Employee),
        "establishment_id": part.one(Establishment),
        "consultation_type_id": everywhere.one(ConsultationType),
    }


WINDOW = {
    "from_day": MONDAY,
    "until_day": MONDAY + timedelta(days=14),
    "requested_on": FRIDAY_BEFORE.date(),
    "created_at": FRIDAY_BEFORE,
}


def _how_mail_goes(part: Part) -> None:
    """A server and another one, senders that are verified and that are not, and what is said by default."""
    way = {"name": "Mail server", "host": "1.1.1.1", "port": 587}
    part.add(MailServer, **way, is_default=False)
    server = part.add(MailServer, **way, is_default=True)
    part.add(Sender, server_id=server, name="Planning", address="a@example.org")
    verified = {"verified_at": FRIDAY_BEFORE}
    part.add(Sender, server_id=server, name="Planning", address="b@example.org", **verified)
    for name in ("Reminder", "Letter"):
        template = part.add(Template, code=f"{name.lower()}-1", name=name)
        part.link(TemplateText, template_id=template, language="nl", subject=name, body=name)
    part.add(
        DefaultReminder,
        template_id=part.one(Template),
        consultation_type_id=part.one(ConsultationType),
        recipient="employee",
        channel="email",
        minutes=-60,
    )


def _what_is_mailed(part: Part, everywhere: Part) -> None:
    due = {"state": "sent", "due_at": FRIDAY_BEFORE}
    part.add(
        Reminder,
        appointment_id=part.one(Appointment),
        default_reminder_id=everywhere.one(DefaultReminder),
        sequence=1,
        address=f"{part.word}@example.org",
        **due,
    )
    user = part.rows[Account][-1]
    for of in (
        {"practitioner_id": everywhere.rows[Practitioner][-1]},
        {"location_id": everywhere.one(Location)},
    ):
        made = {"created_at": FRIDAY_BEFORE, "token_hash": new_id().hex}
        part.add(Feed, **of, account_id=user, **made)
    about_it = {"employee_id": part.one(Employee), "case_id": part.one(Case)}
    part.add(Message, kind="asked", address=f"{part.word}@example.org", **about_it, **due)


def _what_is_asked(part: Part, everywhere: Part) -> None:
    """A request in every state; the first may be planned."""
    more = {"case_id": part.one(Case), "contact_person_id": part.one(ContactPerson)}
    for state in ("open", "open", "for_approval", "draft", "rejected", "withdrawn"):
        part.add(AppointmentRequest, **about(part, everywhere), **WINDOW, **more, state=state)


def _what_is_planned(part: Part, everywhere: Part, number: int) -> None:
    """With a practitioner of its own: an appointment ahead, and others in every state."""
    whose = about(part, everywhere)
    his = everywhere.add(Practitioner, account_id=part.rows[Account][-1])
    at = {"practitioner_id": his, "location_id": everywhere.one(Location)}
    block = _availability(everywhere, at, 0)
    planned = part.add(AppointmentRequest, **whose, **WINDOW, state="planned")
    in_block = {"availability_id": block, "case_id": part.one(Case)}

    def appointment(begin: datetime, state: str, **values: Any) -> UUID:
        return part.add(Appointment, **whose, **at, **_half_an_hour(begin), state=state, **values)

    appointment(there(AMSTERDAM, MONDAY, 540), "planned", request_id=planned, **in_block)
    appointment(there(AMSTERDAM, MONDAY, 600), "draft", **in_block)
    before = FRIDAY_BEFORE - timedelta(days=1, hours=number)
    appointment(before, "planned", ad_hoc=True)
    done = appointment(before - timedelta(days=1), "completed", ad_hoc=True)
    submitted = appointment(before - timedelta(days=2), "completed", ad_hoc=True)
    missed = appointment(before - timedelta(days=5), "planned", ad_hoc=True)
    _missed(part.connection, missed, everywhere.rows[ConsultationType][1])
    off = {"cancelled_by": "employee", "cancelled_at": FRIDAY_BEFORE}
    appointment(before - timedelta(days=3), "cancelled", ad_hoc=True, **off)
    for one, state in ((done, "released"), (submitted, "submitted")):
        part.add(
            Performance,
            appointment_id=one,
            performance_type_id=everywhere.one(PerformanceType),
            establishment_id=whose["establishment_id"],
            account_id=part.rows[Account][-1],
            state=state,
            performed_on=before.date(),
        )
    appointment(before - timedelta(days=4), "deleted", ad_hoc=True)
    kept = part.rows[AppointmentRequest][1]
    _hold(part, at | {"availability_id": block}, kept, part.one(Employee), 660)


def _hold(part: Part, at: Mapping[str, UUID], request: UUID, employee: UUID, minute: int) -> None:
    """On the Monday, by the user of the employer."""
    part.add(
        Hold,
        **at,
        **_half_an_hour(there(AMSTERDAM, MONDAY, minute)),
        request_id=request,
        employee_id=employee,
        account_id=part.rows[Account][-1],
    )


def _missed(connection: Connection, appointment: UUID, kind: UUID) -> None:
    """Make a no-show of it."""
    with Transaction(connection) as session:
        original = as_it_is(session, appointment, None)
    change(connection, "appointments", appointment, consultation_type_id=kind)
    connection.execute(insert(NoShow).values(appointment_id=appointment, original=original))


def _half_an_hour(begin: datetime) -> dict[str, datetime]:
    ends = begin.astimezone(UTC) + HALF_AN_HOUR
    return {"starts_at": begin, "ends_at": ends, "occupied_until": ends}


def _what_it_costs(part: Part, everywhere: Part) -> None:
    employer = part.one(Employer)
    agreement = part.add(
        ServiceAgreement, employer_id=employer, from_day=LONG_AGO, until_day=PRICED_UNTIL
    )
    part.add(
        AgreedModel,
        agreement_id=agreement,
        contract_model_id=everywhere.rows[ContractModel][1],
        budget_scope="none",
    )


def _what_happened_by_itself(part: Part, everywhere: Part) -> None:
    """A task that is done and one that is not, and the firing that left it."""
    whose = {"employee_id": part.one(Employee)}
    more = {"case_id": part.one(Case), "appointment_id": part.one(Appointment)}
    part.add(Task, **whose, **more, assignee_id=part.rows[Account][-1], title=part.word)
    part.add(Task, **whose, title=part.word, done_at=FRIDAY_BEFORE)
    part.add(
        TriggerFiring,
        **whose,
        trigger_id=everywhere.one(Trigger),
        event_id=new_id(),
        at=FRIDAY_BEFORE,
        depth=1,
        outcome="done",
        task_id=part.one(Task),
        request_id=part.one(AppointmentRequest),
    )


# --- What is seen only in part, and by nobody ----------------------------------------------------------------


def works_for_both(here: Part, elsewhere: Part, everywhere: Part) -> None:
    """An employee of both: what the other employer asks for him is not ours to see."""
    shared = here.add(Employee)
    for part in (here, elsewhere):
        _employed(part, shared)
        whose = about(part, everywhere) | {"employee_id": shared}
        part.add(AppointmentRequest, **whose, **WINDOW, state="open")
    block = everywhere.rows[Availability][-1]
    at = {
        "practitioner_id": everywhere.rows[Practitioner][-1],
        "location_id": everywhere.one(Location),
        "availability_id": block,
    }
    _hold(elsewhere, at, elsewhere.rows[AppointmentRequest][-1], shared, 720)


def of_nobody(part: Part, here: Part, everywhere: Part) -> None:
    """Somebody who works for nobody, with what is about him; and an account that reaches everybody."""
    whose = about(here, everywhere) | {"employee_id": part.add(Employee)}
    part.add(AppointmentRequest, **whose, **WINDOW, state="open")
    part.add(
        Case,
        employee_id=whose["employee_id"],
        establishment_id=whose["establishment_id"],
        kind_id=everywhere.one(CaseKind),
        opened_on=LONG_AGO,
    )
    at = {
        "practitioner_id": everywhere.rows[Practitioner][1],
        "location_id": everywhere.one(Location),
    }
    part.add(
        Appointment,
        **whose,
        **at,
        **_half_an_hour(FRIDAY_BEFORE - timedelta(days=9)),
        state="completed",
        ad_hoc=True,
    )
    part.add(Exclusion, employee_id=whose["employee_id"], practitioner_id=at["practitioner_id"])
    part.add(Group, everybody=True)
    part.add(Account, role_id=everywhere.one(Role), group_id=part.one(Group))


def runs(everywhere: Part, parts: list[Part]) -> None:
    """A run that says something of everybody's requests, and in a report that names them."""
    asked = {part.word: part.rows[AppointmentRequest] for part in parts}
    theirs = str(asked[ELSEWHERE][0])
    run = everywhere.add(
        JobRun,
        state="done",
        finished_at=FRIDAY_BEFORE,
        report={"planned": 1, "displacement": [theirs], "holders": {theirs: ELSEWHERE}},
        progress={"planned": 1, "request": theirs},
    )
    everywhere.add(JobRun)
    for keys in asked.values():
        everywhere.link(
            RunOutcome,
            run_id=run,
            request_id=keys[0],
            why_not={"excluded": {}, "held_by": [theirs], "displacement": theirs},
        )
