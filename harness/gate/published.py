"""Values that papers report, as rows of a file beside the protocols that they are compared by."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.core.errors import HarnessError

CERTAINTY = {
    "paper": "read in the paper, or in a table of it that another one prints",
    "code": "read in the authors' repository",
    "memory": "as usually quoted, not checked against the paper",
}
"""How sure it is that a value was published so."""

Place = tuple[str, str, str]
"""Names a value: the published table, its row and its column."""


@dataclass(frozen=True)
class PublishedValue:
    """One number of a published table.

    Attributes:
        mean: as it is printed.
        rounding: half a unit of its last printed digit.
        std: standard deviation over runs; None where none is printed.
        runs: how many there were; None where it is not known.
        source: the paper or repository, with the table.
        certainty: one of `CERTAINTY`.
    """

    mean: float
    rounding: float
    std: float | None
    runs: int | None
    source: str
    certainty: str


def published_folder() -> Path:
    """Where published values and protocols lie: beside the packages, be they installed or not."""
    return Path(__file__).resolve().parents[2] / "results" / "published"


@cache
def read_published(folder: Path) -> Mapping[Place, PublishedValue]:
    """Read all published values.

    Args:
        folder: has ``published.csv``.

    Raises:
        HarnessError: the file is missing, or a row cannot be read or stands twice.
    """
    path = folder / "published.csv"
    found: dict[Place, PublishedValue] = {}
    try:
        with path.open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                place = (row["table"], row["row"], row["column"])
                if place in found:
                    raise HarnessError(f"{path}, line {number}: {'/'.join(place)} stands twice")
                found[place] = _value(row)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise HarnessError(f"{path} cannot be read: {type(error).__name__}: {error}") from error
    return found


def _value(row: Mapping[str, str]) -> PublishedValue:
    if row["certainty"] not in CERTAINTY:
        raise ValueError(f"certainty '{row['certainty']}'")
    decimals = len(row["mean"].partition(".")[2])
    return PublishedValue(
        mean=float(row["mean"]),
        rounding=0.5 * 10.0**-decimals,
        std=float(row["std"]) if row["std"] else None,
        runs=int(row["runs"]) if row["runs"] else None,
        source=row["source"],
        certainty=row["certainty"],
    )
