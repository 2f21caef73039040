"""What several kinds of record have in common: an address on the map, and what an invoice is addressed by."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.http.shapes import Country, Given, Line, Short, View


class RecordView(View):
    """Its key, and the version that `If-Match` asks for."""

    id: UUID
    version: int


class AddressGiven(Given):
    """Where it is. The country is mandatory [000 §3.1.10]: holidays depend on it."""

    country: Country
    street: Line | None = None
    postal_code: Annotated[Short, Field(max_length=20)] | None = None
    city: Line | None = None
    latitude: float | None = Field(default=None, strict=True, ge=-90, le=90, examples=[52.37])
    longitude: float | None = Field(default=None, strict=True, ge=-180, le=180, examples=[4.89])


class AddressView(RecordView):
    """Where it is."""

    country: str
    street: str | None
    postal_code: str | None
    city: str | None
    latitude: float | None
    longitude: float | None


class FinancialGiven(Given):
    """What an invoice is addressed by. Domain §7."""

    debtor_number: Short | None = None
    cost_centre: Short | None = None
    cost_unit: Short | None = None
    invoice_code: Short | None = None


class FinancialView(RecordView):
    """What an invoice is addressed by."""

    debtor_number: str | None
    cost_centre: str | None
    cost_unit: str | None
    invoice_code: str | None
