"""What holds for every registered one-shot method."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from harness import Budget
from harness.study.run import run_seeds
from tests.methods.oneshot.toy import ToyBenchmark, opened, run, small, strategies

torch = pytest.importorskip("torch")
engine = pytest.importorskip("methods.oneshot.engine")

every = pytest.mark.parametrize("name", strategies())
# The last batch has two images, the others 64.
IMAGES, VALID = 130, 40
LINES = 100


def toy():
    return ToyBenchmark(train=IMAGES, valid=VALID)


def told(record):
    """Everything about a run that must not depend on anything but its seed."""
    return record.error, record.recommended, record.epochs, record.counts, repr(record.logs)


@every
def test_spends_what_it_declares_and_asks_for_nothing(name):
    method, benchmark = small(name, epochs="3"), toy()
    search = opened(method, "1000epochs", benchmark=benchmark)
    declared = sum(method.cost(search, epoch, 3) for epoch in range(3)) + method.last_cost(search)
    record = run(small(name, epochs="3"), "1000epochs", benchmark=benchmark)
    assert record.error == ""
    assert record.epochs == pytest.approx(declared)
    counts = record.counts
    images = counts["images with gradient"] + counts["images without gradient"] / 3
    assert record.epochs == pytest.approx(images / IMAGES)
    assert record.queries == benchmark.asked == len(record.trace.scores) == 0
    assert benchmark.space.check(record.recommended) == record.recommended
    assert {type(choice) for choice in record.recommended} == {int}
    assert len(record.logs["training loss"]) == 3


@every
def test_plans_as_many_epochs_as_the_budget_has_room_for(name):
    method = small(name)
    search = opened(method, "1000epochs", benchmark=toy())

    def cost(epochs):
        each = sum(method.cost(search, epoch, epochs) for epoch in range(epochs))
        return each + method.last_cost(search)

    budget = cost(3) + 0.5 * (cost(4) - cost(3))
    record = run(method, f"{budget:.6f}epochs", benchmark=toy())
    assert record.error == ""
    assert record.counts["epochs of the supernet"] == 3
    assert record.epochs == pytest.approx(cost(3))
    assert record.epochs <= budget


@every
def test_depends_on_the_seed_alone(name):
    def runs(seeds):
        records = run_seeds(small(name, epochs="2"), toy(), Budget(1000, "epochs"), seeds)
        return {record.seed: told(record) for record in records}

    forth = runs([0, 1, 2])
    assert forth == runs([2, 0, 1])
    assert len({logs for *_, logs in forth.values()}) == 3


@every
def test_goes_on_where_it_was_interrupted(name, tmp_path, monkeypatch):
    monkeypatch.setattr("methods.oneshot.checkpoints.EVERY", 0.0)
    whole = run(small(name, epochs="4"), "1000epochs", benchmark=toy())
    before, seen = engine.Search.descend, set()

    def interrupted(self, plans, batch):
        if self.epoch == 2 and self.step == self.steps - 1:
            raise KeyboardInterrupt
        return before(self, plans, batch)

    def counted(self, plans, batch):
        seen.add(self.epoch)
        return before(self, plans, batch)

    monkeypatch.setattr(engine.Search, "descend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(small(name, epochs="4"), "1000epochs", benchmark=toy(), scratch=tmp_path)
    monkeypatch.setattr(engine.Search, "descend", counted)
    again = run(small(name, epochs="4"), "1000epochs", benchmark=toy(), scratch=tmp_path)
    assert seen == {2, 3}
    assert told(again) == told(whole)
    assert not (tmp_path / "0").exists()


@every
def test_writes_down_distributions(name):
    space = toy().space
    record = run(small(name, epochs="2"), "1000epochs", benchmark=toy())
    rows = {k: v for k, v in record.logs.items() if k.startswith("distribution of ")}
    if not rows:
        return
    assert list(rows) == [f"distribution of {decision.name}" for decision in space.decisions]
    for series, size in zip(rows.values(), space.sizes, strict=True):
        assert np.shape(series) == (2, size)
        np.testing.assert_allclose(np.sum(series, axis=1), 1.0, atol=1e-5)
        assert np.min(series) >= 0
    modes = [[int(np.argmax(row)) for row in series] for series in rows.values()]
    shares = {"share of none": 0, "share of skip connections": 1}
    for told_as, choice in shares.items():
        expected = np.mean([[k == choice for k in column] for column in modes], axis=0)
        assert record.logs[told_as] == pytest.approx(expected.tolist())


@every
def test_recommends_what_a_validity_rule_allows(name):
    from tests.methods.oneshot.toy import ToySpace

    space = ToySpace((4, 4, 3), valid=lambda arch: sum(arch) == 4)
    benchmark = ToyBenchmark(space, IMAGES, VALID)
    record = run(small(name, epochs="2"), "1000epochs", benchmark=benchmark)
    assert record.error == ""
    assert sum(record.recommended) == 4


@every
@pytest.mark.parametrize("sizes", [(3,), (1, 1), (2, 1, 3)])
def test_tiny_spaces(name, sizes):
    from tests.methods.oneshot.toy import ToySpace

    benchmark = ToyBenchmark(ToySpace(sizes), IMAGES, VALID)
    record = run(small(name, epochs="2"), "1000epochs", benchmark=benchmark)
    assert record.error == ""


@every
@pytest.mark.parametrize("normalisation", ["running", "recalibrated"])
def test_other_normalisations(name, normalisation):
    method = small(name, epochs="2", normalisation=normalisation)
    assert run(method, "1000epochs", benchmark=toy()).error == ""


def lines_of_code(file):
    """How many lines of a module are neither blank nor a comment nor in a docstring."""
    text = file.read_text()
    tree = ast.parse(text)
    told = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            told |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(text.splitlines(), start=1)
    return sum(
        number not in told and bool(line.strip()) and not line.lstrip().startswith("#")
        for number, line in lines
    )


@every
def test_is_a_page_and_names_its_paper(name):
    cls = strategies()[name]
    file = Path(inspect.getsourcefile(cls))
    assert 0 < lines_of_code(file) <= LINES
    tree = ast.parse(file.read_text())
    assert re.search(r"\b20[12]\d\b", ast.get_docstring(tree) + inspect.getdoc(cls))
    assert len(cls.summary()) < 100
