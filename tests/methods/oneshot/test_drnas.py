"""The distribution of DrNAS."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from methods.oneshot.drnas import DrNAS  # noqa: E402
from tests.methods.oneshot.toy import opened  # noqa: E402


def test_probabilities_are_the_mean_of_the_distribution():
    method = DrNAS()
    search = opened(method)
    with torch.no_grad():
        method._alphas.copy_(torch.tensor([[0.0, 1.0, -1.0, 2.0]] * 3))
    # elu(a) + 1 is exp(a) below zero.
    concentrations = np.array([1.0, 2.0, np.exp(-1), 3.0])
    rows = method.distribution(search)
    assert rows[0] == pytest.approx((concentrations / concentrations.sum()).tolist())
    # The third decision has three choices.
    assert rows[2] == pytest.approx((concentrations[:3] / concentrations[:3].sum()).tolist())
    drawn = torch.stack([method.weights(search).detach() for _ in range(3000)])
    assert drawn[:, 2, 3].abs().max() == 0
    for row, mean in zip(rows, drawn.mean(0).tolist(), strict=True):
        np.testing.assert_allclose(mean[: len(row)], row, atol=0.025)
