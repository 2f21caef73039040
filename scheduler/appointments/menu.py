"""What is offered for an appointment: exactly what is allowed, and why not the rest. Domain §5 [000 §3.1.3]."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.orm import Session

from scheduler.actor import Actor
from scheduler.appointments.completing import unwritable
from scheduler.lifecycles import APPOINTMENTS, menu, situations
from scheduler.refusals import Refusal

Menu = dict[str, tuple[Refusal, ...]]
"""By event every reason against it; without any it is offered."""


def actions(session: Session, appointment_ids: Collection[UUID], *, by: Actor) -> dict[UUID, Menu]:
    """The menu of each of these appointments that there is; what rights forbid, is the caller's to add."""
    stands = situations(session, APPOINTMENTS, appointment_ids)
    menus = {key: menu(APPOINTMENTS, situation) for key, situation in stands.items()}
    completable = [key for key, its in menus.items() if not its["complete"]]
    for key, refusals in unwritable(session, completable, by).items():
        menus[key]["complete"] = refusals
    return menus
