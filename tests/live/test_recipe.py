"""Recipes are complete, possible and have a stable identity."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from harness.live.recipe import InvalidRecipe, Recipe, read_toml


def test_reading_gives_the_recipe_back(recipe: Recipe) -> None:
    assert Recipe.from_mapping(asdict(recipe)) == recipe


def test_hash_is_the_content(recipe: Recipe) -> None:
    assert replace(recipe, warmup=0).hash == replace(recipe, warmup=0.0).hash
    assert len({recipe.hash, replace(recipe, epochs=4).hash, replace(recipe, shift=0).hash}) == 3
    assert len(recipe.hash) == 64


def test_hash_is_stable_between_versions() -> None:
    """A change here makes every stored table one of another recipe."""
    recipe = Recipe(
        "nesterov", "cosine", "fan-in-uniform", "float32", 8, 50, 0.2, 0, 0.9, 5e-4, 0, 0
    )
    assert recipe.hash == ("50dbec5583c5ecf2a973108fe3c4a114ea35d20fbab9867b82a0dc85a1cfbd45")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "above 0"),
        ({"epochs": 2.0}, "epochs is 2.0, not a whole number"),
        ({"epochs": True}, "epochs is True"),
        ({"learning_rate": -0.1}, "learning_rate is -0.1"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"momentum": 1.0}, "below 1"),
        ({"warmup": 3}, "warmup must be below epochs"),
        ({"label_smoothing": "0.1"}, "label_smoothing is '0.1'"),
        ({"optimizer": "adam"}, "no optimizer 'adam'. All: nesterov"),
        ({"precision": "float16"}, "All: float32, float64"),
        ({"decay": 1}, "unknown decay"),
    ],
)
def test_wrong_settings_are_refused(recipe: Recipe, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecipe, match=message):
        Recipe.from_mapping(asdict(recipe) | change)


def test_missing_settings_are_refused(recipe: Recipe) -> None:
    given = asdict(recipe)
    del given["batch"]
    with pytest.raises(InvalidRecipe, match="no batch"):
        Recipe.from_mapping(given)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecipe, match=r"none\.toml"):
        read_toml(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("epochs = ")
    with pytest.raises(InvalidRecipe, match=r"bad\.toml"):
        read_toml(tmp_path / "bad.toml")
