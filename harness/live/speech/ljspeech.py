"""The LJ Speech Dataset (Ito and Johnson, 2017): one speaker, 13,100 clips, about 24 hours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.core.data_home import data_home
from harness.core.errors import InvalidTable, MissingData
from harness.live.speech.text import spoken

CITATION = "Ito and Johnson, The LJ Speech Dataset, 2017"
LICENCE = "public domain"


@dataclass(frozen=True)
class Clip:
    """A recording that is not read yet.

    Attributes:
        name: e.g. ``LJ001-0001``.
        text: as it is spoken; see `harness.live.speech.text.spoken`.
    """

    name: str
    text: str


def ljspeech_folder() -> Path:
    """Where the data lies."""
    return data_home() / "live" / "ljspeech" / "LJSpeech-1.1"


def wav_path(folder: Path, name: str) -> Path:
    """The recording of a clip."""
    return folder / "wavs" / f"{name}.wav"


def read_metadata(folder: Path) -> list[Clip]:
    """The clips of a folder in the layout of LJSpeech-1.1, all of them or some.

    Each line of ``metadata.csv`` is ``name|text|text with numbers written out``; the last part may
    be missing. Recordings are not looked at.

    Raises:
        MissingData: there is no such folder.
        InvalidTable: a line has no name or no text, or a name is there twice.
    """
    path = folder / "metadata.csv"
    if not path.is_file():
        raise MissingData(
            f"the recordings of LJSpeech are not on this machine (no {path}).\n"
            "  Get LJSpeech-1.1.tar.bz2: https://keithito.com/LJ-Speech-Dataset/\n"
            f"  Unpack it in {folder.parent}"
        )
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InvalidTable(f"{path} is no text in UTF-8 ({error}). Get it anew") from None
    clips = [_clip(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    names = {clip.name for clip in clips}
    if len(names) < len(clips) or not clips:
        reason = "names a clip twice" if clips else "is empty"
        raise InvalidTable(f"{path} {reason}. Get it anew")
    return clips


def _clip(path: Path, number: int, line: str) -> Clip:
    # Quotation marks are text: no format of csv with quotes.
    name, _, texts = line.partition("|")
    text = spoken(next((part for part in reversed(texts.split("|")) if part.strip()), ""))
    if not name or "/" in name or not any(letter.isalpha() for letter in text):
        raise InvalidTable(
            f"{path}, line {number}: {line[:60]!r} is not NAME|TEXT|NORMALISED TEXT. Get it anew"
        )
    return Clip(name, text)
