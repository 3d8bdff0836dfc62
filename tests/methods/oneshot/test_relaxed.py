"""What all strategies with logits share."""

from __future__ import annotations

import io

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness import HarnessError  # noqa: E402
from methods.oneshot.balenas import BaLeNAS  # noqa: E402
from methods.oneshot.darts import DARTS  # noqa: E402
from methods.oneshot.drnas import DrNAS  # noqa: E402
from methods.oneshot.gdas import GDAS  # noqa: E402
from methods.oneshot.pc_darts import PCDARTS  # noqa: E402
from methods.oneshot.proxylessnas import ProxylessNAS  # noqa: E402
from methods.oneshot.relaxed import Relaxed  # noqa: E402
from methods.oneshot.snas import SNAS  # noqa: E402
from methods.oneshot.zarts import ZARTS  # noqa: E402
from tests.methods.oneshot.toy import ToyBenchmark, ToySpace, opened, run  # noqa: E402

# Fast logits and small batches: there are 200 images, and a last batch of 8.
FAST = {"architecture_learning_rate": 0.05, "batch": 64}
OFTEN = {"every": 2, "warm_up": 0.25, **FAST}
STRATEGIES = {
    "darts": lambda: DARTS(**FAST),
    "darts:order=2": lambda: DARTS(order=2, **FAST),
    "pc-darts": lambda: PCDARTS(**FAST),
    "gdas": lambda: GDAS(**FAST),
    "snas": lambda: SNAS(**FAST),
    "drnas": lambda: DrNAS(**FAST),
    "proxylessnas": lambda: ProxylessNAS(**OFTEN),
    "proxylessnas:gates=full": lambda: ProxylessNAS(gates="full", **OFTEN),
    "proxylessnas:gates=reinforce": lambda: ProxylessNAS(gates="reinforce", **OFTEN),
    "proxylessnas:recalibrated": lambda: ProxylessNAS(
        gates="reinforce", normalisation="recalibrated", **OFTEN
    ),
    "zarts": lambda: ZARTS(deviation=0.2, **OFTEN),
    "zarts:released": lambda: ZARTS(deviation=0.2, released=True, **OFTEN),
    "zarts:estimator=gld": lambda: ZARTS(estimator="gld", deviation=0.5, **OFTEN),
    "zarts:estimator=random-search": lambda: ZARTS(estimator="random-search", **OFTEN),
    "balenas": lambda: BaLeNAS(**FAST),
}
every = pytest.mark.parametrize("name", STRATEGIES)


def short(name, epochs=4):
    method = STRATEGIES[name]()
    method.epochs = epochs
    return method


@every
def test_spends_what_it_declares_and_repeats_itself(name):
    # The engine refuses a strategy whose declared cost is not what was counted.
    first, again, other = (run(short(name), "99epochs", seed) for seed in (0, 0, 1))
    assert not first.error, first.error
    assert (first.logs, first.recommended) == (again.logs, again.recommended)
    assert first.logs != other.logs


@every
def test_touches_no_global_generator(name):
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    run(short(name), "99epochs")
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()  # noqa: NPY002


@every
def test_probabilities_are_distributions_that_move(name):
    rows = {
        key: np.array(row)
        for key, row in run(short(name), "99epochs").logs.items()
        if key.startswith("distribution")
    }
    assert [row.shape[1] for row in rows.values()] == [4, 4, 3]
    for row in rows.values():
        np.testing.assert_allclose(row.sum(1), 1, atol=1e-6)
        assert np.ptp(row, axis=0).max() > 1e-3


@every
def test_finds_what_computes(name):
    arch = run(short(name, 12), "200epochs").recommended
    # Without a choice 3 no network is better than chance; choice 0 computes nothing.
    assert 3 in arch[:2]


@every
def test_what_was_learned_survives_a_file(name):
    method = short(name, 8)
    search = opened(method, "99epochs")
    for _ in range(3):
        search.run_epoch()
    states = []
    learned = {key: value for key, value in vars(method).items() if key.startswith("_")}
    file = io.BytesIO()
    torch.save((learned, search.supernet.state_dict(), search.optimizer.state_dict()), file)
    generators = search.generator.get_state(), search.rng.bit_generator.state
    for again in (False, True):
        if again:
            file.seek(0)
            learned, weights, momenta = torch.load(file, weights_only=False)
            vars(method).update(learned)
            search.supernet.load_state_dict(weights)
            search.optimizer.load_state_dict(momenta)
            search.generator.set_state(generators[0])
            search.rng.bit_generator.state = generators[1]
        search.epoch = 3
        search.run_epoch()
        states.append([tensor.detach().clone() for tensor in method.learned()])
    for one, other in zip(*states, strict=True):
        assert torch.equal(one, other)


@every
def test_gradients_of_the_logits_do_not_reach_the_weights(name):
    method = STRATEGIES[name]()
    method.every, method.warm_up = 1, 0
    search = opened(method, "99epochs")
    search.train = search.draw_train(50)
    search.valid = search.draw_valid(50)
    search.descend(method.paths(search), search.train)
    before = [(w.clone(), None if w.grad is None else w.grad.clone()) for w in search.weights]
    method.step_architecture(search)
    for weight, (value, gradient) in zip(search.weights, before, strict=True):
        if name != "zarts:released":
            assert torch.equal(weight, value)
        if not name.startswith("zarts"):
            assert (gradient is None) == (weight.grad is None)
            assert gradient is None or torch.equal(weight.grad, gradient)


@pytest.mark.parametrize(("every", "batch"), [(1, 64), (3, 64), (5, 256), (7, 10), (2, 50)])
def test_cost_counts_the_images_of_each_step(every, batch):
    method = ProxylessNAS(every=every, batch=batch, warm_up=0.25)
    search = opened(method, "40epochs")
    sizes = [min(batch, 200 - at) for at in range(0, 200, batch)]
    for epoch in range(8):
        steps = range(epoch * len(sizes) + 1, (epoch + 1) * len(sizes) + 1)
        due = [size for size, step in zip(sizes, steps, strict=True) if step % every == 0]
        expected = 1 + (sum(due) / 200 if epoch >= 2 else 0)
        assert method.cost(search, epoch, 8) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("method", "epochs"),
    [
        (DARTS(), 2),
        (DARTS(order=2), 5),
        (GDAS(), 2),
        (SNAS(), 1),
        (DrNAS(), 2),
        (BaLeNAS(), 2),
        (PCDARTS(), 2),
        (ZARTS(every=1, warm_up=0), 1 + 1 + 4 * (1 + 1 / 3)),
        (ZARTS(every=1, warm_up=0, estimator="gld"), 1 + 5 * (1 + 1 / 3)),
        (ZARTS(every=1, warm_up=0, released=True), 1 + 1 + 4 / 3),
        (ProxylessNAS(every=1, warm_up=0, gates="reinforce"), 1 + 10 / 3),
    ],
    ids=lambda value: value.class_name() if isinstance(value, Relaxed) else "",
)
def test_cost_of_an_epoch(method, epochs):
    search = opened(method, "40epochs")
    assert method.cost(search, 19, 20) == pytest.approx(epochs)


def test_cost_of_zarts_in_steps_is_that_of_its_paper():
    # 1 + 40/10 + 1/10 training passes, and 4 forward ones every tenth step.
    method = ZARTS(batch=20)
    search = opened(method, "200epochs")
    assert search.steps == 10
    assert method.cost(search, 30, 40) == pytest.approx(1 + 4 + 0.1 + 0.4 / 3)
    assert method.cost(search, 7, 40) == 1


def test_what_a_decision_does_not_have_is_never_chosen():
    method = DARTS()
    search = opened(method)
    with torch.no_grad():
        method._alphas.fill_(-2.0)
        method._alphas[2, 3] = 9.0  # The third decision has three choices.
        method._alphas[2, 1] = 0.0
    assert method.probabilities()[2, 3] == 0
    assert method.distribution(search)[2] == pytest.approx(
        [
            np.exp(-2) / (1 + 2 * np.exp(-2)),
            1 / (1 + 2 * np.exp(-2)),
            np.exp(-2) / (1 + 2 * np.exp(-2)),
        ]
    )
    assert method.derive(search)[2] == 1


def test_initial_logits_are_narrow_and_come_from_the_search():
    method = DARTS()
    benchmark = ToyBenchmark(ToySpace((4,) * 4))
    first, second = (opened(method, seed=seed, benchmark=benchmark) for seed in (0, 1))
    method.begin(first)
    one = method._alphas.detach()
    method.begin(second)
    assert not torch.equal(one, method._alphas)
    assert 0 < one.std() < 3e-3


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (DARTS, {"warm_up": "1.5"}),
        (DARTS, {"every": "0"}),
        (DARTS, {"order": "3"}),
        (DARTS, {"architecture_learning_rate": "-1"}),
        (GDAS, {"temperature": "0.01"}),
        (SNAS, {"last_temperature": "0"}),
        (PCDARTS, {"proportion": "0"}),
        (ProxylessNAS, {"samples": "0"}),
        (ProxylessNAS, {"baseline": "2"}),
        (ZARTS, {"deviation": "0"}),
        (ZARTS, {"estimator": "newton"}),
        (BaLeNAS, {"architecture_weight_decay": "0"}),
    ],
)
def test_refuses_impossible_parameters(method, parameters):
    (name,) = parameters
    with pytest.raises(HarnessError, match=name):
        method.from_text(parameters)


def test_import_loads_no_torch():
    import subprocess
    import sys

    names = "annealed balenas darts drnas gdas pc_darts proxylessnas relaxed snas zarts"
    code = ", ".join(f"methods.oneshot.{name}" for name in names.split())
    code = f"import sys, {code}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
