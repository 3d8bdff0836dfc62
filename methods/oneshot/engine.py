"""The loop of every one-shot method: training, charging, logging, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from harness import Architecture, BudgetExhausted, HarnessError, Problem
from harness.live.search_task import SearchTask
from harness.live.supernet import Plan, Supernet
from harness.live.torch_tools import one_thread, torch_generator
from methods.oneshot.checkpoints import Checkpoint
from methods.oneshot.devices import device_of
from methods.oneshot.one_shot import USUAL_EPOCHS, OneShot
from methods.oneshot.unmetered import Unmetered

Batch = tuple[Tensor, Tensor]

# Share of the work of a training step that the forward pass is.
FORWARD = 1 / 3

# Epochs by which a sum of many small charges may miss a whole number.
ROUNDING = 1e-6

# Images on which a derived path is judged at a time (Dong and Yang: one batch of 512).
JUDGED = 512

# Batches of training images from which statistics are computed anew.
RECALIBRATION_BATCHES = 4


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
        optimizer: of its weights.
        epochs: of the search.
        epoch: now, from 0; `epochs` after the last one.
        steps: in an epoch.
        step: in the epoch, from 0.
        train: images and labels of this step, of the training part.
        valid: images and labels of this step, of the validation part.
        gradient_images: images of which a loss with gradient was computed so far.
        forward_images: images that were only shown to the network so far.
        seconds: charged so far.
        logs: what was written down so far, by name.
    """

    def __init__(self, method: OneShot, problem: Problem | Unmetered) -> None:
        """Make the network and its data."""
        self.problem, self.space, self.rng = problem, problem.space, problem.rng
        self.task: SearchTask = problem.task
        self.device = device_of(method.device)
        self.generator = torch_generator(problem.rng)
        self.supernet: Supernet = self.task.supernet(
            self.generator, method.normalisation, method.partial()
        ).to(self.device)
        self.optimizer = torch.optim.SGD(
            self.supernet.parameters(),
            lr=method.learning_rate,
            momentum=method.momentum,
            nesterov=method.momentum > 0,
            weight_decay=method.weight_decay,
        )
        self.epoch = self.step = 0
        self.gradient_images = self.forward_images = 0
        self.seconds = 0.0
        self.logs: list[tuple[str, float | list[float]]] = []
        self._method = method
        self._mixed = method.precision == "mixed" and self.device.type == "cuda"
        self._train_images, self._train_labels = self._copied(self.task.train)
        self._valid_images, self._valid_labels = self._copied(self.task.valid)
        self.steps = math.ceil(len(self._train_labels) / method.batch)
        self.epochs = planned_epochs(method, self)

    def _copied(self, part: Any) -> Batch:
        return (
            torch.from_numpy(part.images).to(self.device),
            torch.from_numpy(part.labels).to(self.device),
        )

    @property
    def images(self) -> int:
        """Images of the training part; so many with gradient are charged as one epoch."""
        return len(self._train_labels)

    @property
    def spent(self) -> float:
        """What was computed so far, in epochs."""
        return (self.gradient_images + FORWARD * self.forward_images) / self.images

    @property
    def progress(self) -> float:
        """Share of the epochs that is over, at the beginning of this one: from 0 to below 1."""
        return self.epoch / self.epochs

    def loss(self, plan: Plan, batch: Batch) -> Tensor:
        """Mean cross-entropy of a batch in nats; counted, with gradient where there is one."""
        images, labels = batch
        if torch.is_grad_enabled():
            self.gradient_images += len(labels)
        else:
            self.forward_images += len(labels)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._mixed):
            logits = self.supernet(images, plan)
        return functional.cross_entropy(logits.float(), labels)

    def mixture(self, weights: Tensor) -> Plan:
        """The plan in which every choice has its weight, given as (decisions, choices)."""
        return [
            dict(enumerate(row[: len(names)]))
            for row, names in zip(weights, self.supernet.choices, strict=True)
        ]

    def accuracies(self, archs: Sequence[Architecture], batch: Batch | None = None) -> NDArray[Any]:
        """Share of right answers of each architecture with the supernet's weights, shape (n,).

        All are judged on the same images.

        Args:
            archs: genotypes.
            batch: images and labels; up to 512 of the validation part, drawn, where None.
        """
        images, labels = batch or self.draw_valid(min(JUDGED, len(self._valid_labels)))
        found = np.empty(len(archs))
        self.supernet.eval()
        with torch.inference_mode():
            for i, arch in enumerate(archs):
                path = self.supernet.path(arch)
                if self._method.normalisation == "recalibrated":
                    self._recalibrate(path)
                self.forward_images += len(labels)
                right = self.supernet(images, path).argmax(1) == labels
                found[i] = right.double().mean().item()
        self.supernet.train()
        return found

    def best_of(self, archs: Sequence[Architecture]) -> Architecture:
        """The architecture with most right answers; the first one of equals."""
        return archs[int(self.accuracies(archs).argmax())]

    def judging_cost(self, archs: int) -> float:
        """What `accuracies` of so many architectures is charged, in epochs."""
        judged = min(JUDGED, len(self._valid_labels))
        if self._method.normalisation == "recalibrated":
            judged += RECALIBRATION_BATCHES * min(JUDGED, self.images)
        return FORWARD * archs * judged / self.images

    def draw_valid(self, size: int) -> Batch:
        """Different images of the validation part, as they are."""
        index = torch.randperm(len(self._valid_labels), generator=self.generator)[:size]
        index = index.to(self.device)
        return self._valid_images[index], self._valid_labels[index]

    def all_valid(self) -> Batch:
        """The whole validation part, as it is."""
        return self._valid_images, self._valid_labels

    def _recalibrate(self, path: Plan) -> None:
        self.supernet.reset_statistics()
        self.supernet.train()
        for _ in range(RECALIBRATION_BATCHES):
            index = torch.randperm(self.images, generator=self.generator)[:JUDGED].to(self.device)
            self.forward_images += len(index)
            self.supernet(self._train_images[index], path)
        self.supernet.eval()

    def run_epoch(self) -> None:
        """Train once over the training part."""
        method, progress = self._method, self.progress
        low, high = method.last_learning_rate, method.learning_rate
        for group in self.optimizer.param_groups:
            group["lr"] = low + (high - low) * (1 + math.cos(math.pi * progress)) / 2
        order = torch.randperm(self.images, generator=self.generator)
        total = torch.zeros((), device=self.device)
        self.supernet.train()
        for self.step, index in enumerate(torch.split(order, method.batch)):
            self.train = self._batch(self._train_images, self._train_labels, index)
            # Drawn with replacement: there is no full pass over the validation part.
            others = torch.randint(len(self._valid_labels), (len(index),), generator=self.generator)
            self.valid = self._batch(self._valid_images, self._valid_labels, others)
            total += self._step_weights()
            method.step_architecture(self)
        method.end_epoch(self)
        mean = total.item() / self.steps
        if not math.isfinite(mean):
            raise HarnessError(
                f"the training of the supernet diverged in epoch {self.epoch + 1} of "
                f"{self.epochs} (loss {mean}): lower learning_rate"
            )
        self.log("training loss", mean)
        for decision, row in zip(self.space.decisions, method.distribution(self), strict=False):
            self.log(f"distribution of {decision.name}", row)
        self.epoch += 1

    def log(self, name: str, value: float | list[float]) -> None:
        """Write something down behind what has the same name; see `Problem.log`."""
        self.problem.log(name, value)
        self.logs.append((name, value))

    def _batch(self, images: Tensor, labels: Tensor, index: Tensor) -> Batch:
        index = index.to(self.device)
        return self.task.augment(images[index], self.generator), labels[index]

    def _step_weights(self) -> Tensor:
        plans = self._method.paths(self)
        self.optimizer.zero_grad()
        total = torch.zeros((), device=self.device)
        for plan in plans:
            loss = self.loss(plan, self.train) / len(plans)
            torch.autograd.backward(loss, inputs=list(self.supernet.parameters()))
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(self.supernet.parameters(), self._method.clip)
        self.optimizer.step()
        return total


def planned_epochs(method: OneShot, search: Search) -> int:
    """How many epochs a search has.

    Raises:
        HarnessError: a budget in epochs does not allow a single one.
    """
    budget = search.problem.budget
    if method.epochs:
        return method.epochs
    if budget.unit != "epochs":
        return USUAL_EPOCHS
    available = budget.amount - method.last_cost(search)
    low, high = 0, int(available) + 1
    while low < high:  # The cost grows with the number of epochs.
        middle = (low + high + 1) // 2
        cost = sum(method.cost(search, epoch, middle) for epoch in range(middle))
        low, high = (middle, high) if cost <= available + ROUNDING else (low, middle - 1)
    if low == 0:
        least = method.cost(search, 0, 1) + method.last_cost(search)
        raise HarnessError(
            f"{budget} do not suffice to train a supernet for one epoch, which costs {least:.3g} "
            f"with {method.class_name()}. Give it more: --budget {math.ceil(least)}epochs"
        )
    return low


def search(method: OneShot, problem: Problem) -> Architecture:
    """Run a one-shot method: train, then derive.

    Raises:
        HarnessError: see `train`.
    """
    with one_thread():
        run = train(method, problem)
        found: list[Architecture] = []
        charged(run, lambda: found.append(method.derive(run)))
    problem.count("images with gradient", run.gradient_images)
    problem.count("images without gradient", run.forward_images)
    problem.count("epochs of the supernet", run.epoch)
    return found[0]


def train(method: OneShot, problem: Problem | Unmetered) -> Search:
    """Train a supernet, from where an interrupted run of the same recipe stopped.

    Raises:
        HarnessError: the training diverged, CUDA was asked for and is absent, or a checkpoint of
            another recipe lies where this run's would.
    """
    with one_thread():
        run = Search(method, problem)
        checkpoint = Checkpoint(method, run, problem.scratch)
        method.begin(run)
        checkpoint.load()
        longest = 0.0
        while run.epoch < run.epochs:
            # With a budget in seconds: what does not fit any more is not begun.
            if problem.budget.unit == "seconds" and longest > problem.budget.amount:
                break
            longest = max(longest, charged(run, run.run_epoch))
            checkpoint.save()
        return run


def charged(run: Search, work: Any) -> float:
    """Do some work and charge it; return its seconds: of the processor, or on the wall of CUDA."""
    clock = time.process_time if run.device.type == "cpu" else time.perf_counter
    before, start = run.spent, clock()
    work()
    if run.device.type == "cuda":
        torch.cuda.synchronize(run.device)
    seconds = clock() - start
    epochs, left = run.spent - before, run.problem.budget
    if left.unit == "epochs" and 0 < epochs - left.amount < ROUNDING:
        epochs = left.amount
    try:
        run.problem.spend(epochs=epochs, seconds=seconds)
    except BudgetExhausted:
        # It was begun since it seemed to fit; a measured time is known afterwards only.
        if run.problem.budget.unit != "seconds":
            raise
        run.problem.spend(seconds=run.problem.budget.amount)
    run.seconds += seconds
    return seconds
