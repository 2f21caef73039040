"""Rules that the consultation type asks for."""

from collections.abc import Iterable

from scheduler.intake.known import Known
from scheduler.intake.rules.face import Params, Question, Rule
from solver.rules.duplicate import Duplicate

TYPE = ("consultation_type_id",)


def _archived(question: Question, known: Known) -> Iterable[Params]:
    kind = known.types.get(question.wish.consultation_type_id)
    if kind is not None and kind.archived_at is not None:
        yield {"type": kind.code}


def _no_show(question: Question, known: Known) -> Iterable[Params]:
    kind = known.types.get(question.wish.consultation_type_id)
    if kind is not None and kind.is_no_show and kind.code != known.default_type:
        yield {"type": kind.code}


def _contact_details(question: Question, known: Known) -> Iterable[Params]:
    wish = question.wish
    kind = known.types.get(wish.consultation_type_id)
    unreachable = known.employees.get(wish.employee_id) is False
    if kind is not None and kind.needs_contact_details and unreachable:
        yield {"type": kind.code}


def _duplicate(question: Question, known: Known) -> Iterable[Params]:
    wish = question.wish
    same = wish.employee_id, wish.consultation_type_id
    kind = known.types.get(wish.consultation_type_id)
    if kind is None or not kind.refuses_duplicates:
        return
    # which one it is, may be another employer's to know
    for one in known.standing.get(same, ()):
        if one.request_id is None or one.request_id != question.request_id:
            yield {"type": kind.code, "what": one.what}
            return
    if same in known.taken:
        yield {"type": kind.code, "what": "row", "row": known.taken[same]}


RULES = (
    Rule(
        "archived_type",
        "consultation type {type} is no longer in use; choose another",
        TYPE,
        _archived,
    ),
    Rule(
        "no_show_type",
        "consultation type {type} is for no-shows, and is chosen when one is processed; choose another",
        TYPE,
        _no_show,
        spec="domain §3; 000 §3.1.4",
    ),
    Rule(
        "contact_details",
        "consultation type {type} asks for an e-mail address or a mobile number of the employee;"
        " enter one, private or of his work",
        TYPE,
        _contact_details,
        binds_drafts=False,
        spec="domain §3; 000 §3.1.2",
    ),
    Rule(
        Duplicate.code,
        "consultation type {type} is asked once at a time, and the employee has one already"
        " ({what}); wait until it is held, or withdraw it",
        TYPE,
        _duplicate,
        binds_drafts=False,
        spec="domain §3; 000 §3.1.12",
    ),
)
