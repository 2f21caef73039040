"""The sentence of each code, in English: the msgids are where the codes are raised, here they are brought together."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from scheduler import lifecycles
from scheduler.access import denied
from scheduler.refusals import Refusal
from solver.rules import RULES

OUR_OWN: Mapping[str, str] = {
    # of requests that are malformed
    "malformed_json": "the body is no JSON that can be taken: {why}",
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
    "csrf_failed": "send X-CSRF-Token, as /api/v1/me gives it",
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
BOOKING: Mapping[str, str] = {
    "no_such_request": "there is no such request",
    "no_such_availability": "there is no such availability any more",
    "availability_capacity": "too many availabilities at this location at once",
}

MESSAGES: Mapping[str, str] = {
    **{rule.code: rule.message for rule in RULES},
    **lifecycles.MESSAGES,
    **denied.MESSAGES,
    **BOOKING,
    **OUR_OWN,
}
"""One line for each table of messages."""


class _Holes(dict[str, Any]):
    """A sentence with a hole that nothing fills is still a sentence."""

    def __missing__(self, key: str) -> str:
        return "…"


def text_of(code: str, params: Mapping[str, object]) -> str:
    """The sentence, its holes filled; the code itself where nobody has written one."""
    return MESSAGES.get(code, code).format_map(_Holes({k: _shown(v) for k, v in params.items()}))


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
