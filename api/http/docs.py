"""`/docs` without the internet: Swagger UI out of the wheel of `fastapi-swagger`, started by a few lines of our own."""

from functools import cache
from html import escape
from importlib.resources import files

from api.http.declaring import AtTheDoor, Routes
from api.http.policies import ANYBODY
from api.http.replies import Reply
from api.http.texts import sentences

routes = Routes("operation", prefix="")

# Swagger UI writes styles into its elements; scripts come from here only
CAREFUL = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'"
)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Spreekuur: the API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<main id="api"><p>The API is described in <a href="/openapi.json">openapi.json</a>.</p></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
CODES = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Spreekuur: the codes of problems</title>
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<main>
<h1>Problems</h1>
<p>The <code>code</code> of a problem, or of one of its reasons, does not change; its sentence may.</p>
<table><thead><tr><th>code<th>sentence<tbody>{rows}</table>
</main>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  filter: true,
  validatorUrl: null,
  requestInterceptor: function (request) {
    if (request.method && request.method !== "GET" && !request.headers["Idempotency-Key"]) {
      request.headers["Idempotency-Key"] = crypto.randomUUID();
    }
    return request;
  },
});
"""
TYPES = {"js": "text/javascript", "css": "text/css", "png": "image/png"}
KEPT = {"Cache-Control": "public, max-age=3600"}


@routes.get("/docs", ANYBODY, media_type="text/html; charset=utf-8", returns=str)
def docs(_: AtTheDoor) -> Reply:
    """The API, to read and to try."""
    return Reply(PAGE.encode(), headers={"Content-Security-Policy": CAREFUL})


@routes.get("/docs/problems", ANYBODY, media_type="text/html; charset=utf-8", returns=str)
def docs_problems(_: AtTheDoor) -> Reply:
    """All codes of problems."""
    rows = "".join(
        f"<tr><td><code>{code}</code><td>{escape(sentence)}"
        for code, sentence in sentences().items()
    )
    page = CODES.format(rows=rows)
    return Reply(page.encode(), headers={"Content-Security-Policy": CAREFUL})


@routes.get("/docs/start.js", ANYBODY, media_type=TYPES["js"], returns=str)
def docs_start(_: AtTheDoor) -> Reply:
    """How the page of the API is started."""
    return Reply(START.encode(), headers=KEPT)


@routes.get("/docs/swagger-ui-bundle.js", ANYBODY, media_type=TYPES["js"], returns=str)
def docs_script(_: AtTheDoor) -> Reply:
    """The script of Swagger UI."""
    return Reply(_resource("swagger-ui-bundle.js"), headers=KEPT)


@routes.get("/docs/swagger-ui.css", ANYBODY, media_type=TYPES["css"], returns=str)
def docs_style(_: AtTheDoor) -> Reply:
    """The style of Swagger UI."""
    return Reply(_resource("swagger-ui.css"), headers=KEPT)


@routes.get("/docs/favicon-32x32.png", ANYBODY, media_type=TYPES["png"], returns=str)
def docs_icon(_: AtTheDoor) -> Reply:
    """Its icon."""
    return Reply(_resource("favicon-32x32.png"), headers=KEPT)


@cache
def _resource(name: str) -> bytes:
    return (files("fastapi_swagger") / "resources" / name).read_bytes()
