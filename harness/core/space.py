"""Search spaces: named categorical decisions, a validity rule and encodings."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness.core.drawing import Panel
from harness.core.encodings import Graphs, paths
from harness.core.errors import HarnessError, InvalidArchitecture

Architecture = tuple[int, ...]
# Many architectures at once: genotypes, or the same as an array with one row each.
Architectures = Sequence[Architecture] | NDArray[np.integer[Any]]

# Spaces up to this number of genotypes can be held in memory as a whole.
ENUMERABLE = 2_000_000

# Invalid mutations in a row after which the valid ones are listed.
TRIES = 1000


@dataclass(frozen=True)
class Decision:
    """One decision among a few choices.

    Attributes:
        name: unique in its space.
        choices: what can be chosen; a genotype holds the index of the choice.
        ordered: whether choices are numbers, ascending, of which near ones are alike; a method may
            make use of it.
    """

    name: str
    choices: tuple[str, ...]
    ordered: bool = False


class SearchSpace:
    """A finite set of architectures, each a tuple with the index of one choice per decision.

    A space whose decisions are not independent overrides `is_valid`; one in which several genotypes
    are the same architecture overrides `canonical`; one with a notation of its own overrides
    `to_str` and `from_str`. Everything else follows from these.

    Attributes:
        id: name of the space.
        encodings: what a model can be shown: ``features`` and ``sequence``; a space that
            implements `graphs` adds ``graph``.
        decisions: the decisions, in the order of a genotype's entries.
        sizes: number of choices of each decision.
    """

    encodings: ClassVar[frozenset[str]] = frozenset({"features", "sequence"})

    def __init__(self, id: str, decisions: Sequence[Decision]) -> None:
        """Make a space.

        Raises:
            HarnessError: there is no decision, one has no choice, or a name or choice is repeated.
        """
        self.id = id
        self.decisions = tuple(decisions)
        self.sizes = tuple(len(decision.choices) for decision in self.decisions)
        names = [decision.name for decision in self.decisions]
        if not names or min(self.sizes) == 0:
            raise HarnessError(f"space {id}: every decision needs a choice, and one must exist")
        if len(set(names)) < len(names):
            raise HarnessError(f"space {id}: two decisions have the same name in {names}")
        for decision in self.decisions:
            if len(set(decision.choices)) < len(decision.choices):
                raise HarnessError(f"space {id}: decision {decision.name} repeats a choice")
        self._open = tuple(i for i, size in enumerate(self.sizes) if size > 1)

    @property
    def cardinality(self) -> int:
        """Number of genotypes, valid or not."""
        return math.prod(self.sizes)

    def is_valid(self, arch: Architecture) -> bool:
        """Whether a genotype with every entry in range is an architecture of the space."""
        return True

    def canonical(self, arch: Architecture) -> Hashable:
        """A value that two genotypes share if and only if they are the same architecture."""
        return arch

    def check(self, arch: object) -> Architecture:
        """Return a genotype unchanged if it belongs to the space.

        Raises:
            InvalidArchitecture: it is not a tuple of ints, an entry is out of range, or the space's
                validity rule refuses it.
        """
        if not isinstance(arch, tuple):
            raise InvalidArchitecture(
                f"an architecture of {self.id} is a tuple of {len(self.sizes)} ints, "
                f"not {type(arch).__name__} {arch!r}"
            )
        if len(arch) != len(self.sizes):
            raise InvalidArchitecture(
                f"{arch} has {len(arch)} entries; {self.id} has {len(self.sizes)} decisions"
            )
        for value, decision in zip(arch, self.decisions, strict=True):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
                raise InvalidArchitecture(f"{arch}: {decision.name} is {value!r}, not an int")
            if not 0 <= value < len(decision.choices):
                raise InvalidArchitecture(
                    f"{arch}: {decision.name} is {value}; "
                    f"{self.id} has choices 0 to {len(decision.choices) - 1} there"
                )
        if not self.is_valid(arch):
            raise InvalidArchitecture(f"{arch} is not a valid architecture of {self.id}")
        return arch

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw uniformly from the valid genotypes."""
        sizes = self.sizes
        while True:
            draws = rng.random(len(sizes)).tolist()
            arch = tuple([int(u * size) for u, size in zip(draws, sizes, strict=True)])
            if self.is_valid(arch):
                return arch

    def mutate(self, arch: Architecture, rng: np.random.Generator) -> Architecture:
        """Change one decision, drawn uniformly, to another choice, drawn uniformly.

        Draws that give an invalid genotype are repeated; after `TRIES` of them the child is one of
        the neighbours, or the architecture itself where it has none.
        """
        opened = self._open
        for _ in range(TRIES if opened else 0):
            u, v = rng.random(2).tolist()
            i = opened[int(u * len(opened))]
            choice = int(v * (self.sizes[i] - 1))
            if choice >= arch[i]:
                choice += 1
            child = (*arch[:i], choice, *arch[i + 1 :])
            if self.is_valid(child):
                return child
        near = self.neighbours(arch)
        return near[int(rng.random() * len(near))] if near else arch

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Take every decision from one of two parents with equal probability.

        Draws that give an invalid genotype are repeated; either parent can result, so this ends.
        """
        while True:
            draws = rng.random(len(first)).tolist()
            child = tuple(
                [a if u < 0.5 else b for a, b, u in zip(first, second, draws, strict=True)]
            )
            if self.is_valid(child):
                return child

    def neighbours(self, arch: Architecture) -> list[Architecture]:
        """All valid genotypes that differ in exactly one decision, in lexicographic order of it."""
        found = []
        for i, size in enumerate(self.sizes):
            head, tail = arch[:i], arch[i + 1 :]
            for choice in range(size):
                if choice != arch[i]:
                    other = (*head, choice, *tail)
                    if self.is_valid(other):
                        found.append(other)
        return found

    def enumerate(self) -> Iterator[Architecture]:
        """All valid genotypes in lexicographic order."""
        for arch in product(*(range(size) for size in self.sizes)):
            if self.is_valid(arch):
                yield arch

    def to_str(self, arch: Architecture) -> str:
        """The notation of an architecture that `from_str` reads."""
        return ",".join(
            decision.choices[i] for decision, i in zip(self.decisions, arch, strict=True)
        )

    def drawing(self, arch: Architecture) -> tuple[Panel, ...]:
        """What a picture of an architecture shows; by default a chain of its decisions."""
        chosen = zip(self.decisions, arch, strict=True)
        boxes = [f"{decision.name}: {decision.choices[i]}" for decision, i in chosen]
        return (Panel.chain("", boxes),)

    def from_str(self, text: str) -> Architecture:
        """Read an architecture.

        Raises:
            InvalidArchitecture: the text is no architecture of the space.
        """
        words = [word.strip() for word in text.split(",")]
        if len(words) != len(self.decisions):
            raise InvalidArchitecture(
                f"'{text}' names {len(words)} choices; {self.id} has {len(self.decisions)} "
                f"decisions: {', '.join(decision.name for decision in self.decisions)}"
            )
        return self.check(
            tuple(
                self.choice(decision, word)
                for decision, word in zip(self.decisions, words, strict=True)
            )
        )

    def choice(self, decision: Decision, word: str) -> int:
        """The index of a choice.

        Raises:
            InvalidArchitecture: the decision has no such choice.
        """
        try:
            return decision.choices.index(word)
        except ValueError:
            raise InvalidArchitecture(
                f"'{word}' is no choice of {decision.name} in {self.id}. "
                f"All: {', '.join(decision.choices)}"
            ) from None

    @property
    def enumerable(self) -> bool:
        """Whether `population` fits into memory."""
        return self.cardinality <= ENUMERABLE

    @cached_property
    def population(self) -> NDArray[np.integer[Any]]:
        """Everything that `enumerate` gives, as rows; made once and not to be written to.

        Raises:
            HarnessError: the space is too large.
        """
        if not self.enumerable:
            raise HarnessError(
                f"space {self.id} has {self.cardinality:.1e} genotypes, too many to list: sample it"
            )
        rows = self.integers(list(self.enumerate())).astype(np.int16)
        rows.flags.writeable = False
        return rows

    def integers(self, archs: Architectures) -> NDArray[np.int64]:
        """Genotypes as an array of shape (n, decisions)."""
        return np.asarray(archs, dtype=np.int64).reshape(len(archs), len(self.sizes))

    def tuples(self, rows: NDArray[np.integer[Any]]) -> list[Architecture]:
        """Rows of integers as genotypes."""
        return [tuple(row) for row in rows.tolist()]

    def one_hot(self, archs: Architectures) -> NDArray[np.float32]:
        """Genotypes as zeros and ones, shape (n, sum of `sizes`), one block a decision."""
        starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        encoded = np.zeros((len(archs), sum(self.sizes)), dtype=np.float32)
        np.put_along_axis(encoded, self.integers(archs) + starts, 1.0, axis=1)
        return encoded

    def features(self, archs: Architectures) -> NDArray[np.floating[Any]]:
        """Numbers that a regression can use, shape (n, features); `one_hot` by default.

        They are float32; float64 where a space has measured numbers, whose last digits can matter.
        """
        return self.one_hot(archs)

    @cached_property
    def _vocabulary(self) -> list[NDArray[np.int64]]:
        """The token of each choice of each decision; choices of one name share a token."""
        numbers: dict[str, int] = {}
        return [
            np.array([numbers.setdefault(name, len(numbers) + 1) for name in decision.choices])
            for decision in self.decisions
        ]

    @property
    def token_choices(self) -> tuple[tuple[int, ...], ...]:
        """Tokens that can stand at each position of a sequence; 0 is for start and padding."""
        return tuple(tuple(tokens.tolist()) for tokens in self._vocabulary)

    def sequences(self, archs: Architectures) -> NDArray[np.int64]:
        """Genotypes as sequences of tokens, shape (n, length); by default a token a decision."""
        rows = self.integers(archs)
        columns = [tokens[rows[:, i]] for i, tokens in enumerate(self._vocabulary)]
        return np.stack(columns, axis=1)

    def from_sequences(self, tokens: NDArray[np.integer[Any]]) -> list[Architecture | None]:
        """Read sequences.

        Args:
            tokens: shape (n, length), each one of `token_choices` at its position.

        Returns:
            The genotypes; None for a sequence that is no architecture of the space.
        """
        index = [{t: i for i, t in enumerate(known)} for known in self.token_choices]
        archs = [
            tuple(known[token] for known, token in zip(index, row, strict=True))
            for row in np.asarray(tokens).tolist()
        ]
        return [arch if self.is_valid(arch) else None for arch in archs]

    def graphs(self, archs: Architectures) -> Graphs:
        """Architectures as graphs.

        Raises:
            HarnessError: the space does not have the encoding ``graph``.
        """
        raise HarnessError(
            f"space {self.id} does not show its architectures as graphs. "
            f"What it has: {', '.join(sorted(self.encodings))}"
        )

    def paths(self, archs: Architectures, limit: int) -> NDArray[np.float32]:
        """The path encoding, of spaces that have graphs; see `harness.core.encodings.paths`."""
        return paths(self.graphs(archs), limit)
