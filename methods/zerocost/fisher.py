"""Fisher information of activations (Theis et al. 2018; Turner et al., BlockSwap, ICLR 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.zerocost.proxy import Inputs, Proxy

if TYPE_CHECKING:
    from torch import Tensor, nn


class Fisher(Proxy):
    """What the loss would change without each channel: the sum of ``mean((a dL/da)^2) / 2``.

    a is the output of a convolution or linear layer before its normalisation; the product is summed
    over the positions of a channel, squared, and averaged over images, then summed over channels
    and layers (Turner et al., equation 2; Abdelfattah et al., ICLR 2021, section 3.2, and their
    code). L is the mean loss of the batch. Published: one batch of 64.
    """

    def measure(self, network: nn.Module, inputs: Inputs) -> float:
        """See `Proxy.measure`."""
        from harness.live.examples import count
        from methods.zerocost.networks import gradients, layers, loss_of

        outputs: list[Tensor] = []
        for layer in layers(network):
            layer.register_forward_hook(lambda module, given, output: outputs.append(output))
        slopes = gradients(loss_of(network, inputs), outputs)
        return sum(
            _channels(a * g).square().sum().item() / (2 * count(inputs.images))
            for a, g in zip(outputs, slopes, strict=True)
        )


def _channels(products: Tensor) -> Tensor:
    """Sums over positions, shape (images, channels)."""
    if products.dim() == 4:
        return products.sum((2, 3))
    return products.reshape(-1, products.shape[-1])
