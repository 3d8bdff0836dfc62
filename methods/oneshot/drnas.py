"""DrNAS (Chen, Wang, Cheng, Tang and Hsieh, ICLR 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.oneshot.relaxed import Relaxed

if TYPE_CHECKING:
    from torch import Tensor

    from methods.oneshot.engine import Search


class DrNAS(Relaxed):
    """Dirichlet search: weights of the choices are drawn from a Dirichlet distribution.

    Its concentrations are elu(a) + 1, and the a descend the expected validation loss with pathwise
    gradients (section 2.2); their decay holds the distribution near to the uniform one. The most
    probable choice is that of the largest mean. On NAS-Bench-201 the authors train for 100 epochs;
    their progressive variant, which drops choices on the way, is not here.
    """

    weight_decay: float = 3e-4

    def concentrations(self) -> Tensor:
        """Of the distribution, shape (decisions, choices)."""
        from torch.nn import functional

        return functional.elu(self._alphas) + 1

    def probabilities(self) -> Tensor:
        """The mean of the distribution."""
        concentrations = self.concentrations() * self._mask
        return concentrations / concentrations.sum(1, keepdim=True)

    def weights(self, search: Search) -> Tensor:
        """A sample."""
        from methods.oneshot.relaxation import dirichlet

        return dirichlet(self.concentrations(), self._mask, search.generator)
