"""Mel spectrograms of recordings, as Tacotron 2 has them (Shen et al., ICASSP 2018)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

RATE = 22_050
FRAME, HOP = 1024, 256
MELS, TOP = 80, 8000.0

# Magnitudes below it are silence.
FLOOR = 1e-5

# Slaney's scale (Auditory Toolbox, 1998) is linear up to 1 kHz, 15 mels, and logarithmic above,
# where 27 mels are a factor of 6.4.
_BREAK_HZ, _BREAK_MEL = 1000.0, 15.0
_STEP = np.log(6.4) / 27


def hertz_to_mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mels of frequencies from 0 up."""
    above = _BREAK_MEL + np.log(np.maximum(hertz, _BREAK_HZ) / _BREAK_HZ) / _STEP
    return np.where(hertz < _BREAK_HZ, hertz * _BREAK_MEL / _BREAK_HZ, above)


def mel_to_hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `hertz_to_mel`."""
    above = _BREAK_HZ * np.exp(_STEP * (mels - _BREAK_MEL))
    return np.where(mels < _BREAK_MEL, mels * _BREAK_HZ / _BREAK_MEL, above)


@lru_cache(maxsize=1)
def filterbank() -> NDArray[np.float64]:
    """Triangles at equal distances on Slaney's scale, each of area 1 over the frequencies in hertz.

    Returns:
        Shape (`MELS`, `FRAME` // 2 + 1).
    """
    highest = hertz_to_mel(np.array(TOP)).item()
    corners = mel_to_hertz(np.linspace(0, highest, MELS + 2))
    bins = np.linspace(0, RATE / 2, FRAME // 2 + 1)
    widths = np.diff(corners)[:, None]
    slopes = bins - corners[:, None]
    rising, falling = slopes[:-2] / widths[:-1], -slopes[2:] / widths[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return triangles * (2 / (corners[2:] - corners[:-2]))[:, None]


def log_mels(samples: Tensor) -> Tensor:
    """Natural logarithms of the mel-filtered magnitudes of a recording.

    Args:
        samples: from -1 to 1, shape (samples,), at `RATE`; at least half a frame.

    Returns:
        Shape (1 + samples // `HOP`, `MELS`).
    """
    import torch

    window = torch.hann_window(FRAME, dtype=samples.dtype, device=samples.device)
    found = torch.stft(samples, FRAME, HOP, window=window, return_complex=True).abs()
    filters = torch.from_numpy(filterbank()).to(samples)
    return (filters @ found).clamp(min=FLOOR).log().T
