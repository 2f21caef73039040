"""What is shown of each kind of record: its words, its place in the menu, and the columns of its list."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from api.http.keeping import Keeping
from api.http.routes.records import organisation, people, practice, types
from api.http.shapes import Given
from api.pages.administration.fields import Field, Widget, fields_of
from api.pages.words import msgid
from scheduler.access import Caller, Right

ORGANISATION = msgid("Organisation")
PRACTICE = msgid("By whom, where and what")
ACCESS = msgid("Who may do what")
SERVICE = msgid("The service")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of record on the pages. `below`: kinds that belong to one of it, and by which of their filters."""

    keeping: Keeping
    many: str
    """Msgids, as are `one` and `group`."""
    one: str
    group: str
    columns: tuple[str, ...]
    below: tuple[tuple[str, str], ...] = ()
    beside: tuple[tuple[str, str], ...] = ()
    """Other pages about one of it: a msgid, and the address that its key comes behind."""
    managed: tuple[tuple[str, str], ...] = ()
    """The same, for whoever manages it."""
    home: str = "/administration"

    @property
    def path(self) -> str:
        return self.home + self.keeping.path

    @property
    def called(self) -> str:
        """The column by which one is called."""
        return self.columns[0]

    @cached_property
    def new(self) -> type[Given]:
        return self.keeping.new or self.keeping.given

    @cached_property
    def shown(self) -> Sequence[Field]:
        """The columns of its list."""
        known = {one.name: one for one in fields_of(self.new)}
        return [known[name] for name in self.columns]

    @cached_property
    def fixed(self) -> Sequence[Field]:
        """What is chosen once, when it is new: shown with it from then on, where it is one field."""
        later = self.keeping.given.model_fields
        there = self.keeping.view.model_fields
        return [one for one in fields_of(self.new) if one.name not in later and one.name in there]

    @property
    def looking(self) -> tuple[Right, ...]:
        return (*self.keeping.look, self.keeping.manage)

    def filtered(self, filters: Any) -> dict[str, Any]:  # noqa: ANN401 (of this kind)
        """By what else than its name the list is asked."""
        asked = filters.model_dump(
            exclude_none=True, exclude={"q", "archived", "page_size", "cursor"}
        )
        return {name: value for name, value in asked.items() if value != ""}

    @property
    def is_archived(self) -> bool:
        return self.keeping.record.is_archived

    def links(self, caller: Caller, key: UUID) -> list[tuple[str, str]]:
        """What else there is about one of it: msgids and addresses."""
        kinds = [(BY_NAME[many], name) for many, name in self.below]
        managed = self.managed if caller.may(self.keeping.manage) else ()
        return [
            *((title, f"{address}{key}") for title, address in (*self.beside, *managed)),
            *(
                (kind.many, f"{kind.path}?{urlencode({name: key})}")
                for kind, name in kinds
                if any(map(caller.may, kind.looking))
            ),
        ]


EMPLOYEES = Kind(
    keeping=people.EMPLOYEES,
    many=msgid("Employees"),
    one=msgid("employee"),
    group=ORGANISATION,
    columns=("last_name", "first_name", "reference", "work_email", "work_mobile"),
    home="",
)
KINDS = (
    Kind(
        keeping=organisation.EMPLOYERS,
        many=msgid("Employers"),
        one=msgid("employer"),
        group=ORGANISATION,
        columns=("name", "code", "debtor_number", "language"),
        below=(
            ("establishments", "employer_id"),
            ("departments", "employer_id"),
            ("contact_persons", "employer_id"),
            ("employees", "employer_id"),
        ),
    ),
    Kind(
        keeping=organisation.ESTABLISHMENTS,
        many=msgid("Establishments"),
        one=msgid("establishment"),
        group=ORGANISATION,
        columns=("name", "employer_id", "is_main", "city", "country"),
        below=(("contact_persons", "establishment_id"), ("employees", "establishment_id")),
    ),
    Kind(
        keeping=organisation.DEPARTMENTS,
        many=msgid("Departments"),
        one=msgid("department"),
        group=ORGANISATION,
        columns=("name", "code", "employer_id", "parent_id"),
        below=(("departments", "parent_id"),),
    ),
    Kind(
        keeping=organisation.CONTACT_PERSONS,
        many=msgid("Contact persons"),
        one=msgid("contact person"),
        group=ORGANISATION,
        columns=("name", "employer_id", "establishment_id", "role", "email", "telephone"),
    ),
    Kind(
        keeping=practice.PRACTITIONERS,
        many=msgid("Practitioners"),
        one=msgid("practitioner"),
        group=PRACTICE,
        columns=("name", "functions", "reference", "score"),
        managed=((msgid("Feeds for calendars"), "/administration/practitioner-feeds/"),),
    ),
    Kind(
        keeping=practice.FUNCTIONS,
        many=msgid("Functions"),
        one=msgid("function"),
        group=PRACTICE,
        columns=("name", "code"),
    ),
    Kind(
        keeping=practice.LOCATIONS,
        many=msgid("Locations"),
        one=msgid("location"),
        group=PRACTICE,
        columns=("name", "city", "country", "capacity", "time_zone"),
        beside=((msgid("Holidays"), "/administration/holidays?location_id="),),
        managed=((msgid("Feeds for calendars"), "/administration/location-feeds/"),),
    ),
    Kind(
        keeping=types.CONSULTATION_TYPES,
        many=msgid("Consultation types"),
        one=msgid("consultation type"),
        group=PRACTICE,
        columns=("name", "code", "duration", "buffer", "modality", "is_no_show"),
    ),
    Kind(
        keeping=types.CASE_KINDS,
        many=msgid("Kinds of case"),
        one=msgid("kind of case"),
        group=PRACTICE,
        columns=("name", "code"),
    ),
)
BY_NAME = {one.keeping.many: one for one in (EMPLOYEES, *KINDS)}


def plainly(fields: Sequence[Field]) -> list[Field]:
    """Those that a line can show."""
    return [one for one in fields if one.widget not in {Widget.ROWS, Widget.WITHIN}]
