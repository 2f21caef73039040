"""What is: the tables and the values in them (people, places, requests, appointments, money).

Importing this package knows all tables. `database` opens it, `guards` refuses in it what no row's
CHECK can see, `migrations` brings it from one version to the next.
"""

from models import (
    access,
    agenda,
    agreements,
    appointments,
    audit,
    billing,
    consultations,
    messages,
    organisation,
    outbox,
    own_calendars,
    people,
    reimbursement,
    requests,
    runs,
    settings,
    triggers,
)
from models.base import Base

__all__ = [
    "Base",
    "access",
    "agenda",
    "agreements",
    "appointments",
    "audit",
    "billing",
    "consultations",
    "messages",
    "organisation",
    "outbox",
    "own_calendars",
    "people",
    "reimbursement",
    "requests",
    "runs",
    "settings",
    "triggers",
]
