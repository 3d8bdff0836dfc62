"""The norm of the gradient (Abdelfattah, Mehrotra, Dudziak and Lane, ICLR 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.zerocost.proxy import Inputs, Proxy

if TYPE_CHECKING:
    from torch import nn


class GradNorm(Proxy):
    """The Euclidean norms of the loss's gradient, summed over convolutions and linear layers.

    Abdelfattah et al., section 3.2. Published: one batch of 64.
    """

    def measure(self, network: nn.Module, inputs: Inputs) -> float:
        """See `Proxy.measure`."""
        from methods.zerocost.networks import gradients, loss_of, weights

        slopes = gradients(loss_of(network, inputs), weights(network))
        return sum(float(slope.norm()) for slope in slopes)
