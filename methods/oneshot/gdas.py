"""GDAS (Dong and Yang, CVPR 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.oneshot.annealed import Annealed

if TYPE_CHECKING:
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


class GDAS(Annealed):
    """Gradient-based search with a differentiable sampler: one drawn choice a decision is computed.

    The choice is that of the largest weight of a relaxed sample. In the backward pass it has the
    weight of the sample (section 3.2). Weights and logits draw their own paths. The temperature is
    that of NAS-Bench-201 (Dong and Yang, ICLR 2020), where GDAS has 250 epochs.

    In the released code the weights of the choices that are not computed also get a gradient, as if
    each were a feature map of ones; a plan multiplies what is computed and cannot say that, so this
    is the method of the paper.
    """

    temperature: float = 10.0

    def plan(self, search: Search) -> Plan:
        """One path."""
        from methods.oneshot.relaxation import straight_through

        return straight_through(self.weights(search))
