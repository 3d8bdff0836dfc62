"""What a live benchmark does with an architecture, read from the TOML file beside its space."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import UnknownName
from harness.live.recipe import InvalidRecipe, read_toml
from harness.live.training_recipe import TrainingRecipe

_TABLES = ("data", "search", "evaluation", "final", "retraining")


@dataclass(frozen=True)
class LiveRecipe:
    """One recipe of a live benchmark.

    Attributes:
        name: ``full`` is the published one, ``small`` has all its parts and smaller numbers.
        budget: what a study may spend that names no budget, as text.
        fidelities: epochs of `evaluation` after which a search may ask for a score, ascending; the
            last one is all of them.
        data: how the data is prepared and cut into parts; its keys are the task's.
        search: the network that a search trains; its keys are the space's.
        evaluation: how it is trained when a search asks for a score.
        final: the network that is trained at last.
        retraining: how that is done, on all training data.
    """

    name: str
    budget: str
    fidelities: tuple[int, ...]
    data: Mapping[str, Any]
    search: Mapping[str, Any]
    evaluation: TrainingRecipe
    final: Mapping[str, Any]
    retraining: TrainingRecipe

    @property
    def hash(self) -> str:
        """SHA-256 of everything as canonical JSON (sorted keys, no blanks), in hexadecimal."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def read_live_recipe(path: Path, name: str) -> LiveRecipe:
    """One recipe of a file, in which each is a table with the tables data, search, ....

    Raises:
        UnknownName: the file has no such recipe.
        InvalidRecipe: the file is not as it should be.
    """
    found = read_toml(path)
    if name not in found:
        raise UnknownName("recipe", name, found)
    own = dict(found[name])
    wanted = {"budget", "fidelities", *_TABLES}
    if set(own) != wanted:
        raise InvalidRecipe(
            f"{path}: {name} has {', '.join(sorted(own))}; needs {', '.join(sorted(wanted))}"
        )
    for stage in ("evaluation", "retraining"):
        own[stage] = TrainingRecipe.from_mapping(own[stage])
    own["fidelities"] = tuple(own["fidelities"])
    recipe = LiveRecipe(name, **own)
    if list(recipe.fidelities) != sorted({*recipe.fidelities, recipe.evaluation.epochs}):
        raise InvalidRecipe(
            f"{path}: {name}: fidelities ascend to the {recipe.evaluation.epochs} epochs of the "
            "evaluation"
        )
    return recipe
