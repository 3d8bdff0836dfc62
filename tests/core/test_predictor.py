from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from harness import Decision, HarnessError, Predictor, SearchSpace
from harness.core.errors import UnknownName
from harness.core.registry import load_scorer

SPACE = SearchSpace("plain", [Decision("a", ("x", "y", "z")), Decision("b", ("x", "y"))])
ARCHS = [(0, 0), (1, 1), (2, 0)]


class Average(Predictor):
    """Guesses the mean, or whatever it is told."""

    guessed: float | None = None
    wrong_shape: bool = False

    def learn(self, archs, scores):
        assert archs.dtype == np.int64
        self._mean = scores.mean() if self.guessed is None else self.guessed

    def guess(self, archs):
        return np.full(len(archs) + self.wrong_shape, self._mean)


class Sure(Average):
    """Knows how sure it is."""

    version: ClassVar[int] = 2

    def guess_with_std(self, archs):
        return self.guess(archs), np.full(len(archs), np.nan)


class OnGraphs(Average):
    """Needs graphs."""

    def needs(self):
        return frozenset({"graph"})


def attached(predictor):
    predictor.attach(SPACE, np.random.default_rng(0))
    return predictor


def test_learns_and_guesses():
    predictor = attached(Average())
    predictor.fit(ARCHS, [1.0, 2.0, 6.0])
    assert predictor.predict(ARCHS[:2]).tolist() == [3.0, 3.0]
    assert predictor.predict(SPACE.population).shape == (6,)
    assert predictor.properties((0, 0)) == {}


def test_fields_are_hyper_parameters_and_nothing_else():
    assert attached(Average(guessed=2.0)).parameters() == {"guessed": 2.0, "wrong_shape": False}
    assert Average.from_text({"guessed": "none"}).guessed is None


@pytest.mark.parametrize(
    ("archs", "scores", "words"),
    [
        ([], [], "needs at least one; it was given 0 architectures"),
        (ARCHS, [1.0], r"3 architectures and scores of shape \(1,\)"),
        (ARCHS, [1.0, np.nan, np.nan], "2 of 3 scores that are not finite, the first one nan at p"),
        (ARCHS, [1.0, 2.0, np.inf], "1 of 3 scores that are not finite, the first one inf"),
    ],
)
def test_labels_that_are_refused(archs, scores, words):
    with pytest.raises(HarnessError, match=words):
        attached(Average()).fit(archs, scores)


def test_nan_and_wrong_shapes_are_refused():
    predictor = attached(Average(guessed=float("nan")))
    predictor.fit(ARCHS, [1.0, 2.0, 3.0])
    with pytest.raises(HarnessError, match="average returned NaN for 3 of 3 architectures"):
        predictor.predict(ARCHS)
    predictor = attached(Average(wrong_shape=True))
    predictor.fit(ARCHS, [1.0, 2.0, 3.0])
    with pytest.raises(HarnessError, match=r"shape \(4,\) for 3 architectures"):
        predictor.predict(ARCHS)


def test_how_sure_it_is():
    plain, sure = attached(Average()), attached(Sure())
    assert (plain.has_std, sure.has_std) == (False, True)
    for predictor in (plain, sure):
        predictor.fit(ARCHS, [1.0, 2.0, 3.0])
    with pytest.raises(HarnessError, match="average does not say how sure"):
        plain.predict_with_std(ARCHS)
    with pytest.raises(HarnessError, match="sure returned NaN"):
        sure.predict_with_std(ARCHS)


def test_a_space_without_its_encoding_is_refused():
    with pytest.raises(HarnessError, match="on-graphs needs the encoding graph, which space plain"):
        attached(OnGraphs())


class TestLoading:
    def test_by_path(self, tmp_path):
        file = tmp_path / "mine.py"
        file.write_text(
            "from harness import Predictor\nclass Mine(Predictor):\n    k: int = 1\n"
            "    def learn(self, archs, scores): pass\n    def guess(self, archs): pass\n"
        )
        loaded = load_scorer(f"{file}:k=3")
        assert loaded.identity == "mine:Mine:k=3"
        assert loaded.scorer.parameters() == {"k": 3}
        assert len(loaded.digest) == 64

    def test_half_a_predictor(self, tmp_path):
        file = tmp_path / "half.py"
        file.write_text(
            "from harness import Predictor\nclass Half(Predictor):\n"
            "    def learn(self, archs, scores): pass\n"
        )
        with pytest.raises(HarnessError, match="has no guess"):
            load_scorer(f"{file}:Half")

    def test_unknown(self):
        with pytest.raises(UnknownName, match=r"no scorer 'lightgmb'.*Did you mean lightgbm"):
            load_scorer("lightgmb")

    def test_a_method_is_no_scorer(self, tmp_path):
        file = tmp_path / "method.py"
        file.write_text(
            "from harness import Method\nclass M(Method):\n    def search(self, problem): pass\n"
        )
        with pytest.raises(HarnessError, match=r"is no Predictor: write class NAME\(harness"):
            load_scorer(f"{file}:M")
