"""The rules, asked early: what speaks against a request is said while its form is being filled in. Domain §3."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError, create_model

from api.http import keeping
from api.http.calls import Call
from api.http.problems import Reason
from api.http.replies import Reply
from api.http.routes import intake
from api.http.shapes import Given
from api.http.wishes import Content, NewRequest
from api.pages.declaring import Pages
from api.pages.names import names
from api.pages.rendering import render
from api.pages.requests import readable
from api.pages.routes.request_forms import LOOK, EditForm, NewForm
from models.consultations import ConsultationType
from models.requests import AppointmentRequest

pages = Pages("requests")


def _half(shape: type[Given]) -> type[Given]:
    """While it is being filled in: anything may be missing, and a day is half typed."""
    days: Any = dict.fromkeys(("from_day", "until_day", "requested_on"), (str | None, None))
    return create_model(f"Half{shape.__name__}", __base__=keeping.partial(shape), **days)


HalfNew = _half(NewForm)
HalfEdited = _half(EditForm)


@pages.ask("/requests/new/check", LOOK)
def check_new_at_page(call: Call, given: HalfNew) -> Reply:  # type: ignore[valid-type]
    """What speaks against it as it is filled in so far."""
    call.seen(AppointmentRequest)
    sent = _whole(NewRequest, given)
    return _checked(call, sent, intake.check_request(call, sent).refusals if sent else ())


@pages.ask("/requests/{request_id}/edit/check", LOOK)
def check_edited_at_page(call: Call, request_id: UUID, given: HalfEdited) -> Reply:  # type: ignore[valid-type]
    """The same for one that is edited."""
    call.one(AppointmentRequest, request_id)
    sent = _whole(Content, given)
    told = intake.check_change(call, request_id, sent).refusals if sent else ()
    return _checked(call, sent, told)


Whole = TypeVar("Whole", bound=Content)


def _whole(shape: type[Whole], given: Given) -> Whole | None:
    """What was filled in, as the API takes it; nothing while something is missing, or half typed."""
    try:
        return shape.model_validate(
            given.model_dump(mode="json", exclude_none=True, exclude={"then"})
        )
    except ValidationError:
        return None


def _checked(call: Call, sent: Content | None, told: Sequence[Reason]) -> Reply:
    kind = None if sent is None else sent.consultation_type_id
    name = names(call, ConsultationType, [kind]).get(kind) if kind else None
    return render(
        call,
        "requests/checked.html",
        refusals=[(one.code, _named(readable(one.params), name)) for one in told],
    )


def _named(params: dict[str, Any], kind: str | None) -> dict[str, Any]:
    """A type is known by its name here, and not by its code."""
    return params | {"type": kind} if kind and "type" in params else params
