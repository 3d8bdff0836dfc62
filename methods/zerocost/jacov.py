"""The covariance of Jacobians (Mellor et al., arXiv 2006.04647, first version)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.zerocost.proxy import Inputs, Proxy

if TYPE_CHECKING:
    from torch import nn

# Keeps the logarithm and the quotient finite (released code).
EPSILON = 1e-5


class Jacov(Proxy):
    """How little a network's derivatives at different images have to do with each other.

    The derivatives of the sum of all logits by each image are a row each; with the eigenvalues v of
    the rows' correlation matrix the score is the sum of ``-log(v + e) - 1 / (v + e)``, e = 1e-5
    (first version of the paper, equation 4). Published: batches of 256; Abdelfattah et al. (ICLR
    2021, ``jacob_cov``) have 64.
    """

    def measure(self, network: nn.Module, inputs: Inputs) -> float:
        """See `Proxy.measure`."""
        import torch

        from methods.zerocost.networks import first, gradients, images_of

        images = images_of(inputs, "jacov").clone().requires_grad_()
        (slopes,) = gradients(first(network(images)).sum(), [images])
        correlations = torch.corrcoef(slopes.flatten(1).double())
        if not bool(correlations.isfinite().all()):
            return float("nan")
        values = torch.linalg.eigvalsh(correlations).clamp(min=0) + EPSILON
        return -float((values.log() + 1 / values).sum())
