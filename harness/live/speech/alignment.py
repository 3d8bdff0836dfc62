"""How the attention of a speech network runs along its text; needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from harness.live.speech.phonemes import NO_WORD

# Of the diagonal that attention is guided to, a share of text and recording.
GUIDED_WIDTH = 0.2


def _places(attention: Tensor, steps: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers of outputs and inputs from 1, and which pairs there are."""
    outputs, inputs = attention.shape[2:]
    o = torch.arange(1, outputs + 1, device=attention.device)[None, :, None]
    i = torch.arange(1, inputs + 1, device=attention.device)[None, None, :]
    return o, i, (o <= steps[:, None, None]) & (i <= tokens[:, None, None])


def diagonal_focus(attention: Tensor, steps: Tensor, tokens: Tensor, bandwidth: float) -> Tensor:
    """The diagonal focus rate of each head (Luo et al., SemiNAS, NeurIPS 2020, section 4.3).

    With I inputs, O outputs and k = O / I it is the share of the attention A that lies near the
    diagonal: the sum of A[o, i] over all i and k i - b <= o <= k i + b, over the sum of all, with
    outputs o and inputs i counted from 1.

    Args:
        attention: not negative, shape (n, heads, outputs, inputs); padded.
        steps: outputs of each example, shape (n,).
        tokens: inputs of each example, shape (n,).
        bandwidth: b, in outputs.

    Returns:
        From 0 to 1, shape (n, heads).
    """
    o, i, there = _places(attention, steps, tokens)
    slope = (steps / tokens)[:, None, None]
    near = there & ((o - slope * i).abs() <= bandwidth)
    whole = torch.einsum("nhoi,noi->nh", attention, there.to(attention))
    return torch.einsum("nhoi,noi->nh", attention, near.to(attention)) / whole.clamp(min=1e-9)


def distance_from_diagonal(attention: Tensor, steps: Tensor, tokens: Tensor) -> Tensor:
    """What guided attention is punished for (Tachibana et al., ICASSP 2018, equation 5).

    The mean over the O outputs of the sum over inputs of A[o, i] times
    1 - exp(-(i / I - o / O)^2 / (2 g^2)), g = 0.2.

    Args:
        attention: see `diagonal_focus`; rows sum to 1.
        steps: outputs of each example, shape (n,).
        tokens: inputs of each example, shape (n,).

    Returns:
        From 0 to 1, shape (n, heads).
    """
    o, i, there = _places(attention, steps, tokens)
    apart = i / tokens[:, None, None] - o / steps[:, None, None]
    weight = (1 - torch.exp(-(apart**2) / (2 * GUIDED_WIDTH**2))) * there
    return torch.einsum("nhoi,noi->nh", attention, weight.to(attention)) / steps[:, None]


def skips_and_repeats(path: Sequence[int], owners: Sequence[int]) -> tuple[int, int]:
    """Words that an alignment never comes to, and returns to words that it had left.

    Args:
        path: the token that each step looks at.
        owners: the word of each token, from 0, and `NO_WORD` for pauses, which count for nothing.

    Returns:
        The number of skipped words, and that of repeats.
    """
    visits = [owners[token] for token in path if owners[token] != NO_WORD]
    arrivals = [visits[:1], *([b] for a, b in pairwise(visits) if a != b)]
    count = sum(len(arrival) for arrival in arrivals)
    return len({*owners} - {NO_WORD} - {*visits}), count - len({*visits})
