"""Opening the database of a URL; whatever is wrong with either is one clear line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

from alembic.util.exc import CommandError
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from api.settings import UnusableDatabaseError
from models import database, migrations
from scheduler.parameters import ParameterError

EXAMPLES = "sqlite:///spreekuur.db or postgresql+psycopg://user:password@host/database"

NETWORK = frozenset(
    {"afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)  # fmt: skip
"""File systems on which SQLite's write-ahead log loses data: its shared memory is one machine's.

Not 9p: to containers and virtual machines it is how their own disk looks.
"""
MOUNTS = Path("/proc/mounts")


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """The database, in whatever state it is; made where it is a file that is not there.

    Raises:
        UnusableDatabaseError: it cannot be reached, or something fails while it is used.
    """
    parsed = _parsed(url)
    engine = _engine(parsed)
    try:
        yield engine
    except (CommandError, migrations.OutdatedDatabaseError) as error:
        raise _unusable(parsed, str(error)) from error
    except (database.BusyError, ParameterError) as error:
        raise _unusable(parsed, str(error)) from error
    except ZoneInfoNotFoundError as error:
        raise _unusable(parsed, f"a location has a time zone that is none: {error}") from error
    except OverflowError as error:
        raise _unusable(parsed, f"a day is beyond the calendar: {error}") from error
    except DBAPIError as error:
        raise _unusable(parsed, _told(parsed, error)) from error
    finally:
        engine.dispose()


@contextmanager
def served(url: str) -> Iterator[Engine]:
    """The database, with the tables and guards of this version.

    Raises:
        UnusableDatabaseError: as `opened` does, and where there is none or it has others.
    """
    parsed = _parsed(url)
    file = _file_of(parsed)
    if file is not None and not file.exists():
        raise _unusable(parsed, "there is no such file; make it by `spreekuur db upgrade`")
    with opened(url) as engine:
        migrations.require_current(engine)
        yield engine


def shown(url: str) -> str:
    """The URL without its password, and without what else may be secret in it."""
    return _shown(_parsed(url))


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # the text is not repeated: a password may be in it
        raise UnusableDatabaseError(f"the URL of the database is none; give {EXAMPLES}") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise _unusable(parsed, f"this kind of database is not known; give {EXAMPLES}")
    return parsed


def _engine(parsed: URL) -> Engine:
    file = _file_of(parsed)
    kind = None if file is None else network_file_system(file)
    if kind is not None:
        problem = (
            f"it lies on a network file system ({kind}), on which SQLite loses data;"
            " choose a local folder, or PostgreSQL"
        )
        raise _unusable(parsed, problem)
    try:
        return database.engine(parsed.render_as_string(hide_password=False))
    except ModuleNotFoundError as error:
        problem = f"its driver {error.name} is not installed; pip install 'spreekuur[postgresql]'"
        raise _unusable(parsed, problem) from None
    except (ArgumentError, NoSuchModuleError) as error:
        raise _unusable(parsed, str(error)) from None


def _file_of(parsed: URL) -> Path | None:
    """The file of an SQLite database; nothing where it is another, or in memory, or a URI itself."""
    name = parsed.database or ":memory:"
    if parsed.get_backend_name() != "sqlite" or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(name)


def files_of(url: URL) -> tuple[Path, ...]:
    """The files in which an SQLite database is kept: nothing else is ever written to them."""
    file = _file_of(url)
    return (
        ()
        if file is None
        else tuple(Path(f"{file}{end}") for end in ("", "-wal", "-shm", "-journal"))
    )


def network_file_system(file: Path) -> str | None:
    """The kind of network file system that a file lies on, where that can be told (on Linux)."""
    if not MOUNTS.exists():
        return None
    there = file.absolute().resolve()
    around: dict[Path, str] = {}
    for line in MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
        _, folder, kind, *_ = line.split(" ")
        # the last of those that were mounted on one folder is the one to be seen
        around[Path(_unescaped(folder))] = kind
    kinds = (around[folder] for folder in (there, *there.parents) if folder in around)
    kind = next(kinds, "")
    return kind if kind in NETWORK else None


def _unescaped(folder: str) -> str:
    r"""Spaces and the like are written as \040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), folder)


def _told(parsed: URL, error: DBAPIError) -> str:
    """What the driver says, on one line, without the password that it may have been given."""
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    told = lines[0] if lines else "it does not answer"
    for secret in (parsed.password, parsed.query.get("password")):
        told = told.replace(str(secret), "***") if secret else told
    return told


def _unusable(parsed: URL, problem: str) -> UnusableDatabaseError:
    return UnusableDatabaseError(f"{_shown(parsed)}: {problem}")


def _shown(parsed: URL) -> str:
    return parsed.set(query={}).render_as_string(hide_password=True)
