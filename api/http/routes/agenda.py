"""By whom, where and of what kind: practitioners, locations and types, to choose from. Domain §1."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.shapes import Page, View
from models.agenda import Location
from models.consultations import ConsultationType, Modality
from models.people import Practitioner
from scheduler.access import Right

routes = Routes("agenda")


class LocationView(View):
    """Where consultations are held. `capacity`: nothing where there is no limit."""

    id: UUID
    version: int
    reference: str | None
    name: str
    street: str | None
    postal_code: str | None
    city: str | None
    country: str
    subdivision: str | None
    time_zone: str = Field(examples=["Europe/Amsterdam"])
    capacity: int | None
    archived_at: datetime | None


class PractitionerView(View):
    """Who holds appointments."""

    id: UUID
    version: int
    reference: str | None
    name: str
    score: int
    archived_at: datetime | None


class TypeView(View):
    """A kind of appointment. Minutes for all that lasts."""

    id: UUID
    version: int
    code: str
    name: str
    duration: int
    buffer: int
    modality: Modality
    minimum_notice: int
    refuses_duplicates: bool
    is_no_show: bool
    archived_at: datetime | None


class KeptFilters(Paging):
    """Without those that are archived, unless it is asked."""

    archived: bool = False


OF_LOCATIONS = everywhere(Right.VIEW_AGENDA, Right.MANAGE_LOCATIONS, of=Location)
OF_PRACTITIONERS = everywhere(Right.VIEW_AGENDA, Right.MANAGE_PRACTITIONERS, of=Practitioner)
OF_TYPES = everywhere(
    Right.VIEW_AGENDA, Right.VIEW_REQUESTS, Right.MANAGE_TYPES, of=ConsultationType
)


@routes.get("/locations", OF_LOCATIONS)
def list_locations(call: Call, filters: Annotated[KeptFilters, Query()]) -> Page[LocationView]:
    """All locations."""
    kept = [] if filters.archived else [Location.archived_at.is_(None)]
    return call.page(Location, LocationView, filters, *kept)


@routes.get("/locations/{location_id}", OF_LOCATIONS)
def read_location(call: Call, location_id: UUID) -> LocationView:
    """One of them."""
    return LocationView.model_validate(call.one(Location, location_id))


@routes.get("/practitioners", OF_PRACTITIONERS)
def list_practitioners(
    call: Call, filters: Annotated[KeptFilters, Query()]
) -> Page[PractitionerView]:
    """All practitioners."""
    kept = [] if filters.archived else [Practitioner.archived_at.is_(None)]
    return call.page(Practitioner, PractitionerView, filters, *kept)


@routes.get("/practitioners/{practitioner_id}", OF_PRACTITIONERS)
def read_practitioner(call: Call, practitioner_id: UUID) -> PractitionerView:
    """One of them."""
    return PractitionerView.model_validate(call.one(Practitioner, practitioner_id))


@routes.get("/consultation-types", OF_TYPES)
def list_consultation_types(call: Call, filters: Annotated[KeptFilters, Query()]) -> Page[TypeView]:
    """All consultation types."""
    kept = [] if filters.archived else [ConsultationType.archived_at.is_(None)]
    return call.page(ConsultationType, TypeView, filters, *kept)


@routes.get("/consultation-types/{type_id}", OF_TYPES)
def read_consultation_type(call: Call, type_id: UUID) -> TypeView:
    """One of them."""
    return TypeView.model_validate(call.one(ConsultationType, type_id))
