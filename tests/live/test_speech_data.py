from __future__ import annotations

import logging

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness.core.errors import HarnessError, InvalidTable, MissingData  # noqa: E402
from harness.live.speech import mel_cache  # noqa: E402
from harness.live.speech.ljspeech import read_metadata  # noqa: E402
from harness.live.speech.mel import HOP, MELS, log_mels  # noqa: E402
from harness.live.speech.mel_cache import mels_of  # noqa: E402
from harness.live.speech.utterances import SILENCE, Utterances  # noqa: E402
from harness.live.speech.wav import floats_of  # noqa: E402
from tests.live.wav_files import write_ljspeech, write_wav  # noqa: E402

CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path):
    return write_ljspeech(tmp_path / "LJSpeech-1.1")


def mels(folder, share=0.0):
    return mels_of(folder, read_metadata(folder), folder.parent / "cache", share)


def test_metadata(folder):
    (folder / "metadata.csv").write_text(
        'A|Read in 1485.|Read in "fourteen" eighty-five.\nB|No 2nd text\n\nC|Nor here: 3||\n'
    )
    clips = read_metadata(folder)
    assert [clip.name for clip in clips] == ["A", "B", "C"]
    assert [clip.text for clip in clips] == [
        'read in "fourteen" eighty-five.',
        "no second text",
        "nor here: three",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"A|one\nonly words\n", "line 2: 'only words'"),
        (b"A|one\n|two\n", "line 2"),
        (b"../A|one\n", "line 1"),
        (b"A|...\n", "line 1"),
        (b"A|one\nA|two\n", "twice"),
        (b"\n", "empty"),
        (b"A|\xff\xfe\n", "UTF-8"),
    ],
)
def test_metadata_that_is_wrong(folder, content, message):
    (folder / "metadata.csv").write_bytes(content)
    with pytest.raises(InvalidTable, match=message):
        read_metadata(folder)


def test_no_data_says_where_to_get_it(tmp_path):
    with pytest.raises(MissingData, match="keithito"):
        read_metadata(tmp_path)


def test_the_cache_holds_the_spectrograms(folder):
    found = mels(folder)
    for i, clip in enumerate(found.clips):
        samples = floats_of((folder / "wavs" / f"{clip.name}.wav").read_bytes())
        assert np.array_equal(found.of(i), log_mels(torch.from_numpy(samples)).numpy())
        assert found.frames[i] == 1 + len(samples) // HOP


def test_what_is_cached_is_not_computed_again_unless_files_change(folder, monkeypatch):
    first = mels(folder)
    with monkeypatch.context() as patch:
        patch.setattr(mel_cache.mel, "log_mels", None)
        again = mels(folder)
    assert again.checksum == first.checksum
    assert again.frames == first.frames
    write_wav(folder / "wavs" / "C-3.wav", np.zeros(5000, "<i2"))
    changed = mels(folder)
    assert changed.checksum != first.checksum
    assert changed.frames[3] == 1 + 5000 // HOP


def damage(folder, how, number=2):
    path = folder / "wavs" / f"C-{number}.wav"
    noise = np.ones(8000, "<i2")
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "no wav":
        path.write_bytes(b"RIFF" + bytes(2000))
    elif how == "cut off":
        path.write_bytes(path.read_bytes()[:-3000])
    elif how == "rate, bits and channels are 44,100 Hz, 16 and 1":
        write_wav(path, noise, rate=44_100)
    elif how == "rate, bits and channels are 22,050 Hz, 16 and 2":
        write_wav(path, noise, channels=2)
    elif how == "rate, bits and channels are 22,050 Hz, 8 and 1":
        write_wav(path, noise, width=1)
    elif how == "only 100 samples":
        write_wav(path, noise[:100])


HARMS = (
    *("missing", "empty", "no wav", "cut off", "only 100 samples"),
    "rate, bits and channels are 44,100 Hz, 16 and 1",
    "rate, bits and channels are 22,050 Hz, 16 and 2",
    "rate, bits and channels are 22,050 Hz, 8 and 1",
)


@pytest.mark.parametrize("how", HARMS)
def test_one_damaged_recording_is_named_and_left_out(folder, how, caplog):
    damage(folder, how)
    with caplog.at_level(logging.WARNING):
        found = mels(folder)
    assert found.damaged == ("C-2",)
    assert [clip.name for clip in found.clips] == [f"C-{i}" for i in range(10) if i != 2]
    assert found.of(2).shape == (found.frames[2], MELS)
    assert f"1 of 10 recordings are missing or damaged (C-2: {how}" in caplog.text


def test_too_many_damaged_recordings_are_refused(folder):
    for number, how in enumerate(HARMS):
        damage(folder, how, number)
    with pytest.raises(InvalidTable, match=r"8 of 10 recordings.*C-0: missing.*and 3 more.*most 2"):
        mels(folder, share=0.2)
    assert len(mels(folder, share=0.8).clips) == 2


def test_a_cache_that_cannot_be_written(folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="HARNESS_CACHE"):
        mels_of(folder, read_metadata(folder), tmp_path / "file" / "cache", 0.0)


@pytest.mark.parametrize("group", [1, 4])
def test_a_batch_is_padded_and_shows_the_frame_before_each_step(folder, group):
    found = mels(folder)
    data = Utterances(found, (4, 7, 1), group)
    (tokens, previous, lengths), (targets, steps, same) = data.batch(torch.tensor([0, 2]), CPU)
    assert torch.equal(lengths, same)
    for row, number in enumerate((4, 1)):
        own = data.pronunciations[(0, 2)[row]].tokens
        assert tokens[row].tolist() == [*own, *[0] * (tokens.shape[1] - len(own))]
        assert lengths[row] == len(own)
        frames = torch.tensor(found.of(number))
        assert steps[row] == -(-len(frames) // group)
        flat = targets[row].view(-1, MELS)
        assert torch.equal(flat[: len(frames)], frames)
        assert flat[len(frames) :].unique().tolist() in ([], [np.float32(SILENCE)])
        assert previous[row, 0].unique().tolist() == [np.float32(SILENCE)]
        assert torch.equal(previous[row, 1:], flat[group - 1 : -1 : group])
