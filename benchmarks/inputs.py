"""The instances that are measured, by name: generated, shared, real demand, or a file.

| name | what it stands for |
| --- | --- |
| `M`, `S` ... | all loads of that size, with every seed asked for |
| `M-100`, `5000-100` | that size (or number of requests) and load, with every seed asked for |
| `M-100-2` | that seed |
| `shared/M-100-1`, `shared` | a reference instance, or all of them |
| `vitoria-M-drop10`, `vitoria` | real demand, or all of it |
| `all` | everything |
| `some/file.json.gz` | that file |
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generator import generate, write
from benchmarks.shapes import SIZES, Shape

SHARED = Path(__file__).parents[2] / "shared" / "data"
"""Reference and real instances, which are no part of the project; left out, loudly, where absent."""

LOADS = (80, 100, 130)
SEEDS = (1, 2, 3)
GENERATED, REFERENCE, REAL, FILE = "generated", "shared", "vitoria", "file"
EVERYTHING = "all"

SECONDS = ((1_500, 10.0), (5_000, 20.0), (30_000, 30.0))
"""Time limits for instances up to so many requests."""
SECONDS_BEYOND = 120.0


class UnknownInstanceError(ValueError):
    """A name that stands for nothing; the text names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an instance beforehand: the exact optimum, by a flow per location.

    `history`, `fewest`: the long waits as they were, and the fewest possible.
    """

    weight: int
    seniority: int
    history: int | None = None
    fewest: int | None = None


KNOWN = {
    "vitoria-S": Known(58_189, 64_208, 240, 197),
    "vitoria-S-drop10": Known(58_045, 60_094),
    "vitoria-M": Known(525_175, 709_398, 2_958, 2_557),
    "vitoria-M-drop10": Known(523_948, 652_909),
    "vitoria-L": Known(872_448, 1_153_078, 4_682, 3_993),
    "vitoria-L-drop10": Known(867_528, 1_066_898),
    "vitoria-3w": Known(1_213_981, 3_869_132, 5_158, 2_580),
    "vitoria-3w-drop10": Known(1_211_142, 3_595_977),
}


@dataclass(frozen=True, slots=True)
class Made:
    """What a generated instance is made from; `load` in percent."""

    shape: Shape
    load: int
    seed: int


@dataclass(frozen=True, slots=True)
class Input:
    """One instance to measure. Those of one `cell` differ in their seed only.

    `origin`: the file that there is, or what it is made from.
    """

    name: str
    cell: str
    source: str
    origin: Path | Made

    def file(self, folder: Path) -> Path:
        """The instance file; a generated one is made in the folder."""
        if isinstance(self.origin, Path):
            return self.origin
        file = folder / f"{self.name}.json.gz"
        write(generate(self.origin.shape, self.origin.load, self.origin.seed), file)
        return file


def expanded(names: Sequence[str], seeds: Sequence[int]) -> list[Input]:
    """The instances that the names stand for, in order, each once.

    Raises:
        UnknownInstanceError: a name stands for nothing, or for a file that is not here.
    """
    found: dict[tuple[str, str], Input] = {}
    for name in names:
        for each in _named(name, seeds):
            found.setdefault((each.source, each.name), each)
    return list(found.values())


def usual_seconds(requests: int) -> float:
    """The time limit of an instance of this size, where none was asked for."""
    return next((seconds for most, seconds in SECONDS if requests <= most), SECONDS_BEYOND)


def is_here() -> bool:
    """Whether the shared instances are here; says so loudly if not."""
    if not SHARED.is_dir():
        print(f"LEFT OUT: there is no {SHARED}; reference and real instances are not measured")
    return SHARED.is_dir()


def _named(name: str, seeds: Sequence[int]) -> Iterable[Input]:
    """What one name stands for; the first reading that fits."""
    if name == EVERYTHING:
        yield from (each for size in SIZES for each in _sizes(size, LOADS, seeds))
        if is_here():
            yield from (*_shared(REFERENCE), *_shared(REAL))
    elif name in {REFERENCE, REAL}:
        yield from _shared(name)
    elif name in SIZES:
        yield from _sizes(name, LOADS, seeds)
    elif name in KNOWN or name.startswith(f"{REFERENCE}/"):
        yield _one_shared(name)
    elif Path(name).is_file():
        stem = Path(name).name.removesuffix(".gz").removesuffix(".json")
        yield Input(stem, stem, FILE, Path(name).resolve())
    else:
        yield from _generated(name, seeds)


def _generated(name: str, seeds: Sequence[int]) -> Iterable[Input]:
    """`SIZE-LOAD` with all seeds, or `SIZE-LOAD-SEED`."""
    size, *numbers = name.split("-")
    known = size in SIZES or (size.isdecimal() and int(size))
    counted = all(number.isdecimal() and int(number) for number in numbers)
    if not known or not counted or len(numbers) not in {1, 2}:
        raise UnknownInstanceError(
            f"{name!r} is no instance: name a file, SIZE-LOAD or SIZE-LOAD-SEED such as M-100-2"
            f" (SIZE is {', '.join(SIZES)} or a number of requests), shared/M-100-1,"
            f" vitoria-S-drop10, or a group: {', '.join(SIZES)}, shared, vitoria, all"
        )
    load, *seed = map(int, numbers)
    return _sizes(size, (load,), seed or seeds)


def _sizes(size: str, loads: Iterable[int], seeds: Sequence[int]) -> Iterator[Input]:
    shape = SIZES[size] if size in SIZES else Shape.of(int(size))
    for load in loads:
        for seed in seeds:
            cell = f"{size}-{load}"
            yield Input(f"{cell}-{seed}", cell, GENERATED, Made(shape, load, seed))


def _shared(source: str) -> list[Input]:
    """All shared instances of one source, from small to large."""
    folder = SHARED / ("instances" if source == REFERENCE else REAL)
    files = sorted(folder.glob("*.json.gz"), key=lambda file: file.stat().st_size)
    if not files:
        raise UnknownInstanceError(f"{source!r} lies in {folder}, which is not here: leave it out")
    return [_from_file(source, file) for file in files]


def _one_shared(name: str) -> Input:
    source = REAL if name in KNOWN else REFERENCE
    stem = name.removeprefix(f"{REFERENCE}/")
    file = SHARED / ("instances" if source == REFERENCE else REAL) / f"{stem}.json.gz"
    if not file.is_file():
        raise UnknownInstanceError(f"{name!r} lies in {file}, which is not here: leave it out")
    return _from_file(source, file)


def _from_file(source: str, file: Path) -> Input:
    stem = file.name.removesuffix(".json.gz")
    cell = stem if source == REAL else stem.rpartition("-")[0]
    return Input(stem, cell, source, file)
