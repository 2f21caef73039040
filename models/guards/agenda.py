"""What the agenda refuses: taken time, full locations, appointments outside their availability (domain §3)."""

from collections.abc import Iterable, Mapping

from models.appointments import AHEAD, OCCUPYING
from models.base import listed
from models.guards.face import Guard

# --- Who and what is occupied: appointments, and the holds that have not expired (domain §3) ----------

AT_LOCATION = "{row}.modality = 'at_location'"

OCCUPANTS = {
    "appointments": f"{{row}}.state IN ({listed(OCCUPYING)})",
    "holds": "{row}.expires_at > {now}",
}
STILL_AHEAD = {
    "appointments": f"NEW.state IN ({listed(AHEAD)})",
    "holds": "TRUE",
}


def occupied(whose: str, until: str) -> str:
    """Somebody has something else at that time. The lower bound of `starts_at` keeps the search short."""
    return " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} o WHERE o.{whose} = NEW.{whose} AND o.id <> NEW.id"
        f" AND {counts.replace('{row}', 'o')}"
        f" AND o.starts_at < NEW.{until} AND o.{until} > NEW.starts_at"
        f" AND o.starts_at > NEW.starts_at - {{longest}})"
        for table, counts in OCCUPANTS.items()
    )


def crowded(counted: Mapping[str, str], until: str) -> str:
    """There is a moment at which as many as the location takes are there without the new one.

    The number in parallel is highest where one of them starts, so only those moments are asked
    about; partial overlap counts (reliability §3.3). A location without a limit never refuses.
    """
    here = {
        table: f"FROM {table} o WHERE o.location_id = NEW.location_id AND o.id <> NEW.id"
        f" AND {counts.replace('{row}', 'o')}"
        for table, counts in counted.items()
    }
    starts = " UNION ".join(
        f"SELECT o.starts_at {those} AND o.starts_at > NEW.starts_at AND o.starts_at < NEW.{until}"
        for those in here.values()
    )
    present = " + ".join(
        f"(SELECT count(*) {those} AND o.starts_at <= moment.starts_at"
        f" AND o.{until} > moment.starts_at AND o.starts_at > moment.starts_at - {{longest}})"
        for those in here.values()
    )
    return (
        f"EXISTS (SELECT 1 FROM (SELECT NEW.starts_at AS starts_at UNION {starts}) moment"
        f" WHERE {present} >= (SELECT l.capacity FROM locations l WHERE l.id = NEW.location_id))"
    )


def no_larger(until: str) -> str:
    return (
        "OLD.location_id = NEW.location_id"
        f" AND OLD.starts_at <= NEW.starts_at AND NEW.{until} <= OLD.{until}"
    )


AVAILABILITY_CAPACITY = Guard(
    "availability_capacity",
    "availabilities",
    crowded({"availabilities": "{row}.removed_at IS NULL AND {row}.at_location"}, "ends_at"),
    "NEW.removed_at IS NULL AND NEW.at_location",
    f"{no_larger('ends_at')} AND OLD.removed_at IS NULL AND OLD.at_location",
)


def occupation(table: str) -> Iterable[Guard]:
    """What an appointment and a hold must both keep."""
    counts = OCCUPANTS[table]
    new, old = counts.replace("{row}", "NEW"), counts.replace("{row}", "OLD")
    in_room = {name: f"{those} AND {AT_LOCATION}" for name, those in OCCUPANTS.items()}
    yield Guard("practitioner_free", table, occupied("practitioner_id", "occupied_until"), new)
    yield Guard("employee_free", table, occupied("employee_id", "ends_at"), new)
    yield Guard(
        "location_capacity",
        table,
        crowded(in_room, "occupied_until"),
        f"{new} AND {AT_LOCATION.replace('{row}', 'NEW')}",
        f"{no_larger('occupied_until')} AND {old} AND {AT_LOCATION.replace('{row}', 'OLD')}",
    )
    yield Guard(
        "practitioner_free",
        table,
        "EXISTS (SELECT 1 FROM absences a WHERE a.practitioner_id = NEW.practitioner_id"
        " AND a.starts_at < NEW.occupied_until AND a.ends_at > NEW.starts_at)",
        STILL_AHEAD[table],
    )
    yield Guard(
        "exclusion",
        table,
        "EXISTS (SELECT 1 FROM exclusions x WHERE x.employee_id = NEW.employee_id"
        " AND x.practitioner_id = NEW.practitioner_id)",
        STILL_AHEAD[table],
    )
    # wholly inside one availability, which is his, there, and not removed
    yield Guard(
        "fits",
        table,
        "NOT EXISTS (SELECT 1 FROM availabilities a WHERE a.id = NEW.availability_id"
        " AND a.practitioner_id = NEW.practitioner_id AND a.location_id = NEW.location_id"
        " AND a.removed_at IS NULL"
        " AND a.starts_at <= NEW.starts_at AND NEW.occupied_until <= a.ends_at)",
        STILL_AHEAD[table] + (" AND NOT NEW.ad_hoc" if table == "appointments" else ""),
    )


# --- Changes that planned appointments would not survive (domain §3: 409, unless they go first) -------

DISTURBS = "disturbs_appointments"

PLANNED_HERE = f"EXISTS (SELECT 1 FROM appointments o WHERE o.state IN ({listed(AHEAD)}) AND "

DISTURBANCES = (
    Guard(
        DISTURBS,
        "availabilities",
        f"{PLANNED_HERE} o.availability_id = NEW.id AND NOT o.ad_hoc AND NOT ("
        "NEW.removed_at IS NULL AND o.practitioner_id = NEW.practitioner_id"
        " AND o.location_id = NEW.location_id"
        " AND NEW.starts_at <= o.starts_at AND o.occupied_until <= NEW.ends_at))",
    ),
    Guard(
        DISTURBS,
        "availabilities",
        f"{PLANNED_HERE} o.availability_id = OLD.id AND NOT o.ad_hoc)",
        kinds=("DELETE",),
    ),
    Guard(
        DISTURBS,
        "absences",
        f"{PLANNED_HERE} o.practitioner_id = NEW.practitioner_id"
        " AND o.starts_at < NEW.ends_at AND o.occupied_until > NEW.starts_at"
        " AND o.starts_at > NEW.starts_at - {longest})",
    ),
    Guard(
        DISTURBS,
        "exclusions",
        f"{PLANNED_HERE} o.employee_id = NEW.employee_id"
        " AND o.practitioner_id = NEW.practitioner_id)",
    ),
)


AGENDA = (
    AVAILABILITY_CAPACITY,
    *occupation("appointments"),
    *occupation("holds"),
    *DISTURBANCES,
)
