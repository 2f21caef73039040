"""An integer program as plain arrays, in which two models are written and which two solvers read.

The greatest worth, of columns that are taken or not, such that `rows @ taken <= limits`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, vstack

from benchmarks.peers.placing import Chosen
from solver.candidates import Candidates
from solver.facts import IntColumn

Numbers = NDArray[np.float64]
NO_ROW = -1
"""The row of a column that a family of rows does not speak of."""


@dataclass(frozen=True)
class Program:
    """Column `i` is `chosen(i)`; `note`: how the model differs from the rules, for a reader.

    `exact`: whether its bound holds for every plan of the instance.
    """

    candidates: Candidates
    request: IntColumn
    availability: IntColumn
    begin: IntColumn
    end: IntColumn
    rows: csr_array
    limits: Numbers
    note: str
    exact: bool = True

    @property
    def worth(self) -> Numbers:
        """The weight of each column's request."""
        return self.candidates.priority[self.request].astype(np.float64)

    def chosen(self, columns: Sequence[int]) -> list[Chosen]:
        """The choices that these columns stand for."""
        return [
            Chosen(
                int(self.request[i]),
                int(self.availability[i]),
                int(self.begin[i]),
                int(self.end[i]),
            )
            for i in columns
        ]


def family(row: IntColumn, size: IntColumn | int, limits: Sequence[float] | Numbers) -> "Rows":
    """Rows in which each column has one place: `row[i]` with `size[i]`, or `NO_ROW`."""
    columns = np.flatnonzero(row != NO_ROW)
    sizes = np.broadcast_to(size, row.shape)[columns]
    return entries(row[columns], columns, sizes, limits, len(row))


def entries(
    row: IntColumn,
    column: IntColumn,
    size: IntColumn | int,
    limits: Sequence[float] | Numbers,
    columns: int,
) -> "Rows":
    """Rows from their entries; `columns` is how many columns there are in all."""
    values = np.broadcast_to(size, row.shape).astype(np.float64)
    shape = (len(limits), columns)
    return Rows(csr_array(coo_array((values, (row, column)), shape)), np.asarray(limits, float))


@dataclass(frozen=True)
class Rows:
    """Some rows and their limits."""

    matrix: csr_array
    limits: Numbers


def stacked(parts: Sequence[Rows]) -> tuple[csr_array, Numbers]:
    """All rows, one family under another."""
    matrix = csr_array(vstack([part.matrix for part in parts], format="csr"))
    return matrix, np.concatenate([part.limits for part in parts])


def at_most_once(candidates: Candidates, request: IntColumn) -> list[Rows]:
    """A request at most once; of a type that refuses duplicates at most one for an employee."""
    _, row = np.unique(request, return_inverse=True)
    found = [family(row, 1, np.ones(row.max(initial=-1) + 1))]
    asked = candidates.instance.requests
    refused = candidates.instance.duplicates_refused
    claims: dict[tuple[int, int], int] = {}
    claim = np.asarray(
        [
            claims.setdefault((r.employee, r.type), len(claims)) if r.type in refused else NO_ROW
            for r in asked
        ],
        np.int64,
    )
    if claims:
        found.append(family(claim[request], 1, np.ones(len(claims))))
    return found
