"""Figures without a screen and without global state."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import HarnessError, MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 150
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Those of Okabe and Ito, which the colour-blind tell apart."""
GREY = "#666666"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure.

    Args:
        width: in inches.
        height: in inches.

    Raises:
        MissingExtra: there is no matplotlib.
    """
    if find_spec("matplotlib") is None:
        raise MissingExtra("figures need matplotlib: pip install 'nas-harness[live]'")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def save(figure: Figure, path: Path, dpi: int = DPI) -> Path:
    """Write a figure as PNG.

    Raises:
        HarnessError: it cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="png", dpi=dpi)
    except OSError as error:
        raise HarnessError(f"cannot write {path}: {error}") from error
    return path
