from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness.live.speech.griffin_lim import griffin_lim  # noqa: E402
from harness.live.speech.ljspeech import ljspeech_folder, read_metadata, wav_path  # noqa: E402
from harness.live.speech.mel import (  # noqa: E402
    FRAME,
    HOP,
    MELS,
    RATE,
    TOP,
    filterbank,
    hertz_to_mel,
    log_mels,
    mel_to_hertz,
)
from harness.live.speech.wav import floats_of  # noqa: E402


def sine(hertz, seconds=0.5):
    return torch.sin(2 * torch.pi * hertz * torch.arange(int(seconds * RATE)) / RATE)


def centres():
    """Of the filters in hertz, by the rule of Slaney, written another way than the module does."""
    top = 15 + 27 * np.log(TOP / 1000) / np.log(6.4)
    mels = np.arange(1, MELS + 1) * top / (MELS + 1)
    return [200 / 3 * m if m < 15 else 1000 * 6.4 ** ((m - 15) / 27) for m in mels]


def test_slaneys_scale():
    hertz = np.array([0, 500, 1000, 6400, 8000.0])
    mels = hertz_to_mel(hertz)
    # Published: 1 kHz is 15 mels, 6.4 kHz 42.
    assert mels[:4] == pytest.approx([0, 7.5, 15, 42])
    assert mels[4] == pytest.approx(45.245640471924965)  # librosa 0.11.0
    assert mel_to_hertz(mels) == pytest.approx(hertz)


def test_each_filter_is_a_triangle_of_area_one_around_its_centre():
    filters, bins = filterbank(), np.linspace(0, RATE / 2, FRAME // 2 + 1)
    assert filters.shape == (MELS, len(bins))
    assert filters.min() == 0
    areas = filters.sum(1) * (bins[1] - bins[0])
    # Sampled triangles: the narrow ones at the bottom have few bins.
    assert areas[40:] == pytest.approx(1, abs=0.02)
    assert areas == pytest.approx(1, abs=0.5)
    middles = (filters @ bins) / filters.sum(1)
    assert np.abs(middles - centres()).max() < bins[1]
    assert not filters[:, bins > TOP].any()


@pytest.mark.parametrize("filter", [10, 30, 50, 70])
def test_a_sine_is_loudest_in_its_filter(filter):
    mels = log_mels(sine(centres()[filter]))
    assert mels.shape == (1 + int(0.5 * RATE) // HOP, MELS)
    assert mels.dtype == torch.float32
    assert mels[5:-5].argmax(1).unique().tolist() == [filter]


def test_silence_is_the_floor():
    assert log_mels(torch.zeros(4 * FRAME)).unique().item() == pytest.approx(np.log(1e-5))


def test_griffin_lim_gives_a_sine_back():
    found = griffin_lim(log_mels(sine(440.0, 1.0)))
    assert found.shape == (HOP * (RATE // HOP),)
    # The highest of the peaks of the spectrum, to within one of its bins.
    spectrum = torch.fft.rfft(found * torch.hann_window(len(found))).abs()
    assert spectrum.argmax().item() * RATE / len(found) == pytest.approx(440, abs=RATE / FRAME)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_griffin_lim_of_very_short_spectrograms(frames):
    found = griffin_lim(torch.zeros(frames, MELS))
    assert found.shape == (HOP * max(1, frames - 1),)
    assert bool(found.isfinite().all())


def test_griffin_lim_keeps_the_spectrogram_of_speech(harness_data):
    folder = ljspeech_folder()
    if not folder.is_dir():
        pytest.skip("HARNESS_DATA has no recordings of LJSpeech")
    name = read_metadata(folder)[1].name
    real = log_mels(torch.from_numpy(floats_of(wav_path(folder, name).read_bytes())))
    copy = griffin_lim(real)
    apart = (log_mels(copy) - real).abs().mean().item()
    noise = log_mels(torch.randn(len(copy), generator=torch.Generator().manual_seed(0)))
    assert apart < 0.25 < 2 < (noise - real).abs().mean().item()
    assert torch.equal(copy, griffin_lim(real))
