"""How the pages speak: forms come in, HTML goes out, and a problem is told in sentences where the reader looks."""

from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Request, Response
from pydantic import BaseModel

from api.http.faces import Face, require_kind
from api.http.knocking import SAFE
from api.http.problems import Trouble
from api.http.strict import MalformedError, StrictRequest
from api.pages import forms
from api.pages.answers import here
from api.pages.rendering import SECURE, bare

BY_SCRIPT = "hx-request"
"""Sent by our own script with each request of its; no other site can send it without asking (T24)."""
LOG_IN = "/login"
UNFINISHED = "log_in_unfinished"
SETTLE = "/own/start"


class Page(Face):
    """HTML, for people."""

    media_type = "text/html; charset=utf-8"
    described = False
    hands_body_over = False

    def arrange(self, request: Request) -> None:
        """A filter that is left empty is none."""
        if request.method not in SAFE and request.headers.get(BY_SCRIPT) != "true":
            raise MalformedError(403, "csrf_failed")
        kept = [(name, value) for name, value in request.query_params.multi_items() if value]
        request.scope["query_string"] = urlencode(kept).encode()
        request.__dict__.pop("_query_params", None)

    async def require_body(
        self, request: StrictRequest, shape: type[BaseModel] | None, body: bytes
    ) -> None:
        require_kind(request, "application/x-www-form-urlencoded", body)
        found = forms.fields(body)
        if shape is None and found:
            raise MalformedError(422, "unknown_field", fields=", ".join(sorted(found)))

    def given(self, shape: type[BaseModel], body: bytes) -> Any:  # noqa: ANN401 (a model of this shape)
        return forms.read(shape, body)

    def tell(self, trouble: Trouble, request: Request, request_id: str) -> Response:
        """Whoever is not logged in is sent there; else the reasons, as a page or where the form stands."""
        by_script = request.headers.get(BY_SCRIPT) == "true"
        if trouble.status == 401 and request.url.path != LOG_IN:  # noqa: PLR2004
            return _sent_to(f"{LOG_IN}?next={quote(_back(request), safe='/')}", by_script=by_script)
        if trouble.code == UNFINISHED:
            return _sent_to(SETTLE, by_script=by_script)
        template = "problem_here.html" if by_script else "problem.html"
        told = bare(request, template, trouble=trouble, request_id=request_id)
        response = Response(told, trouble.status, dict(trouble.headers), self.media_type)
        response.headers["Content-Security-Policy"] = SECURE
        return response


def _back(request: Request) -> str:
    """Where he wanted to be; after a change, the page that it was on."""
    if request.method in SAFE and request.headers.get(BY_SCRIPT) != "true":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    page = urlsplit(request.headers.get("hx-current-url", ""))
    return here(page.path + (f"?{page.query}" if page.query else ""))


def _sent_to(where: str, *, by_script: bool) -> Response:
    headers = {"HX-Redirect": where} if by_script else {"Location": where}
    return Response(status_code=200 if by_script else 303, headers=headers)


PAGE = Page()
