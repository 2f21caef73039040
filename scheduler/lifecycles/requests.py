"""The life of a request. Domain §5."""

from models import Base
from models.requests import AppointmentRequest, RequestState
from scheduler.lifecycles.face import Lifecycle, Row
from scheduler.topics import Topic

DRAFT, FOR_APPROVAL, REJECTED, OPEN, PLANNED, FULFILLED, WITHDRAWN = (
    RequestState.DRAFT,
    RequestState.FOR_APPROVAL,
    RequestState.REJECTED,
    RequestState.OPEN,
    RequestState.PLANNED,
    RequestState.FULFILLED,
    RequestState.WITHDRAWN,
)
REOPENED = Topic.REQUEST_REOPENED

REQUESTS = Lifecycle(
    "request",
    RequestState,
    Base.metadata.tables[AppointmentRequest.__tablename__],
    (
        # it begins as what its maker chose, and may place
        Row("draft", None, DRAFT, announces=Topic.REQUEST_DRAFTED),
        Row("open", None, OPEN, announces=Topic.REQUEST_OPENED),
        Row("submit", None, FOR_APPROVAL, announces=Topic.REQUEST_SUBMITTED, spec="§3 approval"),
        # what another system knew already is no news
        Row("take_over", None, OPEN, spec="an import"),
        Row("take_over_draft", None, DRAFT, spec="an import"),
        Row("open", DRAFT, OPEN, announces=Topic.REQUEST_OPENED),
        Row("submit", DRAFT, FOR_APPROVAL, announces=Topic.REQUEST_SUBMITTED),
        # while it waits for approval
        Row("approve", FOR_APPROVAL, OPEN, announces=Topic.REQUEST_APPROVED),
        Row(
            "reject",
            FOR_APPROVAL,
            REJECTED,
            announces=Topic.REQUEST_REJECTED,
            asks_reason=True,
            spec="§3 approval",
        ),
        Row("offer_again", REJECTED, FOR_APPROVAL, announces=Topic.REQUEST_SUBMITTED),
        # it follows its appointment, whose events tell of it
        Row("plan", OPEN, PLANNED),
        Row("reopen", PLANNED, OPEN, announces=REOPENED),
        Row("fulfil", PLANNED, FULFILLED),
        Row("undo_fulfilment", FULFILLED, PLANNED),
        Row("reopen", FULFILLED, OPEN, announces=REOPENED),
        Row("correct_no_show", PLANNED, PLANNED, spec="§5 No-show correction"),
        # once planned, what was asked stands: another wish is another appointment
        *(
            Row("edit", state, state, announces=Topic.REQUEST_CHANGED)
            for state in (DRAFT, FOR_APPROVAL, REJECTED, OPEN)
        ),
        *(
            Row("withdraw", state, WITHDRAWN, announces=Topic.REQUEST_WITHDRAWN)
            for state in (DRAFT, FOR_APPROVAL, OPEN)
        ),
    ),
)
