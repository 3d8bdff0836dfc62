"""The digits and their split."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from harness.live.tasks import digits, digits_split, stratified_split

SIZES = (600, 400, 797)


def test_stored_split_is_the_documented_one() -> None:
    labels = load_digits().target
    made = stratified_split(labels, SIZES, seed=0)
    assert [part.tolist() for part in made] == list(digits_split().values())
    assert list(digits_split()) == ["train", "valid", "test"]


def test_split_is_disjoint_covering_and_stratified() -> None:
    labels = load_digits().target
    parts = list(digits_split().values())
    assert sorted(i for part in parts for i in part) == list(range(1797))
    shares = np.bincount(labels) / 1797
    for part, size in zip(parts, SIZES, strict=True):
        assert len(part) == size
        assert np.abs(np.bincount(labels[part], minlength=10) - size * shares).max() < 2


@pytest.mark.parametrize("seed", range(20))
def test_any_split_is_stratified(seed: int) -> None:
    labels = np.repeat([0, 1, 2], [50, 30, 7])
    parts = stratified_split(labels, (30, 40, 17), seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(87))
    for part in parts:
        expected = len(part) * np.array([50, 30, 7]) / 87
        assert np.abs(np.bincount(labels[part], minlength=3) - expected).max() < 2


def test_images_are_the_real_ones_normalised() -> None:
    task = digits()
    assert task.train.images.shape == (600, 1, 8, 8)
    assert task.train.images.dtype == np.float32
    assert task.train.images.mean() == pytest.approx(0, abs=1e-5)
    assert task.train.images.std() == pytest.approx(1, abs=1e-5)
    raw = load_digits()
    index = digits_split()["test"]
    grey = np.unique(task.test.images)
    assert len(grey) == 17
    assert grey[0] == pytest.approx(task.background)
    rank = np.searchsorted(grey, task.test.images[:, 0])
    assert (rank == raw.images[index]).all()
    assert (task.test.labels == raw.target[index]).all()


def test_hash_pins_images_labels_and_split() -> None:
    assert digits().hash == "796ad1943cd41fdad4519da01a3d9463427ef70a664bc178a5cad15014b7d2b9"


def test_tasks_recipes_and_costs_do_without_torch() -> None:
    modules = "harness.live.tasks, harness.live.recipe, spaces.nasbench201.digits"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
