from __future__ import annotations

import numpy as np
import pytest

from harness import Decision, SearchSpace
from methods.blackbox.categorical_kde import CategoricalKDE

SIZES = (3, 1, 4, 2)
DATA = np.array([[0, 0, 3, 1], [2, 0, 3, 0], [2, 0, 1, 0], [1, 0, 0, 1], [2, 0, 3, 1]])
SPACE = SearchSpace("s", [Decision(f"d{i}", tuple("abcd"[:n])) for i, n in enumerate(SIZES)])


@pytest.mark.parametrize("data", [DATA, DATA[:1], np.repeat(DATA[:1], 50, axis=0)])
@pytest.mark.parametrize("least", [0.0, 0.3, 0.9])
def test_density_sums_to_one(data, least):
    density = CategoricalKDE(data, SIZES, least).density(np.array(list(SPACE.enumerate())))
    assert density.min() >= 0
    assert density.sum() == pytest.approx(1, abs=1e-12)


def test_density_by_hand():
    kde = CategoricalKDE(np.array([[0, 1], [2, 1]]), (3, 2), 0.3)
    # 1.06 * 1 * 2 ** (-1 / 6) is more than (3 - 1) / 3; the second decision has no spread.
    assert kde.bandwidths == pytest.approx([2 / 3, 0.3])
    kde.bandwidths[0] = 0.5
    kde = CategoricalKDE(np.array([[0, 1], [0, 1], [2, 0]]), (3, 2), 0.3)
    h, k = kde.bandwidths
    near, far = (1 - h) * (1 - k), (h / 2) * k
    assert kde.density(np.array([[0, 1]])) == pytest.approx([(2 * near + far) / 3])
    assert kde.density(np.array([[1, 1]])) == pytest.approx([(2 * (h / 2) * (1 - k) + far) / 3])


def test_bandwidth_is_the_normal_reference_rule():
    data = np.array([[0, 0]] * 9 + [[1, 3]])
    kde = CategoricalKDE(data, (2, 9), 0.0)
    factor = 1.06 * 10 ** (-1 / 6)
    assert kde.bandwidths == pytest.approx([factor * 0.3, factor * 0.9])


def test_kernel_agrees_with_statsmodels():
    kernels = pytest.importorskip("statsmodels.nonparametric.kernels")
    kde = CategoricalKDE(DATA, SIZES, 0.3)
    for arch in ((0, 0, 3, 1), (1, 0, 2, 0)):
        product = np.ones(len(DATA))
        for i in (0, 2, 3):
            product *= kernels.aitchison_aitken(kde.bandwidths[i], DATA[:, i], arch[i], SIZES[i])
        assert kde.density(np.array([arch])) == pytest.approx([product.mean()])


def test_samples_redraw_with_the_probability_of_the_bandwidth():
    kde = CategoricalKDE(np.array([[1, 0]]), (4, 1), 0.4)
    drawn = kde.sample(40_000, np.random.default_rng(0))
    shares = np.bincount(drawn[:, 0], minlength=4) / len(drawn)
    assert shares == pytest.approx([0.1, 0.7, 0.1, 0.1], abs=0.01)
    assert set(drawn[:, 1]) == {0}
