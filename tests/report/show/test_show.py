from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from harness.cli import main
from harness.core import registry
from harness.core.errors import MissingData
from harness.live.exhibits import Pictures, Sound
from harness.live.training_store import RECORD, read_record
from harness.report.show import study, training
from harness.study.store import Store
from harness.study.stored_run import stored_runs
from tests.live.live_lab import Final, lab

ARCH = (3, 2, 1)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def live(tmp_path, monkeypatch):
    """A live benchmark that the command line finds; its networks show their first weight."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    benchmark = lab()

    def exhibits(self, network, device):
        assert not network.training
        first = next(network.parameters()).detach().numpy().ravel()[:4]
        yield Sound("weights", first, 100)
        yield Pictures("squares", np.zeros((1, 1, 1, 2, 2), np.float32), ("black",))

    monkeypatch.setattr(Final, "exhibits", exhibits)
    for module in (training, study):
        monkeypatch.setattr(module, "open_benchmark", lambda text: benchmark)
    return benchmark


def told(capsys, *words):
    """Exit code, lines of stdout by what is before the colon, and stderr."""
    code = main(["show", *map(str, words)])
    out, err = capsys.readouterr()
    return code, dict(line.split(": ", 1) for line in out.splitlines()), err


def test_a_training_is_shown(live, capsys):
    record = live.train(ARCH, "retraining", 0)
    folder = record.id.folder
    code, files, err = told(capsys, folder)
    assert (code, err) == (0, "")
    assert files == {
        what: str(folder / "show" / name)
        for what, name in {
            "summary": "summary.md",
            "learning curves": "curves.png",
            "architecture": "architecture.png",
            "sound": "weights.wav",
            "pictures": "squares.png",
        }.items()
    }
    for name in ("curves", "architecture", "squares"):
        assert (folder / "show" / f"{name}.png").read_bytes().startswith(PNG)
    text = (folder / "show" / "summary.md").read_text()
    for name, value in record.measures(3).items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} "))
        assert float(row.split("|")[2].replace(",", "")) == pytest.approx(value, rel=1e-5)
    assert f"{record.parameters:,}" in text
    # The weights are those that were trained, not new ones.
    import wave

    import torch

    state = torch.load(folder / "weights.pt", weights_only=True)
    trained = next(iter(state.values())).numpy().ravel()[:4]
    with wave.open(files["sound"]) as file:
        found = np.frombuffer(file.readframes(4), "<i2") / 32767
    assert found == pytest.approx(trained.clip(-1, 1), abs=1 / 32767)


def test_what_lacks_is_told_and_the_rest_is_shown(live, capsys, monkeypatch, tmp_path):
    folder = live.train(ARCH, "retraining", 0).id.folder
    weights = folder / "weights.pt"
    weights.write_bytes(b"damaged")
    code, files, err = told(capsys, folder, "--out", tmp_path / "one")
    assert code == 0
    assert "weights.pt cannot be read" in err
    assert set(files) == {"summary", "learning curves", "architecture"}
    weights.unlink()
    assert "weights.pt is not there" in told(capsys, folder)[2]

    def lacking(text):
        raise MissingData("the faces are not on this machine")

    monkeypatch.setattr(training, "open_benchmark", lacking)
    code, files, err = told(capsys, folder)
    assert (code, set(files)) == (0, {"summary", "learning curves"})
    assert "the faces are not on this machine" in err


def test_a_training_that_has_not_ended_shows_what_there_is(live, capsys):
    folder = live.train(ARCH, "evaluation", 0, epochs=1).id.folder
    code, files, err = told(capsys, folder)
    assert (code, set(files)) == (0, {"summary", "learning curves", "architecture"})
    assert "has not ended: 1 of 3 epochs" in err


def test_without_matplotlib_the_rest_is_shown(live, capsys, monkeypatch):
    from harness.report.show import figures

    folder = live.train(ARCH, "retraining", 0).id.folder
    monkeypatch.setattr(figures, "find_spec", lambda name: None)
    code, files, err = told(capsys, folder)
    assert (code, set(files)) == (0, {"summary", "sound"})
    assert "pip install 'nas-harness[live]'" in err


def test_a_damaged_record_is_refused(live, capsys):
    folder = live.train(ARCH, "evaluation", 0, epochs=1).id.folder
    stored = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text("{")
    assert told(capsys, folder)[0] == 2
    del stored["id"]["stage"]
    (folder / RECORD).write_text(json.dumps(stored))
    code, files, err = told(capsys, folder)
    assert (code, files) == (2, {})
    assert "training.json cannot be read" in err


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "own"
    words = ["-b", "nasbench-graph/proteins", "-b", "nasbench201/digits", "--budget", "8"]
    methods = ["-m", "random-search", "-m", "regularized-evolution:population=5,sample=2"]
    code = main(["compare", *words, *methods, "--seeds", "2", "--jobs", "1", "--out", str(folder)])
    assert code == 0
    return folder


DIGITS = ("-b", "nasbench201/digits")


def test_a_study_is_summarised(results, capsys):
    code, _, err = told(capsys, results)
    assert (code, err) == (0, "")
    rows = (results / "show" / "summary.md").read_text().splitlines()
    assert len(rows) == 2 + 2 + 8
    assert sum("`regularized-evolution:population=5,sample=2:1`" in row for row in rows) == 2
    assert len(list((results / "show").glob("*.png"))) == 2


def test_a_run_is_shown(results, capsys, tmp_path):
    run = "regularized-evolution:population=5,sample=2:1"
    code, files, err = told(capsys, results, *DIGITS, "--run", run, "--out", tmp_path)
    assert (code, err) == (0, "")
    assert set(files) == {"summary", "search trace", "architecture"}
    record = stored_runs(Store(results), DIGITS[1], run.removesuffix(":1")).records[1]
    space = registry.load_benchmark(DIGITS[1]).space
    text = (tmp_path / "summary.md").read_text()
    assert space.to_str(record.recommended).replace("|", "\\|") in text


def test_where_the_files_of_a_run_go(results, capsys):
    _, files, _ = told(capsys, results, *DIGITS, "--run", "random-search:0")
    own = results / "show" / "nasbench201-digits" / "random-search-0"
    assert files["summary"] == str(own / "summary.md")


def test_a_stored_run_is_read_as_it_was_stored(results):
    store = Store(results)
    runs = stored_runs(store, DIGITS[1], "random-search")
    whole = store.read().pairs[DIGITS[1], "random-search"]
    assert list(runs.records) == whole.seeds.tolist() == [0, 1]
    assert [own.reported for own in runs.records.values()] == whole.reported.tolist()
    assert [own.valid for own in runs.records.values()] == whole.valid.tolist()
    trace = runs.records[0].trace
    assert trace.archs.shape == (8, 6)
    assert trace.scores[trace.incumbents].tolist() == np.maximum.accumulate(trace.scores).tolist()


def test_a_trace_shows_scores_and_the_best_so_far(results):
    from harness.report.show.traces import trace_figure

    runs = stored_runs(Store(results), DIGITS[1], "random-search")
    trace, card = runs.records[0].trace, registry.load_benchmark(DIGITS[1]).card()
    figure = trace_figure(trace, card, "t")
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "queries spent",
        "epochs spent",
        "seconds spent",
    ]
    seen, best, reported = figure.axes[2].lines
    assert seen.get_ydata().tolist() == trace.scores.tolist()
    assert best.get_ydata().tolist() == np.maximum.accumulate(trace.scores).tolist()
    assert reported.get_ydata().tolist() == trace.reported.tolist()
    assert best.get_xdata().tolist() == trace.seconds.tolist()
    assert best.get_drawstyle() == "steps-post"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--run", "random-search:0"), "several benchmarks: name one with -b: nasbench-graph"),
        ((*DIGITS, "--run", "random-serch:0"), "Did you mean random-search"),
        ((*DIGITS, "--run", "random-search:7"), "Seeds: 0, 1"),
        ((*DIGITS, "--run", "random-search"), "write METHOD:SEED"),
        (("-b", "nasbench201/digit"), "Did you mean nasbench201/digits"),
    ],
)
def test_a_run_that_is_not_there(results, capsys, words, message):
    code, files, err = told(capsys, results, *words)
    assert (code, files) == (2, {})
    assert message in err
    assert err.count("\n") == 1


def test_folders_that_are_nothing(results, capsys, tmp_path, live):
    assert "neither a training" in told(capsys, tmp_path)[2]
    code, _, err = told(capsys, results.parent / "owm")
    assert code == 2
    assert f"Did you mean {results}?" in err
    folder = live.train(ARCH, "evaluation", 0, epochs=1).id.folder
    assert "choose a run of a study" in told(capsys, folder, "--run", "random-search:0")[2]


def test_damaged_runs_are_told_and_stay_where_they_are(results, capsys, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(results, copy)
    shard = next(copy.glob("runs/*digits/random-search*/*.parquet"))
    shard.write_bytes(b"damaged")
    code, files, err = told(capsys, copy)
    assert code == 0
    assert "summary" in files
    assert str(shard) in err
    assert shard.read_bytes() == b"damaged"
    code, _, err = told(capsys, copy, *DIGITS, "--run", "random-search:0")
    assert code == 2
    assert "Damaged:" in err


def test_a_study_that_was_edited_is_refused(results, capsys, tmp_path):
    content = json.loads((results / "study.json").read_text())
    for lacking in ("cards", "pairs"):
        fewer = {key: value for key, value in content.items() if key != lacking}
        (tmp_path / "study.json").write_text(json.dumps(fewer))
        code, _, err = told(capsys, tmp_path)
        assert code == 2
        assert "was edited or is incomplete" in err


def test_what_was_recommended_is_shown_as_it_was_retrained(live, tmp_path, capsys):
    from harness.core.budget import Budget
    from harness.core.registry import load_method
    from harness.study.run import run_seeds

    method = load_method("random-search").method
    (record,) = run_seeds(method, live, Budget.parse("2"), [0])
    runs = study.StoredRuns(live.id, "random-search", live.id, {0: record}, ())
    shown = list(study._run(runs, 0, live.card(), tmp_path / "out"))
    names = {one.path.relative_to(tmp_path / "out").as_posix() for one in shown}
    assert names == {
        "summary.md",
        "trace.png",
        "architecture.png",
        *(
            f"retraining/{name}"
            for name in ("summary.md", "curves.png", "architecture.png", "weights.wav")
        ),
        "retraining/squares.png",
    }
    folder = live.training_id(record.recommended, "retraining", 0, 1).folder
    assert read_record(folder).ended


def test_what_a_method_wrote_down_is_shown(results, tmp_path, monkeypatch):
    runs = stored_runs(Store(results), DIGITS[1], "random-search")
    card = registry.load_benchmark(DIGITS[1]).card()
    logs = {
        "training loss": [2.0, 1.0, 0.5],
        "distribution of 1<-0": [[0.2] * 5] * 3,
        "final accuracy": [77.25],
    }
    record = replace(runs.records[0], logs=logs, counts={"images": 3, "epochs of the supernet": 3})
    drawn = {}
    monkeypatch.setattr(study, "save", lambda figure, path: drawn.setdefault(path.name, figure))
    list(study._run(replace(runs, records={0: record}), 0, card, tmp_path))
    (axes,) = drawn["series.png"].axes
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("training loss", "epochs of the supernet")
    assert list(axes.lines[0].get_ydata()) == [2.0, 1.0, 0.5]
    axes = drawn["distributions.png"].axes[0]
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert labels[:2] == ["none", "skip_connect"]
    assert "| final accuracy" in (tmp_path / "summary.md").read_text()
    assert "77.25" in (tmp_path / "summary.md").read_text()
