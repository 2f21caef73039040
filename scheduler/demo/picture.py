"""The load of every location on every day of a plan, as a picture.

Drawn with Matplotlib's objects and without pyplot: no global state, no window, safe in a thread.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from scheduler.demo.file_format import Row
from scheduler.demo.horizon import SATURDAY, days_off
from scheduler.demo.load import Load, load_of
from scheduler.demo.world import DemoWorld

INK, FAINT, PAPER = "#1f2933", "#66717d", "#ffffff"
CLOSED, DAY_OFF, STRIPES = "#f1f3f5", "#f9e4d4", "#dd9a6e"
# The lightest and the darkest colours of the scale are left out: the one is too near to an empty
# field, the other too near to the ink.
SCALE = ListedColormap(colormaps["YlGnBu"]([0.10 + 0.78 * part / 255 for part in range(256)]))
DARK_FROM = 0.7
"""The load from which the number in a field is white."""

PALEST = 0.3
"""The load up to which a field has the lightest colour: what differs lies above."""

FIELD = (0.94, 0.90)
"""Width and height of a field; a column and a row are 1."""

REGION_GAP = 0.7
"""Room for the name of a region above its rows, in rows."""

TOTAL_GAP = 0.4
"""Distance of the totals from the fields, in columns and rows."""

HEADER = -0.3
"""The lower edge of the dates, in rows."""

MONDAY = 0


def load_picture(world: DemoWorld, plan: Row, path: Path) -> None:
    """Draw booked by open minutes and write it to `path`; its suffix says in which format."""
    figure = Figure(figsize=(15.5, 8.4), dpi=120, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.135, 0.095, 0.86, 0.785))
    drawing = _Drawing(axes, world, load_of(world, plan), _rows(world))
    drawing.fields()
    drawing.totals()
    drawing.names_of_rows()
    drawing.names_of_days()
    drawing.frame()
    _title(figure, world, plan)
    _legend(figure, world)
    figure.savefig(path)


def _rows(world: DemoWorld) -> list[float]:
    """Where each location is drawn: from the top down, with room for the names of the regions."""
    rows: list[float] = []
    row, region = 0.0, ""
    for location in world.locations.values():
        row += REGION_GAP if location.region != region else 0.0
        region = location.region
        rows.append(row)
        row += 1
    return rows


@dataclass(frozen=True)
class _Drawing:
    """The fields and their names; x is the day, y the row of a location."""

    axes: Axes
    world: DemoWorld
    load: Load
    rows: list[float]

    @property
    def days(self) -> int:
        return int(self.world.instance["days"])

    @property
    def right(self) -> float:
        """The column of the totals."""
        return self.days + TOTAL_GAP

    @property
    def bottom(self) -> float:
        """The row of the totals."""
        return self.rows[-1] + 1 + TOTAL_GAP

    def date(self, day: int) -> date:
        return self.world.start_date + timedelta(days=day)

    def fields(self) -> None:
        for i, (y, location) in enumerate(zip(self.rows, self.world.locations, strict=True)):
            for day in range(self.days):
                off = day in days_off(location)
                if self.load.open[i, day]:
                    part = self.load.booked[i, day] / self.load.open[i, day]
                    self._field(day, y, part, framed=off)
                else:
                    self._closed(day, y, off=off)

    def totals(self) -> None:
        """A column for each location over all days, a row for each day over all locations."""
        is_open, booked = self.load.open, self.load.booked
        for i, y in enumerate(self.rows):
            self._total(y, int(booked[i].sum()), int(is_open[i].sum()))
        for day in range(self.days):
            if is_open[:, day].any():
                self._field(day, self.bottom, booked[:, day].sum() / is_open[:, day].sum())
        self._total(self.bottom, int(booked.sum()), int(is_open.sum()))
        self._text(-0.7, self.bottom, "all locations", ha="right", weight="bold")
        self._text(self.right, HEADER, "all\ndays", va="bottom", weight="bold")
        self._text(self.right + 1.2, HEADER, "hours\nopen", va="bottom", color=FAINT)

    def names_of_rows(self) -> None:
        """Towns with their rooms, under the name of their region."""
        rooms = {one["id"]: one["capacity"] for one in self.world.instance["locations"]}
        named: set[str] = set()
        for y, location in zip(self.rows, self.world.locations.values(), strict=True):
            number = rooms[location.id]
            plural = "s" if number > 1 else ""
            self._text(-0.7, y, f"{location.town} · {number} room{plural}", ha="right")
            if location.region not in named:
                named.add(location.region)
                name = self.world.regions[location.region]
                self._text(-0.48, y - 0.52, name, ha="left", va="bottom", color=FAINT, size=8.5)

    def names_of_days(self) -> None:
        """Weekday and date above each column, the holidays on their colour."""
        for day in range(self.days):
            on = self.date(day)
            quiet = on.weekday() >= SATURDAY or day in self.world.holidays
            if day in self.world.holidays:
                self._box(day, HEADER - 0.48, 1.0, DAY_OFF)
            self._text(
                day, HEADER, f"{on:%a}\n{on.day}", va="bottom", color=FAINT if quiet else INK
            )
            if day == 0 or on.day == 1:
                self._text(
                    day - 0.48, HEADER - 1.05, f"{on:%B %Y}", ha="left", va="bottom", weight="bold"
                )

    def frame(self) -> None:
        """A thin line between the weeks; no axes, no ticks."""
        for day in range(1, self.days):
            if self.date(day).weekday() == MONDAY:
                self.axes.plot(
                    [day - 0.5] * 2, [HEADER - 0.95, self.bottom + 0.45], color=FAINT, lw=0.8
                )
        self.axes.set_xlim(-0.5, self.right + 1.7)
        self.axes.set_ylim(self.bottom + 0.6, HEADER - 1.6)
        self.axes.set_axis_off()

    def _field(self, x: float, y: float, part: float, *, framed: bool = False) -> None:
        """A percentage on its colour; framed where a clinic is open on a holiday."""
        colour = to_hex(SCALE(Normalize(PALEST, 1.0, clip=True)(part)))
        self._box(x, y, FIELD[1], colour, STRIPES if framed else None)
        self._text(x, y, f"{100 * part:.0f}", color=PAPER if part >= DARK_FROM else INK)

    def _closed(self, x: float, y: float, *, off: bool) -> None:
        self._box(x, y, FIELD[1], DAY_OFF if off else CLOSED)

    def _total(self, y: float, booked: float, is_open: float) -> None:
        if is_open:
            self._field(self.right, y, booked / is_open)
        self._text(self.right + 1.2, y, f"{is_open / 60:,.0f}", color=FAINT)

    def _box(self, x: float, y: float, height: float, colour: str, edge: str | None = None) -> None:
        corner = (x - FIELD[0] / 2, y - height / 2)
        line = {"edgecolor": edge, "linewidth": 2.2} if edge else {"linewidth": 0}
        self.axes.add_patch(Rectangle(corner, FIELD[0], height, facecolor=colour, **line))

    def _text(self, x: float, y: float, text: str, **look: str | float) -> None:
        style: dict[str, str | float] = {"ha": "center", "va": "center", "color": INK, "size": 9.5}
        self.axes.text(x, y, text, fontdict={**style, **look})


def _title(figure: Figure, world: DemoWorld, plan: Row) -> None:
    asked, planned = len(world.instance["requests"]), len(plan["assignments"])
    standing = len(world.instance["existing"])
    figure.text(0.018, 0.955, "How full the locations are", size=17, weight="bold", color=INK)
    figure.text(
        0.018,
        0.938,
        f"{planned:,} of {asked:,} requests planned around {standing:,} standing appointments. "
        "Booked in % of open minutes, buffers included; where a practitioner\n"
        "may sit at either of two locations, both count as open.",
        size=10.5,
        color=FAINT,
        va="top",
        linespacing=1.4,
    )


def _legend(figure: Figure, world: DemoWorld) -> None:
    bar = figure.add_axes((0.138, 0.05, 0.2, 0.017))
    scale = ScalarMappable(Normalize(100 * PALEST, 100), SCALE)
    figure.colorbar(scale, cax=bar, orientation="horizontal", ticks=[30, 50, 75, 100])
    bar.tick_params(length=0, labelsize=9, labelcolor=FAINT)
    bar.set_xticklabels(["≤ 30", "50", "75", "100 %"])
    bar.spines["outline"].set_visible(False)
    days = [f"{name} {_short(world, day)}" for day, name in world.holidays.items()]
    patches = [
        Patch(facecolor=CLOSED, label="no clinic"),
        Patch(facecolor=DAY_OFF, label=f"holiday ({', '.join(days)}; or of the location's own)"),
        Patch(facecolor=PAPER, edgecolor=STRIPES, linewidth=2.2, label="clinic on a holiday"),
    ]
    figure.legend(
        handles=patches,
        loc="lower left",
        bbox_to_anchor=(0.36, 0.02),
        ncols=len(patches),
        frameon=False,
        fontsize=9.5,
        labelcolor=INK,
    )


def _short(world: DemoWorld, day: int) -> str:
    on = world.start_date + timedelta(days=day)
    return f"{on.day} {on:%B}"
