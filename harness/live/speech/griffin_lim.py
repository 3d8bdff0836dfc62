"""From a mel spectrogram back to a recording; needs torch."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from harness.live.speech.mel import FLOOR, FRAME, HOP, filterbank

ITERATIONS = 60
MOMENTUM = 0.99


@lru_cache(maxsize=1)
def _inverse() -> Tensor:
    inverse: Tensor = torch.linalg.pinv(torch.from_numpy(filterbank()))
    return inverse


def griffin_lim(log_mels: Tensor, iterations: int = ITERATIONS) -> Tensor:
    """A recording with nearly the given mel spectrogram.

    Magnitudes by the pseudo-inverse of the filters, phases by the fast algorithm of Griffin and Lim
    (Perraudin et al., WASPAA 2013), which begins with phases of 0 and so draws nothing.

    Args:
        log_mels: see `harness.live.speech.mel.log_mels`, shape (frames, mels); a single frame is
            followed by a silent one.
        iterations: of the algorithm.

    Returns:
        Samples, shape (`HOP` * (frames - 1),), the largest one at most 1.
    """
    if len(log_mels) == 1:
        log_mels = torch.cat([log_mels, torch.full_like(log_mels, math.log(FLOOR))])
    magnitudes = (_inverse().to(log_mels) @ log_mels.exp().T).clamp(min=0)
    window = torch.hann_window(FRAME, dtype=log_mels.dtype, device=log_mels.device)

    def to_samples(spectrum: Tensor) -> Tensor:
        # Silence at the ends, which no frame of a very short recording covers, stays silent.
        padded = HOP * (spectrum.shape[1] - 1)
        return torch.istft(spectrum, FRAME, HOP, window=window, length=padded)

    last = torch.zeros_like(magnitudes, dtype=torch.complex64)
    phases = torch.ones_like(last)
    for _ in range(iterations):
        samples = to_samples(magnitudes * phases)
        found = torch.stft(_padded(samples), FRAME, HOP, window=window, return_complex=True)
        found = found[:, : magnitudes.shape[1]]
        moved = found + MOMENTUM * (found - last)
        phases, last = moved / moved.abs().clamp(min=1e-9), found
    samples = to_samples(magnitudes * phases)
    return samples / samples.abs().max().clamp(min=1)


def _padded(samples: Tensor) -> Tensor:
    """The samples with silence behind those that are too few to be reflected."""
    return torch.nn.functional.pad(samples, (0, max(0, FRAME - len(samples))))
