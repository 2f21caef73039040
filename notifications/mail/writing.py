"""What a mail says: of a reminder or a trigger by its template, of what we tell of ourselves in our own words."""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models.access import Account
from models.base import Code
from models.messages import Message, MessageKind, Recipient, Sender
from models.outbox import DeliveryState, Event
from notifications.calendars import Invited
from notifications.mail import inviting
from notifications.mail.building import Attached, Said
from notifications.mail.fields import filled, for_header, for_html, for_line, for_text, in_html
from notifications.mail.values import About, Addressee, Keys, language_of, text_in, values

Words = Callable[..., str]
"""A sentence of ours, in a language; its holes by their names."""
Link = Callable[[str], str]
"""Where the owner of an address chooses his language."""
Goes = Callable[[Session, UUID], Sequence[Attached]]
"""What goes along with a mail about an appointment."""
Opened = Callable[[Message], str]
"""The code that a mail tells."""


def msgid(sentence: str) -> str:
    """A sentence to be translated."""
    return sentence


LANGUAGE_BELOW = msgid("Choose the language of these messages:")
NOTICES: Mapping[str, str] = {
    "AccountPasswordChanged": msgid("The password of your account was changed."),
    "AccountAddressChanged": msgid("The mail address of your account was changed."),
    "AccountSecondFactorChanged": msgid("The second factor of your account was changed."),
    "AccountLocked": msgid("Your account is locked after too many wrong tries."),
}
NOT_YOU = msgid("Was this not you? Then tell your administrator at once.")
NOTICE_SUBJECT = msgid("About your account")
CODE_SUBJECT = msgid("Code for this mail address")
CODE_BODY = msgid("Somebody wants to send mail from this address. The code is:")


class Unwritten(Code):
    """Why there is no mail."""

    NO_ADDRESS = "no_address"
    NO_TEXT = "no_text"


@dataclass(frozen=True, slots=True)
class Written:
    """To whom, and what."""

    name: str
    address: str
    said: Said
    attached: Sequence[Attached] = ()
    invited: Invited | None = None
    """What a calendar is told."""


@dataclass(frozen=True)
class Writer:
    """`attachments`: of what other parts have to send along; none unless it is said. `answer`: where one answers."""

    words: Words
    link: Link
    open_code: Opened
    attachments: Goes = lambda _session, _appointment: ()
    answer: Callable[[UUID], str] = lambda _invitation: ""

    def by_template(
        self, session: Session, template_id: UUID, recipient: Recipient, keys: Keys
    ) -> Written | Unwritten:
        """For whoever that is, in his language."""
        about = About(session, keys)
        addressee = about.addressee(recipient)
        if addressee is None or not addressee.address:
            return Unwritten.NO_ADDRESS
        language = language_of(session, addressee)
        said = self.preview(session, template_id, about, addressee, language)
        if said is None:
            return Unwritten.NO_TEXT
        goes = () if keys.appointment_id is None else self.attachments(session, keys.appointment_id)
        return Written(addressee.name, addressee.address, said, goes)

    def language_of(self, session: Session, addressee: Addressee) -> str:
        return language_of(session, addressee)

    def preview(
        self, session: Session, template_id: UUID, about: About, addressee: Addressee, language: str
    ) -> Said | None:
        """The template as it would be sent; nothing where it has no text that he could read."""
        found = text_in(session, template_id, language)
        if found is None:
            return None
        # names and days in the language that the text is in
        known = values(session, about, addressee, found.language)
        subject = for_header(filled(found.subject, known, for_header))
        text = filled(for_text(found.body), known, for_line)
        shown = in_html(found.body, known)
        return self._with_link(
            Said(subject, text, f"<p>{shown}</p>", found.language), addressee.address or ""
        )

    def message(self, session: Session, message: Message) -> Written | Unwritten:
        """Of whatever kind it is."""
        if message.kind is MessageKind.ASKED:
            keys = Keys(message.appointment_id, message.case_id, message.employee_id)
            if message.template_id is None or message.recipient is None:
                return Unwritten.NO_TEXT
            return self.by_template(session, message.template_id, message.recipient, keys)
        if message.kind is MessageKind.SENDER_CODE:
            return self._code(session, message)
        return self._notice(session, message)

    def invitation(
        self, session: Session, message: Message, now: datetime
    ) -> Written | Unwritten | DeliveryState:
        """What there is to tell now, or that it is nothing."""
        told = inviting.told(session, message, now, self.words, self.answer)
        if told is None:
            return Unwritten.NO_ADDRESS
        if isinstance(told, DeliveryState):
            return told
        address = told.addressee.address or ""
        said = self._with_link(_said(told.language, told.subject, told.lines), address)
        return Written(told.addressee.name, address, said, invited=told.calendar)

    def _notice(self, session: Session, message: Message) -> Written | Unwritten:
        account = session.get_one(Account, message.account_id)
        event = session.get_one(Event, message.event_id)
        address = account.previous_email if message.to_previous else account.email
        if not address:
            return Unwritten.NO_ADDRESS
        addressee = Addressee(account.name, address, account.language)
        language = language_of(session, addressee)
        sentences = [NOTICES[event.topic], NOT_YOU]
        said = self._said(language, NOTICE_SUBJECT, sentences)
        return Written(account.name, address, self._with_link(said, address))

    def _code(self, session: Session, message: Message) -> Written | Unwritten:
        sender = session.get_one(Sender, message.sender_id)
        language = language_of(session, Addressee(sender.name, sender.address, None))
        said = self._said(language, CODE_SUBJECT, [CODE_BODY], self.open_code(message))
        return Written(sender.name, sender.address, said)

    def _said(self, language: str, subject: str, sentences: Sequence[str], more: str = "") -> Said:
        lines = [*(self.words(language, one) for one in sentences), *([more] if more else [])]
        return _said(language, self.words(language, subject), lines)

    def _with_link(self, said: Said, address: str) -> Said:
        """Below it, where the recipient says in which language he wants to read."""
        if not address:
            return said
        words, link = self.words(said.language, LANGUAGE_BELOW), self.link(address)
        text = f"{said.text.rstrip()}\n\n-- \n{words}\n{link}\n"
        at = html.escape(link)
        shown = (
            f'{said.html}\n<hr><p><small>{html.escape(words)} <a href="{at}">{at}</a></small></p>'
        )
        return Said(said.subject, text, shown, said.language)


def _said(language: str, subject: str, lines: Sequence[str]) -> Said:
    text = "\n\n".join(lines) + "\n"
    shown = "".join(f"<p>{_line(one)}</p>" for one in lines)
    return Said(for_header(subject), text, shown, language)


def _line(line: str) -> str:
    """A line that is an address of ours is one to follow."""
    shown = for_html(line)
    is_address = line.startswith(("https://", "http://")) and " " not in line
    return f'<a href="{shown}">{shown}</a>' if is_address else shown
