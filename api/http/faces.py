"""How a route speaks with whoever calls it: what it takes for a body, and how it tells a problem."""

from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from api.http import problems
from api.http.problems import Trouble
from api.http.strict import MalformedError, StrictRequest


class Face:
    """JSON, as programs speak it; what else there is overrides what it does otherwise."""

    media_type = "application/json"
    described = True
    """In the description of the API."""
    hands_body_over = True
    """FastAPI reads the body; who does not want that, reads it in `given`."""

    def arrange(self, request: Request) -> None:
        """Before anything is read."""

    async def require_body(
        self, request: StrictRequest, shape: type[BaseModel] | None, body: bytes
    ) -> None:
        """Raises MalformedError where the body is none that can be taken."""
        if shape is None:
            if body and await request.json() not in ({}, None):
                raise MalformedError(422, "unknown_field", fields="body")
            return
        require_kind(request, self.media_type, body)
        if body:
            await request.json()

    def given(self, shape: type[BaseModel], body: bytes) -> Any:  # noqa: ANN401 (a model of this shape)
        """What FastAPI does not read.

        Raises:
            RequestValidationError: it is not of this shape.
        """
        raise NotImplementedError

    def tell(self, trouble: Trouble, request: Request, request_id: str) -> Response:
        """The answer that tells a problem."""
        return problems.answer(trouble, request_id)


def require_kind(request: Request, wanted: str, body: bytes) -> None:
    """Raises MalformedError where the body is said to be something else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != wanted:
        raise MalformedError(415, "unsupported_media_type", wanted=wanted)


JSON = Face()
