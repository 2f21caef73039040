"""The rights, in the groups in which whoever puts a role together thinks of them."""

from collections.abc import Mapping

from api.pages.words import msgid
from scheduler.access import Right

STARTS: Mapping[str, Right] = {
    msgid("Who there is"): Right.VIEW_ORGANISATION,
    msgid("What is asked"): Right.VIEW_REQUESTS,
    msgid("What is planned"): Right.VIEW_APPOINTMENTS,
    msgid("By whom, where and when"): Right.VIEW_AGENDA,
    msgid("Automatic planning at night"): Right.START_RUNS,
    msgid("Performances and invoices"): Right.WRITE_PERFORMANCES,
    msgid("Messages, imports and exports"): Right.MANAGE_MESSAGES,
    msgid("The service itself"): Right.APPOINT_DEPUTIES,
}
"""Each group with its first right: the catalogue is in this order."""


def _grouped() -> tuple[tuple[str, tuple[Right, ...]], ...]:
    every = list(Right)
    starts = [*(every.index(one) for one in STARTS.values()), len(every)]
    return tuple(
        (title, tuple(every[start:end]))
        for title, start, end in zip(STARTS, starts, starts[1:], strict=False)
    )


GROUPED = _grouped()
