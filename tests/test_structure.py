"""The structure holds: who imports whom, what is packaged, and what the repository never carries.

A check of files is easily one that cannot fail. So each import contract has a control run, with an
import planted that it must find, and each search for words is tried on a word that it must find.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
CONTRACTS: list[str] = [contract["id"] for contract in PROJECT["tool"]["importlinter"]["contracts"]]


def git(*arguments: str) -> str:
    # The tree may belong to somebody else (a container, a copy): git must not refuse to list it.
    command = ["git", "-c", "safe.directory=*", *arguments]
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout


def our_files() -> list[str]:
    """List what is tracked, and what would be with the next "git add"."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return sorted(name for name in set(listed) if (REPOSITORY / name).is_file())


# --- Who imports whom ---------------------------------------------------------------------------------

# For each contract an import that it must find: the file that gets it, and the line.
PLANTED = {
    "layers": ("models/planted.py", "import solver.facts"),
    "solver-stands-alone": ("solver/planted.py", "import sqlalchemy"),
    "check-is-independent": ("solver/check.py", "import solver.candidates"),
    "rules-are-independent": ("solver/rules/saturday.py", "import solver.rules.date_window"),
    "web-loads-no-solver": ("api/__init__.py", "import ortools"),
}


def check_imports(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the tree at `root`, whose packages go before the installed ones."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-cache", "--no-logo", *options]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_every_import_contract_holds() -> None:
    report = check_imports(REPOSITORY)

    assert report.returncode == 0, report.stdout + report.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in report.stdout


@pytest.mark.parametrize("contract", CONTRACTS)
def test_an_import_contract_finds_a_planted_import(contract: str, tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(
            REPOSITORY / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("__pycache__", "data"),
        )
    where, line = PLANTED[contract]
    with (tmp_path / where).open("a") as planted:
        planted.write(f"\n{line}\n")

    report = check_imports(tmp_path, "--contract", contract)

    assert report.returncode == 1
    assert "0 kept, 1 broken" in report.stdout, report.stdout + report.stderr


@pytest.mark.parametrize(
    ("module", "loads"),
    [("api.cli", "no"), ("solver.child", "yes")],  # the second is the control
)
def test_only_the_child_process_loads_the_solver(module: str, loads: str) -> None:
    program = f"import sys, {module}; print('yes' if 'ortools' in sys.modules else 'no')"
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert run.stdout.strip() == loads


def test_every_package_is_shipped_and_under_contract() -> None:
    packages = {Path(name).parts[0] for name in our_files() if name.endswith("/__init__.py")}
    packages -= {"benchmarks", "tests"}  # they are run from the repository only

    assert set(PACKAGES) == packages
    assert set(PROJECT["tool"]["importlinter"]["root_packages"]) == packages


# --- What the repository never carries ----------------------------------------------------------------

NAMELESS = re.compile(r"(^|/)\w*(utils?|helpers?|managers?)(\.py|/)")
NOT_OURS = re.compile(r"(^|/)(uv\.lock|pylock[\w.]*\.toml)$|\.(whl|tar\.gz|so|pyc|min\.js)$")
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|work|Users)/")
HOST = re.compile(r"://|@ |^-|(?<!\w)(/|\w+\.(org|com|io|net)\b)", re.MULTILINE)


@pytest.mark.parametrize(
    ("pattern", "guilty", "innocent"),
    [
        (NAMELESS, "solver/utils.py", "solver/minutes.py"),
        (NAMELESS, "api/helpers/__init__.py", "scheduler/utilisation.py"),
        (NOT_OURS, "uv.lock", "constraints.txt"),
        (NOT_OURS, "static/htmx.min.js", "static/spreekuur.js"),
        (MACHINE_PATH, "open('/" + "home/me/plan.json')", "https://example.org/home/plan.json"),
        (MACHINE_PATH, "/" + "work/main", "the work/main branch"),
        (HOST, "--index-url https://pypi.org/simple", "numpy==2.4.6"),
        (HOST, "spreekuur @ file:///srv", "    #   spreekuur (pyproject.toml)"),
    ],
)
def test_the_searches_below_can_find_something(
    pattern: re.Pattern[str], guilty: str, innocent: str
) -> None:
    assert pattern.search(guilty)
    assert not pattern.search(innocent)


def test_every_module_is_named_after_what_it_knows() -> None:
    assert [name for name in our_files() if NAMELESS.search(name)] == []


def test_nothing_built_or_fetched_is_tracked() -> None:
    assert [name for name in our_files() if NOT_OURS.search(name)] == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in our_files()
        for number, line in enumerate(
            (REPOSITORY / name).read_text(errors="replace").splitlines(), start=1
        )
        if MACHINE_PATH.search(line)
    ]

    assert found == []


# --- What must agree ----------------------------------------------------------------------------------


def test_the_constraints_name_no_package_index() -> None:
    constraints = (REPOSITORY / "constraints.txt").read_text()

    assert [match.group() for match in HOST.finditer(constraints)] == []


def test_the_constraints_pin_every_dependency_within_its_bounds() -> None:
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if re.match(r"\w", line)]
    project = PROJECT["project"]
    wanted = [Requirement(text) for text in project["dependencies"]]
    wanted += [
        Requirement(text) for extra in project["optional-dependencies"].values() for text in extra
    ]

    for requirement in wanted:
        versions = [
            next(iter(pin.specifier)).version
            for pin in pins
            if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
        ]
        assert versions, f"{requirement} is not pinned: see CONTRIBUTING.md, A new dependency"
        assert all(version in requirement.specifier for version in versions), requirement


def test_the_changelog_begins_with_the_version_of_the_project() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] == PROJECT["project"]["version"]


def test_the_documents_name_only_targets_that_the_makefile_explains() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    explained = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    command = re.compile(r"(?:`|^\s*)make ([a-z]+)(?=`| ARGS=|\s*(?:#.*)?$)", re.MULTILINE)
    documents = [name for name in our_files() if re.fullmatch(r"[A-Z]+\.md", name)]
    named = {t for name in documents for t in command.findall((REPOSITORY / name).read_text())}

    assert {"demo", "test", "lint", "soak"} <= named
    assert named <= explained


def test_the_machine_that_judges_runs_the_two_commands_of_the_readme() -> None:
    script = REPOSITORY / ".ci/run"
    commands = script.read_text().splitlines()[-2:]
    readme = (REPOSITORY / "README.md").read_text()

    assert os.access(script, os.X_OK)
    assert commands == ["make demo", "make test"]
    assert all(command in readme for command in commands)
