"""No input makes a 5xx, and every answer is as the description says: P18, by Schemathesis.

Each operation by itself, with what its schema admits and with what it does not; and chains of operations, in
which each takes what another answered. The suite makes some 1,500 calls, always the same ones. A soak makes
over 100,000, others every time:

    make soak ARGS="tests/test_http_schema.py"
"""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import Engine

from api.http.declaring import Declared
from tests.effort import sized
from tests.generated import DECLARED, grounded, named
from tests.http_client import code_of, copied
from tests.matrix import Matrix, a_matrix

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SITE = "https://spreekuur.test"
LEAVING = {"log_out", "log_out_everywhere"}
"""Whoever does this does nothing more."""


# the service's own threads (a mail's boundary, a pause by chance) draw numbers while Hypothesis draws its own
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def matrix(engine: Engine) -> Iterator[Matrix]:
    with a_matrix(engine) as made:
        made.administrator()
        made.keep()
        yield made


@pytest.fixture(autouse=True)
def _afresh(matrix: Matrix) -> None:
    matrix.undo()


@pytest.fixture(scope="module")
def schema(matrix: Matrix) -> Any:
    return openapi.from_dict(matrix.api.app.openapi(), config=SchemathesisConfig())


def about_rows(matrix: Matrix, case: Case[Any], declared: Declared) -> None:
    """What it names is there, in the version that it says."""
    keys = matrix.keys(declared)
    for name, key in keys.items():
        case.path_parameters[name] = str(key)
    case.body = grounded(case.body, "body", matrix.organisation)
    case.headers.update(matrix.conditions(declared, keys))


def sent(matrix: Matrix, case: Case[Any]) -> httpx2.Response:
    """What the service answers to a super-administrator."""
    asked = requests.Request(**case.as_transport_kwargs(base_url=SITE)).prepare()
    said: dict[str, Any] = {
        **asked.headers,
        "Authorization": f"Bearer {matrix.administrator().token}",
    }
    body: Any = asked.body
    return matrix.api.client.request(
        asked.method or "", asked.url or "", headers=said, content=body
    )


def require_as_described(case: Case[Any], answer: httpx2.Response) -> None:
    case.validate_response(answer, checks=CHECKS)
    if answer.status_code >= 400:
        assert code_of(answer)


LOOSELY = settings(
    suppress_health_check=list(HealthCheck),
    derandomize=sized(1, 0) == 1,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


@pytest.mark.parametrize(
    "declared", [one for one in DECLARED if named(one) not in LEAVING], ids=named
)
@settings(LOOSELY, max_examples=sized(5, 300))
@given(data=st.data())
def test_each_operation_answers_as_described(
    matrix: Matrix, schema: Any, declared: Declared, data: st.DataObject
) -> None:
    operation = schema[declared.path][declared.method]
    admitted = data.draw(st.booleans(), label="admitted")
    mode = GenerationMode.POSITIVE if admitted else GenerationMode.NEGATIVE
    case = data.draw(operation.as_strategy(generation_mode=mode))
    if admitted and data.draw(st.booleans(), label="about rows that there are"):
        about_rows(matrix, case, declared)

    answer = sent(matrix, case)

    require_as_described(case, answer)


@pytest.mark.hypothesis
def test_what_one_operation_answers_another_one_takes(matrix: Matrix, schema: Any) -> None:
    """The links between them Schemathesis finds by itself: who answers with an `id`, and whose path asks for it."""
    staying = schema.exclude(operation_id=sorted(LEAVING))

    class Machine(staying.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            # what the chain before has done would make this one go otherwise than when it is tried again
            matrix.undo()

        def call(self, case: Case[Any], **_: Any) -> Any:
            return Response.from_any(sent(matrix, case))

        def validate_response(self, response: Any, case: Case[Any], **_: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    Machine.run(
        settings=settings(LOOSELY, max_examples=sized(40, 2_000), stateful_step_count=sized(8, 30))
    )
