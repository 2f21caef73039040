"""What administrators set for the whole organisation: the product parameters, one line each. Domain §§1, 3, 4.

A parameter is stored as text under a category and a code; where nothing is stored, its default holds.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from models.base import LINE
from models.consultations import ConsultationType
from models.settings import ProductParameter
from solver.minutes import MINUTES_PER_DAY

Value = TypeVar("Value", int, bool, str)


class Kind(ABC, Generic[Value]):
    """What a value must be. A ValueError says it in words that follow on "must be"."""

    @abstractmethod
    def read(self, text: str) -> Value:
        """The value that is stored as `text`."""

    @abstractmethod
    def written(self, value: Value) -> str:
        """The text that is stored for a value."""

    def check(self, session: Session, value: Value) -> None:
        """Refuse what only other rows can tell to be wrong."""


@dataclass(frozen=True, slots=True)
class Whole(Kind[int]):
    """A whole number; where something is named that it `divides`, without a rest."""

    least: int
    most: int
    divides: int = 0

    def read(self, text: str) -> int:
        # int() takes more for a number than anybody types: "1_0", " 10 ", other scripts' digits
        digits = text.isascii() and text.removeprefix("-").isdigit()
        number = int(text) if digits else self.least
        divides = not self.divides or (number > 0 and self.divides % number == 0)
        if not digits or not self.least <= number <= self.most or not divides:
            rest = f" that divides {self.divides}" if self.divides else ""
            raise ValueError(f"a whole number from {self.least} to {self.most}{rest}")
        return number

    def written(self, value: int) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Switch(Kind[bool]):
    """On or off."""

    def read(self, text: str) -> bool:
        if text not in {"true", "false"}:
            raise ValueError("true or false")
        return text == "true"

    def written(self, value: bool) -> str:  # noqa: FBT001 (it is the value)
        return str(value).lower()


@dataclass(frozen=True, slots=True)
class TypeCode(Kind[str]):
    """The code of a consultation type, or nothing."""

    def read(self, text: str) -> str:
        return text

    def written(self, value: str) -> str:
        return value

    def check(self, session: Session, value: str) -> None:
        offered = select(ConsultationType.id).where(
            ConsultationType.code == value, ConsultationType.archived_at.is_(None)
        )
        if value and session.scalar(offered) is None:
            raise ValueError("the code of a consultation type that is in use, or empty")


@dataclass(frozen=True, slots=True)
class Words(Kind[str]):
    """One line of text, or nothing; where a `pattern` is given, of that form."""

    pattern: str = r"[^\x00-\x1f\x7f]*"
    form: str = "one line of text"

    def read(self, text: str) -> str:
        if len(text) > LINE or not re.fullmatch(self.pattern, text):
            raise ValueError(f"{self.form}, at most {LINE} characters")
        return text

    def written(self, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class Hour(Kind[str]):
    """A time of the day, on local clocks, or nothing."""

    def read(self, text: str) -> str:
        if text and not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
            raise ValueError("a time from 00:00 to 23:59, or empty")
        return text

    def written(self, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class Parameter(Generic[Value]):
    """A setting of the organisation; `meaning` is what an administrator reads."""

    category: str
    code: str
    kind: Kind[Value]
    default: Value
    meaning: str


class ParameterError(ValueError):
    """A value that a parameter cannot have."""

    def __init__(self, parameter: Parameter[Value], value: object, expected: object) -> None:
        name = f"{parameter.category}/{parameter.code}"
        super().__init__(f"product parameter {name} must be {expected}, not {value!r}")
        self.parameter = name
        self.value = value
        self.expected = str(expected)


# --- The parameters -----------------------------------------------------------------------------------

GRID = Parameter("Planning", "Grid", Whole(1, 60, MINUTES_PER_DAY), 5, "Minutes between two possible starts, counted from midnight (`fits`, domain §3).")  # fmt: skip
HORIZON_DAYS = Parameter("Planning", "HorizonDays", Whole(1, 366), 42, "How many days ahead the nightly run plans.")  # fmt: skip
NOTICE_NEXT_DAY = Parameter("Planning", "NoticeNextDay", Switch(), default=True, meaning="Automatic planning plans nothing sooner than the next day (`notice`, domain §3).")  # fmt: skip
NIGHTLY_RUN_AT = Parameter("Planning", "NightlyRunAt", Hour(), "02:00", "When all open requests are planned every night, on local clocks; empty: never by itself.")  # fmt: skip
NIGHTLY_RUN_MINUTES = Parameter("Planning", "NightlyRunMinutes", Whole(1, 240), 5, "Minutes that the nightly run may take.")  # fmt: skip
# Domain §4 gives the code alone. The category is that of what it is about.
SAVE_AND_PLAN = Parameter("AppointmentRequest", "CalculateAvailabilitiesForAppointmentRequest", Switch(), default=True, meaning="Save and plan is offered beside Save (domain §4; 000 §3.1.13.2).")  # fmt: skip
DEFAULT_TYPE = Parameter("Consultation", "DefaultTypeForRequests", TypeCode(), "", "The consultation type that a new request begins with, a no-show type too (`no_show_type`, domain §3).")  # fmt: skip
# Domain §7: what an invoice says of whoever sends it. The one that is paid is the service as a whole.
SELLER_NAME = Parameter("Billing", "SellerName", Words(), "", "The name of the service on its invoices.")  # fmt: skip
SELLER_STREET = Parameter("Billing", "SellerStreet", Words(), "", "Street and number of the service on its invoices.")  # fmt: skip
SELLER_POSTAL_CODE = Parameter("Billing", "SellerPostalCode", Words(), "", "Postal code of the service on its invoices.")  # fmt: skip
SELLER_CITY = Parameter("Billing", "SellerCity", Words(), "", "City of the service on its invoices.")  # fmt: skip
SELLER_COUNTRY = Parameter("Billing", "SellerCountry", Words(r"[A-Z]{2}", "a country of two letters (ISO 3166-1)"), "NL", "Country of the service on its invoices.")  # fmt: skip
SELLER_VAT_NUMBER = Parameter("Billing", "SellerVatNumber", Words(r"([A-Z]{2}[A-Z0-9+*]{2,18})?", "a VAT number that begins with its country"), "", "VAT number of the service on its invoices.")  # fmt: skip
SELLER_REGISTRATION = Parameter("Billing", "SellerRegistration", Words(r"[A-Za-z0-9.-]*", "letters and digits"), "", "Number of the service in the trade register (in the Netherlands: KVK).")  # fmt: skip
SELLER_IBAN = Parameter("Billing", "SellerIban", Words(r"([A-Z]{2}[0-9]{2}[A-Z0-9]{4,30})?", "an IBAN without spaces"), "", "The account that invoices are paid to.")  # fmt: skip
PAYMENT_DAYS = Parameter("Billing", "PaymentDays", Whole(0, 365), 30, "Days within which an invoice is to be paid.")  # fmt: skip
INVITE_EMPLOYEES = Parameter("Messages", "InviteEmployees", Switch(), default=True, meaning="An employee gets each of his appointments by mail, for his calendar: that it is made, moved, cancelled (domain §6).")  # fmt: skip
INVITE_PRACTITIONERS = Parameter("Messages", "InvitePractitioners", Switch(), default=True, meaning="So does a practitioner who has an account with a mail address.")  # fmt: skip

PARAMETERS = tuple(each for each in tuple(globals().values()) if isinstance(each, Parameter))
"""All of them, in that order."""


def value(session: Session, parameter: Parameter[Value]) -> Value:
    """What is set, or the default.

    Raises:
        ParameterError: what is stored is none of its values.
    """
    stored = session.scalar(_stored(), {"category": parameter.category, "code": parameter.code})
    if stored is None:
        return parameter.default
    try:
        return parameter.kind.read(stored)
    except ValueError as expected:
        raise ParameterError(parameter, stored, expected) from None


@cache
def _stored() -> Select[str]:
    t = ProductParameter
    named = t.category == bindparam("category"), t.code == bindparam("code")
    return select(t.value).where(*named)


def put(session: Session, parameter: Parameter[Value], new: Value) -> None:
    """Set it.

    Raises:
        ParameterError: it cannot have this value; nothing has changed.
    """
    text = parameter.kind.written(new)
    try:
        parameter.kind.check(session, parameter.kind.read(text))
    except ValueError as expected:
        raise ParameterError(parameter, text, expected) from None
    session.merge(ProductParameter(category=parameter.category, code=parameter.code, value=text))
