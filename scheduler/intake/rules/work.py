"""Rules about where the employee works: establishment, contact person, case.

Of an employee who works for two employers each sees what is his own: so a contact person and a case
are of the employer whose establishment was chosen. Domain §8.
"""

from collections.abc import Iterable, Sequence

from scheduler.intake.known import Known, Work
from scheduler.intake.rules.face import Params, Question, Rule

WORK = ("establishment_id", "from_day", "until_day")


def _works(question: Question, known: Known) -> Sequence[Work]:
    """Where he works on some day of the window."""
    wish = question.wish
    until = max(wish.until_day, wish.from_day)
    theirs = known.works.get(wish.employee_id, ())
    return [one for one in theirs if one.touches(wish.from_day, until)]


def _establishment(question: Question, known: Known) -> Iterable[Params]:
    wish = question.wish
    if wish.employee_id not in known.employees or wish.establishment_id not in known.employers:
        return
    there = {one.establishment_id for one in _works(question, known)}
    if wish.establishment_id not in there:
        yield {
            "from_day": wish.from_day,
            "until_day": wish.until_day,
            "establishment_id": wish.establishment_id,
        }


def _contact(question: Question, known: Known) -> Iterable[Params]:
    wish = question.wish
    contact = known.contacts.get(wish.contact_person_id) if wish.contact_person_id else None
    employer = known.employers.get(wish.establishment_id)
    if contact is None or employer is None:
        return
    there = {one.establishment_id for one in _works(question, known)}
    elsewhere = contact.establishment_id is not None and contact.establishment_id not in there
    if contact.employer_id != employer or elsewhere:
        yield {"contact_person_id": wish.contact_person_id}


def _case(question: Question, known: Known) -> Iterable[Params]:
    wish = question.wish
    case = known.cases.get(wish.case_id) if wish.case_id else None
    employer = known.employers.get(wish.establishment_id)
    if case is None or employer is None:
        return
    if (case.employee_id, case.employer_id) != (wish.employee_id, employer):
        yield {"case_id": wish.case_id}


def _closed(question: Question, known: Known) -> Iterable[Params]:
    wish = question.wish
    case = known.cases.get(wish.case_id) if wish.case_id else None
    if case is not None and case.closed_on is not None and case.closed_on <= wish.from_day:
        yield {"closed_on": case.closed_on}


def _kind(question: Question, known: Known) -> Iterable[Params]:
    wish = question.wish
    case = known.cases.get(wish.case_id) if wish.case_id else None
    kind = known.types.get(wish.consultation_type_id)
    if case is None or kind is None or kind.preferred_case_kind_id is None:
        return
    if case.kind_id != kind.preferred_case_kind_id:
        yield {"type": kind.code, "kind_id": kind.preferred_case_kind_id}


RULES = (
    Rule(
        "establishment",
        "the employee does not work at this establishment between {from_day} and {until_day};"
        " choose one where he does",
        ("employee_id", *WORK),
        _establishment,
        spec="domain §3; 000 §3.1.8",
    ),
    Rule(
        "contact_person",
        "this contact person is not of where the employee works; choose one of the employer, or of an"
        " establishment where he does",
        ("contact_person_id", *WORK),
        _contact,
        spec="domain §3; 000 §3.1.9",
    ),
    Rule(
        "case_of_another",
        "this case is not of this employee with this employer; choose one that is",
        ("case_id", "establishment_id"),
        _case,
    ),
    Rule(
        "case_closed",
        "this case was closed on {closed_on}; choose one that is open, or let the window begin before",
        ("case_id", "from_day"),
        _closed,
    ),
    Rule(
        "case_kind",
        "consultation type {type} is for another kind of case; choose a case of that kind",
        ("case_id", "consultation_type_id"),
        _kind,
        spec="domain §4; 000 §2.1.7",
    ),
)
