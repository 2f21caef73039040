"""`python -m solver.warm`: compile the search once, so that no planner waits for it.

The result is kept beside the source, or in the user's cache folder where that cannot be written.
"""

from datetime import date

from solver.facts import Availability, ConsultationType, Instance, Location, Members, Request
from solver.options import Options
from solver.pipeline import run

SMALLEST = Instance(
    name="warm",
    start_date=date(2026, 1, 5),
    days=1,
    grid=5,
    types=(ConsultationType("type", 30, 0),),
    locations=(Location("location", "region", 1),),
    practitioners=("practitioner",),
    employees=("first", "second"),
    availabilities=(Availability("block", 0, 0, 0, 540, 600, Members([0])),),
    appointments=(),
    requests=tuple(Request(f"request {i}", i, 0, 40, 0, 0, 1, Members([0])) for i in range(2)),
)
"""Two requests and one place: whatever is asked where somebody is left out is compiled as well."""

if __name__ == "__main__":
    run(SMALLEST, Options(iterations=1, workers=1))
