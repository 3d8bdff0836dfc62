"""One-shot methods from the command line: they ask for no score, and all tables hold them."""

from __future__ import annotations

import json
import pickle
from importlib.resources import files

import jsonschema
import pytest

from harness.cli import main

pytest.importorskip("torch")

METHODS = ["rsps:samples=5,batch=250", "setn:samples=5,batch=250"]
MINE = """
from methods.oneshot.one_shot import OneShot

class MyStrategy(OneShot):
    \"\"\"Uniform paths; recommends the one that was trained last.\"\"\"

    def paths(self, search):
        self._last = search.space.sample(search.rng)
        return [search.supernet.path(self._last)]

    def derive(self, search):
        return self._last

    def cost(self, search, epoch, epochs):
        return 1.0
"""


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    words = [word for method in METHODS for word in ("-m", method)]
    words += ["--control", METHODS[0], "--seeds", "2", "--budget", "5epochs", "--jobs", "1"]
    words = ["compare", "-b", "nasbench201/digits", *words, "--out", str(folder)]
    assert main(words) == 0
    return folder


def test_json_holds_what_was_spent(folder, capsys):
    capsys.readouterr()
    assert main(["report", str(folder), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=refuse)
    schema = json.loads((files("harness.report") / "schemas/compare-1.json").read_text())
    jsonschema.validate(found, schema)
    (benchmark,) = found["benchmarks"]
    for row in benchmark["results"]:
        assert row["failed"] == row["queries"] == 0
        assert row["n"] == 2
        assert row["mean"] > 10
        assert row["seconds"] > 0
        assert row["valid_mean"] is None  # It was never asked for.
        assert row["ended"]["training loss"] > 0


@pytest.mark.parametrize("form", ["table", "markdown", "latex", "csv"])
def test_other_formats(folder, form, capsys):
    capsys.readouterr()
    assert main(["report", str(folder), "--format", form]) == 0
    printed = capsys.readouterr().out
    assert all(name.split(":")[0] in printed for name in METHODS)
    if form in ("table", "markdown"):
        assert "ended with training loss" in printed
        # Beside the main table there is the one of seconds, the only axis with anything on it.
        assert "seconds needed" in printed
        assert "queries needed" not in printed


def test_nothing_stays_of_the_runs_but_their_results(folder):
    assert not list(folder.glob("scratch/**/*.pt"))


def test_beside_a_method_that_asks(tmp_path, capsys):
    words = ["compare", "-b", "nasbench201/digits", "-m", METHODS[0], "-m", "random-search"]
    words += ["--seeds", "2", "--budget", "40epochs", "--jobs", "1", "--out", str(tmp_path)]
    assert main([*words, "--format", "json"]) == 0
    (benchmark,) = json.loads(capsys.readouterr().out, parse_constant=refuse)["benchmarks"]
    rows = {row["method"].split(":")[0]: row for row in benchmark["results"]}
    assert rows["random-search"]["queries"] == 5
    assert rows["rsps"]["queries"] == 0


def test_validate_takes_its_budget_in_epochs(capsys):
    from harness.testing.checks import budget_queries, runs
    from harness.testing.lab import Lab

    lab = Lab("rsps", queries=30)
    # 13 epochs, and 100 architectures judged on 32 images, half of the training part.
    assert runs(lab).startswith("29.6667 of 30 epochs, recommends (")
    assert "epochs and seconds do" in budget_queries(lab)


def test_a_strategy_of_ones_own(tmp_path, monkeypatch, capsys):
    """A class in a file, with the settings of all strategies: compared, and as a scorer."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_strategy.py").write_text(MINE)
    shared = ["-b", "nasbench201/digits", "--seeds", "2", "--jobs", "1", "--format", "json"]
    methods = ["my_strategy.py:MyStrategy", "my_strategy.py:MyStrategy:batch=300"]
    words = [word for method in methods for word in ("-m", method)]
    assert main(["compare", *shared, *words, "--budget", "4epochs", "--out", "compared"]) == 0
    (benchmark,) = json.loads(capsys.readouterr().out)["benchmarks"]
    for row in benchmark["results"]:
        assert row["failed"] == row["queries"] == 0
        assert row["counts"]["epochs of the supernet"] == 2 * 4
        assert row["counts"]["images with gradient"] == 2 * 4 * 600

    scorers = [f"supernet:method=({own}:epochs=2)" for own in ("rsps", methods[0])]
    words = [word for scorer in scorers for word in ("-m", scorer)]
    words += ["--labels", "1", "--candidates", "20", "--out", "ranked"]
    assert main(["rank", *shared, *words]) == 0
    (cell,) = json.loads(capsys.readouterr().out)["cells"]
    # Its weights are trained as those of rsps are, with the same random numbers.
    theirs, mine = cell["results"]
    assert theirs["failed"] == mine["failed"] == 0
    assert [theirs[k] for k in ("kendall", "ended")] == [mine[k] for k in ("kendall", "ended")]


@pytest.fixture
def few_real_images(harness_data, tmp_path, monkeypatch):
    """The tables as they are, and 400 real images of CIFAR-10 in its official layout."""
    home = tmp_path / "data"
    own = home / "live" / "cifar10" / "cifar-10-batches-py"
    own.mkdir(parents=True)
    for folder in harness_data.iterdir():
        if folder.name != "live":
            (home / folder.name).symlink_to(folder)
    images = harness_data / "live" / "cifar10" / "cifar-10-batches-py"
    for file in images.glob("data_batch_*"):
        batch = pickle.loads(file.read_bytes(), encoding="latin1")
        few = {"data": batch["data"][:80], "labels": batch["labels"][:80]}
        (own / file.name).write_bytes(pickle.dumps(few, protocol=2))
    monkeypatch.setenv("HARNESS_DATA", str(home))
    return home


def test_smoke_study_on_real_images(few_real_images, tmp_path, capsys):
    """The official network: some steps of 100 images, the look-up in the official table at last."""
    shared = "batch=100,epochs=1"
    words = ["-m", f"rsps:{shared},samples=2", "-m", f"asng-nas:{shared}", "--seeds", "1"]
    words += ["--control", f"asng-nas:{shared}", "--budget", "20epochs", "--jobs", "1"]
    words = ["compare", "-b", "nasbench201/cifar10", *words, "--format", "json"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    (benchmark,) = json.loads(capsys.readouterr().out)["benchmarks"]
    from harness.core.registry import load_benchmark

    table = load_benchmark("nasbench201/cifar10")
    for row in benchmark["results"]:
        assert row["failed"] == 0
        assert row["seconds"] > 0
        assert 10 <= row["mean"] <= table.card().optimum
