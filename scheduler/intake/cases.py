"""The case that a request of a type belongs to, where nobody chooses one: a trigger, a campaign. Domain §4 [000 §2.1.7]."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.consultations import ConsultationType
from models.organisation import Establishment
from models.requests import Case
from scheduler.announcing import in_portions


def preferred(
    session: Session, consultation_type_id: UUID, employees: Collection[UUID], day: date
) -> Mapping[tuple[UUID, UUID], UUID]:
    """Of the kind that the type prefers, the case that each has open on the day, by employee and employer.

    Of several the youngest; of a type that prefers no kind none.
    """
    kind = ConsultationType.preferred_case_kind_id
    query = (
        select(Case.employee_id, Establishment.employer_id, Case.id)
        .join(Establishment, Establishment.id == Case.establishment_id)
        .join(ConsultationType, kind == Case.kind_id)
        .where(
            ConsultationType.id == consultation_type_id,
            Case.closed_on.is_(None) | (Case.closed_on > day),
        )
        .order_by(Case.opened_on, Case.id)
    )
    found: dict[tuple[UUID, UUID], UUID] = {}
    for portion in in_portions(employees):
        those = session.execute(query.where(Case.employee_id.in_(portion)))
        found.update(((employee, employer), key) for employee, employer, key in those)
    return found
