"""How the networks of `nasbench201/digits` are trained, read from ``digits.toml``; no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from harness.live.recipe import InvalidRecipe, Recipe, read_toml
from spaces.nasbench201.skeleton import Skeleton

_FILE = Path(__file__).with_name("digits.toml")
DIGITS_TABLE = Path(__file__).with_name("digits.parquet")


@dataclass(frozen=True)
class Setup:
    """Everything that is fixed when a cell is trained, except the data.

    Attributes:
        recipe: how to train.
        skeleton: what surrounds the cells.
    """

    recipe: Recipe
    skeleton: Skeleton

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Setup:
        """A setup from a table ``recipe`` and a table ``skeleton``, both complete.

        Raises:
            InvalidRecipe: a table or a key is missing or unknown, or a value impossible.
        """
        if set(given) != {"recipe", "skeleton"}:
            raise InvalidRecipe(
                f"a setup has the tables recipe and skeleton, not {', '.join(given) or 'nothing'}"
            )
        names = {field.name for field in fields(Skeleton)}
        if set(given["skeleton"]) != names:
            raise InvalidRecipe(
                f"skeleton: has {', '.join(sorted(given['skeleton']))}; "
                f"needs exactly {', '.join(sorted(names))}"
            )
        return cls(Recipe.from_mapping(given["recipe"]), Skeleton(**given["skeleton"]))

    @property
    def hash(self) -> str:
        """SHA-256 of recipe and skeleton as canonical JSON (sorted keys, no blanks), in hex."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@cache
def digits_setup() -> Setup:
    """The setup behind the table of `nasbench201/digits`."""
    return Setup.from_mapping(read_toml(_FILE))
