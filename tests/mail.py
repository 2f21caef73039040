"""A real mail server, with a certificate of its own, that answers as a test wants; and mail as the service sends it."""

import asyncio
import email
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine, insert, select

from api.http import sending
from models.base import new_id
from models.database import reading, writing
from models.messages import (
    Channel,
    DefaultReminder,
    MailAttempt,
    MailLimit,
    MailServer,
    Message,
    Recipient,
    Reminder,
    Sender,
    Template,
    TemplateText,
)
from notifications.egress import Client, Rules
from notifications.mail import Mailer, Terms
from notifications.mail.terms import USUAL
from tests.access import NOW, VAULT

HOST = "mail.test"
SENDER = "planning@example.org"
LINE = "Dear {{recipient.name}}, {{appointment.day}} {{appointment.time}} at {{location.name}}."
BASE_URL = "https://spreekuur.test"


@cache
def certificate() -> Path:
    """Of the name, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = Path(mkdtemp()) / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@dataclass(frozen=True)
class Taken:
    """A mail that was taken, as far as the server knows."""

    sender: str
    recipients: list[str]
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def id(self) -> str:
        return str(self.mail["Message-ID"])

    @property
    def text(self) -> str:
        part = self.mail.get_body(("plain",))
        return "" if part is None else str(part.get_content())


Answer = str | float
"""What is said after DATA; a number: after so many seconds; `DIES`: nothing, having taken it."""
DIES = "dies"


@dataclass
class Box:
    """A mail server's. `answers`: said to each mail; `greets`: to each recipient."""

    port: int = 0
    answers: Callable[[Taken], Answer] = lambda _: "250 taken"
    greets: Callable[[str], str] = lambda _: "250 OK"
    taken: list[Taken] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    connections: int = 0

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's)
        self, _: SMTP, __: SmtpSession, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        said = self.greets(address)
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(  # noqa: N802 (aiosmtpd's)
        self, server: SMTP, _: SmtpSession, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        one = Taken(envelope.mail_from or "", list(envelope.rcpt_tos), content)
        said = self.answers(one)
        if isinstance(said, float):
            await asyncio.sleep(said)
            said = "250 taken"
        if said == DIES or said.startswith("250"):
            self.taken.append(one)
        if said == DIES:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return said

    def client(self, *ports: int, excepted: bool = True) -> Client:
        pairs = frozenset((HOST, port) for port in (self.port, *ports)) if excepted else frozenset()
        return a_client(pairs)


def a_client(pairs: frozenset[tuple[str, int]], trusted: Path | None = None) -> Client:
    """`trusted`: the certificate, where it was made in another process."""

    def tls() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(trusted or certificate()))

    return Client(Rules(excepted=pairs), lookup=lambda _, __: ["127.0.0.1"], tls=tls)


@contextmanager
def a_box(*, implicit: bool = False, plain: bool = False) -> Iterator[Box]:
    """A server with STARTTLS, or under TLS from the first byte on; `plain`: it has never heard of it."""
    box = Box()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate())

    def authenticated(_: Any, __: Any, ___: Any, ____: Any, given: Any) -> AuthResult:
        box.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"secret", handled=False)

    def protocol() -> SMTP:
        box.connections += 1
        secure = implicit or plain
        made = SMTP(
            box,
            tls_context=None if secure else context,
            require_starttls=not secure,
            auth_require_tls=not implicit,
            authenticator=authenticated,
            enable_SMTPUTF8=False,
            loop=loop,
        )
        protocols.append(made)
        return made

    loop, protocols = asyncio.new_event_loop(), list[SMTP]()
    serving = loop.run_until_complete(
        loop.create_server(protocol, "127.0.0.1", 0, ssl=context if implicit else None)
    )
    box.port = serving.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="mail server", daemon=True)
    thread.start()
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_closed(serving, protocols))
        loop.close()


async def _closed(serving: asyncio.Server, protocols: list[SMTP]) -> None:
    """Hang up, whoever is still there, and wait until that is done."""
    serving.close()
    for one in protocols:
        for transport in (one.transport, one._original_transport):
            if isinstance(transport, asyncio.Transport):
                transport.abort()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.02)


# --- Rows -------------------------------------------------------------------------------------------------


def a_server(engine: Engine, port: int, *limits: tuple[int, int], **changes: Any) -> UUID:
    """The default one, with a sender that is verified. `limits`: minutes and messages."""
    key = new_id()
    with writing(engine) as session:
        values = {"name": "Mail server 1", "host": HOST, "port": port, "is_default": True}
        session.add(MailServer(id=key, **{**values, **changes}))
        session.flush()
        session.add(Sender(server_id=key, name="Planning", address=SENDER, verified_at=NOW))
        for minutes, messages in limits:
            session.add(MailLimit(server_id=key, minutes=minutes, messages=messages))
    return key


def a_template(engine: Engine, subject: str = "Afspraak", body: str = LINE, **others: str) -> UUID:
    """In Dutch; `others`: a body for each other language."""
    key = new_id()
    with writing(engine) as session:
        session.add(Template(id=key, code=key.hex, name="Reminder"))
        session.flush()
        for language, text in {"nl": body, **others}.items():
            session.add(
                TemplateText(template_id=key, language=language, subject=subject, body=text)
            )
    return key


def a_rule(engine: Engine, type_: UUID, template: UUID, minutes: int = -60, **changes: Any) -> UUID:
    key = new_id()
    values = {
        "id": key,
        "consultation_type_id": type_,
        "template_id": template,
        "recipient": Recipient.EMPLOYEE,
        "channel": Channel.EMAIL,
        "minutes": minutes,
    }
    with writing(engine) as session:
        session.execute(insert(DefaultReminder), values | changes)
    return key


def a_mailer(engine: Engine, egress: Client, terms: Terms = USUAL, within: float = 10.0) -> Mailer:
    """As the service has it."""
    house = sending.house(VAULT, BASE_URL, lambda: NOW)
    return Mailer(engine, house, egress, terms, within)


def sent(engine: Engine, egress: Client, **how: Any) -> int:
    """Send all that is due."""
    return a_mailer(engine, egress, **how).send_all(timedelta(seconds=60))


def reminders(engine: Engine) -> list[Reminder]:
    with reading(engine) as session:
        return list(session.scalars(select(Reminder).order_by(Reminder.id)))


def messages(engine: Engine) -> list[Message]:
    with reading(engine) as session:
        return list(session.scalars(select(Message).order_by(Message.id)))


def tries(engine: Engine) -> list[MailAttempt]:
    with reading(engine) as session:
        return list(session.scalars(select(MailAttempt).order_by(MailAttempt.id)))
