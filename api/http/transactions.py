"""One request, one transaction: key, caller, command, record and answer are committed together, and only then is it told.

| a change | a look |
| --- | --- |
| the caller, the idempotency key, the command, the record, the stored answer, COMMIT | the caller, the rows, the end of the snapshot |
| then the answer leaves | the record, COMMIT, then the answer leaves |

What is refused leaves nothing behind but the record that it was refused.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.http import recording
from api.http.calls import Call
from api.http.problems import ProblemError, trouble_of
from api.http.replies import Asked, Reply
from api.http.service import Service
from models.database import reading, retried, writing
from scheduler.access import Caller
from scheduler.access.sessions import identify, touch
from scheduler.idempotency import Answered, once
from scheduler.lifecycles import OutdatedError
from scheduler.refusals import RefusedError

CONFLICT = 409


# --- A look -------------------------------------------------------------------------------------------


def look(service: Service, asked: Asked) -> Reply:
    """Read, put on record who was shown, and only then answer."""
    known: list[Caller] = []
    try:
        return retried(lambda: _looked(service, asked, known))
    except (RefusedError, OutdatedError, LookupError) as error:
        recording.put_refusal_on_record(service, asked, known, error)
        raise


def _looked(service: Service, asked: Asked, known: list[Caller]) -> Reply:
    now = service.now()
    with reading(service.engine) as session:
        found = identify(session, recording.token_of(asked), now)
        known[:] = [found.caller]
        asked.policy.require(found.caller)
        call = _call(session, service, asked, found.caller)
        reply = asked.reply(asked.act(call))
        _require_looked(call)
        by = recording.origin(session, asked, found.caller)
    if call.entries or found.touch_due:
        with writing(service.engine) as session:
            recording.put(session, call.entries, by)
            if found.touch_due and found.caller.session_id is not None:
                touch(session, found.caller.session_id, now)
    _shown(service, call)
    return reply


# --- A change -----------------------------------------------------------------------------------------


def change(service: Service, asked: Asked) -> Reply:
    """Do it once, whatever happens to the connection, and answer when it is committed."""
    known: list[Caller] = []
    afterwards: list[Callable[[], object]] = [service.committed]
    try:
        reply = retried(lambda: _changed(service, asked, known, afterwards))
    except (RefusedError, OutdatedError, LookupError, IntegrityError) as error:
        recording.put_refusal_on_record(service, asked, known, error)
        trouble = trouble_of(error)
        if asked.refused_with is None or trouble is None or trouble.status != CONFLICT:
            raise
        trouble.more = dict(_afresh(service, asked))
        raise ProblemError(trouble) from error
    for act in afterwards:
        act()
    return reply


def _changed(
    service: Service, asked: Asked, known: list[Caller], afterwards: list[Callable[[], object]]
) -> Reply:
    now = service.now()
    with writing(service.engine) as session:
        found = identify(session, recording.token_of(asked), now)
        known[:] = [found.caller]
        asked.policy.require(found.caller)
        fresh = once(
            session,
            found.caller.actor,
            asked.key,
            asked.route,
            asked.body,
            sealing=service.vault,
        )
        if isinstance(fresh, Answered):
            return _repeated(fresh)
        call = _call(session, service, asked, found.caller)
        # before the command: it may end the caller's own session
        by = recording.origin(session, asked, found.caller)
        reply = asked.reply(asked.act(call))
        _require_looked(call)
        call.require_unchanged()
        if not call.entries:
            call.entry(recording.table_of(asked.policy), asked.target)
        recording.put(session, call.entries, by)
        if found.touch_due and found.caller.session_id is not None:
            touch(session, found.caller.session_id, now)
        fresh.answer(reply.status, _kept(reply))
    afterwards += call.afterwards
    _shown(service, call)
    return reply


def _kept(reply: Reply) -> bytes:
    """Headers on the first line, then the body: what is asked again gets both."""
    return json.dumps(dict(reply.headers)).encode() + b"\n" + reply.content


def _repeated(answered: Answered) -> Reply:
    headers, _, body = answered.body.partition(b"\n")
    return Reply(body, answered.status, {**json.loads(headers), "Idempotency-Replayed": "true"})


def _afresh(service: Service, asked: Asked) -> Mapping[str, Any]:
    """What is told beside a refusal, as things stand after it."""
    if asked.refused_with is None:
        return {}
    with reading(service.engine) as session:
        caller = identify(session, recording.token_of(asked), service.now()).caller
        return asked.refused_with(_call(session, service, asked, caller))


# --- What both have in common ---------------------------------------------------------------------------


def _call(session: Session, service: Service, asked: Asked, caller: Caller) -> Call:
    return Call(
        session,
        service,
        caller,
        asked.policy,
        asked.knocked,
        service.now(),
        asked.expected,
        asked.fields,
    )


def _require_looked(call: Call) -> None:
    """A route about somebody's part of the organisation that never asked whose it is, is a leak."""
    if call.policy.in_a_part and call.policy.rights and not call.looked:
        raise RuntimeError(f"nobody asked whether {call.policy.of} is the caller's to see")


def _shown(service: Service, call: Call) -> None:
    account_id = call.caller.account_id
    if account_id is not None and service.dossiers.shown(account_id, call.employees, call.now):
        service.metrics.alarms.inc()
