"""What there may be one of: an open request where duplicates are refused, a price in a period."""

from models.appointments import AppointmentState
from models.base import listed
from models.guards.face import Guard
from models.requests import TO_BE_PLANNED

OPEN = f"IN ({listed(TO_BE_PLANNED)})"
PLANNED = f"= '{AppointmentState.PLANNED}'"
SAME = "o.employee_id = NEW.employee_id AND o.consultation_type_id = NEW.consultation_type_id"
SAME_AS_BEFORE = (
    "OLD.employee_id = NEW.employee_id AND OLD.consultation_type_id = NEW.consultation_type_id"
)
REFUSES_DUPLICATES = (
    "EXISTS (SELECT 1 FROM consultation_types t"
    " WHERE t.id = NEW.consultation_type_id AND t.refuses_duplicates)"
)

# A planned request counts by its appointment, so that one which became a no-show no longer does.
DUPLICATES = (
    Guard(
        "duplicate",
        "requests",
        f"{REFUSES_DUPLICATES} AND ("
        f"EXISTS (SELECT 1 FROM requests o WHERE {SAME} AND o.id <> NEW.id AND o.state {OPEN})"
        f" OR EXISTS (SELECT 1 FROM appointments o WHERE {SAME} AND o.state {PLANNED}"
        " AND (o.request_id IS NULL OR o.request_id <> NEW.id)))",
        f"NEW.state {OPEN}",
        f"OLD.state {OPEN} AND {SAME_AS_BEFORE}",
    ),
    Guard(
        "duplicate",
        "appointments",
        f"{REFUSES_DUPLICATES} AND ("
        f"EXISTS (SELECT 1 FROM requests o WHERE {SAME} AND o.state {OPEN}"
        " AND (NEW.request_id IS NULL OR o.id <> NEW.request_id))"
        f" OR EXISTS (SELECT 1 FROM appointments o WHERE {SAME} AND o.state {PLANNED}"
        " AND o.id <> NEW.id))",
        f"NEW.state {PLANNED}",
        f"OLD.state {PLANNED} AND {SAME_AS_BEFORE}",
    ),
)

ONE_PRICE = Guard(
    "one_price",
    "prices",
    "EXISTS (SELECT 1 FROM prices o WHERE o.price_category_id = NEW.price_category_id"
    " AND o.performance_type_id = NEW.performance_type_id AND o.id <> NEW.id"
    " AND (NEW.until_day IS NULL OR o.from_day < NEW.until_day)"
    " AND (o.until_day IS NULL OR NEW.from_day < o.until_day))",
)
