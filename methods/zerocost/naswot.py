"""NASWOT: neural architecture search without training (Mellor et al., ICML 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.zerocost.proxy import SHOWN, Inputs, Proxy

if TYPE_CHECKING:
    from torch import nn


class NASWOT(Proxy):
    """How well the on-off states of all ReLUs tell the images of a batch apart: log det K.

    K counts the ReLUs that are in the same state for two images (section 3, equation 2). With N
    ReLUs and B images, K = N R and log det K = log det R + B log N; a ridge of 1e-6 on R keeps the
    determinant above zero where two images have the same code. Published: batches of 128. A ReLU
    that several operations of a cell share is counted once here, and for each operation in the
    released code.
    """

    def images(self) -> float:
        """See `Proxy.images`."""
        return SHOWN * super().images()

    def measure(self, network: nn.Module, inputs: Inputs) -> float:
        """See `Proxy.measure`."""
        from methods.zerocost.activation_codes import distinction
        from methods.zerocost.networks import images_of

        return sum(distinction(network, images_of(inputs, "naswot")))
