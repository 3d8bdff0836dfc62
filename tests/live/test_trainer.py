from __future__ import annotations

import errno
import math
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from harness.core.errors import CannotMeasure  # noqa: E402
from harness.live import checkpoint  # noqa: E402
from harness.live.torch_tools import one_thread  # noqa: E402
from harness.live.trainer import Diverged  # noqa: E402
from tests.live.live_lab import RECIPE, STATEFUL, Blobs, outcome, trained  # noqa: E402

LAB = Path(__file__).with_name("live_lab.py")


def started(*words, rank=None, port=0):
    """The lab as a program of its own, alone or as one of two."""
    group = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_PORT": port}
    group["MASTER_ADDR"] = "127.0.0.1"
    own = {name: str(value) for name, value in group.items()} if rank is not None else {}
    path = {"PYTHONPATH": str(LAB.parents[2]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(LAB), *map(str, words)],
        env={**os.environ, **path, **own},
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(path, program):
    while not path.is_file():
        assert program.poll() is None, program.stderr.read()
        time.sleep(0.02)


def same(one, other, tolerance=0.0):
    assert [*one["state"]] == [*other["state"]]
    for name, value in one["state"].items():
        found, expected = torch.tensor(value), torch.tensor(other["state"][name])
        torch.testing.assert_close(
            found, expected, rtol=tolerance, atol=tolerance, msg=lambda text, name=name: name + text
        )
    for row, expected in zip(one["curve"], other["curve"], strict=True):
        assert row == pytest.approx(expected, rel=tolerance, abs=tolerance)


def test_the_same_key_gives_the_same_bits_and_another_another() -> None:
    same(outcome(trained(STATEFUL)), outcome(trained(STATEFUL)))
    assert trained(STATEFUL).curve != trained(STATEFUL, key=8).curve


def test_a_short_training_is_the_beginning_of_a_long_one(tmp_path: Path) -> None:
    whole = trained(STATEFUL)
    file = tmp_path / "checkpoint.pt"
    for epochs in (1, 3):
        assert trained(STATEFUL, epochs, file).curve == whole.curve[:epochs]
    same(outcome(trained(STATEFUL, file=file)), outcome(whole))


def test_a_killed_training_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    program = started(file, 0.05, STATEFUL.shares)
    wait_for(file, program)
    program.send_signal(signal.SIGKILL)
    assert program.wait() == -signal.SIGKILL
    left = checkpoint.load_state(file, torch.device("cpu"))
    assert left is not None
    assert 1 <= len(left["curve"]) < STATEFUL.epochs
    same(outcome(trained(STATEFUL, file=file)), outcome(trained(STATEFUL)))


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    port = free_port()
    programs = [started(tmp_path / "c.pt", 0, 4, rank=rank, port=port) for rank in (0, 1)]
    for program in programs:
        assert program.wait(120) == 0, program.stderr.read()
    together = torch.load(tmp_path / "c.pt.outcome", weights_only=True)
    with one_thread():
        alone = outcome(trained(replace(STATEFUL, shares=4)))
    same(together, alone, 1e-5)
    assert len(together["curve"]) == STATEFUL.epochs


def test_a_killed_process_ends_the_others_with_a_message(tmp_path: Path) -> None:
    port = free_port()
    file = tmp_path / "c.pt"
    first, second = (started(file, 0.05, 2, rank=rank, port=port) for rank in (0, 1))
    wait_for(file, first)
    second.kill()
    told = first.communicate(timeout=120)[1]
    assert first.returncode
    assert "another of the 2 processes of the training died" in told
    assert "goes on after the last whole epoch" in told


def test_shares_change_nothing_without_normalisation() -> None:
    class Plain(Blobs):
        def network(self, arch, generator):
            network = torch.nn.Linear(8, 2)
            with torch.no_grad():
                network.weight.uniform_(-1, 1, generator=generator)
                network.bias.zero_()
            return network

        def _jitter(self, images, generator):
            return images

    one, three = (
        outcome(trained(replace(RECIPE, batch=10, shares=shares), learning=Plain()))
        for shares in (1, 3)
    )
    same(one, three, 1e-5)
    assert trained(RECIPE, learning=Plain()).curve[-1]["training loss"] < 0.5


def test_statistics_are_the_mean_over_shares() -> None:
    recipe = replace(RECIPE, shares=2, epochs=1, steps=1, learning_rate=1e-9)
    seen = []

    class Watched(Blobs):
        def network(self, arch, generator):
            network = super().network(arch, generator)
            network[0].linear.register_forward_hook(
                lambda layer, given, output: seen.append(output) if layer.training else None
            )
            return network

    trainer = trained(recipe, learning=Watched())
    assert [len(output) for output in seen] == [8, 8]
    expected = 0.1 * torch.stack([output.mean(0) for output in seen]).mean(0)
    torch.testing.assert_close(trainer.network[0].norm.running_mean, expected.detach())


def test_the_moving_average_is_what_is_judged() -> None:
    recipe = replace(RECIPE, epochs=1, steps=3, ema=0.75)
    seen = []

    class Watched(Blobs):
        def loss(self, outputs, targets):
            seen.append(trainer.network[2].weight.detach().clone())
            return super().loss(outputs, targets)

    from harness.live.trainer import Trainer
    from tests.live.live_lab import CPU

    trainer = Trainer(Watched(), (), recipe, 7, CPU)
    trainer.run(1)
    weights = [*seen[1:], trainer.network[2].weight.detach()]
    expected = weights[0]  # torch begins with the first weights.
    for weight in weights[1:]:
        expected = 0.75 * expected + 0.25 * weight
    torch.testing.assert_close(trainer.trained[2].weight.detach(), expected)


def test_steps_in_an_epoch_go_through_all_examples_in_turn() -> None:
    recipe = replace(RECIPE, epochs=1, steps=10, batch=12)
    seen = []

    class Watched(Blobs):
        def _jitter(self, images, generator):
            seen.append(images)
            return images

    trained(recipe, learning=Watched())
    shown = torch.cat(seen)
    assert len(shown) == 120
    for start in (0, 50):
        part = {tuple(row) for row in shown[start : start + 50].tolist()}
        assert part == {tuple(row) for row in Blobs().train.images.tolist()}


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    with pytest.raises(Diverged, match=r"epoch 1 of 3.*lower learning_rate"):
        trained(replace(RECIPE, learning_rate=1e30))


def test_a_full_disk_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "checkpoint.pt"
    trained(STATEFUL, 1, file)
    before = file.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(CannotMeasure, match=r"No space left.*the one before it is kept"):
            trained(STATEFUL, file=file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    same(outcome(trained(STATEFUL, file=file)), outcome(trained(STATEFUL)))


def test_a_damaged_checkpoint_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "checkpoint.pt"
    trained(STATEFUL, 2, file)
    file.write_bytes(file.read_bytes()[:-40])
    same(outcome(trained(STATEFUL, file=file)), outcome(trained(STATEFUL)))
    assert "cannot be read" in caplog.text
    assert (tmp_path / "checkpoint.damaged").is_file()


def test_out_of_memory_names_what_helps() -> None:
    class Huge(Blobs):
        def loss(self, outputs, targets):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    with pytest.raises(CannotMeasure, match=r"16 examples in 1 shares.*raise shares.*batch"):
        trained(RECIPE, learning=Huge())


def test_rates_of_a_step() -> None:
    cosine = replace(RECIPE, epochs=10, learning_rate=1.0, last_learning_rate=0.2, warmup=2.0)
    assert cosine.learning_rate_at(0, 0, 5) == pytest.approx(0.1)
    assert cosine.learning_rate_at(1, 3, 5) == pytest.approx(0.9)
    assert cosine.learning_rate_at(2, 0, 5) == 1.0
    assert cosine.learning_rate_at(6, 4, 5) == pytest.approx(0.6)
    each = replace(cosine, each="step")
    progress = (6.8 - 2) / 8
    expected = 0.2 + 0.8 * (1 + math.cos(math.pi * progress)) / 2
    assert each.learning_rate_at(6, 4, 5) == pytest.approx(expected)
    steps = replace(RECIPE, learning_rate=1.0, schedule="step", factor=0.1, every=40.0)
    rates = [steps.learning_rate_at(epoch, 0, 5) for epoch in (0, 39, 40, 80)]
    assert rates == pytest.approx([1, 1, 0.1, 0.01])
    assert replace(RECIPE, schedule="constant").learning_rate_at(2, 0, 5) == 0.1


def test_examples_a_second_and_the_remaining_time_are_told() -> None:
    told = []
    from harness.live.trainer import Trainer
    from tests.live.live_lab import CPU

    Trainer(Blobs(), (), RECIPE, 7, CPU).run(3, told.append)
    assert {step.epoch for step in told} == {0, 1, 2}
    assert told[-1].step == told[-1].steps == 4
    assert told[-1].remaining == 0
    assert all(step.speed > 0 and math.isfinite(step.loss) for step in told)
    assert told[0].remaining > 0
