"""SemiNAS: NAO without unlabelled architectures, and what these add."""

from __future__ import annotations

import numpy as np
import pytest

from harness import load_predictor
from methods.predictor.models.unlabelled import draw_unlabelled
from methods.predictor.nao import NAO
from methods.predictor.seminas import SemiNAS


class TestUnlabelled:
    def test_none_is_labelled_and_none_repeated(self, toy_space):
        space = toy_space((3, 3, 3), valid=lambda arch: arch[0] <= arch[2])
        labelled = space.population[::4]
        drawn = draw_unlabelled(space, np.random.default_rng(0), labelled, 1000)
        rest = {tuple(row) for row in space.population} - {tuple(row) for row in labelled}
        assert sorted(map(tuple, drawn.tolist())) == sorted(rest)

    def test_what_is_the_same_architecture_is_labelled(self, toy_space):
        space = toy_space((5, 5))
        space.canonical = lambda arch: tuple(sorted(arch))
        drawn = draw_unlabelled(space, np.random.default_rng(0), space.integers([(1, 3)]), 1000)
        assert {(1, 3), (3, 1)} & set(map(tuple, drawn.tolist())) == set()
        assert len(drawn) == 23

    def test_large_spaces_are_sampled(self, toy_space):
        space = toy_space((7,) * 9)
        assert not space.enumerable
        drawn = draw_unlabelled(space, np.random.default_rng(0), space.integers([(0,) * 9]), 500)
        assert len(np.unique(drawn, axis=0)) == len(drawn) > 490

    def test_drawn_uniformly(self, toy_space):
        space, rng = toy_space((4, 5)), np.random.default_rng(0)
        counts = np.zeros((4, 5))
        for _ in range(2000):
            for i, j in draw_unlabelled(space, rng, space.integers([(0, 0)]), 2):
                counts[i, j] += 1
        expected = 4000 / 19
        assert counts[0, 0] == 0
        assert ((counts.ravel()[1:] - expected) ** 2 / expected).sum() < 45

    def test_none_wanted_draws_nothing(self, toy_space):
        rng, space = np.random.default_rng(0), toy_space((4, 5))
        before = rng.bit_generator.state
        assert draw_unlabelled(space, rng, space.integers([(0, 0)]), 0).shape == (0, 2)
        assert rng.bit_generator.state == before


def test_range_of_hyper_parameters():
    for wrong in ({"unlabelled": -1}, {"upsample": -1}, {"seeds": 0}):
        with pytest.raises(ValueError, match="outside"):
            SemiNAS(**wrong)


class TestSearch:
    @pytest.fixture(autouse=True)
    def _torch(self):
        pytest.importorskip("torch")

    @pytest.fixture
    def toys(self, toy, toy_space, smooth):
        sizes = (4,) * 5
        return toy(toy_space(sizes), smooth(sizes))

    def test_without_unlabelled_architectures_is_nao(self, play, toys):
        nao = play(NAO(), toys, "36")
        assert play(SemiNAS(unlabelled=0, upsample=1), toys, "36").archs == nao.archs
        assert play(SemiNAS(), toys, "36").archs != nao.archs

    def test_same_seed_same_search(self, play, toys):
        first = play(SemiNAS(unlabelled=100), toys, "24")
        again = play(SemiNAS(unlabelled=100), toys, "24")
        assert first.archs == again.archs
        assert first.ledger.counts == again.ledger.counts
        assert play(SemiNAS(unlabelled=100), toys, "24", 1).archs != first.archs

    def test_unlabelled_ones_are_drawn_anew_and_seeds_are_the_best_of_both(
        self, play, toys, monkeypatch
    ):
        from methods.predictor.models.encoder_decoder_training import Learner

        fitted, begun = [], []
        fit, climb = Learner.fit, Learner.climb

        def spy_fit(self, archs, scores, others, upsample):
            guesses = fit(self, archs, scores, others, upsample)
            fitted.append((archs, scores, others, guesses, upsample))
            return guesses

        def spy_climb(self, seeds, steps):
            begun.append((seeds, list(steps)))
            return climb(self, seeds, steps)

        monkeypatch.setattr(Learner, "fit", spy_fit)
        monkeypatch.setattr(Learner, "climb", spy_climb)
        play(SemiNAS(unlabelled=80, seeds=20, upsample=3, longest=5.0), toys, "30")
        assert [len(archs) for archs, *_ in fitted] == [10, 20]
        assert {tuple(r) for r in fitted[0][2]} != {tuple(r) for r in fitted[1][2]}
        for (archs, scores, others, guesses, upsample), (seeds, steps) in zip(
            fitted, begun, strict=True
        ):
            assert len(others) == len(guesses) == 80
            assert upsample == 3
            assert not {tuple(r) for r in archs} & {tuple(r) for r in others}
            target = {tuple(r): s for r, s in zip(archs, scores, strict=True)}
            target |= {tuple(r): s for r, s in zip(others, guesses, strict=True)}
            chosen = [target[tuple(r)] for r in seeds]
            assert chosen == sorted(target.values(), reverse=True)[:20]
            assert steps == [1.0, 2.0, 3.0, 4.0, 5.0]


class TestPredictor:
    @pytest.fixture(autouse=True)
    def _torch(self):
        pytest.importorskip("torch")

    @pytest.fixture
    def fitted(self, toy_space, smooth):
        space, score = toy_space((4,) * 5), smooth((4,) * 5)
        rows = np.random.default_rng(0).permutation(space.population)[:40]
        scores = np.array([score(tuple(row), None) for row in rows])

        def fit(name, seed=0):
            predictor = load_predictor(name)
            predictor.attach(space, np.random.default_rng(seed))
            predictor.fit(rows, scores)
            return predictor.predict(space.population)

        return fit

    def test_without_unlabelled_architectures_is_nao(self, fitted):
        nao = fitted("nao")
        assert np.array_equal(fitted("seminas:unlabelled=0,upsample=1"), nao)
        assert not np.array_equal(fitted("seminas"), nao)

    def test_same_seed_same_predictions(self, fitted):
        assert np.array_equal(fitted("seminas", 1), fitted("seminas", 1))
        assert not np.array_equal(fitted("seminas", 1), fitted("seminas", 2))

    def test_needs_sequences(self):
        for name in ("nao", "seminas"):
            assert load_predictor(name).needs() == {"sequence"}

    def test_ranks_cells_of_nas_bench_201(self, harness_data):
        from scipy.stats import kendalltau

        from harness.core.registry import load_benchmark

        benchmark = load_benchmark("nasbench201/cifar10")
        truth = np.array(benchmark.reported_means())
        space, rng = benchmark.space, np.random.default_rng(0)
        predictor = load_predictor("seminas")
        predictor.attach(space, rng)
        order = rng.permutation(len(truth))
        predictor.fit(space.population[order[:100]], truth[order[:100]])
        rest = order[100:4000]
        tau = kendalltau(predictor.predict(space.population[rest]), truth[rest]).statistic
        assert tau > 0.45
