"""Options that several commands have, each said once."""

from datetime import datetime
from typing import Annotated

import typer

LONGEST_RUN = 1e6
"""Seconds that may be asked for: more than a week."""
LARGEST_SEED = 2**31 - 1
"""The largest that CP-SAT takes."""

Iterations = Annotated[
    int | None,
    typer.Option(min=0, help="count neighbourhoods instead of seconds: the same plan each time"),
]
Seed = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="another seed, another search")]
Workers = Annotated[int, typer.Option(min=1, help="neighbourhoods planned at once")]
FirstDay = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="first day; tomorrow without"),
]
Days = Annotated[
    int | None, typer.Option(min=1, max=366, help="how many; Planning/HorizonDays without")
]
