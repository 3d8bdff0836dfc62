"""What a point of an autoencoder's latent space says of architectures; needs torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from harness import Architecture
from methods.oneshot.exploration import log_density
from methods.oneshot.sequence_vae import SequenceVAE


class LatentPoint:
    """One point and the autoencoder that reads it.

    Attributes:
        vae: the autoencoder.
        value: the point, shape (latent,); a leaf that gets gradients.
    """

    def __init__(self, vae: SequenceVAE, value: Tensor) -> None:
        """Take a point.

        Args:
            vae: the autoencoder.
            value: where the point is at first, shape (latent,).
        """
        self.vae, self.value = vae, value.requires_grad_()

    def decoded(self, generator: torch.Generator | None = None) -> Architecture:
        """The point's architecture, drawn; that of its most probable choices without a generator.

        Args:
            generator: on the CPU.
        """
        with torch.no_grad():
            archs = self.vae.decode(self.value[None], generator)
        return tuple(archs[0].tolist())

    def probabilities(self, arch: Architecture) -> Tensor:
        """Probability of each choice of each decision after those of an architecture.

        Args:
            arch: a genotype; each decision sees what it has before.

        Returns:
            Shape (decisions, most choices), with the gradient of the point; 0 where there is no
            choice.
        """
        index = self._tensor(arch)
        return self.vae.logits(self.value[None], index[None])[0].softmax(dim=1)

    def of_choices(self, arch: Architecture) -> Tensor:
        """Probability of each of an architecture's choices; shape (decisions,), with gradient."""
        return self.probabilities(arch).gather(1, self._tensor(arch)[:, None])[:, 0]

    def read_as_choices(self, arch: Architecture) -> Tensor:
        """What one softmax over all numbers of the point gives each of an architecture's choices.

        The point must have as many numbers as there are choices.

        Returns:
            Shape (decisions,), with the gradient of the point.
        """
        sizes = self._tensor(self.vae.sizes)
        return self.value.softmax(dim=0)[sizes.cumsum(0) - sizes + self._tensor(arch)]

    def log_density(self, archs: Sequence[Architecture]) -> Tensor:
        """How dense architectures lie where the point is; see `exploration.log_density`."""
        with torch.no_grad():
            points, _ = self.vae.encode(self._tensor(archs))
        return log_density(self.value, points)

    def distribution(self) -> list[list[float]]:
        """Probabilities of each decision's choices, along the most probable ones."""
        with torch.no_grad():
            rows = self.probabilities(self.decoded()).tolist()
        return [row[:size] for row, size in zip(rows, self.vae.sizes, strict=True)]

    def _tensor(self, numbers: Sequence[int] | Sequence[Architecture]) -> Tensor:
        return torch.tensor(numbers, device=self.value.device)
