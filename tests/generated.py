"""Calls made out of the routes as they are declared: what each path, query and body names, filled with rows that there are.

Nothing here knows a single route: a new one that names something by a word not in `KINDS`, or needs a
value that its schema does not give away, fails the tests until it is said here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import Table, inspect

from api.http.declaring import PREFIX, Declared
from api.http.routes import ALL
from models.access import Account, Deputy, Group, Role, Session
from models.agenda import Availability, AvailabilitySeries, Location, OwnHoliday
from models.agreements import (
    AgreedModel,
    ContractModel,
    PerformanceType,
    Price,
    PriceCategory,
    ServiceAgreement,
)
from models.appointments import Appointment, Hold
from models.base import Keyed
from models.billing import InvoiceBasis, InvoiceLine, Performance
from models.consultations import CaseKind, ConsultationType
from models.messages import (
    DefaultReminder,
    Feed,
    MailServer,
    Message,
    Reminder,
    Sender,
    Template,
)
from models.organisation import ContactPerson, Department, Employer, Establishment
from models.outbox import Delivery, Receiver
from models.own_calendars import OwnCalendar
from models.people import Absence, Employee, Employment, Exclusion, Function, Practitioner
from models.reimbursement import ReimbursementBatch, ReimbursementContract, Supplier
from models.requests import AppointmentRequest, Case
from models.runs import JobRun
from models.triggers import Task, Trigger
from scheduler.access.visible import CONDITIONS
from tests.agendas import AMSTERDAM, MONDAY, there
from tests.organisation_rows import PRICED_UNTIL
from tests.organisations import Organisation

DECLARED = [declared for routes in ALL for declared in routes.declared]

KINDS: Mapping[str, type[Keyed]] = {
    "absence_id": Absence,
    "account_id": Account,
    "agreed_model_id": AgreedModel,
    "agreement_id": ServiceAgreement,
    "appointment_id": Appointment,
    "availability_id": Availability,
    "basis_id": InvoiceBasis,
    "batch_id": ReimbursementBatch,
    "case_id": Case,
    "category_id": PriceCategory,
    "contact_person_id": ContactPerson,
    "contract_model_id": ContractModel,
    "default_reminder_id": DefaultReminder,
    "delivery_id": Delivery,
    "department_id": Department,
    "deputyship_id": Deputy,
    "employee_id": Employee,
    "employer_id": Employer,
    "employment_id": Employment,
    "establishment_id": Establishment,
    "exclusion_id": Exclusion,
    "feed_id": Feed,
    "function_id": Function,
    "group_id": Group,
    "hold_id": Hold,
    "holiday_id": OwnHoliday,
    "kind_id": CaseKind,
    "line_id": InvoiceLine,
    "location_id": Location,
    "message_id": Message,
    "model_id": ContractModel,
    "own_calendar_id": OwnCalendar,
    "performance_id": Performance,
    "performance_type_id": PerformanceType,
    "practitioner_id": Practitioner,
    "price_id": Price,
    "receiver_id": Receiver,
    "reimbursement_contract_id": ReimbursementContract,
    "reminder_id": Reminder,
    "request_id": AppointmentRequest,
    "role_id": Role,
    "run_id": JobRun,
    "series_id": AvailabilitySeries,
    "sender_id": Sender,
    "server_id": MailServer,
    "session_id": Session,
    "supplier_id": Supplier,
    "task_id": Task,
    "template_id": Template,
    "trigger_id": Trigger,
    "type_id": ConsultationType,
}
"""What each word names, in a path, a query or a body; `preferred_location_id` names what `location_id` does."""

ALSO: Mapping[str, type[Keyed]] = {
    "apart_from": Availability,
    "assignee_id": Account,
    "deputy_id": Account,
    "departments": Department,
    "employees": Employee,
    "employers": Employer,
    "functions": Function,
    "holder_id": Account,
    "location_ids": Location,
    "locations": Location,
    "manager_id": Account,
    "parent_id": Department,
    "types": ConsultationType,
}
"""The same for words that end otherwise."""

NAMES: Mapping[str, str] = {"category": "Planning", "code": "Grid"}
"""What else a path may ask for."""

TUESDAY = MONDAY + timedelta(days=1)
VALUES: Mapping[str, Any] = {
    "starts_at": there(AMSTERDAM, TUESDAY, 780).isoformat(),
    "ends_at": there(AMSTERDAM, TUESDAY, 840).isoformat(),
    "from_day": MONDAY.isoformat(),
    "until_day": (MONDAY + timedelta(days=7)).isoformat(),
    "url": "https://1.1.1.1/hooks",
    "token_url": "https://1.1.1.1/token",
    "since": MONDAY.isoformat() + "T00:00:00Z",
    "password": "seven purple lorries",
    "version": 1,
    "value": 5,
}
"""What a field is given where its schema alone does not tell what would do."""

ANOTHER: Mapping[tuple[str, str], int] = {
    ("mark_appointment_as_no_show", "consultation_type_id"): 1,
    ("swap_appointments", "appointment_id"): 1,
    ("add_reimbursement_contract", "contract_model_id"): 3,
    ("appoint_deputy", "account_id"): -1,
    ("credit_invoice_line", "line_id"): 3,
    ("decide_reimbursement_lines", "performance_id"): -1,
    ("add_receiver", "account_id"): 1,
    ("change_receiver", "account_id"): 1,
}
"""Which of several rows an operation's field names, where the first will not do."""
GIVEN: Mapping[tuple[str, str], Any] = {
    ("add_mail_server", "host"): "1.1.1.1",
    ("add_mail_server", "port"): 587,
    ("change_mail_server", "host"): "1.1.1.1",
    ("change_mail_server", "port"): 587,
    ("add_template", "texts"): [{"language": "nl", "subject": "Text", "body": "Text"}],
    ("add_price", "from_day"): PRICED_UNTIL.isoformat(),
    ("add_service_agreement", "from_day"): PRICED_UNTIL.isoformat(),
}
"""The same for the field of one operation."""
WANTED: Mapping[str, tuple[str, ...]] = {
    "add_availability": ("types",),
    "add_contact_person": ("employer_id",),
    "add_department": ("employer_id",),
    "add_own_holiday": ("country",),
    "add_series": ("types",),
    "carry_out_campaign": ("employees",),
    "change_availability": ("types",),
    "change_series": ("types",),
    "preview_campaign": ("employees",),
}
"""What an operation needs that its schema leaves open: one of several, say."""
NOTHING = UUID("00000000-0000-7000-8000-000000000000")


def named(declared: Declared) -> str:
    return declared.handler.__name__


def kind_of(name: str) -> type[Keyed]:
    """What a word names."""
    if name in ALSO:
        return ALSO[name]
    those = [word for word in KINDS if name == word or name.endswith(f"_{word}")]
    if not those:
        pytest.fail(f"say in tests/generated.py: KINDS what {name} names")
    return KINDS[max(those, key=len)]


def rows_of(name: str, world: Organisation) -> list[UUID]:
    """The first employer's rows of what a word names; everybody's, where it lies in no part."""
    kind = kind_of(name)
    found = world.ours(kind)
    if not found:
        pytest.fail(f"give tests/organisation_rows.py a row of {kind.__name__}")
    return found


def in_a_part(kind: type[Any] | None) -> bool:
    """Whether it lies in a part of the organisation: by its own condition, or as something that does must be named."""
    if kind is None or kind in CONDITIONS:
        return kind is not None
    theirs = {inspect(one).local_table for one in CONDITIONS}
    table: Table = kind.__table__
    return any(key.column.table in theirs and not key.parent.nullable for key in table.foreign_keys)


# --- What a schema asks for ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """A JSON schema, and the world that its values come from."""

    schema: Mapping[str, Any]
    world: Organisation
    operation: str

    def row(self, name: str) -> str:
        return str(rows_of(name, self.world)[ANOTHER.get((self.operation, name), 0)])

    def value(self, name: str, schema: Mapping[str, Any], *, whole: bool = False) -> Any:
        """Something valid. `whole`: with everything that names a row, asked for or not."""
        schema = self.followed(schema)
        if names_a_row(schema):
            return self.row(name)
        known = GIVEN.get((self.operation, name), VALUES.get(name))
        if known is not None:
            return known
        if schema.get("type") == "array" and self.holds_rows(schema):
            return [self.value(name, schema["items"], whole=whole)] * max(
                schema.get("minItems", 0), whole
            )
        if "const" in schema:
            return schema["const"]
        said = [*schema.get("examples", ()), *schema.get("enum", ())]
        return said[0] if said else self.made(name, schema, whole=whole)

    def made(self, name: str, schema: Mapping[str, Any], *, whole: bool) -> Any:
        """Something of its type."""
        match schema:
            case {"type": "object"}:
                return self.members(schema, whole=whole)
            case {"type": "array", "items": items}:
                return [self.value(name, items, whole=whole)] * schema.get("minItems", 0)
            case {"type": "boolean"}:
                return False
            case {"type": "integer" | "number"}:
                return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            case {"type": "string"}:
                return (uuid4().hex * 3)[: schema.get("maxLength", 20)]
        pytest.fail(f"say in tests/generated.py: VALUES what {name} may be: {schema}")

    def members(self, schema: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
        """Those that are asked for; others of `WANTED`, or, of a whole one, all that name a row."""
        asked, wanted = schema.get("required", ()), WANTED.get(self.operation, ())
        return {
            name: self.value(name, one, whole=whole or name in wanted)
            for name, one in schema.get("properties", {}).items()
            if name in asked or name in wanted or (whole and self.holds_rows(one))
        }

    def holds_rows(self, schema: Mapping[str, Any]) -> bool:
        schema = self.followed(schema)
        inner = [*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])]
        return names_a_row(schema) or any(self.holds_rows(one) for one in inner)

    def chosen(self, name: str, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        """Something valid, by chance."""
        schema = self.followed(schema)
        match schema:
            case {"type": "string", "format": "uuid"}:
                kind = kind_of(name)
                return st.sampled_from([*self.world.ours(kind), *self.world.theirs(kind), NOTHING])
            case {"enum": words}:
                return st.sampled_from(words)
            case {"type": "boolean"}:
                return st.booleans()
            case {"type": "integer"}:
                least = schema.get("minimum", 0)
                return st.integers(least, min(schema.get("maximum", least + 5), least + 5))
            case {"type": "array", "items": items}:
                return st.lists(self.chosen(name, items), max_size=2)
            case _:
                return st.just(self.value(name, schema))

    def followed(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without the detours: a reference, or one of several, the first that is not nothing."""
        while True:
            if "$ref" in schema:
                named_so = schema["$ref"].rpartition("/")[2]
                schema = {
                    **self.schema["$defs"][named_so],
                    **{k: v for k, v in schema.items() if k == "examples"},
                }
            elif several := schema.get("anyOf") or schema.get("oneOf"):
                those = [one for one in several if one.get("type") != "null"]
                schema = {**those[0], **{k: v for k, v in schema.items() if k == "examples"}}
            else:
                return schema


def names_a_row(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" and schema.get("format") == "uuid"


@cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """It takes long to make, and nothing here changes it."""
    return model.model_json_schema()


def body_of(declared: Declared, world: Organisation, *, whole: bool = False) -> Any:
    """A body that it should take; nothing where it takes none."""
    if declared.body is None:
        return None
    schema = schema_of(declared.body)
    return Shape(schema, world, named(declared)).value("body", schema, whole=whole)


def keys_in(
    body: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], type[Keyed]]]:
    """Where a body names something that lies in a part of the organisation."""
    match body:
        case dict():
            for name, one in body.items():
                yield from keys_in(one, (*path, name))
        case list():
            for number, one in enumerate(body):
                yield from keys_in(one, (*path, number))
        case str() if UUID_TEXT.fullmatch(body):
            word = next(step for step in reversed(path) if isinstance(step, str))
            if in_a_part(kind_of(word)):
                yield path, kind_of(word)


UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def grounded(body: Any, name: str, world: Organisation) -> Any:
    """The body with rows that there are in place of all keys in it."""
    match body:
        case dict():
            return {key: grounded(one, key, world) for key, one in body.items()}
        case list():
            return [grounded(one, name, world) for one in body]
        case str() if UUID_TEXT.fullmatch(body):
            return str(rows_of(name, world)[0])
    return body


def replaced(body: Any, path: tuple[str | int, ...], key: UUID) -> Any:
    """The body with another key there."""
    if not path:
        return str(key)
    first, *rest = path
    copy: Any = list(body) if isinstance(body, list) else dict(body)
    copy[first] = replaced(body[first], tuple(rest), key)
    return copy


def naming(
    declared: Declared, world: Organisation
) -> Iterator[tuple[Any, tuple[str | int, ...], type[Keyed]]]:
    """Bodies, and where each names something that lies in a part; what need not be named, by itself."""
    least, whole = body_of(declared, world), body_of(declared, world, whole=True)
    for path, kind in keys_in(whole):
        yield {**least, path[0]: whole[path[0]]}, path, kind


# --- A whole call ---------------------------------------------------------------------------------------------


def path_of(declared: Declared, keys: Mapping[str, UUID]) -> str:
    """Its path, as the tests' client wants it."""

    def filled(found: re.Match[str]) -> str:
        name = found[1]
        if name in keys:
            return str(keys[name])
        if name not in NAMES:
            pytest.fail(f"say in tests/generated.py: NAMES what {name} in {declared.path} may be")
        return NAMES[name]

    return re.sub(r"\{(\w+)\}", filled, declared.path).removeprefix(PREFIX)


def filters_of(declared: Declared) -> type[BaseModel] | None:
    """The shape of its query, where it has one."""
    for one in declared.parameters:
        model = next(iter(get_args(one.annotation)), None)
        if isinstance(model, type) and issubclass(model, BaseModel):
            return model
    return None


def query_of(declared: Declared, world: Organisation) -> dict[str, Any]:
    """What it must be asked with."""
    model = filters_of(declared)
    if model is None:
        return {}
    schema = schema_of(model)
    return Shape(schema, world, named(declared)).members(schema, whole=False)


def queries(declared: Declared, world: Organisation) -> st.SearchStrategy[dict[str, Any]]:
    """Filters by chance: rows of both employers, of nobody, and none; words, days, and nothing."""
    model = filters_of(declared)
    schema = {} if model is None else schema_of(model)
    shape = Shape(schema, world, named(declared))
    wanted = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {},
        optional={
            name: shape.chosen(name, one)
            for name, one in schema.get("properties", {}).items()
            if name != "cursor" and name not in wanted
        },
    )
