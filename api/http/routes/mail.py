"""Templates, default reminders and their languages: what is said to whom, and when. Domain §6 [000 §2.1.1]."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import ColumnElement

from api.http import sending
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.keeping import Keeping
from api.http.keeping_routes import Operation, keep
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.routes.records.shapes import RecordView
from api.http.shapes import Address, Flag, Given, Language, Line, Page, Short, Text, View
from models.appointments import Appointment
from models.audit import Act
from models.merging import FIELDS
from models.messages import AddressLanguage, Channel, DefaultReminder, Recipient, Template
from notifications.mail.values import About, Addressee, Keys
from scheduler import mail
from scheduler.access import Right
from scheduler.access.denied import refused

routes = Routes("mail")

LOOK = everywhere(Right.MANAGE_MESSAGES, of=Template)
PREVIEW = everywhere(Right.MANAGE_MESSAGES, Right.VIEW_APPOINTMENTS, of=Template)
RULES = everywhere(Right.MANAGE_TYPES, Right.MANAGE_MESSAGES, of=DefaultReminder)
LANGUAGE = everywhere(Right.MANAGE_MESSAGES, of=AddressLanguage, act=Act.UPDATE)
MOST_LANGUAGES = 30
A_YEAR = 366 * 24 * 60


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("a text")
    return value


Body = Annotated[Text, StringConstraints(min_length=1), AfterValidator(_not_blank)]


class TemplateTextGiven(Given):
    """In one language. `{{employee.name}}` is a merge field; nothing else is replaced, and nothing is run."""

    language: Language
    subject: Annotated[Line, Field(examples=["Your appointment on {{appointment.day}}"])]
    body: Annotated[Body, Field(examples=["Dear {{recipient.name}}, ..."])]


class TemplateTextView(View):
    """In one language."""

    language: str
    subject: str
    body: str


class TemplateGiven(Given):
    """A message. One text is in the default language, which whoever reads no other gets. `sender_id`: a verified one."""

    code: Short = Field(examples=["reminder"])
    name: Line = Field(examples=["Reminder"])
    sender_id: UUID | None = None
    texts: list[TemplateTextGiven] = Field(max_length=MOST_LANGUAGES)


class TemplateView(RecordView):
    """A message with merge fields."""

    code: str
    name: str
    sender_id: UUID | None
    texts: list[TemplateTextView]


class DefaultReminderGiven(Given):
    """That each appointment of the type gets. `minutes`: after its start on the clocks there; negative: before."""

    consultation_type_id: UUID
    template_id: UUID
    recipient: Recipient
    channel: Channel = Channel.EMAIL
    minutes: int = Field(strict=True, ge=-A_YEAR, le=A_YEAR, examples=[-1440])


class DefaultReminderView(RecordView):
    """That each appointment of the type gets."""

    consultation_type_id: UUID
    template_id: UUID
    recipient: Recipient
    channel: Channel
    minutes: int
    archived_at: datetime | None


class RuleFilters(Paging):
    """Which default reminders."""

    consultation_type_id: UUID | None = None
    archived: bool = False


BY_HAND: tuple[Operation, ...] = ("list",)
"""It is asked by type, and not by a name."""
TEMPLATES = keep(
    routes,
    Keeping(
        record=mail.TEMPLATE,
        one="template",
        many="templates",
        view=TemplateView,
        given=TemplateGiven,
        look=(Right.MANAGE_TRIGGERS,),
        manage=Right.MANAGE_MESSAGES,
        by=(Template.name,),
        search=(Template.name, Template.code),
    ),
)
DEFAULT_REMINDERS = keep(
    routes,
    Keeping(
        record=mail.DEFAULT_REMINDER,
        one="default_reminder",
        many="default_reminders",
        view=DefaultReminderView,
        given=DefaultReminderGiven,
        look=(Right.MANAGE_TYPES,),
        manage=Right.MANAGE_MESSAGES,
        by=(DefaultReminder.minutes,),
        search=(),
    ),
    but=BY_HAND,
)


@routes.get("/default-reminders", RULES)
def list_default_reminders(
    call: Call, filters: Annotated[RuleFilters, Query()]
) -> Page[DefaultReminderView]:
    """Of which message, to whom, and how long before or after the start."""
    rule = DefaultReminder
    conditions: list[ColumnElement[bool]] = []
    if not filters.archived:
        conditions.append(rule.archived_at.is_(None))
    if filters.consultation_type_id is not None:
        conditions.append(rule.consultation_type_id == filters.consultation_type_id)
    order: Any = (rule.consultation_type_id, rule.minutes)
    return call.page(rule, DefaultReminderView, filters, *conditions, by=order)


# --- How it will look ------------------------------------------------------------------------------------


class MergeFields(View):
    """All there are."""

    items: list[str]


class PreviewAsked(Given):
    """Of this appointment, as this recipient would get it; in his language, unless another is asked for."""

    appointment_id: UUID
    recipient: Recipient = Recipient.EMPLOYEE
    language: Language | None = None


class Preview(View):
    """`html` is for a mail program. The link of the recipient is none that works."""

    language: str
    subject: str
    text: str
    html: str


@routes.get("/merge-fields", LOOK)
def list_merge_fields(call: Call) -> MergeFields:
    """What can stand between double braces in a template."""
    call.seen(Template)
    return MergeFields(items=list(FIELDS))


@routes.ask("/templates/{template_id}/preview", PREVIEW)
def preview_template(call: Call, template_id: UUID, given: PreviewAsked) -> Preview:
    """The template, filled in with an appointment that you may see. Nothing is sent."""
    template = call.one(Template, template_id)
    # a policy asks for one of its rights; of this both are needed
    call.caller.require(Right.MANAGE_MESSAGES)
    call.caller.require(Right.VIEW_APPOINTMENTS)
    appointment = call.another(Appointment, given.appointment_id)
    about = About(call.session, Keys(appointment.id))
    writes = sending.writer(call.service.vault, call.service.settings.base_url)
    addressee = about.addressee(given.recipient) or Addressee("", None, None)
    # whoever looks at it is given no link by which another's language could be chosen
    nobody = Addressee(addressee.name, None, addressee.language)
    language = given.language or writes.language_of(call.session, addressee)
    said = writes.preview(call.session, template.id, about, nobody, language)
    if said is None:
        raise refused("default_text_missing", language=language)
    return Preview(language=said.language, subject=said.subject, text=said.text, html=said.html)


# --- Languages -------------------------------------------------------------------------------------------


class AddressLanguageGiven(Given):
    """`language`: nothing for that of the employee or employer. What the owner has chosen himself stays."""

    address: Address
    language: Language | None


class AddressLanguageSet(View):
    """Whether it is written to in that language."""

    is_set: Flag


@routes.post("/address-languages", LANGUAGE)
def set_address_language(call: Call, given: AddressLanguageGiven) -> AddressLanguageSet:
    """In which language an address is written to."""
    call.seen(Template)
    mail.languages.set_language(call.session, given.address, given.language)
    call.entry(AddressLanguage.__tablename__, None)
    return AddressLanguageSet(is_set=True)
