"""Mail servers and senders: by which way mail goes, and from whom. Domain §6 [000 §2.1.2]."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.shapes import Address, Flag, Given, Line, Page, Secret, View
from models.audit import Act
from models.messages import MailServer, Sender
from scheduler.access import Right
from scheduler.mail import servers

routes = Routes("mail")

LOOK = everywhere(Right.MANAGE_MESSAGES, of=MailServer)
ADD = everywhere(Right.MANAGE_MESSAGES, of=MailServer, act=Act.CREATE)
CHANGE = everywhere(Right.MANAGE_MESSAGES, of=MailServer, act=Act.UPDATE)
LOOK_AT_SENDER = everywhere(Right.MANAGE_MESSAGES, of=Sender)
ADD_SENDER = everywhere(Right.MANAGE_MESSAGES, of=Sender, act=Act.CREATE)
CHANGE_SENDER = everywhere(Right.MANAGE_MESSAGES, of=Sender, act=Act.UPDATE)
REMOVE_SENDER = everywhere(Right.MANAGE_MESSAGES, of=Sender, act=Act.DELETE)
MOST_LIMITS = 10
A_MONTH = 31 * 24 * 60
LAST_PORT = 65_535


class LimitGiven(Given):
    """At most so many messages in so many minutes; more of them wait."""

    minutes: int = Field(strict=True, ge=1, le=A_MONTH, examples=[60])
    messages: int = Field(strict=True, ge=1, le=10_000_000, examples=[500])


class LimitView(View):
    """At most so many messages in so many minutes."""

    minutes: int
    messages: int


class MailServerGiven(Given):
    """Always under TLS: from the first byte on (`implicit_tls`), else by STARTTLS. `password`: what is not sent stays."""

    name: Line
    host: Annotated[Line, Field(examples=["smtp.example.org"])]
    port: int = Field(strict=True, ge=1, le=LAST_PORT, examples=[587])
    implicit_tls: Flag = False
    username: Line | None = None
    password: Secret | None = None
    is_default: Flag = False
    limits: list[LimitGiven] = Field(default=[], max_length=MOST_LIMITS)

    def as_wish(self) -> servers.Wish:
        return servers.Wish(
            self.name,
            self.host,
            self.port,
            self.implicit_tls,
            self.username,
            self.password,
            self.is_default,
            [servers.Limit(one.minutes, one.messages) for one in self.limits],
        )


class MailServerView(View):
    """A mail server; nobody reads its password."""

    id: UUID
    version: int
    name: str
    host: str
    port: int
    implicit_tls: bool
    username: str | None
    has_password: bool
    is_default: bool
    limits: list[LimitView]
    archived_at: datetime | None


class SenderGiven(Given):
    """A name and an address that mail is from."""

    server_id: UUID
    name: Line
    address: Address


class SenderView(View):
    """`verified_at`: nothing until the code that was mailed there has come back."""

    id: UUID
    version: int
    server_id: UUID
    name: str
    address: str
    verified_at: datetime | None


class CodeGiven(Given):
    """As it was mailed. A wrong one costs the code."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$"), Field(examples=["12345678"])]


class CodeTaken(View):
    """Whether it was the code; else have another one sent."""

    is_verified: bool
    sender: SenderView


class SenderFilters(Paging):
    """Which senders."""

    server_id: UUID | None = None


@routes.get("/mail-servers", LOOK)
def list_mail_servers(call: Call, paging: Annotated[Paging, Query()]) -> Page[MailServerView]:
    """The mail servers, those that are archived too."""
    found, following = call.rows(MailServer, paging, by=(MailServer.name,))
    return Page(items=_views(call, found), next=following)


@routes.get("/mail-servers/{server_id}", LOOK)
def read_mail_server(call: Call, server_id: UUID) -> MailServerView:
    """One of them."""
    return _view(call, call.one(MailServer, server_id))


@routes.post("/mail-servers", ADD, status=201)
def add_mail_server(call: Call, given: MailServerGiven) -> MailServerView:
    """Let mail go by it, once one of its senders is verified."""
    call.seen(MailServer)
    allows = call.service.settings.egress.allows_mail
    server = servers.add(call.session, call.service.vault, given.as_wish(), allows=allows)
    call.note(server)
    return _view(call, server)


@routes.put("/mail-servers/{server_id}", CHANGE, if_match=True)
def change_mail_server(call: Call, server_id: UUID, given: MailServerGiven) -> MailServerView:
    """Another host, password, limit. A new host or port needs the password again."""
    server = call.one(MailServer, server_id)
    allows = call.service.settings.egress.allows_mail
    servers.change(call.session, call.service.vault, server, given.as_wish(), allows=allows)
    return _view(call, server)


@routes.post("/mail-servers/{server_id}/archive", CHANGE, if_match=True)
def archive_mail_server(call: Call, server_id: UUID) -> MailServerView:
    """Nothing goes by it any more, and its password is forgotten. What was sent can still be read."""
    server = call.one(MailServer, server_id)
    servers.archive(call.session, server, call.now)
    return _view(call, server)


# --- Senders ----------------------------------------------------------------------------------------------


@routes.get("/senders", LOOK_AT_SENDER)
def list_senders(call: Call, filters: Annotated[SenderFilters, Query()]) -> Page[SenderView]:
    """From whom mail can be, and from whom it may not be yet."""
    which = [] if filters.server_id is None else [Sender.server_id == filters.server_id]
    return call.page(Sender, SenderView, filters, *which, by=(Sender.address,))


@routes.post("/senders", ADD_SENDER, status=201)
def add_sender(call: Call, given: SenderGiven) -> SenderView:
    """Mail a code to the address: with it the sender is verified."""
    server = call.another(MailServer, given.server_id)
    vault = call.service.vault
    sender = servers.add_sender(call.session, vault, server, given.name, given.address)
    call.afterwards.append(call.service.ring_mail)
    call.note(sender)
    return SenderView.model_validate(sender)


@routes.post("/senders/{sender_id}/send-code", CHANGE_SENDER, if_match=True)
def send_sender_code(call: Call, sender_id: UUID) -> SenderView:
    """Mail another code; the one before is worth nothing."""
    sender = call.one(Sender, sender_id)
    servers.send_code(call.session, call.service.vault, sender)
    call.afterwards.append(call.service.ring_mail)
    return SenderView.model_validate(sender)


@routes.post("/senders/{sender_id}/verify", CHANGE_SENDER, if_match=True)
def verify_sender(call: Call, sender_id: UUID, given: CodeGiven) -> CodeTaken:
    """Enter the code. Whether it was the right one is in the answer: a wrong one is used up as well."""
    sender = call.one(Sender, sender_id)
    is_right = servers.verify(call.session, sender, given.code, call.now)
    return CodeTaken(is_verified=is_right, sender=SenderView.model_validate(sender))


@routes.delete("/senders/{sender_id}", REMOVE_SENDER, if_match=True, status=204)
def remove_sender(call: Call, sender_id: UUID) -> None:
    """Nothing is from there any more."""
    servers.remove_sender(call.session, call.one(Sender, sender_id))


def _views(call: Call, rows: list[MailServer]) -> list[MailServerView]:
    limits = servers.limits_of(call.session, [one.id for one in rows])
    return [
        MailServerView(
            id=one.id,
            version=one.version,
            name=one.name,
            host=one.host,
            port=one.port,
            implicit_tls=one.implicit_tls,
            username=one.username,
            has_password=one.password is not None,
            is_default=one.is_default,
            limits=[LimitView.model_validate(limit) for limit in limits[one.id]],
            archived_at=one.archived_at,
        )
        for one in rows
    ]


def _view(call: Call, row: MailServer) -> MailServerView:
    return _views(call, [row])[0]
