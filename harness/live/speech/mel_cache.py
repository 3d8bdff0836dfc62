"""Mel spectrograms on disk, mapped into memory: computing them takes longer than a small step."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import HarnessError, InvalidTable
from harness.live.speech import mel
from harness.live.speech.ljspeech import Clip, wav_path
from harness.live.speech.wav import DamagedWav, floats_of

# Raised when the same files give other numbers.
_LAYOUT = 1

_FRAMES, _INDEX = "frames.f32", "index.json"


@dataclass(frozen=True, eq=False)
class Mels:
    """Spectrograms of clips, read from disk when they are looked at.

    Attributes:
        folder: of the cache.
        clips: those whose recording is whole.
        frames: of each clip.
        damaged: names of the clips that are left out.
        checksum: SHA-256 of names, texts and recordings, in hexadecimal.
    """

    folder: Path
    clips: tuple[Clip, ...]
    frames: tuple[int, ...]
    damaged: tuple[str, ...]
    checksum: str

    def __getstate__(self) -> dict[str, Any]:
        """Another process maps the file itself."""
        return {name: value for name, value in vars(self).items() if name != "_rows"}

    @cached_property
    def _rows(self) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = np.memmap(self.folder / _FRAMES, np.float32, mode="r")
        return rows.reshape(-1, mel.MELS)

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(self.frames)])

    def of(self, number: int) -> NDArray[np.float32]:
        """Log-mels of one clip, shape (frames, `harness.live.speech.mel.MELS`)."""
        start, end = self._starts[number : number + 2]
        return self._rows[start:end]


def mels_of(folder: Path, clips: Sequence[Clip], cache: Path, damaged_share: float) -> Mels:
    """Compute spectrograms, or read them from the cache.

    Files are known by name, size and time of change; processes wait for each other.

    Args:
        folder: in the layout of LJSpeech-1.1.
        clips: of the folder.
        cache: folder of caches, which is made.
        damaged_share: largest share of clips whose recording may be missing or damaged, which are
            then left out; one may be in any case.

    Raises:
        InvalidTable: more recordings are missing or damaged.
        HarnessError: the cache cannot be written.
    """
    from filelock import FileLock

    home = cache / f"ljspeech-{_key(folder, clips)}"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(home.with_suffix(".lock")):
            if not (home / _INDEX).is_file():
                _build(folder, clips, home)
            index = json.loads((home / _INDEX).read_text())
    except OSError as error:
        raise HarnessError(
            f"{home} cannot be written or read ({error}): make room, or let HARNESS_CACHE name "
            "another folder"
        ) from error
    damaged = index["damaged"]
    _check_damaged(folder, damaged, len(clips), damaged_share)
    whole = tuple(clip for clip in clips if clip.name not in damaged)
    return Mels(home, whole, tuple(index["frames"]), tuple(damaged), index["checksum"])


def _key(folder: Path, clips: Sequence[Clip]) -> str:
    constants = (_LAYOUT, mel.RATE, mel.FRAME, mel.HOP, mel.MELS, mel.TOP, mel.FLOOR)
    digest = hashlib.sha256(f"{constants}\n".encode())
    for clip in clips:
        path = wav_path(folder, clip.name)
        known = (path.stat().st_size, path.stat().st_mtime_ns) if path.is_file() else None
        digest.update(f"{clip} {known}\n".encode())
    return digest.hexdigest()[:16]


def _check_damaged(folder: Path, damaged: dict[str, str], clips: int, share: float) -> None:
    if not damaged:
        return
    allowed = max(1, int(share * clips))
    named = "; ".join(f"{name}: {reason}" for name, reason in list(damaged.items())[:5])
    more = f"; and {len(damaged) - 5:,} more" if len(damaged) > 5 else ""
    found = f"{len(damaged):,} of {clips:,} recordings are missing or damaged ({named}{more})"
    if len(damaged) > allowed:
        raise InvalidTable(f"{folder}: {found}; at most {allowed} may be. Get these files anew")
    logging.getLogger(__name__).warning("%s: %s; left out", folder, found)


def _build(folder: Path, clips: Sequence[Clip], home: Path) -> None:
    """Compute everything into a folder; its index is written last."""
    import torch
    from rich.console import Console
    from rich.progress import track

    home.mkdir(exist_ok=True)
    console = Console(stderr=True)
    digest, frames, damaged = hashlib.sha256(), [], {}
    steps = track(
        clips,
        f"spectrograms of {len(clips):,} clips",
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with (home / _FRAMES).open("wb") as file:
        for clip in steps:
            path = wav_path(folder, clip.name)
            content = path.read_bytes() if path.is_file() else b""
            digest.update(f"{clip} {hashlib.sha256(content).hexdigest()}\n".encode())
            try:
                samples = floats_of(content) if content else None
            except DamagedWav as error:
                damaged[clip.name] = str(error)
                continue
            if samples is None:
                damaged[clip.name] = "empty" if path.is_file() else "missing"
                continue
            found = mel.log_mels(torch.from_numpy(samples))
            file.write(found.contiguous().numpy().tobytes())
            frames.append(len(found))
    index = {"frames": frames, "damaged": damaged, "checksum": digest.hexdigest()}
    beside = home / f"new-{_INDEX}"
    beside.write_text(json.dumps(index))
    os.replace(beside, home / _INDEX)
