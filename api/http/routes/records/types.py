"""Of what kind: consultation types and kinds of case. Domain §§1, 3, 5."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.http.declaring import Routes
from api.http.keeping import Keeping, KeptFilters
from api.http.keeping_routes import keep
from api.http.routes.records.shapes import RecordView
from api.http.shapes import Flag, Given, Language, Line, Short, View
from models.consultations import CaseKind, ConsultationType, Modality
from scheduler import records
from scheduler.access import Right
from solver.minutes import MINUTES_PER_DAY

routes = Routes("types")

MOST_LISTED = 50
A_YEAR = 366 * MINUTES_PER_DAY


class CaseKindGiven(Given):
    """What a case is about."""

    code: Short = Field(examples=["absence"])
    name: Line = Field(examples=["Absence"])


class CaseKindView(RecordView):
    """What a case is about: absence, pregnancy, prevention, ..."""

    code: str
    name: str


class NameGiven(Given):
    """The type's name in another language."""

    language: Language
    name: Line


class NameView(View):
    """The type's name in another language."""

    language: str
    name: str


class ConsultationTypeGiven(Given):
    """A kind of appointment; minutes for all that lasts. What is planned already keeps the duration that it has.

    `functions`: a practitioner holds one of them. `names`: in other languages. `minimum_notice`: between
    booking and start. `performance_type_id`: what completing writes.
    """

    code: Short = Field(examples=["consultation"])
    name: Line = Field(examples=["Consultation"])
    duration: int = Field(strict=True, ge=1, le=MINUTES_PER_DAY, examples=[30])
    buffer: int = Field(default=0, strict=True, ge=0, le=MINUTES_PER_DAY, examples=[10])
    modality: Modality
    minimum_notice: int = Field(default=0, strict=True, ge=0, le=A_YEAR)
    refuses_duplicates: Flag = False
    is_no_show: Flag = False
    calls_again: Flag = False
    needs_contact_details: Flag = False
    preferred_case_kind_id: UUID | None = None
    performance_type_id: UUID | None = None
    functions: list[UUID] = Field(default=[], max_length=MOST_LISTED)
    names: list[NameGiven] = Field(default=[], max_length=MOST_LISTED)


class ConsultationTypeView(RecordView):
    """A kind of appointment. Minutes for all that lasts."""

    code: str
    name: str
    duration: int
    buffer: int
    modality: Modality
    minimum_notice: int
    refuses_duplicates: bool
    is_no_show: bool
    calls_again: bool
    needs_contact_details: bool
    preferred_case_kind_id: UUID | None
    performance_type_id: UUID | None
    functions: list[UUID]
    names: list[NameView]
    archived_at: datetime | None


class TypeFilters(KeptFilters):
    """Which types."""

    is_no_show: bool | None = None
    modality: Modality | None = None


CASE_KINDS = keep(
    routes,
    Keeping(
        record=records.CASE_KIND,
        one="case_kind",
        many="case_kinds",
        view=CaseKindView,
        given=CaseKindGiven,
        look=(Right.VIEW_CASES, Right.MANAGE_CASES, Right.VIEW_REQUESTS),
        manage=Right.MANAGE_TYPES,
        by=(CaseKind.name,),
        search=(CaseKind.name, CaseKind.code),
    ),
)
CONSULTATION_TYPES = keep(
    routes,
    Keeping(
        record=records.CONSULTATION_TYPE,
        one="consultation_type",
        many="consultation_types",
        view=ConsultationTypeView,
        given=ConsultationTypeGiven,
        look=(Right.VIEW_AGENDA, Right.VIEW_REQUESTS),
        manage=Right.MANAGE_TYPES,
        by=(ConsultationType.name,),
        search=(ConsultationType.name, ConsultationType.code),
        filters=TypeFilters,
    ),
)
