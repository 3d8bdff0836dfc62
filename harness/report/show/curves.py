"""Numbers over time as figures: of a training, and of what a method wrote down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.report.show.figures import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
# Points that are still shown one by one.
_MARKED = 40


def grid(
    count: int, width: float, height: float, columns: int = COLUMNS
) -> tuple[Figure, list[Axes]]:
    """A figure with so many axes in rows.

    Args:
        count: of axes.
        width: of each, in inches.
        height: of each, in inches.
        columns: at most so many beside each other.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = new_figure(columns * width, rows * height)
    figure.set_layout_engine("constrained")
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(count)]


def curves_figure(series: Mapping[str, Sequence[float]], unit: str, title: str) -> Figure:
    """Each series in axes of its own.

    Args:
        series: numbers by name with unit, the first one after one `unit`.
        unit: what goes on from one number to the next, e.g. ``epoch``.
        title: what the series are of.
    """
    figure, many = grid(len(series), 3.4, 2.6)
    figure.suptitle(title, size=9)
    for i, (axes, (name, values)) in enumerate(zip(many, series.items(), strict=True)):
        times = np.arange(1, len(values) + 1)
        mark = "o" if len(values) <= _MARKED else None
        colour = COLOURS[i % len(COLOURS)]
        axes.plot(times, values, marker=mark, markersize=3, linewidth=1.2, color=colour)
        plain(axes, unit, name)
        whole_numbers(axes)
    return figure


def heat_maps_figure(
    series: Mapping[str, Sequence[Sequence[float]]],
    ticks: Mapping[str, Sequence[str]],
    unit: str,
    title: str,
) -> Figure:
    """Each series of rows as a map: time to the right, entries of a row below each other.

    Args:
        series: rows by name.
        ticks: what the entries of the rows are, by the name of the series, where it is known.
        unit: what goes on from one row to the next.
        title: what the series are of.
    """
    figure, many = grid(len(series), 3.6, 2.2)
    figure.suptitle(title, size=9)
    for axes, (name, rows) in zip(many, series.items(), strict=True):
        values = padded(rows).T
        shown = axes.imshow(
            values, aspect="auto", interpolation="nearest", cmap="viridis",
            extent=(0.5, values.shape[1] + 0.5, len(values) - 0.5, -0.5),
        )  # fmt: skip
        figure.colorbar(shown, ax=axes).ax.tick_params(labelsize=6)
        axes.set_title(name, size=8)
        axes.set_xlabel(unit, size=8)
        axes.tick_params(labelsize=7)
        whole_numbers(axes)
        labels = ticks.get(name, ())
        if len(labels) == len(values):
            axes.set_yticks(range(len(labels)), labels, size=6)
    return figure


def padded(rows: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Rows as an array, with NaN behind those that are shorter."""
    found = np.full((len(rows), max(map(len, rows))), np.nan)
    for i, row in enumerate(rows):
        found[i, : len(row)] = row
    return found


def plain(axes: Axes, across: str, up: str) -> None:
    """Name axes and take away what says nothing."""
    axes.set_xlabel(across, size=8)
    axes.set_ylabel(up, size=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(linewidth=0.4, alpha=0.5)


def whole_numbers(axes: Axes) -> None:
    """Ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
