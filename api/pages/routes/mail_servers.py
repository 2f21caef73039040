"""Mail servers and senders on the pages: by which way mail goes, and from whom. Domain §6 [000 §2.1.2]."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from api.http.calls import Call
from api.http.pages import Paging
from api.http.replies import Reply
from api.http.routes import mail_servers as api
from api.http.shapes import Address, Flag, Given, Line, Secret
from api.pages.answers import again, go_to
from api.pages.declaring import Pages
from api.pages.forms import shaped
from api.pages.listing import further
from api.pages.rendering import render

pages = Pages("mail_servers")

HOME = "/administration/mail-servers"
ONE = f"{HOME}/{{server_id}}"
SENDER = "/administration/senders/{sender_id}"


class LimitForm(Given):
    """Left empty, there is none."""

    minutes: int | None = None
    messages: int | None = None


class ServerForm(Given):
    """As the API takes it, but that empty limits are none."""

    name: Line
    host: Line
    port: int = Field(strict=True, ge=1, le=api.LAST_PORT)
    implicit_tls: Flag = False
    username: Line | None = None
    password: Secret | None = None
    is_default: Flag = False
    limits: list[LimitForm] = Field(default=[], max_length=api.MOST_LIMITS)

    def as_given(self) -> api.MailServerGiven:
        limits = [one.model_dump() for one in self.limits if one.minutes or one.messages]
        return shaped(
            api.MailServerGiven, {**self.model_dump(exclude={"limits"}), "limits": limits}
        )


class SenderForm(Given):
    """A name and an address."""

    name: Line
    address: Address


class CodeForm(Given):
    """As it was mailed."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]


@pages.get(HOME, api.LOOK)
def mail_servers_page(call: Call, paging: Annotated[Paging, Query()]) -> Reply:
    """All of them, the archived ones too."""
    page = api.list_mail_servers(call, paging)
    return render(call, "mail/servers.html", servers=page.items, next=further(paging, page.next))


@pages.get(f"{HOME}/new", api.LOOK)
def new_mail_server_page(call: Call) -> Reply:
    """A form for a new one."""
    return render(call, "mail/server.html", one=None, senders=[])


@pages.post(f"{HOME}/new", api.ADD)
def add_mail_server_at_page(call: Call, given: ServerForm) -> Reply:
    """Add one."""
    return go_to(f"{HOME}/{api.add_mail_server(call, given.as_given()).id}")


@pages.get(ONE, api.LOOK)
def mail_server_page(call: Call, server_id: UUID) -> Reply:
    """One of them, and who mails by it."""
    one = api.read_mail_server(call, server_id)
    senders = api.list_senders(call, api.SenderFilters(server_id=server_id)).items
    return render(call, "mail/server.html", one=one, senders=senders)


@pages.post(ONE, api.CHANGE, if_match=True)
def change_mail_server_at_page(call: Call, server_id: UUID, given: ServerForm) -> Reply:
    """Change it; a password that is left empty stays."""
    api.change_mail_server(call, server_id, given.as_given())
    return again()


@pages.post(f"{ONE}/archive", api.CHANGE, if_match=True)
def archive_mail_server_at_page(call: Call, server_id: UUID) -> Reply:
    """Nothing goes by it any more."""
    api.archive_mail_server(call, server_id)
    return again()


@pages.post(f"{ONE}/senders", api.ADD_SENDER)
def add_sender_at_page(call: Call, server_id: UUID, given: SenderForm) -> Reply:
    """Mail a code to the address."""
    wish = {"server_id": server_id, **given.model_dump()}
    api.add_sender(call, shaped(api.SenderGiven, wish))
    return again()


@pages.post(f"{SENDER}/verify", api.CHANGE_SENDER, if_match=True)
def verify_sender_at_page(call: Call, sender_id: UUID, given: CodeForm) -> Reply:
    """Enter the code; a wrong one is used up, and the page says so."""
    told = api.verify_sender(call, sender_id, shaped(api.CodeGiven, given.model_dump()))
    if told.is_verified:
        return again()
    return render(call, "mail/wrong_code.html", sender=told.sender)


@pages.post(f"{SENDER}/send-code", api.CHANGE_SENDER, if_match=True)
def send_sender_code_at_page(call: Call, sender_id: UUID) -> Reply:
    """Mail another code."""
    api.send_sender_code(call, sender_id)
    return again()


@pages.post(f"{SENDER}/remove", api.REMOVE_SENDER, if_match=True)
def remove_sender_at_page(call: Call, sender_id: UUID) -> Reply:
    """Nothing is from there any more."""
    api.remove_sender(call, sender_id)
    return again()
