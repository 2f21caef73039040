"""What leaves, put together with what it has to ask: who may hear of something, and what a sealed secret is."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from api.languages import language
from models.base import Code
from models.messages import MailServer
from models.outbox import Event
from notifications.egress import Client
from notifications.mail import Asked, House, Writer
from notifications.webhooks import Outbox, Webhooks
from scheduler import mail
from scheduler.access.vault import UnsealableError, Vault
from scheduler.invitations import Inviting, sealed
from scheduler.receivers import CATALOGUE, TESTED, may_hear, secrets_of
from scheduler.topics import Topic

OUTBOX: Final = Outbox(frozenset(topic.value for topic in CATALOGUE), TESTED.value)
MAILS: Final = Asked(Topic.MESSAGE_ASKED.value)
INVITES: Final = Inviting()
OWN_LANGUAGE = "/own-language"
"""Where the owner of an address chooses his language."""
ANSWER = "/answer"
"""Where whoever is invited says whether he comes."""


def webhooks(vault: Vault, egress: Client, now: Callable[[], datetime]) -> Webhooks:
    """The channel by which they leave: for this server, or for a worker beside it."""

    def may(session: Session, account_id: UUID, event: Event) -> bool:
        return may_hear(session, account_id, event, now())

    return Webhooks(egress, may, lambda receiver: secrets_of(vault, receiver))


# --- Mail -----------------------------------------------------------------------------------------------


def writer(vault: Vault, base_url: str) -> Writer:
    """Says what mails say, in the languages there are."""

    def link(address: str) -> str:
        return f"{base_url.rstrip('/')}{OWN_LANGUAGE}/{mail.languages.sealed(vault, address)}"

    def answer(invitation_id: UUID) -> str:
        return f"{base_url.rstrip('/')}{ANSWER}/{sealed(vault, invitation_id)}"

    return Writer(
        words=lambda code, sentence, **holes: language(code).text(sentence, **holes),
        link=link,
        open_code=lambda message: mail.servers.code_of(vault, message),
        answer=answer,
    )


def house(vault: Vault, base_url: str, now: Callable[[], datetime]) -> House:
    def password(server: MailServer) -> str | None:
        try:
            return mail.servers.password_of(vault, server)
        except UnsealableError:  # by a key that is not here: this server's mail waits
            return None

    def report(session: Session, appointment_id: UUID, rule: UUID | None, why: Code) -> None:
        mail.failing.tell(session, appointment_id, rule, why, now())

    return House(writer(vault, base_url), host_of(base_url), password, report)


def host_of(base_url: str) -> str:
    """By which mails and appointments are known elsewhere."""
    return (urlsplit(base_url).hostname or "localhost").replace(":", ".")
