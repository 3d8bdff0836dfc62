"""ENAS (Pham, Guan, Zoph, Le and Dean, ICML 2018)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from harness import Architecture, require
from methods.oneshot.one_shot import OneShot

if TYPE_CHECKING:
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


class ENAS(OneShot):
    """A recurrent controller learns by reinforcement which paths are accurate (ICML 2018).

    Each step trains one path that the controller draws. After each epoch the controller follows the
    policy gradient of the accuracy on validation batches (section 2.2). In the end it draws
    architectures, and the one with most right answers is recommended. All counts and constants are
    those of NAS-Bench-201 (Dong and Yang, ICLR 2020) and of its second code (NATS-Bench, TPAMI
    2021). There each of the architectures of an update meets a batch of its own; here all meet the
    same one, which leaves less noise between them. The weights are trained as for all methods;
    those of the authors have a learning rate that goes up again every 20 epochs.

    What is logged as distribution are the shares of the choices in what was drawn after the epoch.

    Attributes:
        updates: of the controller after each epoch.
        samples: architectures for an update.
        candidates: architectures that are judged in the end.
        controller_learning_rate: of Adam.
        controller_clip: largest norm of the gradient.
        entropy_weight: reward for each nat of entropy of the choices.
        baseline_decay: of the moving average of rewards that is subtracted from them; after each
            epoch it goes on from its mean in the epoch, as in the code.
        temperature: that logits are divided by.
        bound: of the absolute value of logits.
    """

    updates: int = 50
    samples: int = 20
    candidates: int = 100
    controller_learning_rate: float = 1e-3
    controller_clip: float = 5.0
    entropy_weight: float = 1e-4
    baseline_decay: float = 0.99
    temperature: float = 5.0
    bound: float = 2.5

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, updates=(1, inf), samples=(1, inf), candidates=(1, inf))
        require(self, controller_learning_rate=(0, inf), controller_clip=(1e-9, inf))
        require(self, entropy_weight=(0, inf), baseline_decay=(0, 1))
        require(self, temperature=(1e-9, inf), bound=(1e-9, inf))

    def begin(self, search: Search) -> None:
        """Make the controller."""
        import torch

        from methods.oneshot.controller import Controller

        sizes, generator = search.space.sizes, search.generator
        self._controller = Controller(sizes, self.temperature, self.bound, generator)
        rate = self.controller_learning_rate
        self._adam = torch.optim.Adam(
            self._controller.parameters(), lr=rate, betas=(0.5, 0.999), eps=1e-3
        )
        self._baseline: float | None = None
        self._drawn: list[Architecture] = []

    def paths(self, search: Search) -> list[Plan]:
        """One draw of the controller."""
        (arch,) = self._controller.draw(search.space, 1, search.generator).archs
        return [search.supernet.path(arch)]

    def end_epoch(self, search: Search) -> None:
        """Train the controller."""
        self._drawn, baselines = [], []
        for _ in range(self.updates):
            drawn = self._controller.draw(search.space, self.samples, search.generator)
            accuracies = search.accuracies(drawn.archs, search.draw_valid(self.batch))
            rewards = accuracies + self.entropy_weight * drawn.entropies.detach().numpy()
            for i, reward in enumerate(rewards.tolist()):
                before = accuracies[i] if self._baseline is None else self._baseline
                self._baseline = before - (1 - self.baseline_decay) * (before - reward)
                baselines.append(self._baseline)
            advantages = rewards - baselines[-self.samples :]
            self._controller.follow(self._adam, drawn, advantages, self.controller_clip)
            self._drawn += drawn.archs
        self._baseline = sum(baselines) / len(baselines)

    def derive(self, search: Search) -> Architecture:
        """The best of what the controller draws."""
        drawn = self._controller.draw(search.space, self.candidates, search.generator)
        return search.best_of(drawn.archs)

    def cost(self, search: Search, epoch: int, epochs: int) -> float:
        """One path, and what the controller is taught with."""
        judged = min(self.batch, len(search.task.valid))
        return 1.0 + search.judging_cost(self.updates * self.samples, judged)

    def last_cost(self, search: Search) -> float:
        """What is judged."""
        return search.judging_cost(self.candidates)

    def distribution(self, search: Search) -> list[list[float]]:
        """Shares of the choices in what was last drawn."""
        columns = search.space.integers(self._drawn).T
        return [
            [float((column == choice).mean()) for choice in range(size)]
            for column, size in zip(columns, search.space.sizes, strict=True)
        ]
