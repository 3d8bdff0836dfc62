"""The contract of a one-shot method: the settings that all share, and what a strategy fills in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import inf
from typing import TYPE_CHECKING, ClassVar, Literal

from harness import Ability, Architecture, Method, Problem, Unit, require
from harness.live.search_task import Normalisation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search

# Epochs of a search whose budget does not say how many fit into it (Dong and Yang, ICLR 2020).
USUAL_EPOCHS = 50


class OneShot(Method, ABC):
    """A method that trains a supernet and derives its recommendation from it.

    The loop is in `methods.oneshot.engine`: for each batch of the training part, and one of the
    same size drawn from the validation part, a step of the weights on the losses of `paths`,
    then `step_architecture`. A subclass is a strategy of about a page. What it learns belongs into
    attributes whose names begin with an underscore: they are part of each checkpoint.

    What is charged: an image that a loss with gradient was computed of counts as one of a training
    epoch; one that was only shown to the network as a third, which is its share of the work.

    The defaults are those of NAS-Bench-201 (Dong and Yang, ICLR 2020, section 4).

    Attributes:
        epochs: of the training of the weights; 0 for as many as a budget in epochs allows, and 50
            with one in seconds, which ends the search where it is spent.
        batch: images a step.
        learning_rate: of the weights, at the beginning.
        last_learning_rate: at the end of a cosine.
        schedule_each: whether the cosine moves with each epoch or each step.
        momentum: of the weights.
        nesterov: whether it is Nesterov's.
        weight_decay: of the weights.
        clip: largest norm of the gradient of the weights.
        normalisation: what the normalisations of cells evaluate a path by.
        device: ``auto`` takes CUDA where there is some.
        precision: ``mixed`` computes in bfloat16 where that is safe, on CUDA only.
    """

    extra: ClassVar[str] = "neural"
    units: ClassVar[tuple[Unit, ...]] = ("epochs", "seconds")
    # Whether plans have weights or several choices a decision, and `distribution` is about what a
    # supernet decides; otherwise plans are paths, and it is about the decisions of the space.
    relaxes: ClassVar[bool] = False
    # Whether choices of architectures are weighed, so that both must be the same.
    weighs_decisions: ClassVar[bool] = False

    epochs: int = 0
    batch: int = 64
    learning_rate: float = 0.025
    last_learning_rate: float = 0.001
    schedule_each: Literal["epoch", "step"] = "epoch"
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    clip: float = 5.0
    normalisation: Normalisation = "batch"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["float32", "mixed"] = "float32"

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, epochs=(0, inf), batch=(1, inf), learning_rate=(0, inf), momentum=(0, 1))
        require(self, last_learning_rate=(0, self.learning_rate), weight_decay=(0, inf))
        require(self, clip=(1e-9, inf))

    def trains(self) -> bool:
        """A supernet."""
        return True

    def supernet_needs(self) -> frozenset[Ability]:
        """What its plans and channels take."""
        needed: set[Ability] = set()
        if self.relaxes or self.weighs_decisions:
            needed.add("mixtures")
        if self.weighs_decisions:
            needed.add("weighted decisions")
        if self.partial() != 1:
            needed.add("partial channels")
        return frozenset(needed)

    def search(self, problem: Problem) -> Architecture:
        """Train the supernet and derive; see `methods.oneshot.engine.search`."""
        from methods.oneshot.engine import search

        return search(self, problem)

    def partial(self) -> int:
        """One of so many channels goes through the operations; see `SearchTask.supernet`."""
        return 1

    def begin(self, search: Search) -> None:
        """Make what is learned besides the weights; by default nothing."""

    @abstractmethod
    def paths(self, search: Search) -> list[Plan]:
        """What is trained in this step: the weights follow the plans' losses."""

    def loss_weights(self, plans: Sequence[Plan]) -> list[float]:
        """What multiplies the losses of `paths` before they are summed; by default their mean."""
        return [1 / len(plans)] * len(plans)

    def joint(self) -> list[Tensor]:
        """What gets its gradient from the losses of `paths` as well; by default nothing."""
        return []

    def step_architecture(self, search: Search) -> None:
        """What follows each step of the weights; by default nothing."""

    def end_epoch(self, search: Search) -> None:
        """What follows each epoch, before it is charged; by default nothing."""

    @abstractmethod
    def derive(self, search: Search) -> Architecture:
        """The recommendation; called once, after the last epoch."""

    @abstractmethod
    def cost(self, search: Search, epoch: int, epochs: int) -> float:
        """What an epoch is charged, in epochs; what is counted must equal it.

        Args:
            search: knows the numbers of images and steps; nothing was trained yet.
            epoch: from 0.
            epochs: of the search.
        """

    def last_cost(self, search: Search) -> float:
        """What `derive` is charged, in epochs; by default nothing."""
        return 0.0

    def distribution(self, search: Search) -> list[list[float]]:
        """Probabilities of each decision's choices, logged after each epoch; by default none."""
        return []
