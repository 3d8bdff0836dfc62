"""Edge weights and partial channels."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from methods.oneshot.pc_darts import PCDARTS  # noqa: E402
from methods.oneshot.relaxation import edge_weights  # noqa: E402
from tests.methods.oneshot.toy import opened  # noqa: E402


def test_edge_weights_sum_to_one_in_each_join():
    betas = torch.tensor([0.3, -1.0, 2.0, 0.5, 7.0, 0.0], dtype=torch.float64)
    weights = edge_weights(betas, ((0,), (1, 2), (3, 5)))
    assert weights[0] == 1
    assert weights[4] == 1  # In no join.
    assert weights[1:3].tolist() == pytest.approx(betas[1:3].softmax(0).tolist())
    assert weights[[3, 5]].tolist() == pytest.approx(betas[[3, 5]].softmax(0).tolist())


def test_choices_are_weighted_by_both():
    method = PCDARTS()
    search = opened(method)
    with torch.no_grad():
        method._betas.copy_(torch.tensor([1.0, 2.0, 3.0]))
    weights = method.weights(search)
    # All three edges of the toy are summed; without its edge a decision's choices sum to 1.
    assert weights.sum().item() == pytest.approx(1)
    torch.testing.assert_close(weights.sum(1), method._betas.softmax(0))


def test_both_are_learned_after_the_warm_up_only():
    method = PCDARTS(batch=100)
    search = opened(method, "20epochs")
    assert search.epochs == 12  # Four are charged one epoch, eight two.
    before = [tensor.detach().clone() for tensor in method.learned()]
    for epoch in range(5):
        search.run_epoch()
        moved = [
            not torch.equal(one, other) for one, other in zip(before, method.learned(), strict=True)
        ]
        assert moved == [epoch == 4] * 2


def test_edges_count_in_what_is_derived():
    method = PCDARTS()
    opened(method)
    with torch.no_grad():
        method._alphas.zero_()
        method._betas.copy_(torch.tensor([1.0, 0.0, 0.0]))
    strengths = method.strengths()
    assert strengths[0, 0] > strengths[1, 0]


@pytest.mark.parametrize("proportion", [1, 2, 4])
def test_so_many_channels_go_through_the_operations(proportion):
    search = opened(PCDARTS(proportion=proportion))
    layer = search.supernet.layers["0 2"]
    assert layer[0].weight.shape == (8 // proportion, 8 // proportion)
