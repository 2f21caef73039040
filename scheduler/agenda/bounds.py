"""The days that anything here is about: what lies outside them is a slip of the pen. Reliability §4, T22."""

from datetime import date

from scheduler.refusals import Refusal

FIRST_DAY = date(2000, 1, 1)
END = date(2200, 1, 1)
"""Not among them. Local midnights of days further on may lie beyond year 9999, which no clock has."""

DAY_OUT_OF_RANGE = "day_out_of_range"


def out_of_range(**days: date | None) -> list[Refusal]:
    """A refusal for each of the named days that is not one of them; `until` days may be the end itself."""
    return [
        Refusal(
            DAY_OUT_OF_RANGE,
            {"field": name, "day": day, "first_day": FIRST_DAY, "until_day": END},
        )
        for name, day in days.items()
        if day is not None and not FIRST_DAY <= day <= END
    ]
