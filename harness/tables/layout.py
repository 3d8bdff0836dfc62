"""What the columns of a table mean, and what a family of benchmarks says of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.benchmark import Direction
from harness.core.budget import Budget


@dataclass(frozen=True)
class LevelColumns:
    """The columns that hold one fidelity.

    Attributes:
        epochs: epochs of training; None where the table does not say.
        scores: one column a trial; a trial that an architecture lacks is NaN there.
        seconds: what one query costs, as a sum of (factor, column); empty where unknown.
    """

    epochs: int | None
    scores: tuple[str, ...]
    seconds: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Layout:
    """Which column of a table means what.

    Attributes:
        searched: what a method may see, by name (``valid@12``): the levels, ascending, the last
            of which is the full fidelity.
        reported: what a table may report, by name: one column a trial.
        properties: columns that are known without training, by the name shown.
        trials: what one column of scores is, in words, e.g. ``one training run``; where the table
            only has averages it says so, and scores cannot be sampled.
        averaged: True where every column is an average already.
        cost: what ``seconds`` consist of, in words.
        searches_reported: True where what is searched is also what is reported.
    """

    searched: Mapping[str, tuple[LevelColumns, ...]]
    reported: Mapping[str, tuple[str, ...]]
    properties: Mapping[str, str] = field(default_factory=dict)
    trials: str = "training run"
    averaged: bool = False
    cost: str = ""
    searches_reported: bool = False


@dataclass(frozen=True)
class TableFacts:
    """What a family of benchmarks says of its table.

    Attributes:
        id: ``space/dataset``.
        dataset: name of the dataset.
        metric: what the scores are, with their unit.
        direction: whether a larger or a smaller score is better.
        searched: default of the setting of this name, a key of `Layout.searched`.
        reported: default of the setting of this name, a key of `Layout.reported`.
        default_budget: used where a study names none.
        citation: what to cite.
        licence: licence of the data.
    """

    id: str
    dataset: str
    metric: str
    direction: Direction
    searched: str
    reported: str
    default_budget: Budget
    citation: str
    licence: str
