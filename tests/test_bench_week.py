"""The benchmark of the agenda's week: it measures what it says, on a week that is smaller."""

import json
from pathlib import Path

import pytest

from benchmarks import week
from benchmarks.machine import Record


def test_both_weeks_are_answered_sent_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(week, "WEEKS", ((1, 1), (2, 3)))
    monkeypatch.setattr(week, "DRAWN", 1)

    small, large = week.benchmark(["sqlite"], 3, Record("week", tmp_path, []))

    assert (small.appointments, large.appointments) == (5, 30)
    assert 0 < large.p50 <= large.p95
    assert 0 < large.drawn <= large.open
    assert small.answer < large.answer < large.page + large.scripts + large.styles
    assert json.loads((tmp_path / "week.json").read_text("utf-8"))["rows"][1]["appointments"] == 30
    assert "30" in (tmp_path / "week.md").read_text("utf-8")
