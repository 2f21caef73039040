"""What every guard says of itself."""

from dataclasses import dataclass

COMING = ("INSERT", "UPDATE")
GOING = ("UPDATE", "DELETE")


@dataclass(frozen=True)
class Guard:
    """Refuses a change of a row of `table` when `refuses` holds.

    `refuses` is SQL about `NEW` and, where no insert is guarded, `OLD`. `concerns` says which rows
    are asked about at all. An update is let through where `unless` holds: it changes nothing for the
    worse, and what was there before the rule stays. `rule` is the code that the application knows
    the refusal by.
    """

    rule: str
    table: str
    refuses: str
    concerns: str = "TRUE"
    unless: str = "FALSE"
    kinds: tuple[str, ...] = COMING
