"""The records that are administered: who there is, where, and of what kind. Domain §1.

Each kind is declared once (`Record`); adding, changing, archiving and removing are the same for all.
"""

from scheduler.records.ahead import IN_USE, Ahead
from scheduler.records.keeping import add, archive, change, remove, restore
from scheduler.records.lists import Listed, listed
from scheduler.records.messages import MESSAGES, OF_WHAT_WAS_SENT
from scheduler.records.order import preferred_order, set_order
from scheduler.records.organisation import CONTACT_PERSON, DEPARTMENT, EMPLOYER, ESTABLISHMENT
from scheduler.records.people import EMPLOYEE, EMPLOYMENT, take_on
from scheduler.records.practice import FUNCTION, LOCATION, PRACTITIONER
from scheduler.records.record import Record
from scheduler.records.types import CASE_KIND, CONSULTATION_TYPE

__all__ = [
    "CASE_KIND",
    "CONSULTATION_TYPE",
    "CONTACT_PERSON",
    "DEPARTMENT",
    "EMPLOYEE",
    "EMPLOYER",
    "EMPLOYMENT",
    "ESTABLISHMENT",
    "FUNCTION",
    "IN_USE",
    "LOCATION",
    "MESSAGES",
    "OF_WHAT_WAS_SENT",
    "PRACTITIONER",
    "Ahead",
    "Listed",
    "Record",
    "add",
    "archive",
    "change",
    "listed",
    "preferred_order",
    "remove",
    "restore",
    "set_order",
    "take_on",
]
