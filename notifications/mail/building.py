"""A mail, put together: one recipient, no header but ours, known again by the row that it was made of."""

import email
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

from notifications.calendars import Invited, Party, invitation
from notifications.mail.fields import for_header

FILE = "invite.ics"

HEADERS = frozenset(
    {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    }
)


class UnfitError(Exception):
    """It would not be the mail that was meant: nothing is sent."""


@dataclass(frozen=True, slots=True)
class Attached:
    """What goes along, `parameters` in its Content-Type."""

    name: str
    maintype: str
    subtype: str
    content: bytes = field(repr=False)
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """In words."""

    subject: str
    text: str
    html: str
    language: str


@dataclass(frozen=True, slots=True)
class Known:
    """By which a mail is known again: its row, and whose rows they are."""

    key: UUID
    host: str


@dataclass(frozen=True, slots=True)
class Between:
    """From whom, to whom."""

    sender_name: str
    sender: str
    recipient_name: str
    recipient: str


def build(
    known: Known,
    between: Between,
    said: Said,
    at: datetime,
    attached: Sequence[Attached] = (),
    *,
    invited: Invited | None = None,
) -> bytes:
    """The mail of this row: sent twice, its Message-ID says that it is one.

    What a calendar is told goes twice: some programs take it beside the text, others out of a file.

    Raises:
        UnfitError: an address is none.
    """
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = _address(between.sender_name, between.sender)
        message["To"] = _address(between.recipient_name, between.recipient)
    except (ValueError, IndexError, UnicodeError) as error:
        raise UnfitError("an address") from error
    message["Subject"] = for_header(said.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{known.key}@{known.host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(said.text, cte="quoted-printable")
    message.add_alternative(
        f'<!doctype html>\n<html lang="{html.escape(said.language)}"><body>{said.html}</body></html>\n',
        subtype="html",
        cte="quoted-printable",
    )
    files = list(attached)
    if invited is not None:
        told = _calendar(known, between, invited)
        method = invited.method.upper()
        message.add_alternative(
            told.decode(), subtype="calendar", params={"method": method}, cte="base64"
        )
        files.append(Attached(FILE, "application", "ics", told))
    for one in files:
        message.add_attachment(
            one.content,
            maintype=one.maintype,
            subtype=one.subtype,
            filename=for_header(one.name),
            params=dict(one.parameters),
        )
    written = message.as_bytes()
    _require_ours(written)
    return written


def _calendar(known: Known, between: Between, invited: Invited) -> bytes:
    organizer = Party(between.sender_name, between.sender)
    attendee = Party(between.recipient_name, between.recipient)
    return invitation(invited, organizer, attendee, known.host)


def _address(name: str, address: str) -> Address:
    return Address(for_header(name), addr_spec=for_header(address))


def _require_ours(written: bytes) -> None:
    """Whatever Python's writer made of it: our headers, each once (E11)."""
    names = email.message_from_bytes(written).keys()
    if len(set(names)) != len(names) or not set(names) <= HEADERS:
        raise UnfitError("headers")
