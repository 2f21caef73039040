"""Who is invited to an appointment, and what he answers. Domain §6.

Rows only: what an invitation tells, and whether there is anything left to tell, is asked when it is sent.
"""

from scheduler.invitations.answering import (
    MOST_ANSWERS,
    AtTheLink,
    answer,
    at_the_link,
    last_answers,
    moved_at,
)
from scheduler.invitations.inviting import Inviting
from scheduler.invitations.links import opened, sealed
from scheduler.invitations.messages import MESSAGES

__all__ = [
    "MESSAGES",
    "MOST_ANSWERS",
    "AtTheLink",
    "Inviting",
    "answer",
    "at_the_link",
    "last_answers",
    "moved_at",
    "opened",
    "sealed",
]
