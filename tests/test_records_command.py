"""`spreekuur db`, `import` and `export`: what they do, and every trouble as one clear line."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from api import opening
from api.settings import DATABASE, DEFAULT_DATABASE, database_url
from models import database, guards
from scheduler.parameters import HORIZON_DAYS, put
from tests.command_line import Ran, called
from tests.exchanged import facts_of
from tests.records import DATABASES, fresh
from tests.test_models_migrations import VERSIONS
from tests.worlds import a_request, a_type, an_existing, an_instance

WORLD = an_instance(
    types=[a_type(refuse_duplicates=True)],
    existing=[an_existing(employee="W1", type="T1")],
    requests=[a_request(), a_request(id="Q2", employee="W2")],
)

NEWEST = max(path.name for path in VERSIONS.glob("r*.py"))[1:5]
GEHEIM = "geheim"
"""What must not be told."""


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def empty(tmp_path: Path) -> str:
    """The URL of a database that is still to be made."""
    return f"sqlite:///{tmp_path}/new.db"


@pytest.fixture
def world(tmp_path: Path) -> Path:
    file = tmp_path / "world.json"
    file.write_text(json.dumps(WORLD), encoding="utf-8")
    return file


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def told(ran: Ran) -> str:
    """The one line of a command that could not."""
    assert (ran.code, ran.out) == (2, b"")
    (line,) = ran.err.splitlines()
    return line.removeprefix("spreekuur: ")


# --- What they do -------------------------------------------------------------------------------------


def test_a_world_goes_in_and_comes_out(engine: Engine, world: Path, tmp_path: Path) -> None:
    done = called("import", world, "--database", url_of(engine))
    file = tmp_path / "out.json"
    left = called("export", file, "--database", url_of(engine), "--from", "2026-11-30", "--days", 7)

    assert (done.code, done.err) == (0, "")
    first, second = done.out.decode().splitlines()
    assert "1 locations" in first
    assert "2 requests" in first
    assert second == "drafts, for the employee has one of that type already: Q1"
    assert (left.code, left.err) == (0, "")
    facts = facts_of(json.loads(file.read_text(encoding="utf-8")))
    assert [one.id for one in facts.requests] == ["Q2"]
    assert [one.id for one in facts.appointments] == ["E1"]


def test_without_days_the_horizon_of_the_organisation_is_exported(
    engine: Engine, world: Path, tmp_path: Path
) -> None:
    called("import", world, "--database", url_of(engine))
    with database.writing(engine) as session:
        put(session, HORIZON_DAYS, 10)
    file = tmp_path / "out.json"

    called("export", file, "--database", url_of(engine))

    assert json.loads(file.read_text(encoding="utf-8"))["days"] == 10


def test_a_database_is_made_and_checked(empty: str) -> None:
    made = called("db", "upgrade", "--database", empty)
    again = called("db", "upgrade", "--database", empty)
    checked = called("db", "check", "--database", empty)

    assert made.out == again.out
    assert made.out.decode() == f"{empty}: tables and guards are those of this version\n"
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.decode() == f"{empty}: tables and guards are as they should be\n"


def test_the_url_is_given_or_of_the_environment_or_a_file_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(DATABASE, raising=False)
    assert database_url(None) == DEFAULT_DATABASE == "sqlite:///spreekuur.db"
    monkeypatch.setenv(DATABASE, "sqlite:///there.db")
    assert database_url(None) == "sqlite:///there.db"
    assert database_url("sqlite:///here.db") == "sqlite:///here.db"
    monkeypatch.setenv(DATABASE, "")
    assert database_url(None) == DEFAULT_DATABASE


def test_the_environment_says_where_the_database_is(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE, empty)

    assert called("db", "upgrade").code == 0
    assert called("db", "check").code == 0


# --- A database that cannot be used ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [("db", "check"), ("import", "world.json"), ("export", "out.json")]
)
def test_a_database_that_was_never_made_is_not_made_in_passing(
    empty: str, command: tuple[str, ...]
) -> None:
    trouble = told(called(*command, "--database", empty))

    assert trouble == f"{empty}: there is no such file; make it by `spreekuur db upgrade`"
    assert not Path(empty.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize(
    "command", [("db", "check"), ("import", "world.json"), ("export", "out.json")]
)
def test_a_database_without_our_tables_is_not_used(empty: str, command: tuple[str, ...]) -> None:
    other = database.engine(empty)
    with other.begin() as connection:
        connection.execute(text("CREATE TABLE something (id INTEGER)"))
    other.dispose()

    trouble = told(called(*command, "--database", empty))

    assert trouble == (
        f"{empty}: it has no tables of ours, and {NEWEST} is needed: upgrade the database"
    )


def test_a_postgresql_database_without_our_tables_is_not_used(postgres_url: str) -> None:
    trouble = told(called("db", "check", "--database", postgres_url))

    assert trouble.endswith(
        f"it has no tables of ours, and {NEWEST} is needed: upgrade the database"
    )


def test_a_database_of_a_later_version_is_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert "it has version 9999 of the tables" in told(
        called("db", "check", "--database", url_of(engine))
    )
    assert "Can't locate revision identified by '9999'" in told(
        called("db", "upgrade", "--database", url_of(engine))
    )


def test_missing_guards_are_noticed_and_put_back(engine: Engine) -> None:
    with engine.begin() as connection:
        guards.remove(connection)

    assert "guards are missing or outdated: guard_" in told(
        called("import", "world.json", "--database", url_of(engine))
    )
    assert called("db", "upgrade", "--database", url_of(engine)).code == 0
    assert called("db", "check", "--database", url_of(engine)).code == 0


def test_a_column_too_many_is_found_by_the_check(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE employers ADD COLUMN surplus INTEGER"))

    assert "surplus" in told(called("db", "check", "--database", url_of(engine)))


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("nonsense", "the URL of the database is none; give sqlite:///spreekuur.db or"),
        ("postgresql://me:geheim@host:port/x", "the URL of the database is none; give sqlite"),
        (
            "mysql://me:geheim@host/x",
            "mysql://me:***@host/x: this kind of database is not known; give sqlite:///",
        ),
        (
            "postgresql+nonsense://me:geheim@host/x",
            "postgresql+nonsense://me:***@host/x: Can't load plugin",
        ),
        (
            "postgresql://me:geheim@127.0.0.1:1/x?connect_timeout=2",
            'postgresql://me:***@127.0.0.1:1/x: connection failed: connection to server at "127',
        ),
        (
            "postgresql://me@127.0.0.1:1/x?password=geheim",
            "postgresql://me@127.0.0.1:1/x: connection failed",
        ),
        (
            "postgresql://me:geheim@127.0.0.1:1/x?geheim=geheim",
            'postgresql://me:***@127.0.0.1:1/x: invalid connection option "***"',
        ),
    ],
)
def test_a_url_that_leads_nowhere_is_one_line_without_its_password(url: str, trouble: str) -> None:
    line = told(called("db", "upgrade", "--database", url))

    assert line.startswith(trouble)
    assert "geheim" not in line


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "text.db"
    file.write_text("this is no database, and long enough to be looked at as one" * 20)

    for command in ("upgrade", "check"):
        trouble = told(called("db", command, "--database", f"sqlite:///{file}"))
        assert trouble == f"sqlite:///{file}: file is not a database"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    trouble = told(called("db", "upgrade", "--database", f"sqlite:///{tmp_path}/none/x.db"))

    assert trouble.endswith("unable to open database file")


def test_a_missing_driver_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    trouble = told(called("db", "upgrade", "--database", "postgresql://me:geheim@host/x"))

    assert trouble == (
        "postgresql://me:***@host/x: its driver psycopg is not installed;"
        " pip install 'spreekuur[postgresql]'"
    )


def test_a_stranger_is_told_so_and_his_password_is_not(postgres_url: str) -> None:
    wrong = make_url(postgres_url).set(username="stranger", password=GEHEIM)

    line = told(called("db", "check", "--database", wrong.render_as_string(hide_password=False)))

    assert "stranger" in line
    assert GEHEIM not in line


# --- Network file systems -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mounts", "kind"),
    [
        ("/dev/sda1 / ext4 rw 0 0\nserver:/x {folder} nfs4 rw 0 0", "nfs4"),
        ("server:/x / nfs rw 0 0", "nfs"),
        ("server:/x / nfs rw 0 0\n/dev/sda1 {folder} ext4 rw 0 0", None),
        ("//server/x {folder} cifs rw 0 0\n/dev/sda1 {folder} ext4 rw 0 0", None),
        ("/dev/sda1 / ext4 rw 0 0\nserver:/x {folder}/other nfs rw 0 0", None),
        ("none / 9p rw 0 0", None),
        ("", None),
    ],
)
def test_a_database_on_a_network_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounts: str, kind: str | None
) -> None:
    folder = tmp_path / "a share"
    folder.mkdir()
    listed = tmp_path / "mounts"
    listed.write_text(mounts.format(folder=str(folder).replace(" ", "\\040")))
    monkeypatch.setattr(opening, "MOUNTS", listed)
    url = f"sqlite:///{folder}/x.db"

    ran = called("db", "upgrade", "--database", url)

    assert ran.code == (2 if kind else 0)
    if kind:
        assert f"it lies on a network file system ({kind}), on which SQLite loses data" in told(ran)


def test_where_mounts_are_not_listed_nothing_is_refused(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MOUNTS", tmp_path / "none")

    assert called("db", "upgrade", "--database", empty).code == 0


# --- A file that cannot be taken ------------------------------------------------------------------------


def test_a_file_that_cannot_be_imported_is_one_line(engine: Engine, world: Path) -> None:
    where = ("--database", url_of(engine))

    assert told(called("import", "missing.json", *where)) == (
        "missing.json: cannot be read: No such file or directory"
    )
    assert "'XX' is no country" in told(called("import", world, *where, "--country", "XX"))
    assert called("import", world, *where).code == 0
    assert '"T1" is in the database already' in told(called("import", world, *where))


def test_a_time_zone_that_is_none_is_a_fault_of_usage(world: Path) -> None:
    ran = called("import", world, "--time-zone", "Europe/Nowhere")

    assert ran.code == 2
    assert "is no time zone" in ran.err


def test_an_export_that_cannot_be_is_one_line(engine: Engine, world: Path, tmp_path: Path) -> None:
    where = ("--database", url_of(engine))

    assert "there are no availabilities" in told(called("export", tmp_path / "x.json", *where))
    called("import", world, *where)
    assert "there is no such folder" in told(called("export", tmp_path / "none" / "x.json", *where))
