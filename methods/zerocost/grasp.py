"""GraSP: pruning that preserves the gradient's flow (Wang, Zhang and Grosse, ICLR 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.zerocost.proxy import Inputs, Proxy

if TYPE_CHECKING:
    from torch import nn


class GraSP(Proxy):
    """The sum of ``-w (H g)``, with the gradient g of the loss and its Hessian H.

    Over convolutions and linear layers (Wang et al., equation 8), with the sign that Abdelfattah et
    al. (ICLR 2021, equation 1) have for whole networks. The loss is not divided by a temperature.
    Published: one batch of 64.
    """

    def images(self) -> float:
        """See `Proxy.images`; the second derivative counts as much as the first."""
        return 2 * super().images()

    def measure(self, network: nn.Module, inputs: Inputs) -> float:
        """See `Proxy.measure`."""
        import torch

        from methods.zerocost.networks import gradients, loss_of, weights

        own = weights(network)
        slopes = gradients(loss_of(network, inputs), own, create_graph=True)
        # The derivative of g'v at v = g is H g, for which H itself is not needed.
        flow = torch.stack([(slope * slope.detach()).sum() for slope in slopes]).sum()
        bends = gradients(flow, own)
        return -sum((w * b).sum().item() for w, b in zip(own, bends, strict=True))
