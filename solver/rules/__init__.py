"""Every rule that planning needs: the table of contents.

A new rule is one module beside this file and one line below. The order is the order in which a
person would ask; explanations are sorted by rigidity, not by this list.
"""

from solver.rules.approval import Approval
from solver.rules.date_window import DateWindow
from solver.rules.draft import Draft
from solver.rules.duplicate import Duplicate
from solver.rules.employee_free import EmployeeFree
from solver.rules.exclusion import Exclusion
from solver.rules.face import PairRule, PlanRule, RequestRule, Rule, SlotRule
from solver.rules.fits import Fits
from solver.rules.location_capacity import LocationCapacity
from solver.rules.location_wish import LocationWish
from solver.rules.modality import ModalityAdmitted
from solver.rules.notice import Notice
from solver.rules.own_calendar import OwnCalendar
from solver.rules.planned_twice import PlannedTwice
from solver.rules.practitioner_free import PractitionerFree
from solver.rules.practitioner_wish import PractitionerWish
from solver.rules.saturday import Saturday
from solver.rules.sunday_holiday import SundayHoliday
from solver.rules.type_admitted import TypeAdmitted

RULES: tuple[Rule, ...] = (
    # the request by itself
    Draft(),
    Approval(),
    Duplicate(),
    # this request in this availability
    DateWindow(),
    Saturday(),
    SundayHoliday(),
    LocationWish(),
    PractitionerWish(),
    Exclusion(),
    TypeAdmitted(),
    ModalityAdmitted(),
    # this request at this start, given what stands
    Fits(),
    Notice(),
    PractitionerFree(),
    OwnCalendar(),
    EmployeeFree(),
    LocationCapacity(),
    # all together
    PlannedTwice(),
)

REQUEST_RULES = tuple(rule for rule in RULES if isinstance(rule, RequestRule))
PAIR_RULES = tuple(rule for rule in RULES if isinstance(rule, PairRule))
SLOT_RULES = tuple(rule for rule in RULES if isinstance(rule, SlotRule))
SHAPE_RULES = tuple(rule for rule in SLOT_RULES if not rule.personal)
PERSONAL_RULES = tuple(rule for rule in SLOT_RULES if rule.personal)
PLAN_RULES = tuple(rule for rule in RULES if isinstance(rule, PlanRule))

__all__ = [
    "PAIR_RULES",
    "PERSONAL_RULES",
    "PLAN_RULES",
    "REQUEST_RULES",
    "RULES",
    "SHAPE_RULES",
    "SLOT_RULES",
    "Rule",
]
