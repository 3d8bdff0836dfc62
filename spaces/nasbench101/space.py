"""The cell space of NAS-Bench-101 (Ying et al., ICML 2019, section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness import (
    Architecture,
    Architectures,
    Decision,
    Graphs,
    HarnessError,
    InvalidArchitecture,
    Panel,
    SearchSpace,
)
from spaces.nasbench101 import views
from spaces.nasbench101.cells import (
    MATRIX_BITS,
    OPERATIONS,
    Cells,
    Keys,
    all_keys,
    cell_of,
    cells_of,
    is_cell,
    key_of,
    keys_of,
    matrices_of,
    row_of,
    rows_of,
)
from spaces.nasbench101.graph import EDGES, FIRST_EDGE, VERTICES, in_matrix

SAMPLINGS = ("unique", "matrix")

_NAMES = [name.partition("-")[0] for name in OPERATIONS]
_FORM = "conv3x3:0|maxpool3x3:01|output:12"
# Rows that are made into tuples at a time.
_CHUNK = 4096


class NasBench101Space(SearchSpace):
    """423,624 cells: graphs of at most seven vertices and nine edges, an operation on each vertex.

    A genotype is the upper triangle of a matrix of seven vertices, column by column, and the
    operations of the five inner ones. What is not on a path from the input to the output does not
    count, neither for the limits nor for what the cell is; so one cell has many genotypes, and the
    order of its vertices does not matter either.

    The notation has an entry for each vertex but the input: what it is, and the vertices that lead
    to it, e.g. ``conv3x3:0|maxpool3x3:01|output:12``. It is the canonical form of the cell: reading
    it gives a genotype of the same cell, not always the same genotype.
    """

    encodings: ClassVar[frozenset[str]] = SearchSpace.encodings | {"graph"}

    def __init__(self, sampling: str = "unique", keys: Callable[[], Keys] = all_keys) -> None:
        """Make the space.

        Args:
            sampling: ``unique`` draws uniformly from the different cells, as SemiNAS, GBDT-NAS and
                WeakNAS do; ``matrix`` from the genotypes, as the notebook of NAS-Bench-101 and
                naszilla do, which prefers cells that have many.
            keys: gives the keys of all cells, ascending, once they are needed. A table that is at
                hand has them sooner than they are computed.

        Raises:
            HarnessError: there is no such way to sample.
        """
        if sampling not in SAMPLINGS:
            raise HarnessError(f"sampling is {' or '.join(SAMPLINGS)}, not '{sampling}'")
        edges = [Decision(f"{i}->{j}", ("no", "yes")) for i, j in EDGES]
        vertices = [Decision(f"vertex{v}", OPERATIONS) for v in range(1, VERTICES - 1)]
        super().__init__("nasbench101", [*edges, *vertices])
        self.sampling = sampling
        self._read_keys = keys

    @cached_property
    def keys(self) -> Keys:
        """What `canonical` gives for each different cell, ascending."""
        return self._read_keys()

    def is_valid(self, arch: Architecture) -> bool:
        """Whether a path leads from input to output, on all of which are at most nine edges."""
        return is_cell(arch)

    def canonical(self, arch: Architecture) -> int:
        """A number of the cell; see `spaces.nasbench101.cells`.

        It tells cells apart exactly as the official hash does.

        Raises:
            InvalidArchitecture: the genotype is no cell.
        """
        key = key_of(arch)
        if key is None:
            raise InvalidArchitecture(f"{arch} is not a valid architecture of {self.id}")
        return key

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw a cell or a genotype uniformly, as ``sampling`` says."""
        if self.sampling == "matrix":
            return super().sample(rng)
        keys = self.keys
        return row_of(int(keys[int(rng.random() * len(keys))]))

    @property
    def enumerable(self) -> bool:
        """The different cells can be listed, the genotypes need not be."""
        return True

    @cached_property
    def population(self) -> NDArray[np.integer[Any]]:
        """One genotype of each different cell, in the order of `keys`; not to be written to."""
        rows = rows_of(self.keys)
        rows.flags.writeable = False
        return rows

    def enumerate(self) -> Iterator[Architecture]:
        """One genotype of each different cell, not all of the many that it has."""
        rows = self.population
        for start in range(0, len(rows), _CHUNK):
            yield from self.tuples(rows[start : start + _CHUNK])

    def to_str(self, arch: Architecture) -> str:
        """The notation of the cell."""
        edges, operations = cell_of(self.canonical(arch))
        names = [*(_NAMES[i] for i in operations), "output"]
        return "|".join(
            f"{name}:" + "".join(str(i) for i in range(v) if edges >> FIRST_EDGE[v] + i & 1)
            for v, name in enumerate(names, start=1)
        )

    def drawing(self, arch: Architecture) -> tuple[Panel, ...]:
        """The cell in its canonical form."""
        bits, operations = cell_of(self.canonical(arch))
        nodes = ("input", *(OPERATIONS[i] for i in operations), "output")
        edges = [
            (i, j, "") for j in range(len(nodes)) for i in range(j) if bits >> FIRST_EDGE[j] + i & 1
        ]
        return (Panel("cell", nodes, tuple(edges)),)

    def from_str(self, text: str) -> Architecture:
        """Read the notation, whatever the order of the vertices.

        Raises:
            InvalidArchitecture: the text is no cell of the space.
        """
        words = [re.fullmatch(r"(\w+):([0-5]*)", word) for word in text.strip().split("|")]
        found = [(word[1], [int(i) for i in word[2]]) for word in words if word]
        names = [name for name, _ in found[:-1]]
        if (
            not len(words) == len(found) < VERTICES
            or found[-1][0] != "output"
            or not set(names) <= set(_NAMES)
            or any(i >= v for v, (_, sources) in enumerate(found, start=1) for i in sources)
        ):
            raise InvalidArchitecture(
                f"'{text}' is no NAS-Bench-101 cell. The form is {_FORM}: for each of at most "
                f"{VERTICES - 1} vertices what it is ({', '.join(_NAMES)}, and output for the last "
                "one) and which vertices before it lead to it; 0 is the input"
            )
        edges = sum(
            1 << FIRST_EDGE[v] + i
            for v, (_, sources) in enumerate(found, start=1)
            for i in set(sources)
        )
        matrix = in_matrix(edges, len(found) + 1)
        operations = [_NAMES.index(name) for name in names] + [0] * (VERTICES - 1 - len(found))
        return self.check((*[matrix >> bit & 1 for bit in range(MATRIX_BITS)], *operations))

    def features(self, archs: Architectures) -> NDArray[np.float32]:
        """See `spaces.nasbench101.views.features`."""
        return views.features(self._cells(archs))

    @property
    def token_choices(self) -> tuple[tuple[int, ...], ...]:
        """See `SearchSpace.token_choices`."""
        return views.TOKEN_CHOICES

    def sequences(self, archs: Architectures) -> NDArray[np.int64]:
        """See `spaces.nasbench101.views.sequences`."""
        return views.sequences(self._cells(archs))

    def from_sequences(self, tokens: NDArray[np.integer[Any]]) -> list[Architecture | None]:
        """Read sequences; None for one that is no cell, or goes on behind its output."""
        return [views.from_sequence(row) for row in np.asarray(tokens).tolist()]

    def graphs(self, archs: Architectures) -> Graphs:
        """Seven nodes: the input, the operations, the output and padding behind it."""
        return views.graphs(self._cells(archs))

    def adjacency(self, archs: Architectures) -> NDArray[np.float32]:
        """A genotype of each cell, its first vertices in use, as numbers from 0 to 1.

        These are 21 edges and five operations: 0 is conv1x1, 0.5 conv3x3 and 1 maxpool3x3, the
        adjacency encoding of naszilla (White et al., NeurIPS 2020).

        Returns:
            Shape (n, 26).
        """
        rows = rows_of(self._keys_of(archs)).astype(np.float32)
        rows[:, MATRIX_BITS:] /= len(OPERATIONS) - 1
        return rows

    def _cells(self, archs: Architectures) -> Cells:
        return cells_of(self._keys_of(archs))

    def _keys_of(self, archs: Architectures) -> Keys:
        rows = np.asarray(archs, np.int8).reshape(len(archs), len(self.sizes))
        return keys_of(matrices_of(rows), rows[:, MATRIX_BITS:])
