"""Templates and default reminders, as records: what is asked before one is written. Domain §6 [000 §2.1.1, §3.1.13.1]."""

from collections.abc import Iterable

from sqlalchemy import false, select

from models.merging import FIELDS, unknown
from models.messages import Channel, DefaultReminder, Sender, Template
from scheduler.records.ahead import Ahead
from scheduler.records.lists import Listed
from scheduler.records.record import Draft, Record
from scheduler.refusals import Refusal

UNKNOWN_FIELD = "unknown_merge_field"
NO_DEFAULT_TEXT = "default_text_missing"
NOT_VERIFIED = "sender_not_verified"
NO_CHANNEL = "channel_not_offered"
DEFAULT_LANGUAGE = "nl"
"""Every template has it: whoever reads another language that is not there gets this one."""


def fields_known(draft: Draft) -> Iterable[Refusal]:
    """Whatever looks like a field is one (T19)."""
    found = {
        field
        for text in draft.after.get("texts", ())
        for part in (text["subject"], text["body"])
        for field in unknown(part)
    }
    if found:
        yield Refusal(UNKNOWN_FIELD, {"fields": sorted(found), "known": list(FIELDS)})


def says_it_by_default(draft: Draft) -> Iterable[Refusal]:
    if DEFAULT_LANGUAGE not in {text["language"] for text in draft.after.get("texts", ())}:
        yield Refusal(NO_DEFAULT_TEXT, {"language": DEFAULT_LANGUAGE})


def sender_verified(draft: Draft) -> Iterable[Refusal]:
    key = draft.after.get("sender_id")
    if key is not None and draft.gets("sender_id"):
        verified = select(Sender.verified_at).where(Sender.id == key)
        if draft.session.scalar(verified) is None:
            yield Refusal(NOT_VERIFIED)


def channel_offered(draft: Draft) -> Iterable[Refusal]:
    if draft.after["channel"] != Channel.EMAIL and draft.gets("channel"):
        yield Refusal(NO_CHANNEL, {"channel": str(draft.after["channel"])})


TEMPLATE = Record(
    table=Template,
    lists=(Listed("texts", "template_texts", "template_id", ("language", "subject", "body")),),
    checks=(fields_known, says_it_by_default, sender_verified),
)
DEFAULT_REMINDER = Record(
    table=DefaultReminder,
    checks=(channel_offered,),
    # nothing lies ahead: reminders that are made already are sent as they were meant
    ahead=Ahead(lambda _: false(), lambda _: false()),
)
