"""Templates on the pages: written in languages, tried with a real appointment; when they are sent, and what was. Domain §6."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import select

from api.http import keeping
from api.http.calls import Call
from api.http.replies import Reply
from api.http.routes import mail as api
from api.http.routes import mail_log as log_api
from api.http.routes import mail_servers as servers_api
from api.http.shapes import Given, Language, Line, Short, Text
from api.languages import DEFAULT
from api.pages.answers import go_to
from api.pages.declaring import Pages
from api.pages.forms import shaped
from api.pages.listing import further
from api.pages.names import choices, names
from api.pages.rendering import render
from api.pages.words import Word, msgid
from models.appointments import Appointment
from models.audit import Act
from models.consultations import ConsultationType
from models.messages import Channel, Recipient, Template
from models.outbox import DeliveryState
from models.people import Employee
from scheduler.access import Right

pages = Pages("mail")

TEMPLATES = "/administration/templates"
ONE = f"{TEMPLATES}/{{template_id}}"
RULES = "/administration/default-reminders"
LOG = "/administration/mails"
FEW = 20
"""Appointments to try a template with."""

STATES: Mapping[DeliveryState, Word] = {
    DeliveryState.DUE: Word(msgid("waits to be sent"), "warn", "○"),
    DeliveryState.SENT: Word(msgid("sent"), "good", "✓"),
    DeliveryState.FAILED: Word(msgid("not sent"), "bad", "✕"),
    DeliveryState.NOT_AUTHORISED: Word(msgid("may not be seen"), "plain", "⊘"),
    DeliveryState.CANCELLED: Word(msgid("taken back"), "plain", "⊘"),
}
ERRORS: Mapping[str, str] = {
    "address_refused": msgid("the address leads to a network that nothing is sent to"),
    "connection": msgid("there was no connection"),
    "internal": msgid("a fault of ours"),
    "interrupted": msgid("the service was stopped meanwhile"),
    "login_refused": msgid("the mail server did not take our password"),
    "name_unknown": msgid("the name is not known"),
    "no_address": msgid("no mail address is known"),
    "no_channel": msgid("messages do not go by this channel"),
    "no_text": msgid("the template has no text"),
    "password_unreadable": msgid("our password could not be opened"),
    "put_off": msgid("the mail server put us off"),
    "refused": msgid("the mail server refused it"),
    "timeout": msgid("it took too long"),
    "tls": msgid("the certificate is not right"),
    "too_late": msgid("it would have come too late"),
    "unfit": msgid("the mail address is none"),
    "url_refused": msgid("nothing is sent to such a URL"),
}
RECIPIENTS: Mapping[Recipient, str] = {
    Recipient.EMPLOYEE: msgid("Employee"),
    Recipient.PRACTITIONER: msgid("Practitioner"),
    Recipient.CONTACT_PERSON: msgid("Contact person"),
    Recipient.CASE_MANAGER: msgid("Case manager"),
}


class TextForm(Given):
    """In a language; where it is left empty, there is none."""

    language: Language
    subject: Line | None = None
    body: Text | None = None


class TemplateForm(Given):
    """A text for each language that is offered."""

    code: Short
    name: Line
    sender_id: UUID | None = None
    texts: list[TextForm] = Field(default=[], max_length=api.MOST_LANGUAGES)

    def values(self) -> dict[str, Any]:
        """Without the languages that were left empty."""
        texts = [one.model_dump() for one in self.texts if one.subject or one.body]
        return {**self.model_dump(exclude={"texts"}), "texts": texts}


class RuleForm(Given):
    """`minutes`: so many; `before`: the start, and not after it."""

    consultation_type_id: UUID
    template_id: UUID
    recipient: Recipient
    minutes: int = Field(strict=True, ge=0, le=api.A_YEAR)
    before: bool = True


class PreviewForm(Given):
    """With which appointment."""

    appointment_id: UUID
    recipient: Recipient = Recipient.EMPLOYEE
    language: Language | None = None


# --- Templates --------------------------------------------------------------------------------------------


@pages.get(TEMPLATES, api.TEMPLATES.looking())
def templates_page(call: Call, filters: Annotated[keeping.RecordFilters, Query()]) -> Reply:
    """All of them."""
    page = keeping.page(call, api.TEMPLATES, filters)
    return render(
        call, "mail/templates.html", templates=page.items, next=further(filters, page.next)
    )


@pages.get(f"{TEMPLATES}/new", api.LOOK)
def new_template_page(call: Call) -> Reply:
    """A form for a new one."""
    return render(call, "mail/template.html", one=None, **_to_write_with(call))


@pages.post(f"{TEMPLATES}/new", api.TEMPLATES.managing(Act.CREATE))
def add_template_at_page(call: Call, given: TemplateForm) -> Reply:
    """Add one."""
    made: Any = keeping.add(call, api.TEMPLATES, shaped(api.TemplateGiven, given.values()))
    return go_to(f"{TEMPLATES}/{made.id}")


@pages.get(ONE, api.LOOK)
def template_page(call: Call, template_id: UUID) -> Reply:
    """One of them: written in each language, and tried."""
    one = keeping.read(call, api.TEMPLATES, template_id)
    return render(call, "mail/template.html", one=one, **_to_write_with(call))


@pages.post(ONE, api.TEMPLATES.managing(Act.UPDATE), if_match=True)
def change_template_at_page(call: Call, template_id: UUID, given: TemplateForm) -> Reply:
    """Write it anew."""
    whole = shaped(api.TemplateGiven, given.values())
    changed = api.TEMPLATES.changed.model_validate(whole.model_dump())
    keeping.change(call, api.TEMPLATES, template_id, changed)
    return go_to(f"{TEMPLATES}/{template_id}")


@pages.ask(f"{ONE}/preview", api.PREVIEW)
def preview_template_at_page(call: Call, template_id: UUID, given: PreviewForm) -> Reply:
    """As a recipient would get it."""
    asked = api.PreviewAsked.model_validate(given.model_dump())
    shown = api.preview_template(call, template_id, asked)
    return render(call, "mail/preview.html", shown=shown)


def _to_write_with(call: Call) -> dict[str, Any]:
    senders = servers_api.list_senders(call, servers_api.SenderFilters()).items
    return {
        "fields": api.list_merge_fields(call).items,
        "senders": [(one.id, f"{one.name} <{one.address}>") for one in senders if one.verified_at],
        "default": DEFAULT,
        "recipients": RECIPIENTS,
        "appointments": _appointments(call),
    }


def _appointments(call: Call) -> list[tuple[UUID, str]]:
    """The last few that he may see, to try it with."""
    if not call.caller.may(Right.VIEW_APPOINTMENTS):
        return []
    last = (
        select(Appointment)
        .where(call.seen(Appointment))
        .order_by(Appointment.starts_at.desc(), Appointment.id)
        .limit(FEW)
    )
    rows = call.session.scalars(last).all()
    for row in rows:
        call.note(row, Act.READ)
    called = names(call, Employee, [one.employee_id for one in rows])
    return [
        (one.id, f"{one.starts_at:%Y-%m-%d} {called.get(one.employee_id, '…')}") for one in rows
    ]


# --- When they are sent -----------------------------------------------------------------------------------


@pages.get(RULES, api.RULES)
def default_reminders_page(call: Call, filters: Annotated[api.RuleFilters, Query()]) -> Reply:
    """To whom, and how long before or after the start; by consultation type."""
    page = api.list_default_reminders(call, filters)
    return render(
        call,
        "mail/rules.html",
        rules=page.items,
        next=further(filters, page.next),
        recipients=RECIPIENTS,
        types=names(call, ConsultationType, [one.consultation_type_id for one in page.items]),
        called=names(call, Template, [one.template_id for one in page.items]),
        all_types=choices(call, ConsultationType),
        all_templates=choices(call, Template),
    )


@pages.post(RULES, api.DEFAULT_REMINDERS.managing(Act.CREATE))
def add_default_reminder_at_page(call: Call, given: RuleForm) -> Reply:
    """Remind of each appointment of a type from now on."""
    values = given.model_dump(exclude={"before"})
    values |= {"minutes": -given.minutes if given.before else given.minutes}
    rule = api.DefaultReminderGiven.model_validate({**values, "channel": Channel.EMAIL})
    keeping.add(call, api.DEFAULT_REMINDERS, rule)
    return go_to(RULES)


@pages.post(
    f"{RULES}/{{default_reminder_id}}/archive",
    api.DEFAULT_REMINDERS.managing(Act.UPDATE),
    if_match=True,
)
def archive_default_reminder_at_page(call: Call, default_reminder_id: UUID) -> Reply:
    """Remind of no new appointment by it."""
    keeping.archive(call, api.DEFAULT_REMINDERS, default_reminder_id)
    return go_to(RULES)


# --- What was sent ----------------------------------------------------------------------------------------


@pages.get(LOG, log_api.REMINDERS)
def mails_page(call: Call, filters: Annotated[log_api.MailFilters, Query()]) -> Reply:
    """The reminders of appointments that you may see: to whom, when, and what became of them."""
    page = log_api.list_reminders(call, filters)
    of = select(Appointment.id, Appointment.employee_id).where(
        Appointment.id.in_([one.appointment_id for one in page.items]), call.seen(Appointment)
    )
    employees: dict[UUID, UUID] = {key: one for key, one in call.session.execute(of)}  # noqa: C416 (rows of two)
    return render(
        call,
        "mail/log.html",
        mails=page.items,
        next=further(filters, page.next),
        asked=filters,
        states=STATES,
        errors=ERRORS,
        recipients=RECIPIENTS,
        employees=employees,
        called=names(call, Employee, list(employees.values())),
        templates=names(call, Template, [one.template_id for one in page.items]),
    )


@pages.get(f"{LOG}/{{reminder_id}}", log_api.REMINDERS)
def mail_page(call: Call, reminder_id: UUID) -> Reply:
    """One of them, with each attempt."""
    told = log_api.read_reminder(call, reminder_id)
    return render(
        call,
        "mail/one.html",
        told=told,
        one=told.reminder,
        states=STATES,
        errors=ERRORS,
        recipients=RECIPIENTS,
    )
