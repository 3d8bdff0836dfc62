"""The loop of every one-shot method: training, charging, logging, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness import Architecture, BudgetExhausted, HarnessError, Problem, refuse_lacking_abilities
from harness.live.examples import Batch, Values, changed, count, parts
from harness.live.learning import FORWARD
from harness.live.search_task import SearchTask
from harness.live.supernet import Plan, Supernet
from harness.live.torch_tools import one_thread, torch_generator
from methods.oneshot.checkpoints import Checkpoint
from methods.oneshot.devices import device_of
from methods.oneshot.one_shot import OneShot
from methods.oneshot.schedule import ROUNDING, planned_epochs
from methods.oneshot.unmetered import Unmetered

# By how much an epoch may take longer than the longest one before it.
MARGIN = 1.1

# Images on which a path is judged at a time (Dong and Yang: one batch of 512).
JUDGED = 512

# Training images from which statistics are computed anew (Guo et al., ECCV 2020, take 25,600 for
# each path on ImageNet, 2 % of its images; 512 are 2 % of the training part of CIFAR-10).
RECALIBRATED = 512


class Search:
    """A running search: what strategies see and use.

    Attributes:
        problem: is charged.
        space: of the architectures.
        task: data.
        rng: draws paths and architectures.
        generator: draws batches, augmentation and noise; on the CPU.
        device: where everything lies.
        supernet: the network.
        weights: of the network, all of them.
        optimizer: of its weights.
        epochs: of the search.
        epoch: now, from 0; `epochs` after the last one.
        steps: in an epoch.
        step: in the epoch, from 0.
        train: images and labels of this step, of the training part.
        valid: images and labels of this step, of the validation part.
        gradient_images: images of which a loss with gradient was computed so far.
        forward_images: images that were only shown to the network so far.
        charges: epochs and seconds charged so far, in their order.
        logs: what was written down so far, by name.
    """

    def __init__(self, method: OneShot, problem: Problem | Unmetered) -> None:
        """Make the network and its data."""
        self.problem, self.space, self.rng = problem, problem.space, problem.rng
        self.task: SearchTask = problem.task
        self.device = device_of(method.device)
        self.generator = torch_generator(problem.rng)
        refuse_lacking_abilities(
            method.class_name(), method.supernet_needs(), self.space.id, self.task.abilities
        )
        self.supernet: Supernet = self.task.supernet(
            self.generator, method.normalisation, method.partial()
        ).to(self.device)
        self.weights = list(self.supernet.parameters())
        self.optimizer = torch.optim.SGD(
            self.weights,
            lr=method.learning_rate,
            momentum=method.momentum,
            nesterov=method.nesterov and method.momentum > 0,
            weight_decay=method.weight_decay,
        )
        self.epoch = self.step = 0
        self.gradient_images = self.forward_images = 0
        self.charges: list[tuple[float, float]] = []
        self.logs: list[tuple[str, float | list[float]]] = []
        self._method = method
        self._mixed = method.precision == "mixed" and self.device.type == "cuda"
        self.steps = math.ceil(len(self.task.train) / method.batch)
        self.epochs = planned_epochs(method, self)

    @property
    def images(self) -> int:
        """Images of the training part; so many with gradient are charged as one epoch."""
        return len(self.task.train)

    @property
    def spent(self) -> float:
        """What was computed so far, in epochs."""
        return (self.gradient_images + FORWARD * self.forward_images) / self.images

    @property
    def progress(self) -> float:
        """Share of the epochs that is over, at the beginning of this one: from 0 to below 1."""
        return self.epoch / self.epochs

    def loss(self, plan: Plan, batch: Batch) -> Tensor:
        """The task's loss on a batch; counted, with gradient where there is one."""
        inputs, targets = batch
        if torch.is_grad_enabled():
            self.gradient_images += count(targets)
        else:
            self.forward_images += count(targets)
        return self.task.loss(self._outputs(inputs, plan), targets)

    def _outputs(self, inputs: Values, plan: Plan) -> Values:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._mixed):
            outputs: Values = self.supernet(inputs, plan)
        return changed(outputs, Tensor.float)

    def mixture(self, weights: Tensor) -> Plan:
        """The plan in which every choice has its weight, given as (decisions, choices)."""
        return [
            dict(enumerate(row[: len(names)]))
            for row, names in zip(weights, self.supernet.choices, strict=True)
        ]

    def accuracies(self, archs: Sequence[Architecture], batch: Batch | None = None) -> NDArray[Any]:
        """Share of right answers of each architecture with the supernet's weights, shape (n,).

        All are judged on the same images, up to 512 of them at a time. Where the task is no
        classification it is the mean of its scores; see `SearchTask.scores`.

        Args:
            archs: genotypes.
            batch: images and labels; up to 512 of the validation part, drawn, where None.
        """
        return self.plan_accuracies([self.supernet.path(arch) for arch in archs], batch)

    def plan_accuracies(self, plans: Sequence[Plan], batch: Batch | None = None) -> NDArray[Any]:
        """The same of plans."""
        inputs, targets = batch or self.draw_valid(JUDGED)
        images = count(targets)
        # Parts of equal size, of which none has too few images for statistics of a batch.
        number = math.ceil(images / JUDGED)
        cut = list(zip(parts(inputs, number), parts(targets, number), strict=True))
        found = np.empty(len(plans))
        self.supernet.eval()
        with torch.no_grad():
            for i, plan in enumerate(plans):
                if self._method.normalisation == "recalibrated":
                    self._recalibrate(plan)
                self.forward_images += images
                scores = [self.task.scores(self._outputs(x, plan), y) for x, y in cut]
                found[i] = torch.cat(scores).double().mean().item()
        self.supernet.train()
        return found

    def best_of(self, archs: Sequence[Architecture]) -> Architecture:
        """The architecture with the highest accuracy; the first one of equals."""
        return archs[int(self.accuracies(archs).argmax())]

    def judging_cost(self, archs: int, images: int = 0) -> float:
        """What `accuracies` of so many architectures is charged, in epochs.

        Args:
            archs: their number.
            images: in the batch; 0 for that which is drawn.
        """
        judged = images or min(JUDGED, len(self.task.valid))
        if self._method.normalisation == "recalibrated":
            judged += min(RECALIBRATED, self.images)
        return FORWARD * archs * judged / self.images

    def draw_train(self, size: int) -> Batch:
        """Different images of the training part, changed as in training."""
        index = torch.randperm(self.images, generator=self.generator)[:size]
        return self.task.train.batch(index, self.device, self.generator)

    def draw_valid(self, size: int) -> Batch:
        """Different images of the validation part as they are; all of them where it has fewer."""
        index = torch.randperm(len(self.task.valid), generator=self.generator)[:size]
        return self.task.valid.batch(index, self.device)

    def all_valid(self) -> Batch:
        """The whole validation part, as it is."""
        return self.task.valid.batch(torch.arange(len(self.task.valid)), self.device)

    def _recalibrate(self, path: Plan) -> None:
        index = torch.randperm(self.images, generator=self.generator)[:RECALIBRATED]
        self.supernet.reset_statistics()
        self.supernet.train()
        self.forward_images += len(index)
        self._outputs(self.task.train.batch(index, self.device)[0], path)
        self.supernet.eval()

    def run_epoch(self) -> None:
        """Train once over the training part."""
        method = self._method
        self._set_learning_rate(self.progress)
        order = torch.randperm(self.images, generator=self.generator)
        total = torch.zeros((), device=self.device)
        self.supernet.train()
        for self.step, index in enumerate(torch.split(order, method.batch)):
            if method.schedule_each == "step":
                self._set_learning_rate(self.progress + self.step / (self.steps * self.epochs))
            self.train = self.task.train.batch(index, self.device, self.generator)
            # Drawn with replacement: there is no full pass over the validation part.
            others = torch.randint(len(self.task.valid), (len(index),), generator=self.generator)
            self.valid = self.task.valid.batch(others, self.device, self.generator)
            total += self.descend(method.paths(self), self.train)
            method.step_architecture(self)
        mean = total.item() / self.steps
        if not math.isfinite(mean):
            raise HarnessError(
                f"the training of the supernet diverged in epoch {self.epoch + 1} of "
                f"{self.epochs} (loss {mean}): lower learning_rate"
            )
        method.end_epoch(self)
        self.log("training loss", mean)
        self._log_distribution(method.distribution(self))
        self.epoch += 1

    def _set_learning_rate(self, progress: float) -> None:
        low, high = self._method.last_learning_rate, self._method.learning_rate
        for group in self.optimizer.param_groups:
            group["lr"] = low + (high - low) * (1 + math.cos(math.pi * progress)) / 2

    def _log_distribution(self, rows: list[list[float]]) -> None:
        """Write down probabilities, and how many of the likeliest choices do not compute."""
        decisions = self.space.decisions
        told = [decision.name for decision in decisions]
        names = tuple(decision.choices for decision in decisions)
        if self._method.relaxes:
            told = list(self.supernet.edges) or told
            names = self.supernet.choices
        for name, row in zip(told, rows, strict=False):
            self.log(f"distribution of {name}", row)
        mode = [own[int(np.argmax(row))] for own, row in zip(names, rows, strict=False)]
        known = {name for own in names for name in own}
        if any("skip" in name for name in known) and mode:
            self.log("share of skip connections", sum("skip" in m for m in mode) / len(mode))
        if "none" in known and mode:
            self.log("share of none", mode.count("none") / len(mode))

    def log(self, name: str, value: float | list[float]) -> None:
        """Write something down behind what has the same name; see `Problem.log`."""
        self.problem.log(name, value)
        self.logs.append((name, value))

    def descend(self, plans: Sequence[Plan], batch: Batch) -> Tensor:
        """A step of the weights on the weighted sum of the plans' losses; counted.

        Weights that no plan uses stay as they are: they have no gradient, so there is neither decay
        nor momentum.

        Returns:
            The mean of the losses before the step, without gradient.
        """
        shares = self._method.loss_weights(plans)
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        for plan, share in zip(plans, shares, strict=True):
            loss = self.loss(plan, batch)
            torch.autograd.backward(share * loss, inputs=[*self.weights, *self._method.joint()])
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(self.weights, self._method.clip)
        self.optimizer.step()
        return total / len(plans)

    def charge(self, epochs: float, seconds: float) -> None:
        """Charge something; a checkpoint keeps it.

        Raises:
            BudgetExhausted: a budget in epochs has not so much left.
        """
        left = self.problem.budget
        if left.unit == "epochs" and 0 < epochs - left.amount < ROUNDING:
            epochs = left.amount
        try:
            self.problem.spend(epochs=epochs, seconds=seconds)
        except BudgetExhausted:
            if left.unit != "seconds":
                raise
            # It was begun since it seemed to fit; what it took is known afterwards only.
            self.problem.count("milliseconds over the budget", round(1e3 * (seconds - left.amount)))
            seconds = left.amount
            self.problem.spend(epochs=epochs, seconds=seconds)
        self.charges.append((epochs, seconds))


def train(method: OneShot, problem: Problem | Unmetered) -> Search:
    """Train the supernet of a one-shot method, or go on with it.

    Returns:
        The search after its last epoch, in which everything was charged.

    Raises:
        HarnessError: the training diverged, the budget does not suffice, CUDA was asked for and is
            absent, or a checkpoint of another recipe lies where this run's would.
    """
    with one_thread():
        run = Search(method, problem)
        checkpoint = Checkpoint(method, run, problem.scratch)
        method.begin(run)
        checkpoint.load()
        while run.epoch < run.epochs and _fits(run, method):
            charged(run, run.run_epoch, method.cost(run, run.epoch, run.epochs))
            checkpoint.save()
        return run


def search(method: OneShot, problem: Problem) -> Architecture:
    """Run a one-shot method: train, then derive.

    Raises:
        HarnessError: see `train`.
    """
    run = train(method, problem)
    with one_thread():
        found: list[Architecture] = []
        charged(run, lambda: found.append(method.derive(run)), method.last_cost(run))
    problem.count("images with gradient", run.gradient_images)
    problem.count("images without gradient", run.forward_images)
    problem.count("epochs of the supernet", run.epoch)
    return found[0]


def _fits(run: Search, method: OneShot) -> bool:
    """Whether a budget in seconds has room for one more epoch and for what follows the last one."""
    left = run.problem.budget
    if left.unit != "seconds" or not run.charges:
        return True
    epochs, seconds = np.sum(run.charges, axis=0)
    longest = max(charge for _, charge in run.charges)
    return bool(MARGIN * (longest + method.last_cost(run) * seconds / epochs) <= left.amount)


def charged(run: Search, work: Callable[[], None], declared: float) -> None:
    """Do some work and charge it: seconds of the processor, or on the wall with CUDA.

    Raises:
        HarnessError: it is not worth the epochs that the strategy declared, by which the epochs of
            a search are planned.
    """
    clock = time.process_time if run.device.type == "cpu" else time.perf_counter
    before, start = run.spent, clock()
    work()
    if run.device.type == "cuda":
        torch.cuda.synchronize(run.device)
    epochs, seconds = run.spent - before, clock() - start
    if abs(epochs - declared) > ROUNDING:
        raise HarnessError(
            f"a strategy declared {declared:.6g} epochs for what was worth {epochs:.6g}: "
            "correct its cost() or last_cost()"
        )
    run.charge(epochs, seconds)
