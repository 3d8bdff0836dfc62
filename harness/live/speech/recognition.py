"""What a speech recogniser understands of recordings, as a stand-in for listeners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.live.speech.mel import RATE
from harness.live.speech.phonemes import bare_phones
from harness.live.speech.text import words

_UP, _DOWN = 320, 441


def transcribe(recordings: Iterable[NDArray[np.float32]]) -> list[list[str]]:
    """What pocketsphinx understands with its American English model.

    The recogniser adapts to what it hears, so the order matters and each call begins anew.

    Args:
        recordings: from -1 to 1, each of shape (samples,), at `harness.live.speech.mel.RATE`.

    Returns:
        The words of each recording.
    """
    from pocketsphinx import Decoder
    from scipy.signal import resample_poly

    assert RATE * _UP // _DOWN == 16_000
    decoder = Decoder(samprate=16_000, loglevel="FATAL")
    found = []
    for recording in recordings:
        heard = resample_poly(recording, _UP, _DOWN).clip(-1, 1)
        decoder.start_utt()
        decoder.process_raw((heard * (2**15 - 1)).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        found.append(words(hypothesis.hypstr) if hypothesis else [])
    return found


def word_error_rate(texts: Sequence[str], heard: Sequence[Sequence[str]]) -> float:
    """Wrong, left out and added words in percent of the words of all texts; 100 and more can be."""
    return _error_rate([words(text) for text in texts], heard)


def phone_error_rate(texts: Sequence[str], heard: Sequence[Sequence[str]]) -> float:
    """The same of phonemes, those of the recognised words; see `bare_phones`."""
    wanted = [bare_phones(words(text)) for text in texts]
    return _error_rate(wanted, [bare_phones(row) for row in heard])


def _error_rate(wanted: Sequence[Sequence[str]], heard: Sequence[Sequence[str]]) -> float:
    import jiwer

    references, hypotheses = [" ".join(row) for row in wanted], [" ".join(row) for row in heard]
    return 100 * float(jiwer.wer(references, hypotheses))
