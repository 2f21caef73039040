"""Anybody's client: what a public generator makes of the description, by itself, plans and completes an appointment.

`openapi-python-client` lies in a folder of its own (`make test` puts it there): its command line, which is not
used, asks for an older typer than ours.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from api.http.application import application
from models.consultations import ConsultationType
from models.organisation import Employer, Establishment
from models.people import Employee
from scheduler.access import Right
from tests.access import Person
from tests.agendas import FRIDAY_BEFORE, MONDAY
from tests.http_client import Api, Clock, Server, an_api, copied, settings_for
from tests.organisations import Organisation, organisation

GENERATOR = Path(sys.prefix) / "client-generator"
GENERATE = """
import sys
from pathlib import Path
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

document, folder = map(Path, sys.argv[1:])
# an invoice is text to it: the generator knows no XML
as_text = {"application/xml": "text/plain"}
config = Config.from_sources(
    ConfigFile(post_hooks=[], content_type_overrides=as_text), MetaType.NONE, document, "utf-8", overwrite=True, output_path=folder
)
for error in generate(config=config):
    print(error.level, error.header, error.detail, file=sys.stderr)
"""
NEEDED = (
    Right.VIEW_REQUESTS,
    Right.CREATE_REQUESTS,
    Right.PLACE_REQUESTS,
    Right.PLAN_AUTOMATICALLY,
    Right.VIEW_APPOINTMENTS,
    Right.COMPLETE_APPOINTMENTS,
)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def api(engine: Engine) -> Iterator[Api]:
    with an_api(engine) as made:
        yield made


@pytest.fixture
def world(engine: Engine) -> Organisation:
    return organisation(engine)


@pytest.fixture
def generated(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the package that was made."""
    assert GENERATOR.is_dir(), f"{GENERATOR} is missing: `make test` installs it"
    document, folder = tmp_path / "openapi.json", tmp_path / f"client_{uuid4().hex}"
    document.write_bytes(api.client.get("/openapi.json").content)
    done = subprocess.run(
        [sys.executable, "-c", GENERATE, document, folder],
        env={"PYTHONPATH": str(GENERATOR)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    monkeypatch.syspath_prepend(tmp_path)
    return folder.name


class Speaker:
    """The modules of the client, by the names of the operations; every answer is the one that was hoped for."""

    def __init__(self, package: str, url: str) -> None:
        self._package = package
        clients = import_module(f"{package}.client")
        self._known = partial(clients.AuthenticatedClient, base_url=url)
        self._client = partial(clients.Client, base_url=url)
        self.models = import_module(f"{package}.models")

    def log_in(self, person: Person, clock: Clock) -> None:
        token = self.ask(
            "oauth.issue_access_token",
            body=self.models.IssueAccessTokenBody(
                grant_type=self.models.IssueAccessTokenBodyGrantType.CLIENT_CREDENTIALS,
                client_id=person.login,
                client_secret=person.secret + person.code(clock.now),
            ),
        )
        self._client = partial(self._known, token=token.access_token)

    def ask(self, operation: str, *keys: UUID, **given: Any) -> Any:
        called = import_module(f"{self._package}.api.{operation}").sync_detailed
        with self._client() as client:
            answer = called(*keys, client=client, **given)
        assert answer.status_code < 400, answer.content
        assert answer.parsed is not None
        return answer.parsed

    def change(self, operation: str, *keys: UUID, **given: Any) -> Any:
        return self.ask(operation, *keys, idempotency_key=uuid4().hex, **given)


def test_a_client_that_a_generator_made_plans_and_completes_an_appointment(
    engine: Engine, api: Api, world: Organisation, generated: str
) -> None:
    program = api.program(
        *NEEDED,
        reaches={"employer_id": world.here.one(Employer)},
        may_write_performances=True,
    )
    clock = Clock(FRIDAY_BEFORE)
    with Server(application(settings_for(engine), now=clock)) as server:
        client = Speaker(generated, server.url)
        assert program.person is not None
        client.log_in(program.person, clock)
        models = client.models

        asked = client.change(
            "requests.create_request",
            body=models.NewRequest(
                employee_id=world.here.rows[Employee][-1],
                establishment_id=world.here.one(Establishment),
                consultation_type_id=world.everywhere.one(ConsultationType),
                from_day=MONDAY,
                until_day=MONDAY + timedelta(days=2),
            ),
        )
        options = client.ask("requests.list_options", asked.id, most=3).items
        place = models.Booking(
            availability_id=options[0].availability_id, starts_at=options[0].starts_at
        )
        kept = client.change("requests.hold_place", asked.id, body=place)
        booked = client.change("requests.book_appointment", asked.id, body=place)
        clock.now = booked.ends_at
        client.log_in(program.person, clock)
        read = client.ask("appointments.read_appointment", booked.id)
        done = client.change(
            "appointments.complete_appointment", booked.id, if_match=f'"{read.version}"'
        )

    assert kept.starts_at == booked.starts_at == options[0].starts_at
    assert read.request_id == asked.id
    assert read.actions["complete"].allowed
    assert done.state == models.AppointmentState.COMPLETED
