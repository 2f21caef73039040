"""What the description of the API says of it as a whole, and of each subject; the operations speak for themselves."""

from collections.abc import Mapping
from typing import Any

from api.http.receiving import RECEIVING

TITLE = "Spreekuur"
SUMMARY = "Appointments for occupational health: requests, options, appointments."
LICENSE = {"name": "MIT", "identifier": "MIT"}
CONTACT = {"name": "Spreekuur contributors"}
SERVERS = [{"url": "/", "description": "the service that this description is of"}]
PROBLEMS = "/docs/problems"
"""Where all codes are listed."""

DESCRIPTION = f"""Appointments for occupational health: requests, options, appointments.

**Who asks.** A program gets a token by `POST /oauth/token` (client credentials, the six digits of the moment behind
the secret) and sends it as `Authorization: Bearer`. It lasts a quarter of an hour. What may be done is said by the
role, and for whom by the group: whatever lies in another part of the organisation answers as what is not there.

**Changes.** Every change needs an `Idempotency-Key`, a new one for each thing that is to be done. Send the same one
when you ask again: it is done once, and the answer that was given comes back with `Idempotency-Replayed: true`. Keys
are kept for seven days. What can be changed has an `ETag`, its `version` in quotes; give it back as `If-Match`. Where
somebody else was faster the answer is 412: read it again.

**Lists** come in parts, of 50 unless `page_size` says otherwise. Where there is more, `next` says where it goes on:
send it as `cursor`, with the same filters. A list may grow meanwhile; nothing comes twice.

**Days and instants.** An instant has a zone or an offset (`2027-03-01T09:00:00+01:00`), and is answered in UTC. A period
of days does not include its last one: from 20 until 21 July is 20 July only.

**Problems** are `application/problem+json` (RFC 9457). `code` does not change and is for programs ([all
codes]({PROBLEMS})), `detail` is for people. `refusals` has all reasons against what was asked, `errors` all fields that
cannot be taken. A field or a parameter that is not described here is refused. Where `Retry-After` is given, it may
go well a little later.

{RECEIVING}"""

TAGS: Mapping[str, str] = {
    "session": "Logging in and out, at a page.",
    "oauth": "Tokens for programs: client credentials (RFC 6749), and acting for a user by token exchange (RFC 8693).",
    "me": "Your own account: what you may do, your password, address and second factor.",
    "deputies": "Who acts for a user in a period.",
    "accounts": "Users and programs, and what each may do for whom.",
    "roles": "What accounts may do: sets of rights.",
    "groups": "For whom accounts may do it: parts of the organisation.",
    "requests": "What is asked for: requests, what is possible for each, holding a place, booking one.",
    "cases": "The files that appointments belong to.",
    "appointments": "What has been planned, and what becomes of it: moved, held, missed, cancelled.",
    "agreements": "What an employer pays for what: agreements, contract models, prices.",
    "billing": "What was performed: on invoice bases, from budgets, and reimbursed to suppliers.",
    "organisation": "The client organisation: employers, establishments, departments, contact persons.",
    "people": "Those who are seen: employees, and where they work.",
    "practice": "Who sees them, and where: practitioners, functions, locations.",
    "types": "Kinds of consultation, and kinds of case.",
    "agenda": "Who is where, and what is planned, over some days.",
    "preferences": "What planning prefers, in which order.",
    "availabilities": "When which practitioner is where, and for what.",
    "series": "Availabilities that come again and again.",
    "absences": "When a practitioner is away.",
    "own-calendars": "Calendars that practitioners keep elsewhere: nothing is planned while they are busy there.",
    "exclusions": "Which practitioner may not see which employee.",
    "holidays": "Days that the organisation adds to the public holidays, or drops from them.",
    "employments": "When somebody leaves, and what then becomes of his appointments.",
    "runs": "Planning runs: how far, how good, and what became of each request.",
    "triggers": "What happens by itself: an event, conditions, an action; and what came of it.",
    "tasks": "What triggers leave for a person to do.",
    "parameters": "The settings of the organisation.",
    "mail": "Templates, reminders, mail servers and senders; what was mailed, to whom, and what became of it.",
    "receivers": "Webhooks: who gets them, of what, and what became of each.",
    "feeds": "Private calendars to subscribe to: the appointments of a practitioner, or at a location.",
    "audit": "Who saw or changed what of whom.",
    "operation": "For whoever runs the service.",
}
"""Subject by subject, in the order of the routes."""

STATUSES: Mapping[str, tuple[str, ...]] = {
    "400": ("A token in the address", "token_in_url"),
    "401": ("Nobody we know", "invalid_token", "WWW-Authenticate"),
    "403": ("Not allowed", "right_missing"),
    "404": ("Not there, or not yours to see", "not_found"),
    "409": ("Against the rules as things stand", "slot_taken"),
    "412": ("Changed meanwhile", "outdated"),
    "413": ("Too large", "body_too_large"),
    "415": ("Not in the media type that is wanted", "unsupported_media_type"),
    "422": ("Malformed", "invalid_input"),
    "428": ("Without If-Match", "version_missing"),
    "429": ("Too many wrong tries", "too_many_attempts", "Retry-After"),
    "503": ("Busy: try again", "busy", "Retry-After"),
}
"""What a problem of each status means, a code that it may have, and headers that it comes with."""

HEADERS: Mapping[str, tuple[str, str]] = {
    "X-Request-Id": (
        "the id by which our log knows the request",
        "01930d7c8f1b7a5d8d123f0b9a62c71e",
    ),
    "ETag": ("the version, to be given back as `If-Match`", '"3"'),
    "Idempotency-Replayed": ("this was done before, by the same `Idempotency-Key`", "true"),
    "Retry-After": ("seconds to wait before asking again", "1"),
    "WWW-Authenticate": ("how to say who you are", 'Bearer realm="spreekuur"'),
}
"""Headers of answers."""

REFUSED: Mapping[str, Any] = {"responses": {"409": {"$ref": "#/components/responses/Problem409"}}}
"""Of a look that a rule may refuse: how the thing stands, there is nothing to be shown."""
