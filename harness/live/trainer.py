"""Training of one network to its end, from wherever it was interrupted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from harness.core.errors import CannotMeasure, HarnessError
from harness.core.space import Architecture
from harness.live.checkpoint import load_state, save_state
from harness.live.devices import Place
from harness.live.examples import Batch, changed, count
from harness.live.learning import Learning
from harness.live.prefetch import ahead
from harness.live.stochastic import give_generator, set_drop_path
from harness.live.torch_tools import is_out_of_memory, one_thread
from harness.live.training_recipe import TrainingRecipe

TRAINING_LOSS = "training loss"

# Steps after which a loss is looked at; each look waits for the device.
LOOKS = 20


class Diverged(HarnessError):
    """A loss that is no finite number."""


@dataclass(frozen=True)
class Step:
    """What a training tells about itself while it runs.

    Attributes:
        epoch: from 0.
        step: in the epoch, from 1.
        steps: in the epoch.
        loss: mean of the epoch so far.
        speed: training examples a second.
        remaining: seconds that this epoch and those that follow will take.
    """

    epoch: int
    step: int
    steps: int
    loss: float
    speed: float
    remaining: float


Watch = Callable[[Step], None]


def _seeds(*numbers: int) -> list[int]:
    """Two seeds of torch's generators that follow from some numbers."""
    state = np.random.SeedSequence(numbers).generate_state(2, np.uint64)
    return [int(word >> 1) for word in state]


class Trainer:
    """A network on its way.

    All randomness follows from the key and from the number of epoch, step and share, so a training
    that was interrupted ends as if it had not been, and a longer one begins like a shorter one.

    Attributes:
        network: on the device.
        curve: what was measured after each epoch, by name: the mean training loss, and the means of
            `Learning.measures` of the examples that are judged.
        elapsed: seconds of training and judging up to each epoch; see `Place.clock`.
    """

    def __init__(
        self,
        learning: Learning,
        arch: Architecture,
        recipe: TrainingRecipe,
        key: int,
        place: Place,
        file: Path | None = None,
    ) -> None:
        """Make the network, or go on with that of the file.

        Args:
            learning: what is learned.
            arch: a genotype.
            recipe: how.
            key: all randomness follows from it; from 0 up.
            place: where.
            file: the checkpoint, written after each epoch; None to keep nothing.
        """
        self._learning, self._recipe, self._key, self._place = learning, recipe, key, place
        self._file = file
        device = place.device
        weights = torch.Generator().manual_seed(_seeds(key)[0])
        self.network = learning.network(arch, weights).to(device)
        self._mean: AveragedModel | None = None
        if recipe.ema:
            average = cast(Any, get_ema_multi_avg_fn)(recipe.ema)
            self._mean = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self._optimizer = _optimizer(self.network, recipe)
        self._augmentation = torch.Generator()
        self._noise = torch.Generator(device)
        give_generator(self.network, self._noise)
        self._mixed = recipe.precision == "mixed" and device.type != "cpu"
        self._shares = place.world * math.ceil(recipe.shares / place.world)
        self.curve: list[dict[str, float]] = []
        self.elapsed: list[float] = []
        self._load()
        self._callable = self._wrapped()

    def _wrapped(self) -> nn.Module:
        network = self.network
        if self._recipe.compile and self._place.device.type == "cuda":
            network = cast(nn.Module, torch.compile(network))
        if self._place.world > 1:
            # Statistics are averaged by `_normalised`, as in a training by one process.
            network = DistributedDataParallel(network, broadcast_buffers=False)
        return network

    def run(self, epochs: int, watch: Watch | None = None, until: int = 0) -> None:
        """Train until so many epochs are over, in all.

        Args:
            epochs: from the beginning.
            watch: is told about steps.
            until: epochs that the remaining time is counted to; the same where 0.

        Raises:
            Diverged: a loss is no finite number.
            CannotMeasure: memory or disk do not suffice, or another process of the training died.
        """
        with one_thread() if self._place.device.type == "cpu" else nullcontext(), _explained(self):
            while len(self.curve) < epochs:
                self._epoch(len(self.curve), until or epochs, watch)
                self._save()

    def _epoch(self, epoch: int, epochs: int, watch: Watch | None) -> None:
        recipe, clock = self._recipe, self._place.clock()
        start = clock()
        set_drop_path(self.network, recipe.drop_path * epoch / recipe.epochs)
        self.network.train()
        total, shown = torch.zeros((), device=self._place.device), 0
        steps = self._steps(epoch)
        batches = ahead(self._batches(epoch, steps), self._place.device.type != "cpu")
        for step, index in enumerate(steps):
            for group in self._optimizer.param_groups:
                group["lr"] = recipe.learning_rate_at(epoch, step, len(steps))
            total += len(index) * self._step(epoch, step, index, batches)
            shown += len(index)
            if step % LOOKS == 0 or step + 1 == len(steps):
                loss = self._summed(total) / shown
                if not math.isfinite(loss):
                    raise Diverged(
                        f"the training diverged in epoch {epoch + 1} of {recipe.epochs} "
                        f"(loss {loss}): lower learning_rate, or set clip"
                    )
                if watch and self._place.first:
                    passed = clock() - start
                    left = len(steps) - step - 1 + len(steps) * (epochs - epoch - 1)
                    remaining = left * passed / (step + 1)
                    speed = shown / max(passed, 1e-9)
                    watch(Step(epoch, step + 1, len(steps), loss, speed, remaining))
        measured = self.judge()
        self.elapsed.append((self.elapsed[-1] if self.elapsed else 0.0) + clock() - start)
        self.curve.append({TRAINING_LOSS: loss, **measured})

    def _steps(self, epoch: int) -> list[Tensor]:
        """Which examples each step of an epoch shows."""
        generator = torch.Generator().manual_seed(_seeds(self._key, epoch)[0])
        examples, recipe = len(self._learning.train), self._recipe
        wanted = recipe.steps * recipe.batch or examples
        passes = math.ceil(wanted / examples)
        orders = [torch.randperm(examples, generator=generator) for _ in range(passes)]
        steps = list(torch.split(torch.cat(orders)[:wanted], recipe.batch))
        # A normalisation has no statistics of a share with one example.
        too_few = len(steps[-1]) < 2 * self._shares
        return steps[:-1] if too_few and len(steps) > 1 else steps

    def _batches(self, epoch: int, steps: list[Tensor]) -> Iterator[Batch]:
        """What this process shows to the network, share by share."""
        for step, index in enumerate(steps):
            for share in self._own_shares():
                part = index.tensor_split(self._shares)[share]
                seed = _seeds(self._key, epoch, step, share)[0]
                self._augmentation.manual_seed(seed)
                yield self._learning.train.batch(part, self._place.device, self._augmentation)

    def _own_shares(self) -> range:
        return range(self._place.rank, self._shares, self._place.world)

    def _step(self, epoch: int, step: int, index: Tensor, batches: Iterator[Batch]) -> Tensor:
        """One step of the weights; the mean loss of this process's examples, weighted by world."""
        recipe, device = self._recipe, self._place.device
        self._optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=device)
        own = self._own_shares()
        with self._normalised() as begin_share:
            for share in own:
                begin_share()
                inputs, targets = next(batches)
                self._noise.manual_seed(_seeds(self._key, epoch, step, share)[1])
                with self._gradients_wait() if share != own[-1] else nullcontext():
                    with torch.autocast(device.type, torch.bfloat16, enabled=self._mixed):
                        outputs = self._callable(inputs)
                    loss = self._learning.loss(changed(outputs, Tensor.float), targets)
                    weight = count(targets) / len(index)
                    torch.autograd.backward(loss * (weight * self._place.world))
                total += weight * loss.detach()
        if recipe.clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), recipe.clip)
        self._optimizer.step()
        if self._mean is not None:
            self._mean.update_parameters(self.network)
        return total

    def _gradients_wait(self) -> AbstractContextManager[None]:
        """A context in which gradients are not exchanged yet, which the last share does."""
        network = self._callable
        return network.no_sync() if isinstance(network, DistributedDataParallel) else nullcontext()

    @contextmanager
    def _normalised(self) -> Iterator[Callable[[], None]]:
        """Give running statistics the mean over the shares of a step, whoever computes them."""
        if self._shares == 1:
            yield lambda: None
            return
        buffers = [b for b in self.network.buffers() if b.is_floating_point()]
        start = [buffer.clone() for buffer in buffers]
        sums = [torch.zeros_like(buffer) for buffer in buffers]
        begun = False

        def collect() -> None:
            for total, buffer in zip(sums, buffers, strict=True):
                total += buffer

        def begin_share() -> None:
            nonlocal begun
            if begun:
                collect()
                for buffer, value in zip(buffers, start, strict=True):
                    buffer.copy_(value)
            begun = True

        yield begin_share
        collect()
        for total, buffer in zip(sums, buffers, strict=True):
            if self._place.world > 1:
                distributed.all_reduce(total)
            buffer.copy_(total / self._shares)

    def _summed(self, value: Tensor) -> float:
        if self._place.world > 1:
            value = value.clone()
            distributed.all_reduce(value)
        return value.item()

    @property
    def trained(self) -> nn.Module:
        """What is judged: the network, or its moving average."""
        return self.network if self._mean is None else self._mean.module

    def judge(self) -> dict[str, float]:
        """Means of the measures over the examples that are judged."""
        network, judged, device = self.trained, self._learning.judged, self._place.device
        network.eval()
        names: list[str] = []
        sums = torch.zeros(0, dtype=torch.float64, device=device)
        own = torch.arange(len(judged)).tensor_split(self._place.world)[self._place.rank]
        with torch.inference_mode():
            for index in torch.split(own, self._recipe.batch):
                inputs, targets = judged.batch(index, device)
                with torch.autocast(device.type, torch.bfloat16, enabled=self._mixed):
                    outputs = network(inputs)
                found = self._learning.measures(changed(outputs, Tensor.float), targets)
                names = list(found)
                own_sums = torch.stack([values.double().sum() for values in found.values()])
                sums = own_sums if not len(sums) else sums + own_sums
        if self._place.world > 1:
            sums = sums.clone()
            distributed.all_reduce(sums)
        return dict(zip(names, (sums / len(judged)).tolist(), strict=True))

    def _save(self) -> None:
        if self._file is None or not self._place.first:
            return
        save_state(
            self._file,
            {
                "network": self.network.state_dict(),
                "mean": self._mean.state_dict() if self._mean is not None else None,
                "optimizer": self._optimizer.state_dict(),
                "curve": self.curve,
                "elapsed": self.elapsed,
            },
        )

    def _load(self) -> None:
        state = load_state(self._file, self._place.device) if self._file else None
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        if self._mean is not None:
            self._mean.load_state_dict(state["mean"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.curve, self.elapsed = state["curve"], state["elapsed"]


def _optimizer(network: nn.Module, recipe: TrainingRecipe) -> torch.optim.Optimizer:
    weights = list(network.parameters())
    groups: list[dict[str, Any]] = [{"params": weights, "weight_decay": recipe.weight_decay}]
    if not recipe.decay_vectors:
        groups[0]["params"] = [weight for weight in weights if weight.dim() > 1]
        vectors = [weight for weight in weights if weight.dim() <= 1]
        groups += [{"params": vectors, "weight_decay": 0.0}] if vectors else []
    if recipe.optimizer == "adam":
        betas = (recipe.momentum, recipe.beta2)
        return torch.optim.Adam(groups, lr=recipe.learning_rate, betas=betas)
    return torch.optim.SGD(
        groups,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.optimizer == "nesterov",
    )


@contextmanager
def _explained(trainer: Trainer) -> Iterator[None]:
    """Say what helps against errors of torch that a user can do something about."""
    recipe = trainer._recipe
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        text = str(error).partition("\n")[0]
        if is_out_of_memory(error):
            raise CannotMeasure(
                f"a batch of {recipe.batch} examples in {trainer._shares} shares does not fit into "
                f"the memory of {trainer._place.device} ({text}). In the recipe raise shares (a "
                "batch is then shown in parts), lower batch, or take precision mixed; or use "
                "fewer --jobs"
            ) from error
        if trainer._place.world > 1 and _lost(error):
            raise CannotMeasure(
                f"another of the {trainer._place.world} processes of the training died ({text}). "
                "The same command goes on after the last whole epoch"
            ) from error
        raise


def _lost(error: Exception) -> bool:
    """Whether the connection to another process broke."""
    text = str(error).lower()
    return isinstance(error, distributed.DistError) or "peer" in text or "gloo" in text
