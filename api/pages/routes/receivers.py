"""Receivers of webhooks: who gets what, the log of it, and what there is to hear of. Domain §6."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.replies import Reply
from api.http.routes import deliveries as log_api
from api.http.routes import receivers as api
from api.http.shapes import Day, Given, Secret
from api.languages import ZONE
from api.pages.answers import again, go_to
from api.pages.declaring import Pages
from api.pages.listing import further
from api.pages.names import choices, names
from api.pages.rendering import render
from api.pages.triggering import EVENTS
from api.pages.words import Word, msgid
from models.access import Account, AccountKind
from models.outbox import DeliveryState, Event, Protocol
from scheduler.access import Right
from scheduler.loading.days import midnight
from scheduler.receivers import CATALOGUE, TESTED
from scheduler.topics import Topic

pages = Pages("receivers")

HOME = "/administration/receivers"
ONE = f"{HOME}/{{receiver_id}}"
A_DAY = timedelta(days=1)

STATES: Mapping[DeliveryState, Word] = {
    DeliveryState.DUE: Word(msgid("waits to be sent"), "warn", "○"),
    DeliveryState.SENT: Word(msgid("received"), "good", "✓"),
    DeliveryState.FAILED: Word(msgid("given up"), "bad", "✕"),
    DeliveryState.NOT_AUTHORISED: Word(msgid("may not be seen"), "plain", "⊘"),
    DeliveryState.CANCELLED: Word(msgid("the receiver was removed"), "plain", "✕"),
}
ERRORS: Mapping[str, str] = {
    "address_refused": msgid("the address leads to a network that nothing is sent to"),
    "answer_too_large": msgid("the answer did not end"),
    "bad_answer": msgid("the answer could not be read"),
    "connection": msgid("there was no connection"),
    "internal": msgid("a fault of ours"),
    "interrupted": msgid("the service was stopped meanwhile"),
    "name_unknown": msgid("the name is not known"),
    "redirect": msgid("the receiver sent us elsewhere"),
    "secret_unreadable": msgid("our secret could not be opened"),
    "status": msgid("the receiver did not take it"),
    "timeout": msgid("it took too long"),
    "tls": msgid("the certificate is not right"),
    "token_refused": msgid("we got no token"),
    "url_refused": msgid("nothing is sent to such a URL"),
}
TOPICS: Mapping[Topic, str] = {
    **EVENTS,
    Topic.INVOICE_BASIS_FINAL: msgid("An invoice basis became final"),
    Topic.INVOICE_BASIS_SENT: msgid("The invoice of a basis was sent"),
    Topic.ACCOUNT_PASSWORD_CHANGED: msgid("The password of an account was changed"),
    Topic.ACCOUNT_ADDRESS_CHANGED: msgid("The mail address of an account was changed"),
    Topic.ACCOUNT_SECOND_FACTOR_CHANGED: msgid("The second factor of an account was changed"),
    Topic.ACCOUNT_LOCKED: msgid("An account was locked"),
    Topic.TRIGGER_FIRED: msgid("A trigger fired"),
    TESTED: msgid("The receiver was tried out"),
}
PROTOCOLS: Mapping[Protocol, str] = {
    Protocol.WEBSUB: msgid("signed"),
    Protocol.OAUTH2: msgid("with a token of OAuth2"),
}


class NewReceiverForm(api.NewReceiver):
    """Boxes that are not ticked are not sent."""

    topics: list[Topic] = Field(default=[], max_length=len(Topic))


class ReceiverForm(api.ReceiverGiven):
    """The same for one that there is."""

    topics: list[Topic] = Field(default=[], max_length=len(Topic))


class NewSecretForm(Given):
    """Of an OAuth2 client; the other kind is made here."""

    client_secret: Secret | None = None


class SinceForm(Given):
    """From this day on."""

    since: Day


@pages.get(HOME, api.LOOK)
def receivers_page(call: Call, paging: Annotated[Paging, Query()]) -> Reply:
    """All of them, the removed ones too."""
    page = api.list_receivers(call, paging)
    return render(
        call,
        "receivers/list.html",
        receivers=page.items,
        accounts=names(call, Account, [one.account_id for one in page.items]),
        next=further(paging, page.next),
    )


@pages.get(f"{HOME}/new", api.LOOK)
def new_receiver_page(call: Call) -> Reply:
    """A form for a new one."""
    return render(call, "receivers/new.html", one=None, **_to_choose_from(call))


@pages.post(f"{HOME}/new", api.ADD)
def add_receiver_at_page(call: Call, given: NewReceiverForm) -> Reply:
    """Add one; its secret is shown this once."""
    made = api.add_receiver(call, given)
    if made.secret is None:
        return go_to(f"{HOME}/{made.receiver.id}")
    return render(call, "receivers/secret.html", told=made)


@pages.get("/administration/event-topics", everywhere(Right.MANAGE_RECEIVERS, of=Event))
def event_topics_page(call: Call) -> Reply:
    """What there is to hear of."""
    rights = {right.value: right.sentence for right in Right}
    topics = api.list_event_topics(call).items
    return render(call, "receivers/topics.html", topics=topics, rights=rights, words=TOPICS)


@pages.get(ONE, api.LOOK)
def receiver_page(
    call: Call, receiver_id: UUID, filters: Annotated[log_api.LogFilters, Query()]
) -> Reply:
    """One of them, with its log."""
    one = api.read_receiver(call, receiver_id)
    log = log_api.list_deliveries(call, receiver_id, filters)
    return render(
        call,
        "receivers/one.html",
        one=one,
        account=names(call, Account, [one.account_id]),
        protocols=PROTOCOLS,
        log=log.items,
        asked=filters,
        next=further(filters, log.next),
        **_to_choose_from(call),
        **_words(),
    )


@pages.post(ONE, api.CHANGE, if_match=True)
def change_receiver_at_page(call: Call, receiver_id: UUID, given: ReceiverForm) -> Reply:
    """Another name, address, account, other topics."""
    api.change_receiver(call, receiver_id, given)
    return again()


@pages.post(f"{ONE}/secret", api.CHANGE, if_match=True)
def rotate_receiver_secret_at_page(call: Call, receiver_id: UUID, given: NewSecretForm) -> Reply:
    """Another secret, shown this once."""
    asked = api.Rotation(client_secret=given.client_secret)
    made = api.rotate_receiver_secret(call, receiver_id, asked)
    return again() if made.secret is None else render(call, "receivers/secret.html", told=made)


@pages.post(f"{ONE}/retire-secret", api.CHANGE, if_match=True)
def retire_receiver_secret_at_page(call: Call, receiver_id: UUID) -> Reply:
    """The secret before is worth nothing."""
    api.retire_receiver_secret(call, receiver_id)
    return again()


@pages.post(f"{ONE}/test", api.CHANGE, if_match=True)
def try_out_receiver_at_page(call: Call, receiver_id: UUID) -> Reply:
    """Send it something that says nothing."""
    api.try_out_receiver(call, receiver_id)
    return again()


@pages.post(f"{ONE}/remove", api.REMOVE, if_match=True)
def remove_receiver_at_page(call: Call, receiver_id: UUID) -> Reply:
    """It gets nothing more."""
    api.remove_receiver(call, receiver_id)
    return again()


@pages.post(f"{ONE}/redeliver-failed", api.CHANGE)
def redeliver_failed_at_page(call: Call, receiver_id: UUID, given: SinceForm) -> Reply:
    """Send all again that have failed since that day."""
    since = midnight(ZONE, given.since)
    log_api.redeliver_failed(
        call, receiver_id, log_api.FailedSince.model_validate({"since": since.isoformat()})
    )
    return again()


@pages.get("/administration/deliveries/{delivery_id}", log_api.READ_LOG)
def delivery_page(call: Call, delivery_id: UUID) -> Reply:
    """One message, with each attempt."""
    told = log_api.read_delivery(call, delivery_id)
    return render(call, "receivers/delivery.html", told=told, one=told.delivery, **_words())


@pages.post("/administration/deliveries/{delivery_id}/redeliver", log_api.SEND_AGAIN)
def redeliver_at_page(call: Call, delivery_id: UUID) -> Reply:
    """Send it again at once."""
    log_api.redeliver(call, delivery_id)
    return again()


def _to_choose_from(call: Call) -> dict[str, Any]:
    return {
        "programs": choices(call, Account, Account.kind == AccountKind.API),
        "topics": [(topic, TOPICS[topic]) for topic in CATALOGUE if topic is not TESTED],
    }


def _words() -> dict[str, Any]:
    return {"states": STATES, "errors": ERRORS, "words": TOPICS}
