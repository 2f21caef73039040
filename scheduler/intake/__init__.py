"""What comes in: requests one by one, many at once, and campaigns. Domain §3.

`requests` has the steps of one, `bulk` many rows, `campaign` many employees (`crowds`: whom), `cases` the
files they belong to; `rules` is why not. They know no rights: what the caller may do and see, they are told
as `May`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.agenda.messages import MESSAGES as AGENDA_MESSAGES
from scheduler.guarded import REFERENCE_TAKEN
from scheduler.intake import bulk, campaign, cases, crowds, requests, rules
from scheduler.intake.wishes import Asked, First, May, Wish, asked

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        REFERENCE_TAKEN: AGENDA_MESSAGES[REFERENCE_TAKEN],
        **rules.MESSAGES,
        **bulk.MESSAGES,
        **campaign.MESSAGES,
        **cases.MESSAGES,
        **crowds.MESSAGES,
        **requests.MESSAGES,
    }
)
"""For each code a msgid with named holes; translated at the edge."""

__all__ = ["MESSAGES", "Asked", "First", "May", "Wish", "asked"]
