"""Where a file may be written, and how: whole or not at all."""

import gzip
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from solver.files.reading import MalformedInputError


def refuse_as_target(file: Path, *kept: Path) -> None:
    """Say before planning, rather than after, that a plan cannot be written there.

    Raises:
        MalformedInputError: it can not, or the plan would take the place of its instance.
    """
    try:
        obstacle = _obstacle(file, kept)
    except OSError as error:
        obstacle = f"cannot be written: {error.strerror}"
    if obstacle:
        raise MalformedInputError(file, "", obstacle)


def _obstacle(file: Path, kept: Iterable[Path]) -> str | None:
    if file.is_dir():
        return "is a folder; name a file in it"
    if _is_device(file):
        return None
    folder = file.resolve().parent
    if not folder.is_dir():
        return "there is no such folder; make it first"
    if not os.access(folder, os.W_OK):
        return "nothing may be written to this folder; name another"
    if any(file.resolve() == each.resolve() for each in kept) or (
        file.exists() and any(each.exists() and file.samefile(each) for each in kept)
    ):
        return "is what is read itself; name another file"
    return None


def _is_device(file: Path) -> bool:
    """Whether it is a device or a pipe: written to, never replaced by a file."""
    return file.exists() and not file.is_file()


def write_content(content: dict[str, Any], file: Path | None) -> None:
    """Write a plan or an instance, gzipped where its name ends in `.gz`; to standard output without a name.

    Raises:
        MalformedInputError: it cannot be written.
    """
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    try:
        if file is None:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
        else:
            packed = file.suffix == ".gz"
            _write_whole(gzip.compress(data, 6, mtime=0) if packed else data, file)
    except OSError as error:
        if file is None:
            _forget_standard_output()
        problem = f"cannot be written: {error.strerror or error}"
        raise MalformedInputError(file or "standard output", "", problem) from None


def _forget_standard_output() -> None:
    """Send what is still on its way nowhere: at its end Python would try again, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _write_whole(data: bytes, file: Path) -> None:
    """The file appears whole or not at all: it is written beside its place and then moved there."""
    if _is_device(file):
        file.write_bytes(data)
        return
    file = file.resolve()
    beside = file.with_name(f".{os.getpid()}.partly")
    try:
        beside.write_bytes(data)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
