"""Things that are trained in moments: a live benchmark, and a network with all kinds of layers."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from harness.live.devices import Place, place
from harness.live.learning import Learning
from harness.live.live_benchmark import LiveBenchmark
from harness.live.live_recipe import LiveRecipe
from harness.live.setup import LiveSetup
from harness.live.stochastic import Dropout, DropPath
from harness.live.tasks import Part
from harness.live.trainer import Trainer
from harness.live.training_recipe import TrainingRecipe
from harness.testing.synthetic import SyntheticSpace
from harness.testing.synthetic_task import SyntheticTask

ERROR = "top-1 error (%)"
CPU = Place(torch.device("cpu"))
RECIPE = TrainingRecipe(optimizer="sgd", epochs=3, batch=16, learning_rate=0.1, weight_decay=1e-4)
# Everything that has a state: moments, moving average, statistics, noise, a moving rate.
STATEFUL = TrainingRecipe(
    optimizer="adam",
    epochs=4,
    batch=12,
    learning_rate=0.01,
    each="step",
    warmup=0.5,
    drop_path=0.3,
    ema=0.9,
    clip=1.0,
    shares=2,
)


class Branch(nn.Module):
    def __init__(self):
        super().__init__()
        # No bias: in front of a normalisation its gradient is nothing but rounding.
        self.linear, self.norm = nn.Linear(8, 8, bias=False), nn.BatchNorm1d(8)
        self.dropout, self.path = Dropout(0.2), DropPath()

    def forward(self, x):
        return x + self.path(self.dropout(torch.relu(self.norm(self.linear(x)))))


class Blobs(Learning):
    """Two clouds that overlap, and a little network with normalisation and noise."""

    def __init__(self, slow=0.0, loss_after=None):
        rng = np.random.default_rng(0)
        labels = rng.integers(2, size=80)
        images = rng.normal(size=(80, 8)) + labels[:, None]
        self._slow = slow
        self.train, self._judged = (
            Part(images[cut].astype(np.float32), labels[cut].astype(np.int64), self._jitter)
            for cut in (slice(0, 50), slice(50, 80))
        )

    def _jitter(self, images, generator):
        time.sleep(self._slow)
        return images + 0.1 * torch.randn(images.shape, generator=generator)

    @property
    def judged(self):
        return self._judged

    def network(self, arch, generator):
        network = nn.Sequential(Branch(), Branch(), nn.Linear(8, 2))
        for weight in network.parameters():
            with torch.no_grad():
                if weight.dim() > 1:
                    weight.uniform_(-0.3, 0.3, generator=generator)
                else:
                    weight.fill_(0.5)
        return network


class Final(Learning):
    def __init__(self, space):
        self._task = SyntheticTask(space, train=120, valid=60)
        self.train = self._task.train

    @property
    def judged(self):
        return self._task.valid

    def network(self, arch, generator):
        return self._task.network(arch, generator)

    def last_measures(self, network, device):
        return {"weights": float(sum(weight.numel() for weight in network.parameters()))}


class LabSetup(LiveSetup):
    dataset, metric, direction, worst = "generated", ERROR, "minimize", 100.0
    citation, licence = "nobody", "none"

    def __init__(self, evaluation=RECIPE, retraining=RECIPE, fidelities=(1, 3)):
        self.space = SyntheticSpace((4, 4, 4))
        self.recipe = LiveRecipe("small", "6epochs", fidelities, {}, {}, evaluation, {}, retraining)

    def searched(self):
        return SyntheticTask(self.space, train=96, valid=48)

    def final(self):
        return Final(self.space)

    def costs(self, arch):
        return {"parameters": float(sum(arch)), "flops": 1.0}

    def checksum(self):
        return "0" * 64


def lab(**settings):
    return LiveBenchmark("lab/generated", LabSetup(**settings))


def trained(recipe, epochs=None, file=None, key=7, learning=None, where=CPU):
    """A trainer after so many epochs."""
    trainer = Trainer(learning or Blobs(), (), recipe, key, where, file)
    trainer.run(epochs or recipe.epochs)
    return trainer


def outcome(trainer):
    """Everything that a training leaves, to be compared."""
    state = trainer.trained.state_dict().items()
    # How many shares a normalisation has seen depends on the process, and nothing on it.
    state = {name: value.tolist() for name, value in state if value.is_floating_point()}
    return {"curve": trainer.curve, "state": state}


def main(words):
    """``python live_lab.py FILE SLOW SHARES``: train, alone or as one of several."""
    file, slow, shares = Path(words[0]), float(words[1]), int(words[2])
    recipe = TrainingRecipe(**{**vars(STATEFUL), "shares": shares})
    with place() as where:
        trainer = trained(recipe, file=file, learning=Blobs(slow), where=where)
        if where.first:
            torch.save(outcome(trainer), os.fspath(file) + ".outcome")


if __name__ == "__main__":
    main(sys.argv[1:])
