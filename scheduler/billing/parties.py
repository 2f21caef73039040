"""Who bills whom: as product parameters, employer and establishment say; copied when a basis becomes final. Domain §7."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.base import Json
from models.billing import InvoiceBasis
from models.organisation import Employer, Establishment
from scheduler import parameters


class Told:
    """Texts, and what is not known is empty."""

    @classmethod
    def of(cls, told: Json) -> Self:
        return cls(**{one.name: str(told.get(one.name) or "") for one in fields(cls)})  # type: ignore[arg-type]

    def or_else(self, other: Self) -> Self:
        """What is not known here is as it is there."""
        known = {name: value for name, value in asdict(self).items() if value}  # type: ignore[call-overload]
        return replace(other, **known)  # type: ignore[type-var]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller(Told):
    """Who is paid."""

    name: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    vat_number: str = ""
    registration: str = ""
    iban: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer(Told):
    """Who pays: what an establishment has of its own goes before its employer's."""

    name: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    vat_number: str = ""
    debtor_number: str = ""
    cost_centre: str = ""
    cost_unit: str = ""
    invoice_code: str = ""


@dataclass(frozen=True, slots=True)
class Parties:
    """Both of an invoice."""

    seller: Seller
    buyer: Buyer


def parties(session: Session, basis: InvoiceBasis) -> Parties:
    """As they were when it became final; what was not known then, as it is now."""
    now = Parties(_seller(session), _buyer(session, basis))
    if basis.parties is None:
        return now
    then = basis.parties
    return Parties(
        Seller.of(then["seller"]).or_else(now.seller), Buyer.of(then["buyer"]).or_else(now.buyer)
    )


def parties_now(session: Session, basis: InvoiceBasis) -> dict[str, Any]:
    """To be kept."""
    return {
        "seller": asdict(_seller(session)),
        "buyer": asdict(_buyer(session, basis)),
        "payment_days": parameters.value(session, parameters.PAYMENT_DAYS),
    }


def _seller(session: Session) -> Seller:
    of = {
        "name": parameters.SELLER_NAME,
        "street": parameters.SELLER_STREET,
        "postal_code": parameters.SELLER_POSTAL_CODE,
        "city": parameters.SELLER_CITY,
        "country": parameters.SELLER_COUNTRY,
        "vat_number": parameters.SELLER_VAT_NUMBER,
        "registration": parameters.SELLER_REGISTRATION,
        "iban": parameters.SELLER_IBAN,
    }
    return Seller(**{name: parameters.value(session, one) for name, one in of.items()})


def _buyer(session: Session, basis: InvoiceBasis) -> Buyer:
    employer = session.get_one(Employer, basis.employer_id)
    place = _place(session, basis)
    found = {
        "name": employer.name,
        "vat_number": employer.vat_number,
        **{
            name: (basis.establishment_id and getattr(place, name)) or getattr(employer, name)
            for name in ("debtor_number", "cost_centre", "cost_unit", "invoice_code")
        },
        **{name: getattr(place, name, "") for name in ("street", "postal_code", "city", "country")},
    }
    return Buyer.of(found)


def _place(session: Session, basis: InvoiceBasis) -> Establishment | None:
    """The establishment that is billed, or the main one."""
    if basis.establishment_id is not None:
        return session.get_one(Establishment, basis.establishment_id)
    main = Establishment.employer_id == basis.employer_id, Establishment.is_main
    return session.scalars(select(Establishment).where(*main)).one_or_none()
