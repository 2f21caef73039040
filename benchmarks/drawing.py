"""The two pictures: how cost grows, and how the gap shrinks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, ScalarFormatter

from benchmarks.summary import Growth

INCHES = (8.0, 5.0)
COLOURS = ("#1f5f8b", "#c0562b", "#4a7c3f")
GREY = "#777777"


@dataclass(frozen=True, slots=True)
class Line:
    """Figures against sizes, and how they grow."""

    text: str
    sizes: Sequence[float]
    figures: Sequence[float]
    growth: Growth | None


@dataclass(frozen=True, slots=True)
class Level:
    """A gap that does not change with time."""

    text: str
    gap: float


def logarithmic(lines: Sequence[Line], across: str, file: Path) -> None:
    """All lines in one picture, both ways logarithmic."""
    figure, axes = _picture()
    for line, colour in zip(lines, COLOURS, strict=False):
        text = line.text
        if line.growth is not None:
            text += f": n^{line.growth.exponent:.2f}"
            ends = np.array([min(line.sizes), max(line.sizes)])
            axes.plot(ends, line.growth.factor * ends**line.growth.exponent, "--", color=colour)
        axes.plot(line.sizes, line.figures, "o", color=colour, label=text)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(across)
    sizes = sorted({size for line in lines for size in line.sizes})
    axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(ScalarFormatter())
    _write(figure, axes, file)


def steps(
    title: str, points: Sequence[tuple[float, float]], levels: Sequence[Level], file: Path
) -> None:
    """The gap (a share) of the best plan so far against seconds, with levels to compare."""
    figure, axes = _picture()
    seconds, gaps = [when for when, _ in points], [share for _, share in points]
    axes.plot(seconds, gaps, drawstyle="steps-post", color=COLOURS[0], label="spreekuur")
    for level, style in zip(levels, ("--", ":"), strict=False):
        axes.axhline(level.gap, linestyle=style, color=GREY, label=f"{level.text}: {level.gap:.2%}")
    # what is proven optimal has no place on a purely logarithmic scale
    axes.set_yscale("symlog", linthresh=1e-3)
    axes.set_ylim(0, 2 * max([*gaps, *(level.gap for level in levels), 1e-3]))
    axes.set_xlim(0, max(seconds))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=2))
    axes.set_xlabel("seconds since the start of the process")
    axes.set_ylabel("gap to the proven bound")
    axes.set_title(title)
    _write(figure, axes, file)


def _picture() -> tuple[Figure, Axes]:
    figure = Figure(figsize=INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _write(figure: Figure, axes: Axes, file: Path) -> None:
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=150)
