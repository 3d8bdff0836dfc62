from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("pocketsphinx")

from harness.live.speech.ljspeech import ljspeech_folder, read_metadata, wav_path
from harness.live.speech.recognition import (
    phone_error_rate,
    transcribe,
    word_error_rate,
)
from harness.live.speech.wav import floats_of


def test_word_error_rate():
    texts = ["The art, of printing!", "in 1485"]
    # Of eight words "fourteen", "eighty" and "five" are missing.
    heard = [["the", "art", "of", "printing"], ["in"]]
    assert word_error_rate(texts, heard) == pytest.approx(100 * 3 / 8)
    assert word_error_rate(["a b"], [[]]) == 100
    assert word_error_rate(["a"], [["a", "b", "c"]]) == 200


def test_phone_error_rate_forgives_what_sounds_alike():
    assert phone_error_rate(["the sea"], [["the", "see"]]) == 0
    assert word_error_rate(["the sea"], [["the", "see"]]) == 50
    # One of B AE T.
    assert phone_error_rate(["bat"], [["cat"]]) == pytest.approx(100 / 3)


def test_real_speech_is_understood_better_than_noise(harness_data):
    folder = ljspeech_folder()
    if not folder.is_dir():
        pytest.skip("HARNESS_DATA has no recordings of LJSpeech")
    # The shortest ones: the recogniser takes half as long as the recording.
    clips = sorted(read_metadata(folder), key=lambda clip: len(clip.text))[:3]
    texts = [clip.text for clip in clips]
    real = [floats_of(wav_path(folder, clip.name).read_bytes()) for clip in clips]
    rng = np.random.default_rng(0)
    noise = [rng.normal(0, 0.1, 11_025).astype(np.float32)]
    heard = transcribe(real)
    assert word_error_rate(texts, heard) < 60
    assert phone_error_rate(texts, heard) < 45
    assert word_error_rate(texts[:1], transcribe(noise)) > 80
    assert transcribe([np.zeros(256, np.float32)]) == [[]]
