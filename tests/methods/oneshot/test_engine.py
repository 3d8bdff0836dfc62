"""The loop of one-shot methods: what a step does, what is charged, when it ends."""

from __future__ import annotations

import math
from collections import Counter
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from harness import Budget, HarnessError
from harness.core.errors import InvalidBudget
from tests.methods.oneshot.toy import ToyBenchmark, Uniform, opened, problem, run

torch = pytest.importorskip("torch")
engine = pytest.importorskip("methods.oneshot.engine")


def known(images):
    """What tells images apart and mirroring does not change, with how often it is there."""
    return Counter(image.tobytes() for image in np.sort(np.asarray(images), axis=3))


class TestStep:
    @pytest.fixture
    def search(self):
        return opened(Uniform(weight_decay=0.3, clip=0.05, learning_rate=0.5), benchmark=None)

    def gradients(self, search, plan, batch):
        loss = torch.nn.functional.cross_entropy(search.supernet(batch[0], plan), batch[1])
        found = torch.autograd.grad(loss, search.weights, allow_unused=True)
        return loss.item(), found

    def test_is_nesterov_descent_on_the_clipped_mean(self, search):
        plans = [search.supernet.path((3, 1, 0)), search.supernet.path((2, 3, 1))]
        batch = search.draw_train(32)
        losses, grads = zip(*(self.gradients(search, p, batch) for p in plans), strict=True)
        means = [
            None if a is None and b is None else sum(g / 2 for g in (a, b) if g is not None)
            for a, b in zip(*grads, strict=True)
        ]
        norm = math.sqrt(sum(float(g.square().sum()) for g in means if g is not None))
        assert norm > 0.05
        expected = []
        for weight, mean in zip(search.weights, means, strict=True):
            if mean is None:
                expected.append(weight.detach().clone())
            else:
                g = mean * 0.05 / norm + 0.3 * weight.detach()
                expected.append(weight.detach() - 0.5 * (g + 0.9 * g))
        assert search.descend(plans, batch).item() == pytest.approx(sum(losses) / 2, rel=1e-6)
        for weight, wanted in zip(search.weights, expected, strict=True):
            torch.testing.assert_close(weight.detach(), wanted, rtol=1e-4, atol=1e-6)

    def test_what_a_path_does_not_use_has_neither_decay_nor_momentum(self, search):
        batch = search.draw_train(32)
        search.descend([search.supernet.path((3, 3, 2))], batch)
        layer = search.supernet.layers["0 3"]
        before = [w.detach().clone() for w in layer.parameters()]
        momenta = [search.optimizer.state[w]["momentum_buffer"].clone() for w in layer.parameters()]
        search.descend([search.supernet.path((2, 3, 2))], batch)
        for weight, kept, momentum in zip(layer.parameters(), before, momenta, strict=True):
            assert torch.equal(weight, kept)
            assert torch.equal(search.optimizer.state[weight]["momentum_buffer"], momentum)
            assert momentum.abs().sum() > 0

    def test_no_gradient_reaches_the_weights_of_a_plan(self, search):
        alphas = torch.zeros(3, 4, requires_grad=True)
        search.descend([search.mixture(alphas.softmax(1))], search.draw_train(8))
        assert alphas.grad is None

    def test_mixture_has_the_choices_of_each_decision(self, search):
        plan = search.mixture(torch.arange(12.0).view(3, 4))
        assert [[*row] for row in plan] == [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2]]
        assert [float(row[1]) for row in plan] == [1.0, 5.0, 9.0]


class Watching(Uniform):
    """Keeps what it was shown."""

    def begin(self, search):
        self._train, self._valid, self._rates = [], [], []

    def step_architecture(self, search):
        self._train.append(search.train[0])
        self._valid.append(search.valid[0])
        assert [len(labels) for _, labels in (search.train, search.valid)] == [
            len(search.train[0]),
            len(search.valid[0]),
        ]
        self._rates.append(search.optimizer.param_groups[0]["lr"])


class TestEpoch:
    @pytest.fixture
    def seen(self):
        method = Watching(epochs=4)
        search = engine.train(method, problem("4epochs"))
        return method, search

    def test_shows_every_training_image_once(self, seen):
        method, search = seen
        assert search.steps == 4
        assert [len(x) for x in method._train] == [64, 64, 64, 8] * 4
        for epoch in range(4):
            shown = torch.cat(method._train[4 * epoch : 4 * epoch + 4])
            assert known(shown) == known(search.task.train.images)
        assert not torch.equal(method._train[0], method._train[4])

    def test_draws_as_many_validation_images(self, seen):
        method, search = seen
        assert [len(x) for x in method._valid] == [64, 64, 64, 8] * 4
        assert known(torch.cat(method._valid)).keys() <= known(search.task.valid.images).keys()
        assert not known(search.task.valid.images) & known(search.task.train.images)

    def test_changes_the_learning_rate_along_a_cosine(self, seen):
        method, _ = seen
        expected = [0.001 + 0.024 * (1 + math.cos(math.pi * e / 4)) / 2 for e in range(4)]
        assert method._rates[::4] == pytest.approx(expected)
        assert method._rates[0] == method._rates[3]

    def test_learns_the_classes(self):
        search = engine.train(Uniform(epochs=15, learning_rate=0.1), problem("15epochs"))
        losses = [row for name, row in search.logs if name == "training loss"]
        assert losses[-1] < losses[0] - 0.1
        best, nothing = search.accuracies([(3, 3, 2), (0, 0, 0)], search.all_valid())
        assert best > 0.9
        # Without any edge all images are the same.
        share = search.task.valid.labels.mean()
        assert nothing == pytest.approx(share) or nothing == pytest.approx(1 - share)


class TestBudgetInEpochs:
    @pytest.mark.parametrize(("budget", "epochs"), [("1", 1), ("3.999", 3), ("4", 4)])
    def test_is_planned_exactly(self, budget, epochs):
        record = run(Uniform(), f"{budget}epochs")
        assert record.error == ""
        assert record.counts["epochs of the supernet"] == epochs
        assert record.epochs == epochs

    def test_leaves_room_for_what_follows(self):
        class Judges(Uniform):
            def derive(self, search):
                return search.best_of([(3, 3, 2)] * 6)

            def last_cost(self, search):
                return search.judging_cost(6)

        record = run(Judges(), "4epochs")
        # 6 x 100 images, each a third of one of 200.
        assert record.epochs == 3 + 1
        assert record.counts["images without gradient"] == 600
        assert record.counts["images with gradient"] == 600
        assert run(Judges(normalisation="recalibrated"), "5epochs").epochs == 2 + 3

    def test_is_refused_where_it_allows_no_epoch(self):
        class Dear(Uniform):
            def cost(self, search, epoch, epochs):
                return 7.5

        record = run(Dear(), "7epochs")
        assert "7 epochs do not suffice: 1 of dear on generated cost 7.5" in record.error
        assert "--budget 8epochs" in record.error
        assert record.epochs == 0

    def test_is_refused_where_it_does_not_allow_the_epochs_asked_for(self):
        record = run(Uniform(epochs=5), "4epochs")
        assert "4 epochs do not suffice: 5 of uniform on generated cost 5" in record.error
        assert record.epochs == 0
        assert run(Uniform(epochs=5), "9epochs").epochs == 5

    def test_a_strategy_that_declares_less_than_it_computes_fails(self):
        class Sly(Uniform):
            def step_architecture(self, search):
                search.loss(search.supernet.path((0, 0, 0)), search.valid)

        record = run(Sly(), "4epochs")
        assert "declared 1 epochs for what was worth 2" in record.error

    def test_queries_are_refused_before_the_start(self):
        from harness.study.plan import Study, make_plan

        study = Study().changed(benchmarks=["nasbench201/digits"], methods=["rsps"], budget="20")
        with pytest.raises(InvalidBudget, match="epochs or seconds"):
            make_plan(study)


class TestBudgetInSeconds:
    @pytest.fixture(autouse=True)
    def clock(self, monkeypatch):
        """Everything that is charged takes a second."""
        ticks = count()
        monkeypatch.setattr(
            engine, "time", SimpleNamespace(process_time=lambda: float(next(ticks)))
        )

    @pytest.mark.parametrize(("budget", "epochs"), [(5.0, 4), (5.2, 5), (50.0, 49), (500.0, 50)])
    def test_ends_the_training_in_time(self, budget, epochs):
        # An epoch is begun while there are 1.1 seconds left.
        record = run(Uniform(device="cpu"), f"{budget}s")
        assert record.error == ""
        assert record.counts["epochs of the supernet"] == epochs
        assert record.seconds == min(budget, epochs + 1)

    def test_keeps_what_the_end_needs(self):
        class Judges(Uniform):
            def derive(self, search):
                return search.best_of([(3, 3, 2)] * 12)

            def last_cost(self, search):
                return search.judging_cost(12)

        # The end is worth two epochs, so it should take two seconds: 3.3 must be left.
        record = run(Judges(device="cpu"), "10s")
        assert record.counts["epochs of the supernet"] == 7
        assert record.seconds == 8

    def test_what_took_longer_than_was_left_is_told(self):
        record = run(Uniform(device="cpu"), "0.5s")
        assert record.recommended == (0, 0, 0)
        assert record.seconds == 0.5
        assert record.counts["milliseconds over the budget"] == 500 + 1000
        assert record.counts["epochs of the supernet"] == 1


class TestAccuracies:
    def right(self, search, arch, images, labels):
        logits = search.supernet.train()(images, search.supernet.path(arch))
        return (logits.argmax(1) == labels).double().mean().item()

    def test_are_those_of_the_paths(self):
        search = opened(Uniform(), benchmark=ToyBenchmark(valid=600))
        archs = [(3, 3, 2), (1, 1, 1), (2, 0, 2)]
        images, labels = search.all_valid()
        found = search.accuracies(archs, (images, labels))
        # Two parts of 300: the statistics are those of a part.
        parts = (slice(0, 300), slice(300, 600))
        expected = [
            np.mean([self.right(search, a, images[p], labels[p]) for p in parts]) for a in archs
        ]
        assert found.tolist() == pytest.approx(expected)
        assert search.forward_images == 1800
        assert search.supernet.training

    def test_are_of_at_most_512_images_by_default(self):
        search = opened(Uniform(), benchmark=ToyBenchmark(valid=600))
        search.accuracies([(0, 0, 0)])
        assert search.forward_images == 512
        assert search.judging_cost(3) * 200 == pytest.approx(512)

    def test_recalibrated_statistics_are_those_of_training_images(self):
        search = opened(Uniform(normalisation="recalibrated"))
        train, arch = torch.from_numpy(search.task.train.images), (3, 2, 2)
        images, labels = search.all_valid()
        found = search.accuracies([arch], (images, labels))[0]
        supernet = search.supernet
        norms = {k: layer[1] for k, layer in supernet.layers.items() if k in ("0 3", "1 2", "2 2")}
        features = supernet.stem(train.flatten(1))
        for name, norm in norms.items():
            inputs = supernet.layers[name][0](features)
            torch.testing.assert_close(norm.running_mean, inputs.mean(0), rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(norm.running_var, inputs.var(0), rtol=1e-4, atol=1e-5)
        supernet.eval()
        right = supernet(images, supernet.path(arch)).argmax(1) == labels
        assert found == pytest.approx(right.double().mean().item())
        assert search.forward_images == 200 + 100
        assert search.judging_cost(1) * 200 * 3 == pytest.approx(300)

    def test_the_best_is_the_first_of_equals(self):
        search = opened(Uniform())
        search.accuracies = lambda archs: np.array([0.1, 0.7, 0.7])
        assert search.best_of([(0, 0, 0), (1, 1, 1), (2, 2, 2)]) == (1, 1, 1)


def test_how_far_the_likeliest_choices_have_collapsed():
    class Told(Uniform):
        def distribution(self, search):
            return [[0.1, 0.6, 0.2, 0.1], [0.7, 0.1, 0.1, 0.1], [0.2, 0.2, 0.6]]

    logs = run(Told(), "2epochs").logs
    assert logs["share of skip connections"] == [1 / 3, 1 / 3]
    assert logs["share of none"] == [1 / 3, 1 / 3]
    assert logs["distribution of edge2"] == [[0.2, 0.2, 0.6]] * 2
    assert set(run(Uniform(), "2epochs").logs) == {"training loss"}


def test_a_training_that_diverges_fails_its_run():
    record = run(Uniform(learning_rate=1e30, clip=1e30), "3epochs")
    assert "the training of the supernet diverged in epoch" in record.error
    assert "lower learning_rate" in record.error
    assert record.recommended is None


def test_cuda_where_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "device=cuda: torch finds no CUDA device" in run(Uniform(device="cuda")).error
    devices = pytest.importorskip("methods.oneshot.devices")
    assert devices.device_of("auto").type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.device_of("auto").type == devices.device_of("cuda").type == "cuda"
    assert devices.device_of("cpu").type == "cpu"


def test_a_benchmark_without_a_task():
    from harness.testing import SyntheticBenchmark

    class Table(SyntheticBenchmark):
        task = property(lambda self: super(SyntheticBenchmark, self).task)

    assert "is a table" in run(Uniform(), benchmark=Table()).error


@pytest.mark.parametrize(
    "wrong", [{"batch": 0}, {"learning_rate": -1.0}, {"last_learning_rate": 0.1}, {"clip": 0.0}]
)
def test_impossible_settings(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Uniform(**wrong)
    with pytest.raises(HarnessError, match=next(iter(wrong))):
        Uniform.from_text({k: str(v) for k, v in wrong.items()})


def test_other_budgets_than_those_it_counts_are_no_units():
    assert Uniform.units == ("epochs", "seconds")
    assert Uniform().trains()
    assert Budget.parse("3epochs").unit in Uniform.units
