"""A completed appointment whose invoice is out, marked void: its money goes back. Domain §5 [000 §3.1.3]."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.billing import Performance, PerformanceState
from scheduler.actor import Actor
from scheduler.appointments.standing import step, the_one
from scheduler.guarded import guarded
from scheduler.lifecycles import APPOINTMENTS, PERFORMANCES, advance, begin
from scheduler.performing import hold_again, performances

INVOICED = frozenset({PerformanceState.BILLED, PerformanceState.SUBMITTED})


def mark_lapsed(
    session: Session,
    appointment_id: UUID,
    *,
    reason: str,
    by: Actor,
    now: datetime,
    version: int | None = None,
) -> None:
    """Mark it lapsed: a refund is registered of all that was invoiced, and the rest gets onto no invoice.

    Raises:
        RefusedError: its state does not allow it, or no reason is given.
        NoSuchAppointmentError: there is none.
        OutdatedError: its version is another by now.
    """
    appointment = the_one(session, appointment_id, version)
    lapse = step(appointment, "mark_lapsed", why=reason, reason=reason)
    with guarded(session):
        advance(session, APPOINTMENTS, [lapse], by=by, at=now)
        hold_again(session, [appointment_id], by=by, at=now)
        _refund(session, appointment_id, by=by, at=now)
    session.expire_all()


def _refund(session: Session, appointment: UUID, *, by: Actor, at: datetime) -> None:
    """Of each that was invoiced and not credited: at its price and in its year, which are of its day."""
    _keep(session, appointment)
    those = performances(session, [appointment])[appointment]
    refunded = {one.refund_of_id for one in those}
    refunds = [
        {
            "appointment_id": one.appointment_id,
            "case_id": one.case_id,
            "performance_type_id": one.performance_type_id,
            "establishment_id": one.establishment_id,
            # of whose performance it is: what his supplier is reimbursed goes back too
            "account_id": one.account_id,
            "performed_on": one.performed_on,
            "refund_of_id": one.id,
        }
        for one in those
        if one.counts and one.state in INVOICED and one.id not in refunded
    ]
    if refunds:
        begin(session, PERFORMANCES, refunds, event="refund", by=by, at=at)


def _keep(session: Session, appointment: UUID) -> None:
    """Nobody credits them meanwhile: that would be the same money twice."""
    those = select(Performance.id).where(Performance.appointment_id == appointment)
    session.execute(those.order_by(Performance.id).with_for_update(key_share=True)).all()
