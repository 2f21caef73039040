"""The routes of a kind of record, made from what is declared of it.

    keep(routes, Keeping(record=records.FUNCTION, one="function", many="functions", ...))

makes `GET /functions` and `POST /functions`, and of `/functions/{function_id}` `GET`, `PATCH` and `DELETE`; of
a kind that is archived, `POST .../archive` and `.../restore` instead of the last. What a kind does in a way of its
own, it leaves out here and declares by hand.
"""

import inspect
from collections.abc import Callable, Collection
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query

from api.http import keeping
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.keeping import Keeping
from api.http.shapes import Page
from models.audit import Act

Operation = Literal["list", "read", "add", "change", "end"]
"""`end`: archiving and restoring, or removing."""


def keep(routes: Routes, kept: Keeping, but: Collection[Operation] = ()) -> Keeping:
    """Declare the routes of a kind, `but` for those that it declares by hand."""
    view, key = kept.view, {kept.key: UUID}
    some, one = kept.path, f"{kept.path}/{{{kept.key}}}"
    look, update = kept.looking(), kept.managing(Act.UPDATE)
    if "list" not in but:
        part: Any = Page[view]  # type: ignore[valid-type]
        listed = _made(keeping.page, kept, "list", part, filters=Annotated[kept.filters, Query()])
        routes.get(some, look)(listed)
    if "read" not in but:
        routes.get(one, look)(_made(keeping.read, kept, "read", view, **key))
    if "add" not in but:
        added = _made(keeping.add, kept, "add", view, given=kept.new or kept.given)
        routes.post(some, kept.managing(Act.CREATE), status=201)(added)
    if "change" not in but:
        changed = _made(keeping.change, kept, "change", view, **key, given=kept.changed)
        routes.patch(one, update, if_match=True)(changed)
    if "end" in but:
        return kept
    if kept.record.is_archived:
        archived = _made(keeping.archive, kept, "archive", view, **key)
        restored = _made(keeping.restore, kept, "restore", view, **key)
        routes.post(f"{one}/archive", update, if_match=True)(archived)
        routes.post(f"{one}/restore", update, if_match=True)(restored)
    else:
        removed = _made(keeping.remove, kept, "remove", None, **key)
        routes.delete(one, kept.managing(Act.DELETE), if_match=True, status=204)(removed)
    return kept


SAID = {
    "list": "The {many} that you may see",
    "read": "One of them",
    "add": "Add {a} {one}",
    "change": "Change {a} {one}\n\nWhat is not sent stays as it is.",
    "archive": "Archive {a} {one}\n\nIt is offered no more for what is new. Nothing may lie ahead of it.",
    "restore": "Restore {a} {one}\n\nIt was archived, and is offered again.",
    "remove": "Remove {a} {one}\n\nNothing may name it any more.",
}


def _made(
    act: Callable[..., Any],
    kept: Keeping,
    verb: str,
    returns: Any,  # noqa: ANN401 (a shape, or none)
    **parameters: Any,  # noqa: ANN401 (types)
) -> Callable[..., Any]:
    """A function with a name, a docstring and parameters, as one that is written by hand has them."""

    def made(call: Call, **arguments: Any) -> Any:  # noqa: ANN401 (as declared)
        return act(call, kept, *(arguments[each] for each in parameters))

    one, many = kept.one.replace("_", " "), kept.many.replace("_", " ")
    keyword = inspect.Parameter.KEYWORD_ONLY
    those = [inspect.Parameter(each, keyword) for each in ("call", *parameters)]
    made.__name__ = f"{verb}_{kept.many if verb == 'list' else kept.one}"
    made.__doc__ = SAID[verb].format(a="an" if one[0] in "aeio" else "a", one=one, many=many)
    made.__annotations__ = {**parameters, "return": returns}
    made.__signature__ = inspect.Signature(those)  # type: ignore[attr-defined]
    return made
