"""SynFlow: synaptic flow (Tanaka, Kunin, Yamins and Ganguli, NeurIPS 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.zerocost.proxy import Inputs, Proxy

if TYPE_CHECKING:
    from torch import nn


class SynFlow(Proxy):
    """The logarithm of all paths' products of absolute weights, each counted by its weights.

    R is the sum of the logits of one image of ones, with the absolute values of all parameters; the
    score is the logarithm of the sum of ``w dR/dw`` over convolutions and linear layers (Tanaka et
    al., equation 2, as a score of whole networks by Abdelfattah et al., ICLR 2021, equation 1; the
    logarithm, which changes no order, is ours). Batch normalisations pass their input on, as in
    Abdelfattah's code, else every layer would be scaled to the same size. In float64: the sums span
    fifty orders of magnitude. The images of a batch are not looked at; repeats are means over
    weights.
    """

    def images(self) -> float:
        """See `Proxy.images`."""
        return 1

    def measure(self, network: nn.Module, inputs: Inputs) -> float:
        """See `Proxy.measure`."""
        import torch

        from methods.zerocost.networks import (
            first,
            gradients,
            images_of,
            weights,
            without_normalisations,
        )

        shape = images_of(inputs, "synflow").shape[1:]
        network.double()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.abs_()
        ones = torch.ones(1, *shape, dtype=torch.float64)
        with without_normalisations():
            flow = first(network(ones)).sum()
        own = weights(network)
        slopes = gradients(flow, own)
        paths = torch.stack([(w * g).sum() for w, g in zip(own, slopes, strict=True)]).sum()
        return paths.log().item()
