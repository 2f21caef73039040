"""The sentence of each code, in English: the msgids are where the codes are raised, here they are brought together."""

from collections.abc import Iterable, Mapping, Sequence
from string import Formatter
from typing import Any

from pydantic_core import to_jsonable_python

from api import words
from scheduler import (
    agenda,
    agreements,
    appointments,
    billing,
    feeds,
    intake,
    invitations,
    lifecycles,
    mail,
    receivers,
    records,
    triggers,
)
from scheduler.access import denied
from scheduler.booking import kept
from scheduler.planning import asking, taking_back
from scheduler.refusals import Refusal

OUR_OWN: Mapping[str, str] = {
    # of requests that are malformed
    "malformed_json": "the body is no JSON that can be taken: {why}",
    "malformed_form": "the form cannot be read: load the page again",
    "body_too_large": "a body has at most {most} bytes",
    "unsupported_media_type": "the body must be {wanted}",
    "unknown_field": "there is no such field: {fields}",
    "unknown_parameter": "there is no such parameter: {fields}",
    "invalid_parameter": "a parameter cannot have this value: {fields}",
    "invalid_input": "a field cannot have this value: {fields}",
    "invalid_cursor": "this is no cursor of this list: take the one that the last answer gave as `next`",
    "invalid_value": "a value is none that can be kept",
    "token_in_url": "a token in the address is in the logs of everybody on the way: it is revoked; send it in the Authorization header",
    "idempotency_key_missing": "send an Idempotency-Key: a new one for each thing that you want done, the same when you ask again",
    "idempotency_key_invalid": "an Idempotency-Key has 1 to {longest} plain characters",
    "idempotency_key_reused": "this Idempotency-Key was used for another request",
    "request_in_progress": "the first request with this Idempotency-Key is still going on",
    "version_missing": "send If-Match with the ETag that you have read",
    "version_malformed": "If-Match is one ETag, as it was read",
    "outdated": "it was changed meanwhile: read it again",
    # of who asks
    "csrf_failed": "this page is of an earlier log-in: load it again (a program sends X-CSRF-Token, as /api/v1/me gives it)",
    # of what there is
    "method_not_allowed": "this cannot be done here",
    "unsupported_grant_type": "this kind of grant is not offered",
    "invalid_request": "{why}",
    # of the service
    "busy": "the service is busy: try again",
    "unavailable": "the service cannot reach what it needs: try again",
    "storage_full": "there is no room left to store anything",
    "invalid_characters": "a text has characters that it cannot have: {fields}",
    "audit_unavailable": "this cannot be put on record, and so is not done",
    "internal_error": "something went wrong here; it is in our log under the request's id",
    # of the database
    "conflict": "this contradicts what there is",
    # several at once
    "refused": "there are several reasons against it",
    "slot_taken": "this time has just been taken",
    "appointment_locked": "the appointment is invoiced: all that can be done is to mark it lapsed",
}
GUARDS: Mapping[str, str] = {
    "availability_capacity": "too many availabilities at this location at once",
    "disturbs_appointments": "planned appointments would be left without a place",
}
"""Of a guard of the database, which knows the rule and no more."""

TABLES: Sequence[Mapping[str, str]] = (
    intake.MESSAGES,
    appointments.MESSAGES,
    agreements.MESSAGES,
    billing.MESSAGES,
    words.MESSAGES,
    lifecycles.MESSAGES,
    kept.MESSAGES,
    denied.MESSAGES,
    agenda.MESSAGES,
    records.MESSAGES,
    triggers.MESSAGES,
    receivers.MESSAGES,
    mail.MESSAGES,
    invitations.MESSAGES,
    feeds.MESSAGES,
    asking.MESSAGES,
    taking_back.MESSAGES,
    GUARDS,
    OUR_OWN,
)
"""One line for each table of messages. A code of two of them is told by the first whose holes are filled:
intake and the agenda refuse by the same rules, and do not name the same."""

MESSAGES: Mapping[str, str] = {code: one[code] for one in reversed(TABLES) for code in one}
"""Of each code, the first sentence."""


class _Holes(dict[str, Any]):
    """A sentence with a hole that nothing fills is still a sentence."""

    def __missing__(self, key: str) -> str:
        return "…"


def text_of(code: str, params: Mapping[str, object]) -> str:
    """The sentence, its holes filled; the code itself where nobody has written one."""
    shown = {name: _shown(value) for name, value in params.items()}
    return sentence_of(code, params).format_map(_Holes(shown))


def sentence_of(code: str, params: Mapping[str, object]) -> str:
    """The sentence with its holes, to be translated before they are filled."""
    sentences = [table[code] for table in TABLES if code in table] or [code]
    whole = (one for one in sentences if _holes(one) <= params.keys())
    return next(whole, sentences[-1])


def sentences() -> Mapping[str, str]:
    """All codes, each with its sentence."""
    return {code: text_of(code, {}) for code in sorted(MESSAGES)}


def _holes(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def told(refusals: Iterable[Refusal]) -> list[dict[str, Any]]:
    """As an answer lists them."""
    return [
        {"code": one.code, "params": plain(one.params), "text": text_of(one.code, one.params)}
        for one in refusals
    ]


def plain(params: Mapping[str, object]) -> Any:  # noqa: ANN401 (JSON)
    """What a refusal names, as JSON."""
    return to_jsonable_python(dict(params), fallback=str)


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(
            sorted(map(str, value)) if isinstance(value, (set, frozenset)) else map(str, value)
        )
    return str(value)
