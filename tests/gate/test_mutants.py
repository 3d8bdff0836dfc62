"""Some of the seeded defects; ``python -m tests.gate.mutants`` tries all of them."""

from __future__ import annotations

import pytest

from tests.gate.mutants import MUTANTS, ROOT, mutate, part, try_mutant


def test_there_are_enough():
    assert len(MUTANTS) >= 15


@pytest.mark.parametrize("name", MUTANTS)
def test_texts_stand_where_they_are_looked_for(name, tmp_path):
    mutant = MUTANTS[name]
    copy = tmp_path / mutant.file
    copy.parent.mkdir(parents=True)
    copy.write_text((ROOT / mutant.file).read_text())
    mutate(tmp_path, mutant)
    compile(copy.read_text(), mutant.file, "exec")
    assert part(mutant.method).cells


@pytest.mark.parametrize(
    "name", ["repeated query uncharged", "tournament reversed", "seed ignored by a method"]
)
def test_is_caught(name):
    assert try_mutant(MUTANTS[name]).caught
