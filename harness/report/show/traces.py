"""What a search saw, as figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.core.benchmark import BenchmarkCard
from harness.report.show.curves import grid, plain
from harness.report.show.figures import COLOURS, GREY
from harness.study.run import Trace

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Steps of so few points are hard to see, and a step of one point has no length.
_FEW = 10


def spent(trace: Trace) -> dict[str, NDArray[np.float64]]:
    """What had been spent at each query, by unit; units that the run did not count are left out."""
    every: dict[str, NDArray[Any]] = {
        "queries": trace.charged,
        "epochs": trace.epochs,
        "seconds": trace.seconds,
    }
    return {
        unit: values.astype(np.float64)
        for unit, values in every.items()
        if np.isfinite(values).all() and values.any()
    }


def trace_figure(trace: Trace, card: BenchmarkCard, title: str) -> Figure:
    """Every score that was seen, and that of the best architecture so far, over what was spent.

    Args:
        trace: of a run with one query at least.
        card: of the benchmark.
        title: which run it is.
    """
    units = spent(trace)
    figure, many = grid(len(units), 3.6, 3.0)
    figure.suptitle(title, size=9)
    levels = np.unique(trace.fidelities)
    for axes, (unit, amount) in zip(many, units.items(), strict=True):
        for i, level in enumerate(levels):
            own = trace.fidelities == level
            kind = f"seen after {level} epochs" if len(levels) > 1 else "seen"
            axes.plot(
                amount[own], trace.scores[own], ".", markersize=3, alpha=0.5, label=kind,
                color=GREY if len(levels) == 1 else COLOURS[(i + 2) % len(COLOURS)],
            )  # fmt: skip
        axes.step(
            amount, trace.scores[trace.incumbents], where="post", linewidth=1.4,
            color=COLOURS[0], label=f"best so far ({card.searched})",
        )  # fmt: skip
        if np.isfinite(trace.reported).any():
            axes.step(
                amount, trace.reported, where="post", linewidth=1.2, linestyle="--",
                color=COLOURS[1], label=f"its reported score ({card.reported})",
            )  # fmt: skip
        plain(axes, f"{unit} spent", card.metric)
    many[0].legend(fontsize=6, frameon=False)
    return figure


def runs_figure(traces: Mapping[str, Sequence[Trace]], card: BenchmarkCard, title: str) -> Figure:
    """The best score so far of many runs, a colour each method.

    Args:
        traces: of runs with one query at least, by method.
        card: of the benchmark.
        title: what they are.
    """
    some = next(trace for many in traces.values() for trace in many)
    units = list(spent(some))
    figure, axes_of = grid(len(units), 3.6, 3.2)
    figure.suptitle(title, size=9)
    for axes, unit in zip(axes_of, units, strict=True):
        for i, (method, many) in enumerate(traces.items()):
            for j, trace in enumerate(many):
                amount = spent(trace).get(unit)
                if amount is not None:
                    axes.step(
                        amount, trace.scores[trace.incumbents], where="post", linewidth=0.9,
                        alpha=0.7, color=COLOURS[i % len(COLOURS)],
                        label="_" if j else method,
                        marker=_mark(amount),
                        markersize=3,
                    )  # fmt: skip
        plain(axes, f"{unit} spent", f"best {card.metric} so far ({card.searched})")
    axes_of[0].legend(fontsize=6, frameon=False)
    return figure


def _mark(amount: NDArray[np.float64]) -> str | None:
    return "o" if len(amount) <= _FEW else None
