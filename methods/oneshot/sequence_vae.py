"""A variational autoencoder of genotypes after D-VAE (Zhang et al., NeurIPS 2019)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

# Weight of the divergence from the prior, and scale of the noise while training; both published.
DIVERGENCE = 0.005
NOISE = 0.01


class SequenceVAE(nn.Module):
    """Encodes genotypes as points of a latent space, and decodes points.

    A D-VAE reads the vertices of a graph in their order and writes their types in that order. Where
    the wiring is fixed, as in the released code for NAS-Bench-201, a genotype says all of it; here
    its decisions are the vertices, in a chain, so that every space has an autoencoder. As there,
    the encoder is a GRU in both directions that are merged linearly, followed by a linear head for
    means and one for log-variances; the decoder is a GRU that starts in tanh of a linear map of the
    latent point, reads what was chosen before, and writes by two layers of which the inner one is
    twice as wide. A choice that does not exist has probability zero.

    Attributes:
        sizes: number of choices of each decision.
        latent: numbers of a point.
    """

    _refused: Tensor
    _positions: Tensor

    def __init__(
        self, sizes: Sequence[int], latent: int, hidden: int, generator: torch.Generator
    ) -> None:
        """Draw weights, uniform in 1 / sqrt(inputs) as torch would.

        Args:
            sizes: number of choices of each decision.
            latent: numbers of a point.
            hidden: state of the GRUs.
            generator: of the weights.
        """
        super().__init__()
        self.sizes, self.latent = tuple(sizes), latent
        self._most = max(sizes)
        shown = self._most + 1 + len(sizes)
        # Modules draw their weights from the global generator, except on the device without memory.
        with torch.device("meta"):
            self.encoder = nn.GRU(shown, hidden, batch_first=True, bidirectional=True)
            self.merge = nn.Linear(2 * hidden, hidden)
            self.mean = nn.Linear(hidden, latent)
            self.log_variance = nn.Linear(hidden, latent)
            self.start = nn.Linear(latent, hidden)
            self.decoder = nn.GRU(shown, hidden, batch_first=True)
            self.inner = nn.Linear(hidden, 2 * hidden)
            self.outer = nn.Linear(2 * hidden, self._most)
        self.to_empty(device="cpu")
        with torch.no_grad():
            for module in self.children():
                size = hidden if isinstance(module, nn.GRU) else int(module.in_features)  # type: ignore[arg-type]
                for weight in module.parameters():
                    weight.uniform_(-1 / math.sqrt(size), 1 / math.sqrt(size), generator=generator)
        absent = torch.arange(self._most) >= torch.tensor(self.sizes)[:, None]
        self.register_buffer("_refused", torch.zeros(absent.shape).masked_fill(absent, -math.inf))
        self.register_buffer("_positions", torch.eye(len(sizes)))

    def encode(self, archs: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-variances of genotypes (n, decisions), each of shape (n, latent)."""
        _, last = self.encoder(self._shown(archs, 0))
        state = self.merge(torch.cat([last[0], last[1]], dim=1))
        return self.mean(state), self.log_variance(state)

    def logits(self, points: Tensor, archs: Tensor) -> Tensor:
        """Logits of all choices, each seeing the genotype's choices before it.

        Args:
            points: shape (n, latent).
            archs: shape (n, decisions).

        Returns:
            Shape (n, decisions, most choices); -inf where there is no choice.
        """
        before = functional.pad(archs[:, :-1] + 1, (1, 0))
        states, _ = self.decoder(self._shown(before, 1), torch.tanh(self.start(points))[None])
        return self._write(states) + self._refused

    def decode(self, points: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Genotypes of points, choice after choice.

        Args:
            points: shape (n, latent).
            generator: draws the choices, on the CPU; the most probable ones where None.

        Returns:
            Shape (n, decisions).
        """
        state = torch.tanh(self.start(points))[None]
        before = torch.zeros(len(points), 1, dtype=torch.int64, device=points.device)
        chosen = []
        for position, refused in enumerate(self._refused):
            states, state = self.decoder(self._shown(before, 1, position), state)
            logits = self._write(states)[:, 0] + refused
            if generator is not None:
                uniform = torch.rand(logits.shape, generator=generator).to(logits.device)
                # Exponential variables of the rates p: the first of them is i with p_i.
                logits = logits - torch.log(-torch.log(uniform.clamp_min(1e-30)))
            choice = logits.argmax(dim=1, keepdim=True)
            chosen.append(choice)
            before = choice + 1
        return torch.cat(chosen, dim=1)

    def loss(self, archs: Tensor, generator: torch.Generator) -> Tensor:
        """Mean surprise at genotypes, in nats a genotype, and the weighted divergence."""
        mean, log_variance = self.encode(archs)
        noise = torch.randn(mean.shape, generator=generator)
        points = mean + NOISE * noise * torch.exp(log_variance / 2)
        logits = self.logits(points, archs)
        surprise = functional.cross_entropy(logits.flatten(0, 1), archs.flatten(), reduction="sum")
        divergence = (mean**2 + log_variance.exp() - 1 - log_variance).sum() / 2
        return (surprise + DIVERGENCE * divergence) / len(archs)

    def _shown(self, numbers: Tensor, extra: int, position: int | None = None) -> Tensor:
        """One-hot numbers, and the position of each."""
        tokens = functional.one_hot(numbers, self._most + 1).to(self._positions.dtype)
        at = self._positions if position is None else self._positions[position : position + 1]
        return torch.cat([tokens, at.expand(len(numbers), -1, -1)], dim=2)

    def _write(self, states: Tensor) -> Tensor:
        written: Tensor = self.outer(functional.relu(self.inner(states)))
        return written
