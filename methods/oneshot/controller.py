"""The recurrent network that proposes architectures in ENAS; needs torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harness import Architecture, HarnessError, SearchSpace

LAYERS = 2
HIDDEN = 32
INITIAL = 0.1

# How often what is no valid architecture is drawn anew.
TRIES = 200


@dataclass(frozen=True)
class Proposals:
    """Architectures that a controller drew.

    Attributes:
        archs: n genotypes.
        log_probabilities: of each, in nats, with gradient; shape (n,).
        entropies: of its decisions' distributions, in nats, summed, with gradient; shape (n,).
    """

    archs: list[Architecture]
    log_probabilities: Tensor
    entropies: Tensor


class Controller(nn.Module):
    """An LSTM that takes one decision after the other, each with the last choice as its input.

    Logits are divided by a temperature and bounded by a hyperbolic tangent, so that no choice dies
    out (Pham et al., ICML 2018, appendix). It draws on the CPU.
    """

    def __init__(
        self, sizes: tuple[int, ...], temperature: float, bound: float, generator: torch.Generator
    ) -> None:
        """Make it, with weights from ``uniform(-0.1, 0.1)``.

        Args:
            sizes: number of choices of each decision.
            temperature: that logits are divided by.
            bound: of their absolute value.
            generator: draws the weights.
        """
        super().__init__()
        self._sizes, self._temperature, self._bound = sizes, temperature, bound
        # Modules draw their weights from the global generator, except on the device without memory.
        with torch.device("meta"):
            self.first = nn.Parameter(torch.empty(1, HIDDEN))
            self.lstm = nn.LSTM(HIDDEN, HIDDEN, LAYERS)
            self.embedding = nn.Embedding(max(sizes), HIDDEN)
            self.head = nn.Linear(HIDDEN, max(sizes))
        self.to_empty(device="cpu")
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -INITIAL, INITIAL, generator=generator)

    def draw(self, space: SearchSpace, count: int, generator: torch.Generator) -> Proposals:
        """Draw valid architectures.

        Args:
            space: of the architectures.
            count: how many.
            generator: on the CPU.

        Raises:
            HarnessError: next to nothing that is drawn is valid.
        """
        archs: list[Architecture] = []
        log_probabilities, entropies = [], []
        for _ in range(TRIES):
            drawn = self._draw(count - len(archs), generator)
            valid = [i for i, arch in enumerate(drawn.archs) if space.is_valid(arch)]
            archs += [drawn.archs[i] for i in valid]
            log_probabilities.append(drawn.log_probabilities[valid])
            entropies.append(drawn.entropies[valid])
            if len(archs) == count:
                return Proposals(archs, torch.cat(log_probabilities), torch.cat(entropies))
        raise HarnessError(
            f"of {TRIES} draws of the controller not {count} were valid architectures of "
            f"{space.id}, whose decisions depend on each other too much for it"
        )

    def follow(
        self,
        optimizer: torch.optim.Optimizer,
        drawn: Proposals,
        advantages: NDArray[np.float64],
        clip: float,
    ) -> None:
        """A step along the policy gradient.

        Args:
            optimizer: of the parameters.
            drawn: n architectures.
            advantages: of their rewards over a baseline, shape (n,).
            clip: largest norm of the gradient.
        """
        optimizer.zero_grad()
        loss = (-drawn.log_probabilities * torch.from_numpy(advantages)).mean()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.parameters(), clip)
        optimizer.step()

    def _draw(self, count: int, generator: torch.Generator) -> Proposals:
        inputs, state = self.first.expand(count, -1), None
        chosen, log_probabilities, entropies = [], [], []
        for size in self._sizes:
            outputs, state = self.lstm(inputs[None], state)
            logits = self._bound * torch.tanh(self.head(outputs[0]) / self._temperature)
            logs = logits[:, :size].log_softmax(1)
            choices = torch.multinomial(logs.detach().exp(), 1, generator=generator)
            chosen.append(choices[:, 0])
            log_probabilities.append(logs.gather(1, choices)[:, 0])
            entropies.append(-(logs.exp() * logs).sum(1))
            inputs = self.embedding(choices[:, 0])
        return Proposals(
            [tuple(row) for row in torch.stack(chosen, 1).tolist()],
            torch.stack(log_probabilities).sum(0),
            torch.stack(entropies).sum(0),
        )
