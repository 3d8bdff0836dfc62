"""What methods that train networks themselves may see: data, networks and a supernet."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Literal

from harness.core.suitability import Ability
from harness.live.examples import Examples, Values
from harness.live.learning import Learning

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from harness.live.supernet import Supernet

Normalisation = Literal["batch", "running", "recalibrated"]
"""By what the normalisations of a supernet's cells evaluate a path.

``batch``: by the statistics of the batch, in training and in evaluation; nothing is stored.
``running``: by running averages over all paths that were trained. ``recalibrated``: by statistics
that are computed anew, over training images, for each path before it is evaluated.
"""


class SearchTask(Learning):
    """Training and validation data of a benchmark, and its networks; never its test data.

    What is trained is a classifier, unless a task overrides `loss`, `measures` and `scores`.

    Attributes:
        name: of the data.
        train: what weights are trained on.
        valid: what architectures are judged on.
        classes: number of classes; 0 where there are none.
        abilities: of the supernet, besides single paths of architectures.
    """

    name: str
    valid: Examples
    classes: int
    abilities: frozenset[Ability] = frozenset({"mixtures", "weighted decisions"})

    @property
    def judged(self) -> Examples:
        """The validation part."""
        return self.valid

    def scores(self, outputs: Values, targets: Values) -> Tensor:
        """By what architectures are judged, without gradient; by default whether answers are right.

        Args:
            outputs: see `loss`.
            targets: see `loss`.

        Returns:
            A number or truth value for each example, shape (n,); a higher mean is better.
        """
        right: Tensor = outputs.argmax(1) == targets
        return right

    @abstractmethod
    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int = 1
    ) -> Supernet:
        """A network that holds every architecture of the space, with new weights.

        Args:
            generator: draws the weights.
            normalisation: of the cells.
            partial: one of so many channels goes through the operations, the others pass by; 1
                where the supernet lacks that ability.

        Raises:
            HarnessError: the space has no supernet, or its channels cannot be parted so.
        """
