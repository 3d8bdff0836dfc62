"""Architectures as figures: boxes and arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.core.drawing import Panel
from harness.report.show.figures import COLOURS, GREY, new_figure
from harness.report.show.layout import Layout, Point, Size, arrange

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN, _TITLE, _HEAD = 0.2, 0.32, 0.3


def drawing_figure(panels: Sequence[Panel], title: str = "") -> Figure:
    """All panels of a drawing below each other.

    Args:
        panels: at least one.
        title: what is drawn.
    """
    layouts = [arrange(panel) for panel in panels]
    width = max(2.5, *(layout.size[0] for layout in layouts)) + 2 * _MARGIN
    heads = [_HEAD if panel.name else 0.0 for panel in panels]
    height = sum(layout.size[1] + _MARGIN for layout in layouts) + sum(heads) + _MARGIN
    top = _TITLE if title else 0.0
    figure = new_figure(width, height + top)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height + top)
    axes.set_axis_off()
    if title:
        axes.text(_MARGIN, height + top / 2 - 0.05, title, va="center", weight="bold", size=10)
    level = height - _MARGIN
    for panel, layout, head in zip(panels, layouts, heads, strict=True):
        if panel.name:
            axes.text(_MARGIN, level - head / 2 + 0.04, panel.name, va="center", size=10)
        level -= head + layout.size[1]
        _draw(axes, panel, layout, ((width - layout.size[0]) / 2, level))
        level -= _MARGIN
    return figure


def _draw(axes: Axes, panel: Panel, layout: Layout, corner: Point) -> None:
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
    from matplotlib.path import Path

    def there(point: Point) -> Point:
        return point[0] + corner[0], point[1] + corner[1]

    for (source, target, label), points, middle in zip(
        panel.edges, layout.arrows, layout.labels, strict=True
    ):
        inner = points[1:-1]
        start = _border(points[0], layout.sizes[source], points[1])
        end = _border(points[-1], layout.sizes[target], points[-2])
        shape = _smooth([there(p) for p in (start, *inner, end)], straight=panel.is_chain)
        axes.add_patch(
            FancyArrowPatch(
                path=Path(*shape),
                arrowstyle="-|>",
                mutation_scale=9,
                linewidth=0.9,
                color=GREY,
                shrinkA=0,
                shrinkB=0,
            )
        )
        if middle:
            axes.text(
                *there(middle),
                label,
                ha="center",
                va="center",
                size=8,
                color=COLOURS[0],
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )
    for text, centre, (wide, high) in zip(layout.texts, layout.boxes, layout.sizes, strict=True):
        x, y = there(centre)
        axes.add_patch(
            FancyBboxPatch(
                (x - wide / 2, y - high / 2),
                wide,
                high,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor="#eaf2f8",
                edgecolor="#33566e",
                linewidth=0.9,
            )
        )
        axes.text(x, y, text, ha="center", va="center", size=8)


def _border(centre: Point, size: Size, towards: Point) -> Point:
    """Where the way from the middle of a box to a point leaves the box."""
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    reach = min(
        size[0] / 2 / abs(dx) if dx else float("inf"), size[1] / 2 / abs(dy) if dy else float("inf")
    )
    return centre[0] + dx * min(reach, 1), centre[1] + dy * min(reach, 1)


def _smooth(points: Sequence[Point], straight: bool) -> tuple[list[Point], list[int]]:
    """A path through points; curved (Catmull-Rom) unless it is to be straight."""
    from matplotlib.path import Path

    if straight or len(points) == 2:
        return list(points), [int(Path.MOVETO), *[int(Path.LINETO)] * (len(points) - 1)]
    vertices, codes = [points[0]], [int(Path.MOVETO)]
    ends = [points[0], *points, points[-1]]
    for before, one, other, after in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        vertices += [
            (one[0] + (other[0] - before[0]) / 6, one[1] + (other[1] - before[1]) / 6),
            (other[0] - (after[0] - one[0]) / 6, other[1] - (after[1] - one[1]) / 6),
            other,
        ]
        codes += [int(Path.CURVE4)] * 3
    return vertices, codes
