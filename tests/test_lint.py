"""The tools that read the code find nothing. They are tests, so that one command and one summary tell all."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.mark.parametrize("tool", ["mypy", "ruff check", "ruff format --check"])
def test_nothing_is_found_by(tool: str) -> None:
    command = [sys.executable, "-m", *tool.split()]
    found = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    if found.returncode:
        pytest.fail(found.stdout + found.stderr, pytrace=False)
