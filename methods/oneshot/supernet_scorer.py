"""Accuracies with the weights of a supernet, as a scorer that needs no labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness import HarnessError, UnlabelledPredictor, load_method
from methods.oneshot.one_shot import OneShot

if TYPE_CHECKING:
    from methods.oneshot.engine import Search


class SupernetScorer(UnlabelledPredictor):
    """Train a supernet, and order architectures by their accuracy with its weights.

    What a strategy's supernet knows: the weights are trained as the method would, and each
    architecture is judged on all validation images (Bender et al., ICML 2018; Yu et al., ICLR
    2020). Labels are not looked at. The distribution over architectures is written down after each
    epoch.

    Attributes:
        method: how weights are trained: a one-shot method by name, with parameters in parentheses:
            ``supernet:method=(spos:epochs=100)``. Without `epochs` it trains for 50.
    """

    extra: ClassVar[str] = "neural"

    method: str = "rsps"

    def trains(self) -> bool:
        """A supernet."""
        return True

    def uses_methods(self) -> tuple[str, ...]:
        """What trains the weights."""
        return (self.method,)

    def learn(self, archs: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
        """Train a new supernet.

        Raises:
            HarnessError: `method` trains no supernet.
        """
        from methods.oneshot.engine import train
        from methods.oneshot.unmetered import Unmetered

        method = load_method(self.method).method
        if not isinstance(method, OneShot):
            raise HarnessError(
                f"supernet:method={self.method} trains no supernet. Try rsps, spos or gdas"
            )
        self._search: Search = train(method, Unmetered(self.space, self.rng, self.task, self.log))
        self.spent += self._search.spent

    def guess(self, archs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Share of right answers on the validation images."""
        from harness.live.torch_tools import one_thread

        search = self._search
        before = search.spent
        with one_thread():
            guessed = search.accuracies(self.space.tuples(archs), search.all_valid())
        self.spent += search.spent - before
        return guessed
