"""What the outside may hear of: the catalogue of events for webhooks and triggers. Domain §§4, 6."""

from enum import StrEnum
from typing import Self


class Topic(StrEnum):
    """Stable and public. What merely follows from another step has no topic of its own.

    That a request was planned or fulfilled is told by its appointment, and so is all that happens to
    the performances of an appointment.
    """

    sentence: str
    """What has happened, for the catalogue."""

    def __new__(cls, code: str, sentence: str) -> Self:
        topic = str.__new__(cls, code)
        topic._value_ = code
        topic.sentence = sentence
        return topic

    REQUEST_DRAFTED = "RequestDrafted", "a request was saved as a draft"
    REQUEST_SUBMITTED = "RequestSubmitted", "a request waits for approval"
    REQUEST_OPENED = "RequestOpened", "a request waits to be planned"
    REQUEST_APPROVED = "RequestApproved", "a request was approved and waits to be planned"
    REQUEST_REJECTED = "RequestRejected", "a request was not approved, for a reason"
    REQUEST_CHANGED = "RequestChanged", "a request that is not planned was edited"
    REQUEST_REOPENED = (
        "RequestReopened",
        "the appointment of a request was deleted or cancelled: it waits to be planned again",
    )
    REQUEST_WITHDRAWN = "RequestWithdrawn", "a request is no longer wanted"
    REQUEST_UNPLANNED = "RequestUnplanned", "a planning run could not plan a request"
    REQUEST_OVERDUE = "RequestOverdue", "the window of a request has passed, and it is not planned"

    APPOINTMENT_DRAFTED = "AppointmentDrafted", "an appointment was made as a draft"
    APPOINTMENT_PLANNED = "AppointmentPlanned", "an appointment was made, or a draft became one"
    APPOINTMENT_REPORTED = "AppointmentReported", "an appointment was made ad hoc, for a report"
    APPOINTMENT_CHANGED = "AppointmentChanged", "an appointment was edited where it stands"
    APPOINTMENT_MARKED_AS_DRAFT = (
        "AppointmentMarkedAsDraft",
        "a planned appointment became a draft",
    )
    APPOINTMENT_MOVED = "AppointmentMoved", "an appointment got another time, place or practitioner"
    APPOINTMENT_COMPLETED = "AppointmentCompleted", "an appointment was held"
    APPOINTMENT_COMPLETION_UNDONE = (
        "AppointmentCompletionUndone",
        "a completed appointment is planned again",
    )
    APPOINTMENT_CANCELLED = "AppointmentCancelled", "an appointment will not be held"
    APPOINTMENT_DELETED = "AppointmentDeleted", "an appointment was taken away for good"
    APPOINTMENT_MISSED = "AppointmentMissed", "the employee did not come: a no-show"
    APPOINTMENT_NO_SHOW_CORRECTED = (
        "AppointmentNoShowCorrected",
        "a no-show was none: the appointment is what it was before",
    )
    APPOINTMENT_LAPSED = "AppointmentLapsed", "an invoiced appointment was marked void and refunded"
    APPOINTMENT_REMINDERS_FAILED = (
        "AppointmentRemindersFailed",
        "an appointment stands, but its reminders could not be made or sent",
    )
    APPOINTMENT_ACCEPTED = "AppointmentAccepted", "somebody who is invited will come"
    APPOINTMENT_DECLINED = (
        "AppointmentDeclined",
        "somebody who is invited cannot come; the appointment stands until it is cancelled",
    )
    APPOINTMENT_TIME_ASKED = (
        "AppointmentTimeAsked",
        "somebody who is invited asks for another time; the appointment stands until it is moved",
    )

    CASE_OPENED = "CaseOpened", "a case was opened"
    CASE_PARTIALLY_RECOVERED = (
        "CasePartiallyRecovered",
        "the employee of a case works again, in part",
    )
    CASE_CLOSED = "CaseClosed", "a case was closed"
    CASE_DAY_REACHED = (
        "CaseDayReached",
        "a case is open for so many days, of which some trigger wants to know",
    )

    AVAILABILITY_ADDED = (
        "AvailabilityAdded",
        "a practitioner is open for appointments at a location",
    )
    AVAILABILITY_CHANGED = (
        "AvailabilityChanged",
        "an availability got other hours, another place or practitioner, or is open for other appointments",
    )
    AVAILABILITY_REMOVED = "AvailabilityRemoved", "an availability was taken away"
    ABSENCE_ADDED = "AbsenceAdded", "a practitioner is away for a time"
    ABSENCE_CHANGED = "AbsenceChanged", "a practitioner is away at another time"
    ABSENCE_REMOVED = "AbsenceRemoved", "a practitioner is there after all"

    INVOICE_BASIS_FINAL = (
        "InvoiceBasisFinal",
        "an invoice basis became final: it has a number, and its lines never change",
    )
    INVOICE_BASIS_SENT = "InvoiceBasisSent", "the invoice of a basis was sent"

    ACCOUNT_PASSWORD_CHANGED = "AccountPasswordChanged", "the password of an account was changed"
    ACCOUNT_ADDRESS_CHANGED = "AccountAddressChanged", "the mail address of an account was changed"
    ACCOUNT_SECOND_FACTOR_CHANGED = (
        "AccountSecondFactorChanged",
        "the second factor of an account was set up, renewed or taken away",
    )
    ACCOUNT_LOCKED = "AccountLocked", "an account is locked after too many wrong tries"

    MESSAGE_ASKED = "MessageAsked", "a trigger wants somebody to get a message"
    TRIGGER_FIRED = "TriggerFired", "a trigger fired that is to be told of"

    RECEIVER_TESTED = (
        "ReceiverTested",
        "somebody tries out whether a receiver of webhooks hears us; it goes to that one only",
    )
