"""What holds for the whole organisation: the product parameters, and the order of the preferences. Domain §§3, 4."""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import select

from api.http.calls import Call
from api.http.policies import everywhere
from api.http.replies import Reply
from api.http.routes import parameters as api
from api.http.routes.records import preferences as preferences_api
from api.http.shapes import Given, Line
from api.pages.administration.labels import PARAMETERS, WORDS
from api.pages.answers import again
from api.pages.declaring import Pages
from api.pages.names import types_in
from api.pages.rendering import reader, render
from models.audit import Act
from models.consultations import ConsultationType
from models.settings import Criterion, Preference, ProductParameter
from scheduler import parameters
from scheduler.access import Right

pages = Pages("settings")

ORDER = everywhere(Right.ORDER_PREFERENCES, of=Preference)


class ValueForm(Given):
    """As it is typed; nothing: empty."""

    value: Line | None = None


@pages.get("/administration/parameters", everywhere(Right.MANAGE_PARAMETERS, of=ProductParameter))
def parameters_page(call: Call) -> Reply:
    """All of them, each with its own form."""
    declared = {(one.category, one.code): one.kind for one in parameters.PARAMETERS}
    return render(
        call,
        "settings/parameters.html",
        parameters=api.list_parameters(call).items,
        kinds={name: type(kind).__name__ for name, kind in declared.items()},
        limits=declared,
        meanings=PARAMETERS,
        types=_types(call),
    )


@pages.post(
    "/administration/parameters/{category}/{code}",
    everywhere(Right.MANAGE_PARAMETERS, of=ProductParameter, act=Act.UPDATE),
)
def set_parameter_at_page(
    call: Call, category: api.Name, code: api.Name, given: ValueForm
) -> Reply:
    """Set one of them."""
    default = next((one.default for one in parameters.PARAMETERS if one.code == code), "")
    api.set_parameter(call, category, code, api.NewValue(value=_meant(given.value or "", default)))
    return again()


def _meant(text: str, default: object) -> Any:  # noqa: ANN401 (of the default's kind)
    """What was typed, as the kind of the default; else as it is, to be refused."""
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text, text)
    is_number = isinstance(default, int) and text.isascii() and text.isdigit()
    return int(text) if is_number else text


def _types(call: Call) -> Sequence[tuple[str, str]]:
    """Those in use, by their codes."""
    names = types_in(reader(call).language).subquery()
    query = select(ConsultationType.code, names.c.name).join(
        names, names.c.id == ConsultationType.id
    )
    found = call.session.execute(query.where(ConsultationType.archived_at.is_(None)))
    return sorted(((code, name) for code, name in found), key=lambda one: one[1].casefold())


# --- The order of the preferences -------------------------------------------------------------------------


class Moved(Given):
    """A criterion, a step up or down, out of the order or into it."""

    criterion: Criterion
    how: Literal["up", "down", "out", "in"]


@pages.get("/administration/preferences", ORDER)
def preferences_page(call: Call) -> Reply:
    """What planning prefers, in order."""
    return _order(call, "settings/preferences.html", None)


@pages.post(
    "/administration/preferences",
    everywhere(Right.ORDER_PREFERENCES, of=Preference, act=Act.UPDATE),
)
def order_preferences_at_page(call: Call, given: Moved) -> Reply:
    """Move one of them."""
    before = preferences_api.read_preferences(call).order
    new = preferences_api.NewOrder(order=moved(before, given.criterion, given.how))
    preferences_api.order_preferences(call, new)
    return _order(call, "settings/order.html", given)


def moved(order: Sequence[Criterion], one: Criterion, how: str) -> list[Criterion]:
    """The order with this one a step further; at the end of it nothing happens."""
    others = [each for each in order if each is not one]
    if how == "out":
        return others
    if one not in order:
        return [*others, one]
    place = order.index(one) + {"up": -1, "down": 1, "in": 0}[how]
    return [*others[: max(place, 0)], one, *others[max(place, 0) :]]


def _order(call: Call, template: str, moved_: Moved | None) -> Reply:
    found = preferences_api.read_preferences(call)
    return render(
        call, template, order=found.order, left_out=found.left_out, words=WORDS, moved=moved_
    )
