"""What a route is asked for, and what it answers, as a transaction needs to know them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.http.calls import Call
from api.http.knocking import Knock
from api.http.policies import Policy

NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, written down. A handler gives one where it has more to say than a body."""

    body: BaseModel | bytes | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()

    def written(self) -> "Reply":
        """With the body as bytes, and its version as the ETag."""
        if not isinstance(self.body, BaseModel):
            return self
        version = getattr(self.body, "version", None)
        headers = {"ETag": f'"{version}"'} if version is not None else {}
        body = self.body.model_dump_json().encode()
        return Reply(body, self.status, {**headers, **self.headers}, self.cookies)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else b""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a route is asked for. `act`: the handler with its arguments. `target`: the key in its path."""

    policy: Policy
    knocked: Knock
    act: Callable[[Call], Any]
    status: int
    fields: frozenset[str] = frozenset()
    target: UUID | None = None
    expected: int | None = None
    key: str = ""
    route: str = ""
    body: bytes = b""
    refused_with: Callable[[Call], Mapping[str, Any]] | None = None
    """What is told beside the reasons where it is refused, read afresh."""

    def reply(self, outcome: Any) -> Reply:  # noqa: ANN401 (what a handler gives)
        if isinstance(outcome, Reply):
            return outcome.written()
        return Reply(outcome, NO_CONTENT if outcome is None else self.status).written()
