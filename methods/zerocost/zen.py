"""The Zen-score (Lin et al., ICCV 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import require
from methods.zerocost.proxy import SHOWN, Inputs, Proxy

if TYPE_CHECKING:
    from torch import Tensor, nn


class Zen(Proxy):
    """How much the last feature map changes with a Gaussian image, on a logarithmic scale.

    Weights of convolutions and linear layers and images x, e are standard normal; the score is
    ``log mean |f(x + mixing e) - f(x)|`` plus, for each batch normalisation, the logarithm of the
    deviation that it divides by, the root of the mean variance of its channels (Lin et al.,
    algorithm 1 and equation 5). f is the output of the last ReLU, and || is the sum of absolute
    values over an image (released code; the paper has the Frobenius norm). Variances are those of
    the batch itself, where the released code has a running mean. Skip connections stay, which the
    paper removes from its own space and the common code for NAS-Bench-201 does not.

    Attributes:
        mixing: size of the change.
    """

    mixing: float = 0.01

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, mixing=(1e-6, 1e6))

    def images(self) -> float:
        """See `Proxy.images`."""
        return 2 * SHOWN * super().images()

    def measure(self, network: nn.Module, inputs: Inputs) -> float:
        """See `Proxy.measure`."""
        import torch

        from methods.zerocost.networks import Instead, activations_seen, images_of, weights

        size, generator = images_of(inputs, "zen").shape, inputs.generator
        for weight in weights(network):
            weight.data.normal_(generator=generator)
        images = torch.randn(size, generator=generator)
        changed = images + self.mixing * torch.randn(size, generator=generator)
        scaling = 0.0
        last: Tensor | None = None

        def normalise(function: Any, x: Tensor, *others: Any, **named: Any) -> Any:
            nonlocal scaling
            variances = x.transpose(0, 1).flatten(1).var(1, correction=0)
            scaling += 0.5 * variances.mean().log().item()
            return function(x, *others, **named)

        def see(output: Tensor) -> None:
            nonlocal last
            last = output

        with torch.no_grad(), activations_seen(see):
            with Instead({"batch_norm": normalise}):
                network(images)
            before = last
            network(changed)
        if before is None or last is None:
            return float("nan")
        return (last - before).abs().flatten(1).sum(1).mean().log().item() + scaling
