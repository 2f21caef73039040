"""What receivers can hear of: each topic, what it is about, and the right by which that is seen. Domain §§6, 8."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import inspect

from models.access import Account
from models.agenda import Availability
from models.appointments import Appointment
from models.base import Keyed
from models.billing import InvoiceBasis
from models.outbox import Receiver
from models.people import Absence, Employee
from models.requests import AppointmentRequest, Case
from models.triggers import TriggerFiring
from scheduler.access.rights import Right
from scheduler.topics import Topic

TESTED = Topic.RECEIVER_TESTED
"""It goes to the receiver that it is about, whatever topics that has."""


@dataclass(frozen=True, slots=True)
class About:
    """What an event is about. `rights`: one of them is needed to hear of it."""

    kind: type[Keyed]
    rights: frozenset[Right]

    @property
    def table(self) -> str:
        return str(inspect(self.kind).local_table.name)


_OF_SOMEBODY = frozenset({Right.VIEW_REQUESTS, Right.VIEW_APPOINTMENTS, Right.VIEW_CASES})
_KINDS: Mapping[str, About] = MappingProxyType(
    {
        "Request": About(AppointmentRequest, frozenset({Right.VIEW_REQUESTS})),
        "Appointment": About(Appointment, frozenset({Right.VIEW_APPOINTMENTS})),
        "Case": About(Case, frozenset({Right.VIEW_CASES})),
        "Availability": About(Availability, frozenset({Right.VIEW_AGENDA})),
        "Absence": About(Absence, frozenset({Right.VIEW_AGENDA})),
        "Account": About(Account, frozenset({Right.MANAGE_USERS, Right.MANAGE_API_ACCOUNTS})),
        "InvoiceBasis": About(InvoiceBasis, frozenset({Right.VIEW_BILLING, Right.INVOICE})),
        "TriggerFired": About(TriggerFiring, _OF_SOMEBODY | {Right.VIEW_AGENDA}),
        "Receiver": About(Receiver, frozenset()),
    }
)
"""By how a topic begins; what begins otherwise is between parts of this service."""
NAMED: Mapping[str, About] = MappingProxyType(
    {
        "employee_id": About(Employee, _OF_SOMEBODY | {Right.VIEW_EMPLOYEES}),
        "request_id": _KINDS["Request"],
        "appointment_id": _KINDS["Appointment"],
        "case_id": _KINDS["Case"],
    }
)
"""What the facts of an event may name that is not everybody's to hear of."""


def about(topic: str) -> About | None:
    """Nothing of a topic that is not for the outside."""
    those = [word for word in _KINDS if topic.startswith(word)]
    return _KINDS[max(those, key=len)] if those else None


CATALOGUE: Mapping[Topic, About] = MappingProxyType(
    {topic: known for topic in Topic if (known := about(topic)) is not None}
)
