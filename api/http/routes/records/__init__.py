"""The kinds of record that are administered, each declared once: the pages are made of the same list."""

from collections.abc import Sequence

from api.http.keeping import Keeping
from api.http.routes.records import organisation, people, practice, types

KINDS: Sequence[Keeping] = (
    organisation.EMPLOYERS,
    organisation.ESTABLISHMENTS,
    organisation.DEPARTMENTS,
    organisation.CONTACT_PERSONS,
    people.EMPLOYEES,
    people.EMPLOYMENTS,
    practice.FUNCTIONS,
    practice.PRACTITIONERS,
    practice.LOCATIONS,
    types.CASE_KINDS,
    types.CONSULTATION_TYPES,
)
