"""Folders in the layout of LJSpeech with recordings of noise."""

from __future__ import annotations

import wave

import numpy as np

TEXTS = ("one two", "three four five", "six", "seven eight nine ten", "eleven twelve")


def write_wav(path, samples, rate=22_050, channels=1, width=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def write_ljspeech(folder, clips=10, seconds=0.4):
    """Clips ``C-0``, ``C-1``, ..., each a little longer than the one before."""
    rng = np.random.default_rng(0)
    lines = []
    for i in range(clips):
        count = int(22_050 * seconds * (1 + i / clips))
        write_wav(folder / "wavs" / f"C-{i}.wav", rng.integers(-9000, 9000, count).astype("<i2"))
        text = TEXTS[i % len(TEXTS)]
        lines.append(f"C-{i}|{text}|{text}")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
