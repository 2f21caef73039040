"""The product parameters. Domain §§1, 3, 4."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import Field, StrictBool, StrictInt

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import everywhere
from api.http.shapes import Given, View
from models.audit import Act
from models.settings import ProductParameter
from scheduler import parameters
from scheduler.access import Right
from scheduler.access.denied import NotFoundError

routes = Routes("parameters")


class ParameterView(View):
    """A setting of the organisation, as it is now."""

    category: str
    code: str
    value: bool | int | str
    default: bool | int | str
    meaning: str


class Parameters(View):
    """All of them."""

    items: list[ParameterView]


class NewValue(Given):
    """Of the same kind as its default."""

    value: StrictBool | StrictInt | Annotated[str, Field(max_length=200)]


Name = Annotated[str, Path(max_length=100, pattern=r"^[A-Za-z]+$")]


@routes.get("/parameters", everywhere(Right.MANAGE_PARAMETERS, of=ProductParameter))
def list_parameters(call: Call) -> Parameters:
    """All product parameters."""
    return Parameters(items=[_view(call, one) for one in parameters.PARAMETERS])


@routes.put(
    "/parameters/{category}/{code}",
    everywhere(Right.MANAGE_PARAMETERS, of=ProductParameter, act=Act.UPDATE),
)
def set_parameter(call: Call, category: Name, code: Name, given: NewValue) -> ParameterView:
    """Set one of them."""
    for one in parameters.PARAMETERS:
        if (one.category, one.code) == (category, code):
            if type(given.value) is not type(one.default):
                raise parameters.ParameterError(one, given.value, type(one.default).__name__)
            parameters.put(call.session, one, given.value)
            call.session.flush()
            return _view(call, one)
    raise NotFoundError


def _view(call: Call, one: parameters.Parameter[Any]) -> ParameterView:
    return ParameterView(
        category=one.category,
        code=one.code,
        value=parameters.value(call.session, one),
        default=one.default,
        meaning=one.meaning,
    )
