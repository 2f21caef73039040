"""The progress line of a planning run, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from solver.options import Progress


@contextmanager
def watched(console: Console) -> Iterator[Callable[[Progress], None]]:
    """A line that follows a run: planned, bound, gap, time. Quiet where nobody is looking."""
    # rich takes a log for a terminal where FORCE_COLOR is set, as build servers do
    if not console.file.isatty():
        yield lambda progress: None
        return
    with console.status("planning ...") as status:
        yield lambda progress: _show(status, progress)


def _show(status: Status, progress: Progress) -> None:
    bound = "" if progress.bound is None else f" of at most {progress.bound:,}"
    gap = "" if progress.gap is None else f", gap {progress.gap:.2%}"
    status.update(
        f"{progress.planned:,} planned, weight {progress.weight:,}{bound}{gap},"
        f" {progress.seconds:.0f} s ({progress.stage})"
    )
