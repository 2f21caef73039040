"""What a mail is about: who gets it, in which language, and what its merge fields say. Domain §6."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from sqlalchemy.orm import Session

from models.access import Account
from models.agenda import Location
from models.appointments import Appointment
from models.base import Base
from models.consultations import ConsultationType, ConsultationTypeName
from models.messages import AddressLanguage, Recipient, TemplateText
from models.organisation import ContactPerson, Employer, Establishment
from models.people import Employee, Practitioner
from models.requests import Case
from notifications.mail.gathered import found

DEFAULT = "nl"
"""The language that every template has, and that is read where no other is known."""

Thing = TypeVar("Thing", bound=Base)


@dataclass(frozen=True, slots=True)
class Keys:
    """Of what it is about."""

    appointment_id: UUID | None = None
    case_id: UUID | None = None
    employee_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who gets it. `language`: as he, or his employer, is known to speak."""

    name: str
    address: str | None = field(repr=False)
    language: str | None


class About:
    """The rows that it is about, each read when it is asked for."""

    def __init__(self, session: Session, keys: Keys) -> None:
        self._session = session
        self._keys = keys

    def _got(self, kind: type[Thing], key: UUID | None) -> Thing | None:
        return None if key is None else found(self._session, kind, key)

    @cached_property
    def appointment(self) -> Appointment | None:
        return self._got(Appointment, self._keys.appointment_id)

    @cached_property
    def case(self) -> Case | None:
        appointment = self.appointment
        return self._got(Case, appointment.case_id if appointment else self._keys.case_id)

    @cached_property
    def employee(self) -> Employee | None:
        of = self.appointment or self.case
        return self._got(Employee, of.employee_id if of else self._keys.employee_id)

    @cached_property
    def employer(self) -> Employer | None:
        of = self.appointment or self.case
        site = self._got(Establishment, of.establishment_id if of else None)
        return self._got(Employer, site.employer_id if site else None)

    @cached_property
    def practitioner(self) -> Practitioner | None:
        of = self.appointment or self.case
        return self._got(Practitioner, of.practitioner_id if of else None)

    @cached_property
    def location(self) -> Location | None:
        return self._got(Location, self.appointment.location_id if self.appointment else None)

    def addressee(self, recipient: Recipient) -> Addressee | None:
        """Nobody where there is none."""
        return _ADDRESSEES[recipient](self)

    def account(self, key: UUID | None) -> Account | None:
        return self._got(Account, key)

    @property
    def contact_person(self) -> ContactPerson | None:
        appointment = self.appointment
        return self._got(ContactPerson, appointment.contact_person_id if appointment else None)


def _employee(about: About) -> Addressee | None:
    one = about.employee
    if one is None:
        return None
    spoken = one.language or (about.employer.language if about.employer else None)
    return Addressee(name_of(one), one.private_email or one.work_email, spoken)


def _practitioner(about: About) -> Addressee | None:
    one = about.practitioner
    account = about.account(one.account_id) if one else None
    if one is None or account is None:
        return None
    return Addressee(one.name, account.email, account.language)


def _contact_person(about: About) -> Addressee | None:
    one = about.contact_person
    spoken = about.employer.language if about.employer else None
    return None if one is None else Addressee(one.name, one.email, spoken)


def _case_manager(about: About) -> Addressee | None:
    one = about.account(about.case.manager_id if about.case else None)
    return None if one is None else Addressee(one.name, one.email, one.language)


_ADDRESSEES: Mapping[Recipient, Callable[[About], Addressee | None]] = {
    Recipient.EMPLOYEE: _employee,
    Recipient.PRACTITIONER: _practitioner,
    Recipient.CONTACT_PERSON: _contact_person,
    Recipient.CASE_MANAGER: _case_manager,
}


def name_of(employee: Employee) -> str:
    return " ".join(filter(None, (employee.first_name, employee.last_name)))


# --- In which language ------------------------------------------------------------------------------------


def language_of(session: Session, addressee: Addressee) -> str:
    """His own choice, else the administrator's for the address, else as he is known, else the default. Domain §6."""
    chosen = found(session, AddressLanguage, (addressee.address or "").lower())
    return (chosen.language if chosen else addressee.language) or DEFAULT


def text_in(session: Session, template_id: UUID, language: str) -> TemplateText | None:
    """The template in this language, else in the default one."""
    asked = dict.fromkeys((*_nearer(language), DEFAULT))
    texts = (found(session, TemplateText, (template_id, one)) for one in asked)
    return next((one for one in texts if one is not None), None)


def _nearer(language: str) -> tuple[str, str]:
    """Of `nl-BE` that, and `nl`."""
    return language, language.partition("-")[0]


# --- What the fields say ----------------------------------------------------------------------------------


def values(session: Session, about: About, addressee: Addressee, language: str) -> dict[str, str]:
    """Of each merge field, what it says; one of which nothing is known says nothing."""
    return {
        "recipient.name": addressee.name,
        **dict(_people(about)),
        **dict(_when(session, about, language)),
    }


def _people(about: About) -> Iterator[tuple[str, str]]:
    if about.employee is not None:
        yield "employee.first_name", about.employee.first_name or ""
        yield "employee.last_name", about.employee.last_name
        yield "employee.name", name_of(about.employee)
    if about.employer is not None:
        yield "employer.name", about.employer.name
    if about.practitioner is not None:
        yield "practitioner.name", about.practitioner.name
    if about.location is not None:
        yield "location.name", about.location.name
        yield "location.address", place_of(about.location)


class Place(Protocol):
    """A location, or what is known of one."""

    @property
    def name(self) -> str: ...
    @property
    def street(self) -> str | None: ...
    @property
    def postal_code(self) -> str | None: ...
    @property
    def city(self) -> str | None: ...


def place_of(location: Place) -> str:
    """Its address."""
    town = " ".join(filter(None, (location.postal_code, location.city)))
    return ", ".join(filter(None, (location.street, town)))


def _when(session: Session, about: About, language: str) -> Iterator[tuple[str, str]]:
    appointment, location = about.appointment, about.location
    if appointment is None or location is None:
        return
    starts, ends = (
        moment.astimezone(ZoneInfo(location.time_zone))
        for moment in (appointment.starts_at, appointment.ends_at)
    )
    yield "appointment.day", day_of(starts, language)
    yield "appointment.time", f"{starts:%H:%M}"
    yield "appointment.until", f"{ends:%H:%M}"
    yield "consultation.name", _consultation(session, appointment.consultation_type_id, language)


def day_of(day: datetime, language: str) -> str:
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse(DEFAULT)
    return format_date(day, "EEEE d MMMM yyyy", locale=locale)


def _consultation(session: Session, key: UUID, language: str) -> str:
    for one in _nearer(language):
        named = found(session, ConsultationTypeName, (key, one))
        if named is not None:
            return named.name
    type_ = found(session, ConsultationType, key)
    return "" if type_ is None else type_.name
