"""Each kind of record as a list and a form: the same for all, made of what `api.pages.administration.kinds` declares."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query

from api.http import keeping
from api.http.calls import Call
from api.http.calls import fields_of as fields_for_record
from api.http.keeping import Keeping
from api.http.replies import Reply
from api.http.shapes import Given, View
from api.pages.administration.fields import fields_of
from api.pages.administration.forming import form, known_names, told
from api.pages.administration.kinds import KINDS, Kind, plainly
from api.pages.administration.lines import lines
from api.pages.answers import go_to
from api.pages.declaring import Pages
from api.pages.names import names
from api.pages.rendering import reader, render
from api.pages.words import msgid
from models.audit import Act
from models.consultations import ConsultationType

pages = Pages("administration")

SAVED = msgid("Saved.")


class Prefilled(Given):
    """To what a new one belongs."""

    employer_id: UUID | None = None
    establishment_id: UUID | None = None
    parent_id: UUID | None = None


# --- What the pages do ----------------------------------------------------------------------------------


def list_page(call: Call, kind: Kind, filters: Any) -> Reply:  # noqa: ANN401 (of this kind)
    """A part of the list."""
    call.fields = fields_for_record(kind.keeping.view)
    page = keeping.page(call, kind.keeping, filters)
    of_what = kind.filtered(filters)
    fields = [one for one in fields_of(kind.new) if one.name in of_what]
    known = known_names(call, fields, [of_what])
    spoken = reader(call).language
    return render(
        call,
        "administration/list.html",
        kind=kind,
        filters=filters,
        lines=lines(call, kind, page.items),
        of_what=of_what,
        of_whom=", ".join(told(spoken, one, of_what[one.name], known) for one in fields),
        next=_next(filters, page.next),
    )


def new_page(call: Call, kind: Kind, prefilled: Prefilled) -> Reply:
    """An empty form."""
    call.seen(kind.keeping.table)
    values = prefilled.model_dump(exclude_none=True)
    return render(
        call,
        "administration/new.html",
        one=kind.one,
        many=kind.many,
        back=kind.path,
        action=f"{kind.path}/new",
        shows=False,
        form=form(call, kind.new, values),
    )


def record_page(call: Call, kind: Kind, key: UUID) -> Reply:
    """One of them, to be read or changed."""
    call.fields = fields_for_record(kind.keeping.view)
    return shown(call, kind, keeping.read(call, kind.keeping, key), "administration/record.html")


def change(call: Call, kind: Kind, key: UUID, given: Given) -> Reply:
    """All of the form counts: what is empty there is empty."""
    return saved(call, kind, put(call, kind.keeping, key, given))


def put(call: Call, kept: Keeping, key: UUID, given: Given) -> Any:  # noqa: ANN401 (of this kind)
    """What differs from what there is; only that is put on record as changed."""
    values = given.model_dump()
    row = call.session.get(kept.table, key)
    # whether it is his to see, and in which version, the change itself asks
    before = keeping.shown(call, kept, [row])[0].model_dump() if row is not None else {}
    changed = {name: value for name, value in values.items() if before.get(name) != value}
    return keeping.change(call, kept, key, kept.changed.model_validate(changed))


def saved(call: Call, kind: Kind, record: View) -> Reply:
    """As it is now, and that it is so."""
    return said(call, shown(call, kind, record, "administration/part.html", saved=True), SAVED)


def said(call: Call, reply: Reply, sentence: str) -> Reply:
    """With a sentence that is read aloud, and shown for a while."""
    told = reader(call).language.text(sentence)
    return replace(reply, headers={**reply.headers, "HX-Trigger": json.dumps({"said": told})})


def shown(call: Call, kind: Kind, record: Any, template: str, *, saved: bool = False) -> Reply:  # noqa: ANN401 (of this kind)
    """A record: a form for whoever manages it, facts for whoever only looks."""
    values = record.model_dump()
    manages = call.caller.may(kind.keeping.manage)
    facts = kind.fixed if manages else plainly(fields_of(kind.new))
    known = known_names(call, facts, [values])
    spoken = reader(call).language
    return render(
        call,
        template,
        kind=kind,
        record=record,
        name=_called(call, kind, values),
        facts=[(one.label, told(spoken, one, values.get(one.name), known)) for one in facts],
        form=form(call, kind.keeping.given, values) if manages else None,
        links=kind.links(call.caller, record.id),
        saved=saved,
    )


def _called(call: Call, kind: Kind, values: Mapping[str, Any]) -> str:
    own = str(values[kind.called])
    if kind.keeping.table is not ConsultationType:
        return own
    return names(call, ConsultationType, [values["id"]]).get(values["id"], own)


def _next(filters: Any, cursor: str | None) -> str | None:  # noqa: ANN401 (of any kind)
    """The address of the next part: the same filters, and where it goes on."""
    if cursor is None:
        return None
    asked = filters.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return urlencode({**asked, "cursor": cursor})


# --- The routes of a kind -------------------------------------------------------------------------------


def administer(kind: Kind) -> None:
    """Declare them: the list, the form of a new one, one of them, and what can be done to it."""
    kept, one = kind.keeping, f"{kind.path}/{{record_id}}"
    update = kept.managing(Act.UPDATE)

    def listed(call: Call, filters: Any) -> Reply:  # noqa: ANN401 (of this kind)
        return list_page(call, kind, filters)

    def new(call: Call, prefilled: Annotated[Prefilled, Query()]) -> Reply:
        return new_page(call, kind, prefilled)

    def added(call: Call, given: Any) -> Reply:  # noqa: ANN401 (of this kind)
        made: Any = keeping.add(call, kept, given)
        return go_to(f"{kind.path}/{made.id}")

    def read(call: Call, record_id: UUID) -> Reply:
        return record_page(call, kind, record_id)

    def changed(call: Call, record_id: UUID, given: Any) -> Reply:  # noqa: ANN401 (of this kind)
        return change(call, kind, record_id, given)

    listed.__annotations__["filters"] = Annotated[kept.filters, Query()]
    added.__annotations__["given"] = kind.new
    changed.__annotations__["given"] = kept.given
    pages.get(kind.path, kept.looking())(
        _named(listed, kept, "list", "The {many} that you may see")
    )
    pages.get(f"{kind.path}/new", kept.managing(Act.READ))(_named(new, kept, "new", "A form"))
    pages.post(f"{kind.path}/new", kept.managing(Act.CREATE))(_named(added, kept, "add", "Add one"))
    pages.get(one, kept.looking())(_named(read, kept, "read", "One of them"))
    pages.post(one, update, if_match=True)(_named(changed, kept, "change", "Change it"))
    end(kind, one)


def end(kind: Kind, one: str) -> None:
    """Archiving and restoring, or removing."""
    kept = kind.keeping
    update = kept.managing(Act.UPDATE)

    def archived(call: Call, record_id: UUID) -> Reply:
        return saved(call, kind, keeping.archive(call, kept, record_id))

    def restored(call: Call, record_id: UUID) -> Reply:
        return saved(call, kind, keeping.restore(call, kept, record_id))

    def removed(call: Call, record_id: UUID) -> Reply:
        keeping.remove(call, kept, record_id)
        return go_to(kind.path)

    if kind.is_archived:
        for verb, act in (("archive", archived), ("restore", restored)):
            pages.post(f"{one}/{verb}", update, if_match=True)(
                _named(act, kept, verb, f"{verb.capitalize()} it")
            )
    else:
        delete = kept.managing(Act.DELETE)
        pages.post(f"{one}/remove", delete, if_match=True)(
            _named(removed, kept, "remove", "Remove it")
        )


def _named(act: Any, kept: Keeping, verb: str, doc: str) -> Any:  # noqa: ANN401 (a function)
    """A name of its own, and a docstring, as one that is written by hand has them."""
    act.__name__ = f"{verb}_{kept.many if verb == 'list' else kept.one}_page"
    act.__doc__ = f"{doc.format(many=kept.many.replace('_', ' '))}."
    return act


for each in KINDS:
    administer(each)
