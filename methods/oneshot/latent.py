"""What a point of an autoencoder's latent space says of architectures; needs torch."""

from __future__ import annotations

import torch
from torch import Tensor

from harness import Architecture
from methods.oneshot.sequence_vae import SequenceVAE


def decoded(vae: SequenceVAE, point: Tensor, generator: torch.Generator | None) -> Architecture:
    """The architecture of a point, drawn; that of its most probable choices without a generator.

    Args:
        vae: the autoencoder.
        point: shape (latent,).
        generator: on the CPU.
    """
    with torch.no_grad():
        archs = vae.decode(point[None], generator)
    return tuple(archs[0].tolist())


def probabilities(vae: SequenceVAE, point: Tensor, arch: Architecture) -> Tensor:
    """Probability of each choice of each decision after those of an architecture.

    Args:
        vae: the autoencoder.
        point: shape (latent,).
        arch: a genotype; each decision sees what it has before.

    Returns:
        Shape (decisions, most choices), with the gradient of the point; 0 where there is no choice.
    """
    index = torch.tensor(arch, device=point.device)
    return vae.logits(point[None], index[None])[0].softmax(dim=1)


def read_as_choices(vae: SequenceVAE, point: Tensor, arch: Architecture) -> Tensor:
    """What one softmax over all numbers of a point gives each of an architecture's choices.

    Args:
        vae: knows the numbers of choices, whose sum is that of the point's numbers.
        point: shape (latent,).
        arch: a genotype.

    Returns:
        Shape (decisions,), with the gradient of the point.
    """
    sizes = torch.tensor(vae.sizes, device=point.device)
    index = torch.tensor(arch, device=point.device)
    return point.softmax(dim=0)[sizes.cumsum(0) - sizes + index]


def of_choices(rows: Tensor, arch: Architecture) -> Tensor:
    """Each decision's probability of an architecture's choice, shape (decisions,)."""
    return rows.gather(1, torch.tensor(arch, device=rows.device)[:, None])[:, 0]
