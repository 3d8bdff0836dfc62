"""The toy problem of ASNG as a benchmark: its truth, its supernet, and methods that search it."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest

from harness import Budget, HarnessError, InvalidArchitecture, load_method
from harness.cli import main
from harness.core.registry import load_benchmark
from harness.study.run import run_seeds
from tests.methods.oneshot.toy import Uniform, opened

torch = pytest.importorskip("torch")

SMALL = "toy/asng:variables=10,choices=3"
# What the paper trains x with, but for Nesterov's form of momentum and steps of the rate.
PAPER = "batch=1,learning_rate=0.05,last_learning_rate=0,weight_decay=0,clip=1e9"


class TestTruth:
    def test_is_the_sum_of_choices(self):
        benchmark = load_benchmark("toy/asng")
        archs = [(0,) * 30, (4,) * 30, (1, 2, 3, *[0] * 27)]
        assert benchmark.report(archs) == [0.0, 24.0, 6 / 5]
        oracle = benchmark.oracle(7)
        assert [oracle.measure(arch, 1)[0] for arch in archs] == [0.0, -24.0, -6 / 5]
        with pytest.raises(InvalidArchitecture):
            oracle.measure((5,) * 30, 1)

    def test_card(self):
        card = load_benchmark("toy/asng").card()
        assert card.architectures == card.unique == 5**30
        assert (card.optimum, card.worst, card.mean_random) == (0, 24, 12)
        assert card.direction == "minimize"

    def test_mean_of_random_genotypes(self):
        benchmark = load_benchmark("toy/asng:variables=4,choices=3")
        reported = benchmark.report(list(benchmark.space.enumerate()))
        card = benchmark.card()
        assert (min(reported), max(reported)) == (card.optimum, pytest.approx(card.worst))
        assert np.mean(reported) == pytest.approx(card.mean_random)
        assert len(reported) == card.architectures

    @pytest.mark.parametrize(
        ("given", "id"),
        [
            ("toy/asng:choices=5,variables=30", "toy/asng"),
            ("toy/asng:choices=3,variables=10", SMALL),
            ("toy/asng:choices=3", "toy/asng:choices=3"),
        ],
    )
    def test_settings_are_part_of_the_identity(self, given, id):
        benchmark = load_benchmark(given)
        assert benchmark.id == id == load_benchmark(benchmark.id).id
        assert (benchmark.checksum == load_benchmark("toy/asng").checksum) == (id == "toy/asng")

    @pytest.mark.parametrize(
        "wrong", ["choices=1", "variables=0", "variables=-3", "choices=2.5", "searched=loss"]
    )
    def test_impossible_settings(self, wrong):
        with pytest.raises(HarnessError, match=wrong.partition("=")[0]):
            load_benchmark(f"toy/asng:{wrong}")


class TestSupernet:
    @pytest.fixture
    def search(self):
        return opened(Uniform(), benchmark=load_benchmark("toy/asng:variables=4,choices=3"))

    def by_hand(self, search, arch, batch):
        """The mean loss of the paper over the draws of a batch."""
        x, z = search.supernet.x.detach().numpy(), batch[0].numpy().reshape(-1, 4)
        return ((x[range(4), arch] - z) ** 2 + np.array(arch) / 3).sum(1).mean()

    def test_loss_and_score_of_a_path(self, search):
        archs = [(0, 0, 0, 0), (2, 1, 0, 2)]
        batch = search.draw_train(5)
        for arch in archs:
            loss = search.loss(search.supernet.path(arch), batch).item()
            assert loss == pytest.approx(self.by_hand(search, arch, batch), rel=1e-5)
        everything = search.all_valid()
        expected = [-self.by_hand(search, arch, everything) for arch in archs]
        assert search.accuracies(archs, everything) == pytest.approx(expected, rel=1e-5)
        assert search.best_of([*archs]) == archs[int(np.argmax(expected))]

    def test_gradient_of_a_path(self, search):
        arch, batch = (2, 0, 1, 1), search.draw_train(6)
        search.loss(search.supernet.path(arch), batch).backward()
        x, mean = search.supernet.x.detach(), batch[0].flatten(1).mean(0)
        expected = torch.zeros(4, 3)
        expected[range(4), arch] = 2 * (x[range(4), arch] - mean)
        torch.testing.assert_close(search.supernet.x.grad, expected)

    def test_a_mixture_has_the_mean_loss_of_what_it_would_draw(self, search):
        chances = torch.tensor(np.random.default_rng(0).dirichlet(np.ones(3), 4)).float()
        batch = search.draw_train(7)
        expected = sum(
            float(chances[range(4), arch].prod()) * self.by_hand(search, arch, batch)
            for arch in product(range(3), repeat=4)
        )
        found = search.loss(search.mixture(chances), batch).item()
        assert found == pytest.approx(expected, rel=1e-5)

    def test_weights_begin_standard_normal(self):
        supernet = opened(Uniform(), benchmark=load_benchmark("toy/asng:variables=900")).supernet
        x = supernet.x.detach().numpy()
        assert x.shape == (900, 5)
        assert x.mean() == pytest.approx(0, abs=0.06)
        assert x.std() == pytest.approx(1, abs=0.05)

    def test_noise(self):
        task = load_benchmark("toy/asng").task
        for part in (task.train, task.valid):
            z = part.images
            assert z.shape == (1000, 30, 1, 1)
            assert z.std() == pytest.approx(1 / 5, rel=0.02)
            assert abs(z.mean(0)).max() < 4 / (5 * np.sqrt(1000))
        assert not (task.train.images == task.valid.images).all((1, 2, 3)).any()
        assert (load_benchmark("toy/asng").task.train.images == task.train.images).all()

    def test_a_network_is_its_path(self):
        task = load_benchmark(SMALL).task
        network = task.network((1,) * 10, torch.Generator().manual_seed(3))
        supernet = task.supernet(torch.Generator().manual_seed(3), "batch")
        images = torch.from_numpy(task.valid.images[:4])
        assert torch.equal(network(images), supernet(images, supernet.path((1,) * 10)))


class TestSearch:
    def found(self, method, seeds, benchmark=SMALL, budget=1000):
        given = load_benchmark(benchmark)
        records = run_seeds(load_method(method).method, given, Budget(budget, "epochs"), seeds)
        assert [record.error for record in records] == [""] * len(records)
        return [record.reported for record in records]

    def test_asng_nas_finds_the_optimum(self):
        # 2,000 steps, one z each; five of five seeds do.
        assert self.found(f"asng-nas:{PAPER},epochs=2", [0]) == [0.0]

    @pytest.mark.parametrize("name", ["darts", "gdas", "setn", "proxylessnas", "drnas"])
    def test_others_come_near(self, name):
        benchmark = "toy/asng:variables=5,choices=3"
        # A random genotype loses 5/3.
        assert np.mean(self.found(f"{name}:epochs=8", range(2), benchmark)) <= 1 / 3

    def test_random_paths_know_what_good_ones_are(self):
        mean = np.mean(self.found("spos:epochs=30,population=20,generations=5", range(2)))
        assert mean < 1.0
        assert load_benchmark(SMALL).card().mean_random > 3

    def test_black_boxes_meet_the_closed_form(self):
        assert np.mean(self.found("asng", range(3), budget=300)) < 0.5


def test_from_the_command_line(tmp_path, capsys):
    words = ["compare", "-b", "toy/asng:variables=4,choices=2", "-m", "rsps:epochs=1,samples=3"]
    words += ["-m", "random-search", "--seeds", "2", "--budget", "30epochs", "--jobs", "1"]
    assert main([*words, "--out", str(tmp_path), "--format", "json"]) == 0
    (benchmark,) = json.loads(capsys.readouterr().out)["benchmarks"]
    rows = {row["method"].split(":")[0]: row for row in benchmark["results"]}
    assert benchmark["optimum"] == 0
    # It has 16 genotypes, of which 30 queries nearly always find the best.
    assert rows["random-search"]["mean"] <= 0.5
    assert rows["random-search"]["queries"] == 30
    assert rows["rsps"]["failed"] == 0


def test_larger_ones_cannot_be_ranked(tmp_path, capsys):
    words = ["rank", "-b", "toy/asng", "-m", "ridge", "--labels", "10", "--out", str(tmp_path)]
    assert main(words) == 2
    assert "too many to list" in capsys.readouterr().err
