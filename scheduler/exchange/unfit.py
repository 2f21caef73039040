"""What of an instance file the database has no place for, or has already."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.agenda import Availability, Location
from models.appointments import Appointment
from models.consultations import ConsultationType
from models.organisation import Employer
from models.people import Employee, Practitioner
from models.requests import AppointmentRequest
from scheduler.announcing import AT_ONCE
from scheduler.parameters import GRID, ParameterError, put, value
from solver.facts import Instance, Request
from solver.files.instance import InstanceFile
from solver.files.reading import MalformedInputError, shown


def refuse_what_is_unfit(file: object, content: InstanceFile, facts: Instance) -> None:
    """An availability for no modality; a request that no location would do for, or with points of its own.

    Raises:
        MalformedInputError: the first of them.
    """
    for i, part in enumerate(content.availabilities):
        if part.modalities is not None and not part.modalities:
            problem = f"{shown(part.id)} admits no modality; name one, or leave it out"
            raise MalformedInputError(file, f"availabilities[{i}].modalities", problem)
    for i, request in enumerate(facts.requests):
        if not request.locations:
            problem = f"no location would do for {shown(request.id)}; name one, or leave it out"
            raise MalformedInputError(file, f"requests[{i}].locations", problem)
        if request.preferences is not None and dict(request.preferences) != _usual(facts, request):
            problem = (
                f"the points of {shown(request.id)} cannot be stored; leave them out, or give 2 for"
                " the preferred practitioner and 1 for the preferred location"
            )
            raise MalformedInputError(file, f"requests[{i}].preferences", problem)


def _usual(facts: Instance, request: Request) -> dict[int, int]:
    """The points of aim 3, where there are any."""
    points = (
        2 * (block.practitioner == request.preferred_practitioner)
        + (block.location == request.preferred_location)
        for block in facts.availabilities
    )
    return {a: given for a, given in enumerate(points) if given}


def set_grid(session: Session, file: object, minutes: int) -> None:
    """The organisation has one grid: the file's, as long as there are no availabilities.

    Raises:
        MalformedInputError: there are, on another; or it is no grid.
    """
    ours = value(session, GRID)
    if minutes == ours:
        return
    if session.scalar(select(Availability.id).limit(1)) is not None:
        problem = (
            f"starts are {minutes} minutes apart, and {ours} in this database;"
            " import it into a database of its own"
        )
        raise MalformedInputError(file, "grid", problem)
    try:
        put(session, GRID, minutes)
    except ParameterError as error:
        raise MalformedInputError(file, "grid", str(error)) from None
    session.flush()


# --- What is there already ----------------------------------------------------------------------------


class _List(NamedTuple):
    """A list of the file, where its ids stand, and the column in which they are kept."""

    place: str
    ids: Sequence[str]
    kept: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


def refuse_what_is_there(
    session: Session, file: object, content: InstanceFile, employers: Iterable[str]
) -> None:
    """A world is imported once. `employers`: their codes.

    Raises:
        MalformedInputError: the first id of the file that the database knows.
    """
    for place, ids, kept in _lists(content, employers):
        known = {
            key
            for some in _portions(ids)
            for key in session.scalars(select(kept).where(kept.in_(some)))
        }
        for i, key in enumerate(ids):
            if key in known:
                problem = (
                    f"{shown(key)} is in the database already; import it into a database of its own,"
                    " or give it another id"
                )
                raise MalformedInputError(file, place.format(i), problem)


def _lists(content: InstanceFile, employers: Iterable[str]) -> Iterator[_List]:
    yield _List("types[{}].id", [one.id for one in content.types], ConsultationType.code)
    yield _List("locations[{}].id", [one.id for one in content.locations], Location.reference)
    yield _List(
        "practitioners[{}].id", [one.id for one in content.practitioners], Practitioner.reference
    )
    yield _List("employees[{}].id", [one.id for one in content.employees], Employee.reference)
    yield _List(
        "availabilities[{}].id", [one.id for one in content.availabilities], Availability.reference
    )
    yield _List("existing[{}].id", [one.id for one in content.existing], Appointment.reference)
    # of those who stand in no list of their own
    yield _List(
        "existing[{}].employee", [one.employee for one in content.existing], Employee.reference
    )
    yield _List(
        "requests[{}].id", [one.id for one in content.requests], AppointmentRequest.reference
    )
    yield _List("employers[{}]", list(employers), Employer.code)


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
