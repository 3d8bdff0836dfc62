"""Recordings in files."""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

from harness.live.speech.mel import FRAME, RATE


class DamagedWav(ValueError):
    """A file that is no whole recording in the format that is wanted; says why."""


def floats_of(content: bytes) -> NDArray[np.float32]:
    """The same from -1 to below 1; see `samples_of`."""
    return samples_of(content).astype(np.float32) / np.float32(2**15)


def samples_of(content: bytes) -> NDArray[np.int16]:
    """Samples of a file: one channel of 16-bit PCM at `RATE`.

    Args:
        content: of the file.

    Returns:
        Shape (samples,).

    Raises:
        DamagedWav: the file is no wav, of another format, cut off or too short for a frame.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = file.getnchannels(), file.getsampwidth(), file.getframerate()
            expected = file.getnframes()
            found = np.frombuffer(file.readframes(expected), "<i2") if form[1] == 2 else None
    except (wave.Error, EOFError, ValueError) as error:
        raise DamagedWav(f"no wav file ({error})") from None
    if form != (1, 2, RATE) or found is None:
        raise DamagedWav(
            f"rate, bits and channels are {form[2]:,} Hz, {8 * form[1]} and {form[0]}, "
            f"not {RATE:,} Hz, 16 and 1"
        )
    if len(found) != expected:
        raise DamagedWav(f"cut off after {len(found):,} of {expected:,} samples")
    if len(found) < FRAME:
        raise DamagedWav(f"only {len(found)} samples")
    return found.astype(np.int16)
