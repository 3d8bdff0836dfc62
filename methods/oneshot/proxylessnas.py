"""ProxylessNAS (Cai, Zhu and Han, ICLR 2019)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, ClassVar, Literal

from harness import require
from methods.oneshot.relaxed import Relaxed

if TYPE_CHECKING:
    from torch import Tensor

    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


class ProxylessNAS(Relaxed):
    """Train drawn paths, and move the logits by what opening another choice would change.

    A fourth of the epochs trains the weights alone, then each fifth step of theirs is followed by
    one of the logits (section 3.2). There is no latency in the loss. The weights are trained like
    those of the other methods; on ImageNet the authors have batches of 256, a weight decay of 4e-5
    and smoothed labels.

    Attributes:
        gates: ``two`` choices of a decision are computed and compared, or the ``full`` set; with
            ``reinforce`` paths are drawn, shown the validation images and rewarded with their
            accuracy (section 3.3.2).
        samples: paths a step of ``reinforce``.
        baseline: how far the baseline of ``reinforce`` goes towards each new mean reward. The
            released code does so before it uses it, which here follows it, for an estimate without
            bias.
    """

    architecture_learning_rate: float = 1e-3
    architecture_weight_decay: float = 0.0
    warm_up: float = 0.25
    every: int = 5
    gates: Literal["two", "full", "reinforce"] = "two"
    samples: int = 10
    baseline: float = 0.99

    betas: ClassVar[tuple[float, float]] = (0.0, 0.999)

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, samples=(1, inf), baseline=(0, 1))

    def begin(self, search: Search) -> None:
        """Make the logits."""
        super().begin(search)
        self._baseline: float | None = None

    def plan(self, search: Search) -> Plan:
        """A path drawn by the probabilities."""
        from methods.oneshot.gates import draw

        return _opened(draw(self.logits(), search.generator))

    def learn(self, search: Search) -> None:
        """A step of the logits."""
        if self.gates == "reinforce":
            self._reinforce(search)
            return
        import torch

        from methods.oneshot.gates import draw_pairs, gate_gradient, keep_others

        logits = self.logits().detach()
        full = self.gates == "full"
        involved = self._mask if full else draw_pairs(logits, search.generator)
        self.descend(
            [
                gate_gradient(
                    logits, involved, lambda p: search.loss(p, search.valid), search.generator
                )
            ]
        )
        with torch.no_grad():
            self._alphas.copy_(keep_others(logits, self.logits(), involved).where(self._mask, 0))

    def _reinforce(self, search: Search) -> None:
        import torch

        from methods.oneshot.gates import draw, reinforce_gradient

        logits = self.logits().detach()
        paths = torch.stack([draw(logits, search.generator) for _ in range(self.samples)])
        rewards = search.plan_accuracies([_opened(path) for path in paths], search.valid)
        mean = float(rewards.mean())
        before = mean if self._baseline is None else self._baseline
        advantages = torch.from_numpy(rewards - before).to(logits)
        self.descend([reinforce_gradient(logits, paths, advantages)])
        self._baseline = before + self.baseline * (mean - before)

    def step_cost(self, search: Search, images: int) -> float:
        """One loss with gradient; of `reinforce`, the accuracies of the paths."""
        if self.gates == "reinforce":
            return search.judging_cost(self.samples, images)
        return super().step_cost(search, images)


def _opened(path: Tensor) -> Plan:
    """The plan in which one choice a decision is open."""
    return [{choice: None} for choice in path.tolist()]
