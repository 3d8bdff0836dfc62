"""What a trained network shows, as files: pictures and alignments as PNG, sound as wav."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import HarnessError
from harness.live.exhibits import Alignment, Exhibit, Pictures, Sound
from harness.report.show.figures import new_figure, save
from harness.report.show.files import Written, file_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Pixels: of a picture's side at least, between pictures, and for the titles of the columns.
SIDE, GAP, HEAD = 96, 6, 22
_DPI = 100
_CHARACTER = 7
# Inputs of an alignment that can still be told apart when each has a name.
_NAMED = 80


def write_exhibit(exhibit: Exhibit, folder: Path) -> Written:
    """Write one exhibit into a folder.

    Raises:
        HarnessError: it cannot be written, or has another shape than it says.
    """
    path = folder / file_name(exhibit.name)
    if isinstance(exhibit, Sound):
        sound = write_wav(path.with_name(f"{path.name}.wav"), exhibit.samples, exhibit.rate)
        return Written("sound", sound)
    png = path.with_name(f"{path.name}.png")
    if isinstance(exhibit, Pictures):
        return Written("pictures", save(pictures_figure(exhibit), png, _DPI))
    return Written("alignment", save(alignment_figure(exhibit), png))


def write_wav(path: Path, samples: NDArray[np.float32], rate: int) -> Path:
    """Write 16-bit PCM; what is beyond -1 and 1 is clipped.

    Args:
        path: the file.
        samples: shape (samples,).
        rate: samples a second.

    Raises:
        HarnessError: it cannot be written, or a sample is no number.
    """
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise HarnessError(f"{path.name}: samples are finite numbers of one channel")
    whole = np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(whole.tobytes())
    except OSError as error:
        raise HarnessError(f"cannot write {path}: {error}") from error
    return path


def canvas(pictures: Pictures) -> tuple[NDArray[np.uint8], list[int]]:
    """All pictures on a white sheet, each pixel of them a square.

    Returns:
        Shape (height, width, 3), and the middle of each column in pixels.

    Raises:
        HarnessError: the shape is not that of `Pictures`.
    """
    rows = pictures.rows
    if rows.ndim != 5 or rows.shape[1] != len(pictures.columns) or rows.shape[2] not in (1, 3):
        raise HarnessError(
            f"{pictures.name}: {len(pictures.columns)} columns of pictures have the shape (rows, "
            f"{len(pictures.columns)}, 1 or 3, height, width), not {rows.shape}"
        )
    count, columns, channels, height, width = rows.shape
    scale = max(1, -(-SIDE // max(height, width)))
    high, wide = height * scale, width * scale
    # A title must not run into its neighbour.
    cell = max(wide, _CHARACTER * max(map(len, pictures.columns)))
    sheet = np.full(
        (HEAD + GAP + count * (high + GAP), GAP + columns * (cell + GAP), 3), 255, np.uint8
    )
    pixels = np.rint(np.clip(np.nan_to_num(rows), 0, 1) * 255).astype(np.uint8)
    pixels = pixels.repeat(3 // channels, axis=2).repeat(scale, axis=3).repeat(scale, axis=4)
    lefts = [GAP + c * (cell + GAP) + (cell - wide) // 2 for c in range(columns)]
    for r in range(count):
        top = HEAD + GAP + r * (high + GAP)
        for c, left in enumerate(lefts):
            sheet[top : top + high, left : left + wide] = pixels[r, c].transpose(1, 2, 0)
    return sheet, [left + wide // 2 for left in lefts]


def pictures_figure(pictures: Pictures) -> Figure:
    """Pictures in rows and columns, with what each column shows above it.

    A point of the figure is a pixel of `canvas` when it is saved with 100 dots an inch.
    """
    sheet, middles = canvas(pictures)
    height, width, _ = sheet.shape
    figure = new_figure(width / _DPI, height / _DPI)
    figure.set_dpi(_DPI)
    figure.figimage(sheet)
    for title, middle in zip(pictures.columns, middles, strict=True):
        figure.text(
            middle / width, 1 - (HEAD / 2 + 2) / height, title, ha="center", va="center", size=8
        )
    return figure


def alignment_figure(alignment: Alignment) -> Figure:
    """Inputs upwards and outputs to the right; the names of the inputs where they are few."""
    weights = alignment.weights
    if weights.ndim != 2 or weights.shape[1] != len(alignment.inputs):
        raise HarnessError(
            f"{alignment.name}: weights have the shape (outputs, {len(alignment.inputs)} inputs), "
            f"not {weights.shape}"
        )
    named = len(alignment.inputs) <= _NAMED
    figure = new_figure(7.0, max(2.6, 0.13 * len(alignment.inputs) + 0.8) if named else 5.0)
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    shown = axes.imshow(
        weights.T, aspect="auto", origin="lower", interpolation="nearest", cmap="magma", vmin=0
    )
    figure.colorbar(shown, ax=axes).set_label("weight", size=8)
    axes.set_xlabel("output (frame)", size=8)
    axes.set_ylabel("input", size=8)
    axes.set_title(alignment.name, size=9)
    axes.tick_params(labelsize=7)
    if named:
        axes.set_yticks(range(len(alignment.inputs)), alignment.inputs, size=6)
    return figure
