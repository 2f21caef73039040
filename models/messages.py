"""Mail: templates, reminders, languages, servers, and the calendars that follow. Domain §6."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Keyed, Versioned, exactly_one, line, reference
from models.outbox import Claimed, DeliveryState

REMARK = 500
"""Characters that somebody may write with his answer."""


class Template(Versioned, Base):
    """A message with merge fields; it runs no code."""

    __tablename__ = "templates"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = line()
    sender_id: Mapped[UUID | None] = reference("senders")
    """Nothing: the default server's."""


class TemplateText(Base):
    """The template in one language; the default language is the fall-back."""

    __tablename__ = "template_texts"

    template_id: Mapped[UUID] = reference("templates", primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = line()
    body: Mapped[str]


class Attachment(Keyed, Base):
    """A document that goes along, by the recipient's culture code (`nl-NL`) [000 §3.1.5]."""

    __tablename__ = "attachments"
    __table_args__ = (UniqueConstraint("template_id", "name", "culture"),)

    template_id: Mapped[UUID] = reference("templates")
    name: Mapped[str] = line()
    culture: Mapped[str] = line(10)
    layout: Mapped[str]
    """Typst: the values enter as data."""


class Recipient(Code):
    """Who is reminded."""

    EMPLOYEE = "employee"
    PRACTITIONER = "practitioner"
    CONTACT_PERSON = "contact_person"
    CASE_MANAGER = "case_manager"


class Channel(Code):
    """By which a reminder goes."""

    EMAIL = "email"
    SMS = "sms"


class DefaultReminder(Versioned, Base):
    """That each appointment of the type gets. Domain §§4, 6 [000 §3.1.13.1]."""

    __tablename__ = "default_reminders"

    consultation_type_id: Mapped[UUID] = reference("consultation_types", index=True)
    template_id: Mapped[UUID] = reference("templates")
    recipient: Mapped[Recipient]
    channel: Mapped[Channel]
    minutes: Mapped[int]
    """After the start, in local time; negative: before it."""
    archived_at: Mapped[datetime | None]


class Reminder(Claimed, Keyed, Base):
    """One message about one appointment as it then stood, sent once."""

    __tablename__ = "reminders"
    __table_args__ = (
        # once per rule and state of the appointment; a moved appointment reminds anew
        UniqueConstraint("appointment_id", "default_reminder_id", "sequence"),
        Index(
            "ix_reminders_due",
            "due_at",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
    )

    appointment_id: Mapped[UUID] = reference("appointments")
    default_reminder_id: Mapped[UUID] = reference("default_reminders")
    sequence: Mapped[int]
    """The appointment's version: what iCalendar calls SEQUENCE."""
    state: Mapped[DeliveryState]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    address: Mapped[str | None] = line()
    """To which it was sent."""
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = line()


class AddressLanguage(Base):
    """The language of a recipient; his own choice goes before an administrator's [000 §2.1.1.4]."""

    __tablename__ = "address_languages"
    __table_args__ = (CheckConstraint("address = lower(address)", name="lower_case"),)

    address: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = line(10)
    own_choice: Mapped[bool]


class MailServer(Versioned, Base):
    """That mail goes by; TLS is not a setting but mandatory. Domain §6 [000 §2.1.2]."""

    __tablename__ = "mail_servers"
    __table_args__ = (
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        Index(
            "one_default_server",
            "is_default",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )

    name: Mapped[str] = line()
    host: Mapped[str] = line()
    port: Mapped[int]
    implicit_tls: Mapped[bool] = mapped_column(default=False, server_default=false())
    """From the first byte on; else by STARTTLS, and nothing is said before it."""
    username: Mapped[str | None] = line()
    password: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted."""
    is_default: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None]


class MailLimit(Base):
    """At most so many messages in so many minutes: more are delayed, never dropped."""

    __tablename__ = "mail_limits"
    __table_args__ = (
        CheckConstraint("minutes > 0", name="limit_minutes"),
        CheckConstraint("messages > 0", name="limit_messages"),
    )

    server_id: Mapped[UUID] = reference("mail_servers", primary_key=True)
    minutes: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    messages: Mapped[int]


class Sender(Versioned, Base):
    """A name and address that mail is from, once the code mailed there has come back [000 §2.1.2.2]."""

    __tablename__ = "senders"
    __table_args__ = (UniqueConstraint("server_id", "address"),)

    server_id: Mapped[UUID] = reference("mail_servers")
    name: Mapped[str] = line()
    address: Mapped[str] = line()
    code_hash: Mapped[str | None] = line()
    verified_at: Mapped[datetime | None]


class MessageKind(Code):
    """Why it is sent."""

    ASKED = "asked"
    """A trigger wants it."""
    NOTICE = "notice"
    """Of something that was done to an account. Domain §8."""
    SENDER_CODE = "sender_code"
    INVITATION = "invitation"
    """To an appointment; then that it is elsewhere or at another time, or off."""


class Method(Code):
    """What a calendar is to do with an appointment (RFC 5546)."""

    REQUEST = "request"
    CANCEL = "cancel"


class Answer(Code):
    """What somebody who is invited says."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    ANOTHER_TIME = "another_time"


class Invitation(Keyed, Base):
    """Of the employee to an appointment, or of a practitioner who holds it, or did before it was moved.

    What was mailed of it is in its messages; the link in them is sealed, and not kept.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        UniqueConstraint("appointment_id", "practitioner_id"),
        Index(
            "one_invitation_of_the_employee",
            "appointment_id",
            unique=True,
            sqlite_where=text("practitioner_id IS NULL"),
            postgresql_where=text("practitioner_id IS NULL"),
        ),
    )

    appointment_id: Mapped[UUID] = reference("appointments")
    practitioner_id: Mapped[UUID | None] = reference("practitioners")
    """Nobody: the employee's."""

    @property
    def recipient(self) -> Recipient:
        """Who is invited."""
        return Recipient.EMPLOYEE if self.practitioner_id is None else Recipient.PRACTITIONER


class InvitationAnswer(Keyed, Base):
    """What was said to it; the last one counts, as long as the appointment is where it was."""

    __tablename__ = "invitation_answers"

    invitation_id: Mapped[UUID] = reference("invitations", index=True)
    at: Mapped[datetime]
    answer: Mapped[Answer]
    remark: Mapped[str | None] = line(REMARK)
    version: Mapped[int]
    """The appointment's, that it answers to."""


class Message(Claimed, Keyed, Base):
    """A mail that is no reminder: to whom, and about what, by keys. `address`: to which it was sent."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("event_id", "to_previous"),
        CheckConstraint(
            "(kind = 'invitation') = (invitation_id IS NOT NULL)", name="of_an_invitation"
        ),
        Index(
            "ix_messages_due",
            "due_at",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
    )

    kind: Mapped[MessageKind]
    event_id: Mapped[UUID | None] = reference("events")
    template_id: Mapped[UUID | None] = reference("templates")
    recipient: Mapped[Recipient | None]
    account_id: Mapped[UUID | None] = reference("accounts")
    to_previous: Mapped[bool] = mapped_column(default=False)
    """To the address that the account had before."""
    sender_id: Mapped[UUID | None] = reference("senders")
    appointment_id: Mapped[UUID | None] = reference("appointments")
    request_id: Mapped[UUID | None] = reference("requests")
    case_id: Mapped[UUID | None] = reference("cases")
    employee_id: Mapped[UUID | None] = reference("employees")
    invitation_id: Mapped[UUID | None] = reference("invitations", index=True)
    method: Mapped[Method | None]
    sequence: Mapped[int | None]
    """The appointment's version as it was told in an invitation: what iCalendar calls SEQUENCE."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: the code that it tells, until it is sent."""
    state: Mapped[DeliveryState]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    address: Mapped[str | None] = line()
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = line()


class MailAttempt(Keyed, Base):
    """One try at a mail, as it begins: limits count these. `milliseconds`: nothing where nobody finished it."""

    __tablename__ = "mail_attempts"
    __table_args__ = (
        CheckConstraint(exactly_one("reminder_id", "message_id"), name="attempt_at_one"),
        Index(None, "server_id", "at"),
    )

    reminder_id: Mapped[UUID | None] = reference("reminders", index=True)
    message_id: Mapped[UUID | None] = reference("messages", index=True)
    server_id: Mapped[UUID] = reference("mail_servers")
    at: Mapped[datetime]
    milliseconds: Mapped[int | None]
    status: Mapped[int | None]
    """Of SMTP, where the server said one."""
    error: Mapped[str | None] = line(50)


class Feed(Keyed, Base):
    """A private calendar to subscribe to, until it is revoked. It shows what its account may see."""

    __tablename__ = "feeds"
    __table_args__ = (
        CheckConstraint(exactly_one("practitioner_id", "location_id"), name="feed_of_one"),
    )

    practitioner_id: Mapped[UUID | None] = reference("practitioners", index=True)
    location_id: Mapped[UUID | None] = reference("locations", index=True)
    account_id: Mapped[UUID] = reference("accounts", index=True)
    created_at: Mapped[datetime]
    token_hash: Mapped[str] = mapped_column(unique=True)
    revoked_at: Mapped[datetime | None]
