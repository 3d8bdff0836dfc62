from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from harness.core.drawing import Panel
from harness.core.errors import HarnessError
from harness.report.show.drawing import drawing_figure
from harness.report.show.layout import WIDEST, arrange, extent
from harness.testing.synthetic import SyntheticSpace
from spaces.cae.space import CaeSpace
from spaces.darts.space import DartsSpace
from spaces.enas_micro.space import EnasMicroSpace
from spaces.mobile.space import MobileSpace
from spaces.nasbench101.space import NasBench101Space
from spaces.nasbench201.space import NasBench201Space
from spaces.tts.space import TtsSpace

SPACES = (
    NasBench201Space(),
    NasBench101Space("matrix"),
    DartsSpace(),
    EnasMicroSpace(),
    MobileSpace(),
    TtsSpace(),
    CaeSpace(),
    CaeSpace(mixed=True),
    SyntheticSpace((4, 4, 4)),
)


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def apart(one, size, other, other_size):
    """Whether two boxes have nothing in common."""
    return any(abs(one[i] - other[i]) >= (size[i] + other_size[i]) / 2 - 1e-9 for i in (0, 1))


def check_layout(panel):
    found = arrange(panel)
    things = list(zip(found.boxes, found.sizes, strict=True))
    for middle, (_, _, label) in zip(found.labels, panel.edges, strict=True):
        assert (middle is None) == (not label)
        if middle:
            things.append((middle, extent(label, 0.03)))
    for i, (one, size) in enumerate(things):
        assert all(apart(one, size, *other) for other in things[:i])
        assert all(
            size[k] / 2 - 1e-9 <= one[k] <= found.size[k] - size[k] / 2 + 1e-9 for k in (0, 1)
        )
    return found


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.id)
def test_drawings_of_all_spaces_show_everything_and_nothing_twice_in_one_place(space):
    rng = np.random.default_rng(0)
    for _ in range(3):
        panels = space.drawing(space.sample(rng))
        figure = drawing_figure(panels, "title")
        shown = texts(figure)
        for panel in panels:
            found = check_layout(panel)
            assert [text.replace(":\n", ": ") for text in found.texts] == list(panel.nodes)
            assert set(found.texts) <= set(shown)
            for label in {label for _, _, label in panel.edges} - {""}:
                assert shown.count(label) >= [e[2] for e in panel.edges].count(label)
        arrows = sum(len(panel.edges) for panel in panels)
        boxes = sum(len(panel.nodes) for panel in panels)
        assert len(figure.axes[0].patches) == arrows + boxes


@pytest.mark.parametrize("space", SPACES[:4], ids=lambda space: space.id)
def test_arrows_of_a_cell_lead_to_the_right_or_down(space):
    rng = np.random.default_rng(1)
    for _ in range(4):
        for panel in space.drawing(space.sample(rng)):
            found = arrange(panel)
            for (source, target, _), arrow in zip(panel.edges, found.arrows, strict=True):
                assert arrow[0] == found.boxes[source]
                assert arrow[-1] == found.boxes[target]
            steps = np.concatenate([np.diff(arrow, axis=0) for arrow in found.arrows])
            assert (steps[:, 0] > 0).all() or (steps[:, 1] < 0).all()


def test_a_long_chain_goes_on_in_the_next_row():
    panel = Panel.chain("layers", [f"block{i}: mb6-7x7" for i in range(21)])
    found = check_layout(panel)
    rows = sorted({y for _, y in found.boxes}, reverse=True)
    assert len(rows) > 1
    assert found.size[0] <= WIDEST
    # Read like text: to the right, and then further down.
    order = sorted(range(21), key=lambda i: (-found.boxes[i][1], found.boxes[i][0]))
    assert order == list(range(21))


def test_a_deep_graph_leads_down():
    boxes = [f"a convolution with number {i}" for i in range(12)]
    panel = Panel("", tuple(boxes), (*Panel.chain("", boxes).edges, (0, 11, "")))
    found = check_layout(panel)
    assert found.size[0] <= WIDEST
    heights = [y for _, y in found.boxes]
    assert heights == sorted(heights, reverse=True)


def test_a_cell_of_nasbench201_has_the_six_edges_of_its_notation():
    space = NasBench201Space()
    text = "|nor_conv_1x1~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_3x3~1|none~2|"
    (panel,) = space.drawing(space.from_str(text))
    assert {(source, target): label for source, target, label in panel.edges} == {
        (0, 1): "nor_conv_1x1",
        (0, 2): "none",
        (1, 2): "skip_connect",
        (0, 3): "avg_pool_3x3",
        (1, 3): "nor_conv_3x3",
        (2, 3): "none",
    }


def test_a_cell_of_nasbench101_has_the_edges_of_its_notation():
    space = NasBench101Space()
    (panel,) = space.drawing(space.from_str("conv3x3:0|maxpool3x3:01|output:12"))
    assert panel.nodes == ("input", "conv3x3-bn-relu", "maxpool3x3", "output")
    assert {edge[:2] for edge in panel.edges} == {(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)}


def test_cells_of_darts_join_all_nodes_and_those_of_enas_the_loose_ones():
    darts = DartsSpace()
    node = "sep_conv_3x3~0+skip_connect~1"
    normal, reduction = darts.drawing(
        darts.from_str(" ".join([node] * 4) + " / " + " ".join([node] * 4))
    )
    assert (normal.name, reduction.name) == ("normal", "reduction")
    assert [edge for edge in normal.edges if edge[2]] == [
        (source, node, label)
        for node in range(2, 6)
        for source, label in ((0, "sep_conv_3x3"), (1, "skip_connect"))
    ]
    assert [edge for edge in normal.edges if not edge[2]] == [(node, 6, "") for node in range(2, 6)]
    enas = EnasMicroSpace()
    # Each node takes the one before it twice, so the last one alone is loose.
    chain = (0, 0, 3, 3, *(e for node in range(2, 6) for e in (node, node, 0, 0)))
    normal, _ = enas.drawing(enas.check((*chain, *chain)))
    assert [edge for edge in normal.edges if not edge[2]] == [(6, 7, "")]


def test_an_autoencoder_is_a_mirror_image():
    space = CaeSpace()
    rng = np.random.default_rng(3)
    for _ in range(20):
        arch = space.sample(rng)
        layers = space.layers(arch)
        (panel,) = space.drawing(arch)
        n = len(layers)
        assert len(panel.nodes) == 2 * n + 2
        assert [f"transposed{text[4:]}" for text in panel.nodes[n:0:-1]] == list(
            panel.nodes[n + 1 : -1]
        )
        assert {edge[:2] for edge in panel.edges} == {(i, i + 1) for i in range(2 * n + 1)} | {
            (i, 2 * n + 1 - i) for i, layer in enumerate(layers, 1) if layer.skip
        }


@pytest.mark.parametrize("edge", [(1, 0, ""), (0, 0, ""), (0, 2, ""), (-1, 1, "")])
def test_arrows_lead_on(edge):
    with pytest.raises(HarnessError, match="arrows lead from a box to a later one"):
        Panel("p", ("a", "b"), (edge,))


def test_no_boxes_are_no_drawing():
    with pytest.raises(HarnessError, match="without boxes"):
        Panel("p", ())
