"""SNIP: single-shot network pruning (Lee, Ajanthan and Torr, ICLR 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.zerocost.proxy import Inputs, Proxy

if TYPE_CHECKING:
    from torch import nn


class SNIP(Proxy):
    """What the loss would change, to first order, without each weight: the sum of ``|w dL/dw|``.

    Over convolutions and linear layers (Lee et al., equation 5, as a score of whole networks by
    Abdelfattah et al., ICLR 2021, equation 1). Published: one batch of 64.
    """

    def measure(self, network: nn.Module, inputs: Inputs) -> float:
        """See `Proxy.measure`."""
        from methods.zerocost.networks import gradients, loss_of, weights

        own = weights(network)
        slopes = gradients(loss_of(network, inputs), own)
        return sum((w * g).abs().sum().item() for w, g in zip(own, slopes, strict=True))
