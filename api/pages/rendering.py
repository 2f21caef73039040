"""Templates, filled in: in the reader's language, with what he may do, and nothing that a browser would load from elsewhere."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from pydantic_core import to_json
from sqlalchemy import select

from api.http.calls import Call
from api.http.knocking import csrf_token
from api.http.problems import Trouble
from api.http.replies import Reply
from api.http.texts import sentence_of
from api.languages import LANGUAGES, ZONE, Language, accepted, language
from api.pages.faults import fault
from api.pages.navigation import Entry, entries
from api.pages.words import worded
from models.access import Account
from scheduler.access import Caller
from scheduler.refusals import Refusal

SECURE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline, in nobody's frame (T24)."""
STATIC = files("api") / "pages" / "static"


@dataclass(frozen=True)
class Reader:
    """Who reads the page: his language, his name, what he may, and where he can go."""

    language: Language
    name: str = ""
    acts_for: str | None = None
    caller: Caller | None = None
    csrf: str = ""
    entries: tuple[Entry, ...] = ()

    def may(self, *rights: str) -> bool:
        """Whether he holds one of them, to be offered what it allows."""
        return self.caller is not None and any(right in self.caller.rights for right in rights)


def render(call: Call, template: str, *, status: int = 200, **what: Any) -> Reply:  # noqa: ANN401 (whatever the template shows)
    """The page, for whoever is logged in."""
    told = _filled(template, reader(call), path=call.knocked.path, **what)
    return Reply(told.encode(), status, {"Content-Security-Policy": SECURE})


def reader(call: Call) -> Reader:
    caller = call.caller
    accounts = {key for key in (caller.account_id, caller.on_behalf_of_id) if key is not None}
    query = select(Account.id, Account.name, Account.language).where(Account.id.in_(accounts))
    known: dict[UUID | None, tuple[str, str | None]] = {
        key: (name, chosen) for key, name, chosen in call.session.execute(query)
    }
    name, chosen = known.get(caller.account_id, ("", None))
    other = known.get(caller.on_behalf_of_id)
    return Reader(
        language(chosen) if chosen else accepted(call.knocked.languages),
        name,
        other[0] if other else None,
        caller,
        csrf_token(call.knocked.token or ""),
        entries(caller),
    )


def bare(request: Request, template: str, *, spoken: str | None = None, **what: Any) -> str:  # noqa: ANN401 (whatever the template shows)
    """A page for whom nobody knows: before the log-in, or where something is wrong. `spoken`: by whom it is meant for."""
    chosen = spoken or request.query_params.get("language")
    asked = request.headers.get("accept-language", "")
    reads = Reader(language(chosen) if chosen else accepted(asked))
    return _filled(template, reads, path=request.url.path, **what)


def outside(request: Request, template: str, *, status: int = 200, **what: Any) -> Reply:  # noqa: ANN401 (whatever the template shows)
    """The same as an answer."""
    told = bare(request, template, **what)
    return Reply(told.encode(), status, {"Content-Security-Policy": SECURE})


def _filled(template: str, reads: Reader, **what: Any) -> str:  # noqa: ANN401 (whatever the template shows)
    return _environment().get_template(template).render(reader=reads, **what)


# --- The words of the templates -------------------------------------------------------------------------


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("api.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    made.globals.update(
        _=pass_context(_text),
        _n=pass_context(_texts),
        fault=fault,
        reasons=pass_context(_reasons),
        sentence=pass_context(_sentence),
        static=static,
        LANGUAGES=LANGUAGES,
        a_day=timedelta(days=1),
    )
    made.filters.update(
        day=pass_context(lambda context, value, *how: _of(context).day(value, *how)),
        moment=pass_context(_moment),
        clock=pass_context(lambda context, value, zone=ZONE: _of(context).time(there(value, zone))),
        number=pass_context(lambda context, value: _of(context).number(value)),
        money=pass_context(lambda context, cents: _of(context).money(cents)),
        json=partial(_json),
    )
    return made


def _of(context: Context) -> Language:
    reads: Reader = context["reader"]
    return reads.language


def _text(context: Context, sentence: str, /, **holes: object) -> str:
    return _of(context).text(sentence, **holes)


def _texts(context: Context, one: str, several: str, n: int, /, **holes: object) -> str:
    return _of(context).texts(one, several, n, **holes)


def _moment(context: Context, at: datetime, zone: str = ZONE, *how: str) -> str:
    return _of(context).moment(there(at, zone), *how)


def _sentence(context: Context, code: str, **params: object) -> str:
    """What a refusal, a rule or a problem says."""
    return _of(context).text(sentence_of(code, params), **worded(params))


def _reasons(context: Context, trouble: Trouble) -> list[str]:
    """Of a problem all reasons, or itself where it has none."""
    refusals = trouble.refusals or [Refusal(trouble.code, dict(trouble.params))]
    return [_sentence(context, one.code, **one.params) for one in refusals]


def there(at: datetime, zone: str) -> datetime:
    """An instant as the clocks of that zone show it."""
    return at.astimezone(ZoneInfo(zone))


def _json(value: object) -> str:
    """For an attribute that a script reads; escaped as any other text."""
    return to_json(value, fallback=str).decode()


@cache
def static(name: str) -> str:
    """The address of a file of ours, which is another one when the file is."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"
