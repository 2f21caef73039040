"""How a route is declared: a path, a policy and a function; all that is the same for every route is done here.

    routes = Routes("roles")

    @routes.get("/roles/{role_id}", everywhere(Right.MANAGE_ROLES, of=Role))
    def read_role(call: Call, role_id: UUID) -> RoleView:
        ...

`get` looks, `post`, `put` and `delete` change, `ask` looks by POST, `door` lets in. The function's name is the operation's id
and its docstring the description.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypedDict, TypeVar, Unpack, get_type_hints
from uuid import UUID

from fastapi import FastAPI, Request
from pydantic import BaseModel

from api.http.calls import fields_of
from api.http.faces import JSON, Face
from api.http.knocking import Knock
from api.http.policies import Policy
from api.http.replies import Reply
from api.http.service import Service
from api.http.strict import MOST_BYTES
from models.audit import Act

PREFIX = "/api/v1"

Handler = TypeVar("Handler", bound=Callable[..., Any])
Told = Callable[..., Mapping[str, Any]]


class Undeclared(RuntimeError):  # noqa: N818 (what it is)
    """A route that says not who may use it."""


@dataclass(frozen=True)
class Declared:
    """A route, with all that was said of it."""

    tag: str
    method: str
    path: str
    policy: Policy
    handler: Callable[..., Any]
    status: int = 200
    is_door: bool = False
    """It takes transactions of its own: what was wrong at a door has to be counted."""
    looks: bool = False
    """It changes nothing, whatever its method."""
    most_bytes: int = MOST_BYTES
    """Of its body."""
    if_match: bool = False
    returns: type[Any] | None = None
    refused_with: Told | None = None
    media_type: str = JSON.media_type
    compressed: bool = False
    """Where the caller takes it so: for what is large, and has no secret in it (`compressing`)."""
    openapi: dict[str, Any] = field(default_factory=dict)
    face: Face = JSON

    @property
    def changes(self) -> bool:
        return not (self.looks or self.is_door)

    @cached_property
    def hints(self) -> dict[str, Any]:
        return get_type_hints(self.handler, include_extras=True)

    @cached_property
    def model(self) -> Any:  # noqa: ANN401 (whatever FastAPI takes for a model)
        """The shape of its answer."""
        found = self.returns or self.hints.get("return")
        return None if found in {type(None), Reply} else found

    @cached_property
    def parameters(self) -> list[inspect.Parameter]:
        """Those of the handler, but for the call."""
        own = list(inspect.signature(self.handler).parameters.values())[1:]
        return [
            one.replace(annotation=self.hints[one.name], kind=inspect.Parameter.KEYWORD_ONLY)
            for one in own
        ]

    @property
    def asked(self) -> list[inspect.Parameter]:
        """Those that FastAPI reads."""
        return [
            one for one in self.parameters if one.name != self.given or self.face.hands_body_over
        ]

    @cached_property
    def given(self) -> str | None:
        """The parameter that takes what is sent."""
        for one in self.parameters:
            if _shape(one.annotation):
                return one.name
        return None

    @property
    def body(self) -> type[BaseModel] | None:
        """The shape of what is sent."""
        return self.hints[self.given] if self.given else None

    @cached_property
    def fields(self) -> frozenset[str]:
        """The columns that it shows or, where it changes something, is given."""
        shown = self.body if self.policy.act is not Act.READ else _shape(self.model)
        return fields_of(shown)

    @cached_property
    def targets(self) -> list[str]:
        """The keys in its path."""
        return [
            one.name
            for one in self.parameters
            if one.annotation is UUID and f"{{{one.name}}}" in self.path
        ]


def _shape(model: Any) -> type[BaseModel] | None:  # noqa: ANN401 (a model, or none)
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


class More(TypedDict, total=False):
    """What a route may say beside its path and its policy; `Declared` has what it means."""

    status: int
    if_match: bool
    most_bytes: int
    returns: type[Any]
    refused_with: Told
    media_type: str
    compressed: bool
    openapi: dict[str, Any]


class Routes:
    """The routes of one subject."""

    def __init__(self, tag: str, prefix: str = PREFIX, face: Face = JSON) -> None:
        self.tag = tag
        self.declared: list[Declared] = []
        self._prefix = prefix
        self._face = face

    def get(self, path: str, policy: Policy, **more: Unpack[More]) -> Callable[[Handler], Handler]:
        return self._declare("GET", path, policy, looks=True, **more)

    def post(self, path: str, policy: Policy, **more: Unpack[More]) -> Callable[[Handler], Handler]:
        return self._declare("POST", path, policy, **more)

    def put(self, path: str, policy: Policy, **more: Unpack[More]) -> Callable[[Handler], Handler]:
        return self._declare("PUT", path, policy, **more)

    def patch(
        self, path: str, policy: Policy, **more: Unpack[More]
    ) -> Callable[[Handler], Handler]:
        return self._declare("PATCH", path, policy, **more)

    def delete(
        self, path: str, policy: Policy, **more: Unpack[More]
    ) -> Callable[[Handler], Handler]:
        return self._declare("DELETE", path, policy, **more)

    def ask(self, path: str, policy: Policy, **more: Unpack[More]) -> Callable[[Handler], Handler]:
        """By POST: what is asked for does not fit into an address. Nothing is changed."""
        return self._declare("POST", path, policy, looks=True, **more)

    def door(self, path: str, policy: Policy, **more: Unpack[More]) -> Callable[[Handler], Handler]:
        """By POST; the handler gets an `AtTheDoor` and takes transactions of its own."""
        return self._declare("POST", path, policy, is_door=True, **more)

    def _declare(
        self,
        method: str,
        path: str,
        policy: Policy,
        *,
        is_door: bool = False,
        looks: bool = False,
        **more: Unpack[More],
    ) -> Callable[[Handler], Handler]:
        more.setdefault("media_type", self._face.media_type)

        def declare(handler: Handler) -> Handler:
            where = self._prefix + path
            made = Declared(
                self.tag,
                method,
                where,
                policy,
                handler,
                is_door=is_door,
                looks=looks,
                face=self._face,
                **more,
            )
            self.declared.append(made)
            return handler

        return declare


@dataclass(frozen=True, slots=True)
class AtTheDoor:
    """What a door works with: no transaction, and perhaps nobody who is known."""

    service: Service
    knocked: Knock
    request: Request


def require_policies(app: FastAPI) -> None:
    """Raises Undeclared where a route says not who may use it."""
    for route in app.routes:
        if not isinstance(getattr(getattr(route, "endpoint", None), "declared", None), Declared):
            raise Undeclared(f"{getattr(route, 'path', route)} has no policy: declare it by Routes")
