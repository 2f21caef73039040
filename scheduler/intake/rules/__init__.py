"""The rules of intake: one home each, all asked at once. Domain §3.

What the database guards too (`date_window`, `duplicate`) has the same code here as there.
"""

from collections.abc import Mapping, Sequence

from scheduler.intake.known import Known
from scheduler.intake.rules import choices, days, types, work
from scheduler.intake.rules.face import Question, Rule
from scheduler.refusals import Refusal

RULES: tuple[Rule, ...] = (*choices.RULES, *days.RULES, *types.RULES, *work.RULES)

MESSAGES: Mapping[str, str] = {rule.code: rule.message for rule in RULES}

__all__ = ["MESSAGES", "RULES", "Question", "Rule", "judge"]


def judge(questions: Sequence[Question], known: Known) -> list[tuple[Refusal, ...]]:
    """For each of them, in order, every reason against it; those before it count as made if nothing is."""
    found = []
    for number, question in enumerate(questions):
        against = tuple(
            Refusal(rule.code, params)
            for rule in RULES
            if rule.is_asked(question)
            for params in rule.against(question, known)
        )
        if question.is_placed and not against:
            wish = question.wish
            known.taken.setdefault((wish.employee_id, wish.consultation_type_id), number)
        found.append(against)
    return found
