"""``harness audit`` finds one changed digit in any stored run."""

from __future__ import annotations

import json
import shutil

import pytest

from harness.cli import main
from harness.study.shards import read_shard
from tests.gate.audit_lab import (
    audited,
    change,
    compared,
    contents,
    edit_study,
    ranked,
    rewrite,
    rng_of,
    shards,
)  # fmt: skip

METHOD_COLUMNS = (
    "seed", "error", "recommended", "valid", "reported", "queries", "unique", "epochs", "seconds",
    "wall", "counts", "logs", "trace_archs", "trace_fidelities", "trace_scores", "trace_charged",
    "trace_epochs", "trace_seconds", "trace_incumbents", "trace_reported",
)  # fmt: skip
SCORER_COLUMNS = (
    "seed", "error", "wall", "fit_seconds", "predict_seconds", "digest", "logs", "kendall",
    "spearman", "violations", "mae", "regret_1", "regret_10", "top_share",
)  # fmt: skip
CASES = [("compare", column) for column in METHOD_COLUMNS]
CASES += [("rank", column) for column in SCORER_COLUMNS]
CLOCKS = {"compare": ["wall"], "rank": ["wall", "fit_seconds", "predict_seconds"]}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Both kinds of studies."""
    home = tmp_path_factory.mktemp("made")
    compared(home / "compare", home / "method.py")
    ranked(home / "rank", home / "scorer.py")
    return home


@pytest.fixture
def copy(made, tmp_path):
    def make(kind="compare"):
        return shutil.copytree(made / kind, tmp_path / kind)

    return make


@pytest.mark.parametrize("kind", ["compare", "rank"])
def test_unchanged(made, kind, capsys):
    before = contents(made / kind)
    code, found = audited(made / kind, capsys)
    assert code == 0
    assert found["findings"] == []
    assert found["stored"] == found["executed"] == found["agreed"] == 12
    assert found["unguarded"] == 0
    assert found["remarks"] == []
    left_out = {entry["reason"][:8]: (entry["columns"], entry["runs"])
                for entry in found["not_compared"]}  # fmt: skip
    failed = left_out.pop("of a tra")
    assert failed[0] == ["error"]
    assert 0 < failed[1] < 6
    assert left_out == {"measured": (CLOCKS[kind], 12)}
    assert contents(made / kind) == before


def test_a_digit_behind_those_that_count(copy, capsys):
    """A longer text can stand for the same number; it is another text all the same."""
    folder = copy()
    path = shards(folder)[0]
    table, told = read_shard(path)
    logs = table.column("logs").to_pylist()
    logs[0] = logs[0].replace("0.5]", "0.50000000000000000001]", 1)
    place = table.column_names.index("logs")
    rewrite(path, table.set_column(place, "logs", [logs]), told, forge=True)
    code, found = audited(folder, capsys)
    assert code == 1
    assert [each["column"] for each in found["findings"]] == ["logs"]


def test_every_column_is_tried(made):
    for kind, columns in (("compare", METHOD_COLUMNS), ("rank", SCORER_COLUMNS)):
        assert set(read_shard(shards(made / kind)[0])[0].column_names) == set(columns)


@pytest.mark.parametrize(("kind", "column"), CASES)
def test_a_changed_digit_outside_of_the_sample(copy, kind, column, capsys):
    folder = copy(kind)
    seed = change(folder, column, rng_of(kind, column), forge=False)
    # A single run is done again, so that it is the digest that tells.
    code, found = audited(folder, capsys, "--sample", "1", "--seed", "5")
    assert code == 1
    told = [each for each in found["findings"] if each["evidence"] == "digest"]
    assert [(each["seed"], each["column"]) for each in told] == [(seed, column)]
    assert "nasbench" in told[0]["place"]


@pytest.mark.parametrize(
    ("kind", "column"), [case for case in CASES if case[1] not in CLOCKS[case[0]]]
)
def test_a_forged_digest(copy, kind, column, capsys):
    folder = copy(kind)
    seed = change(folder, column, rng_of(kind, column, 1), forge=True)
    code, found = audited(folder, capsys)
    assert code == 1
    assert not [each for each in found["findings"] if each["evidence"] == "digest"]
    told = [each for each in found["findings"] if each["evidence"] in ("re-execution", "file")]
    if column == "seed":
        assert [each["column"] for each in told if each["evidence"] == "file"] == ["seed"]
        assert {each["seed"] for each in told} == {None, seed}
    else:
        (only,) = told
        assert only["seed"] == seed
        assert only["column"].split("[")[0] == column
        assert only["stored"] != only["found"]
        assert found["agreed"] == found["executed"] - 1


@pytest.mark.parametrize("kind", ["compare", "rank"])
def test_measured_seconds_are_guarded_by_their_digest_alone(copy, kind, capsys):
    folder = copy(kind)
    change(folder, "wall", rng_of(kind), forge=True)
    _, found = audited(folder, capsys)
    # What a report makes of them is compared with the shards.
    assert {each["evidence"] for each in found["findings"]} <= {"summary.csv"}


def test_the_sample(made, capsys):
    drawn = []
    for seed in ("0", "0", "1", "2"):
        code, found = audited(made / "compare", capsys, "--sample", "4", "--seed", seed)
        assert code == 0
        assert (found["executed"], found["agreed"], found["stored"]) == (4, 4, 12)
        drawn.append([row["executed"] for row in found["rows"]])
    assert drawn[0] == drawn[1]
    assert len({tuple(each) for each in drawn}) > 1


def test_two_workers(made, capsys):
    assert main(["audit", str(made / "compare"), "--all", "--jobs", "2"]) == 0
    assert "12 of 12 runs" in capsys.readouterr().out


def test_the_table_names_run_column_and_values(copy, capsys):
    folder = copy()
    seed = change(folder, "reported", rng_of(3), forge=True)
    assert main(["audit", str(folder), "--all", "--jobs", "1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (head,) = [line for line in lines if line.startswith("DIFFERS") and "seed" in line]
    assert head.endswith(f"seed {seed}: reported")
    assert any(line.startswith("  reported: stored 9") for line in lines)
    assert lines[-1].startswith("DIFFERENT: ")


class TestStatements:
    """``study.json`` and ``summary.csv``."""

    @pytest.mark.parametrize("kind", ["compare", "rank"])
    def test_a_changed_digit_in_any_cell_of_the_summary(self, copy, kind, capsys):
        folder = copy(kind)
        file = folder / "summary.csv"
        head, *rows = file.read_text().splitlines()
        columns = head.split(",")
        row = rows[0].split(",")
        for place in (0, len(columns) // 2, len(columns) - 4):
            changed = [*row]
            changed[place] += "1"
            file.write_text("\n".join([head, ",".join(changed), *rows[1:]]) + "\n")
            code, found = audited(folder, capsys, "--sample", "1")
            assert code == 1
            (only,) = found["findings"]
            assert only["evidence"] == "summary.csv"
            assert only["column"] == columns[place]
            assert only["stored"] == changed[place]

    def test_a_row_of_the_summary_is_gone(self, copy, capsys):
        file = copy() / "summary.csv"
        file.write_text("\n".join(file.read_text().splitlines()[:-1]) + "\n")
        code, found = audited(file.parent, capsys, "--sample", "1")
        assert code == 1
        assert [each["column"] for each in found["findings"]] == ["rows"]

    @pytest.mark.parametrize(
        ("kind", "edit", "column"),
        [
            ("compare", lambda c: c["cards"][0].update(optimum=97.5), "optimum"),
            ("compare", lambda c: c["cards"][0].update(worst=1.0), "worst"),
            (
                "compare",
                lambda c: c["budgets"].update({"nasbench201/digits": "7 queries"}),
                "budget",
            ),
            ("compare", lambda c: c["pairs"][1].update(method="tpe:candidates=8"), "parameters"),
            ("compare", lambda c: c["pairs"][1].update(method="bohb"), "method"),
            ("compare", lambda c: c["pairs"][0].update(method="method:Other"), "method"),
            ("compare", lambda c: c["methods"].reverse(), "methods"),
            ("compare", lambda c: c["pairs"][1]["identity"].update(budget="7 queries"), "key"),
            ("rank", lambda c: c["pairs"][0]["cell"].update(available=11), "available"),
            ("rank", lambda c: c["pairs"][0]["cell"].update(tested=49), "tested"),
            ("rank", lambda c: c["cards"][0].update(optimum=0.5), "optimum"),
            ("rank", lambda c: c["pairs"][1].update(scorer="knn"), "parameters"),
        ],
    )
    def test_study_json(self, copy, kind, edit, column, capsys):
        folder = copy(kind)
        edit_study(folder, edit)
        code, found = audited(folder, capsys, "--sample", "1")
        assert code == 1
        told = [each["column"] for each in found["findings"] if each["evidence"] == "study.json"]
        assert column in told

    def test_runs_that_the_study_leaves_out_are_told(self, copy, capsys):
        folder = copy()
        edit_study(folder, lambda content: content["seeds"].pop())
        code, found = audited(folder, capsys, "--sample", "1")
        assert code == 1
        assert {each["evidence"] for each in found["findings"]} == {"summary.csv"}
        assert any(remark.startswith("2 stored runs are none") for remark in found["remarks"])

    def test_an_incomplete_study(self, copy, capsys):
        folder = copy()
        edit_study(folder, lambda content: content["seeds"].append(99))
        code, found = audited(folder, capsys, "--sample", "1")
        assert code == 0
        assert any(remark.startswith("2 runs that study.json") for remark in found["remarks"])

    def test_no_summary(self, copy, capsys):
        folder = copy()
        (folder / "summary.csv").unlink()
        code, found = audited(folder, capsys, "--sample", "1")
        assert code == 0
        assert found["remarks"] == ["there is no summary.csv to compare"]


class TestShards:
    def test_without_digests(self, copy, capsys):
        """Shards of before there were digests can be audited."""
        folder = copy()
        for path in shards(folder):
            table, told = read_shard(path)
            del told["digests"]
            rewrite(path, table.drop_columns(["logs"]), told, forge=False)
        code, found = audited(folder, capsys)
        assert code == 0
        assert found["unguarded"] == found["agreed"] == 12
        left_out = {entry["reason"]: entry["columns"] for entry in found["not_compared"]}
        assert left_out["not stored by the version that made the run"] == ["logs"]
        change(folder, "trace_scores", rng_of(1), forge=False)
        assert audited(folder, capsys)[0] == 1

    @pytest.mark.parametrize("how", ["truncated", "empty", "flipped"])
    def test_damaged(self, copy, how, capsys):
        folder = copy()
        path = shards(folder)[0]
        whole = path.read_bytes()
        half = len(whole) // 4
        path.write_bytes(
            {"truncated": whole[:half], "empty": b"",
             "flipped": whole[:half] + bytes([whole[half] ^ 255]) + whole[half + 1 :]}[how]
        )  # fmt: skip
        before = contents(folder)
        code, found = audited(folder, capsys, "--sample", "1")
        assert code == 1
        (only,) = found["findings"]
        assert only["evidence"] == "file"
        assert path.name in only["place"]
        assert "cannot be read" in only["found"]
        assert "summary.csv was not compared" in found["remarks"][0]
        assert contents(folder) == before

    @pytest.mark.parametrize("forge", [False, True])
    @pytest.mark.parametrize("part", ["identity", "provenance", "given"])
    def test_changed_metadata(self, copy, part, forge, capsys):
        folder = copy()
        path = next(path for path in shards(folder) if "tpe" in str(path))
        table, told = read_shard(path)
        edits = {
            "identity": lambda: told["identity"].update(budget="7 queries"),
            "provenance": lambda: told["provenance"]["versions"].update(numpy="1.0.0"),
            "given": lambda: told["given"].update(method="local-search"),
        }
        edits[part]()
        rewrite(path, table, told, forge=forge)
        code, found = audited(folder, capsys)
        kinds = {(each["evidence"], each["column"]) for each in found["findings"]}
        assert (("digest", "metadata") in kinds) != forge
        if part == "identity":
            assert ("file", "identity") in kinds
            assert "re-execution" in {evidence for evidence, _ in kinds}
        if part == "given":
            reasons = [reason for row in found["rows"] for reason in row["barred"]]
            assert any("local-search" in reason for reason in reasons)
        assert code == (0 if forge and part in ("provenance", "given") else 1)

    def test_a_cause_is_named(self, copy, capsys):
        folder = copy()
        change(folder, "valid", rng_of(8), forge=False)
        for path in shards(folder):
            table, told = read_shard(path)
            told["provenance"]["versions"].update(numpy="1.0.0")
            told["provenance"].update(commit="f" * 40, dirty=True)
            rewrite(path, table, told, forge=True)
        code, found = audited(folder, capsys)
        assert code == 1
        (only,) = [each for each in found["findings"] if each["evidence"] == "re-execution"]
        notes = " ".join(only["notes"])
        assert "numpy 1.0.0 then" in notes
        assert "commit ffffffffff with uncommitted changes then" in notes

    @pytest.mark.parametrize("digests", [{}, [], {"told": 1, "runs": [], "columns": {}}, None])
    def test_odd_digests(self, copy, digests, capsys):
        folder = copy()
        path = shards(folder)[0]
        table, told = read_shard(path)
        rewrite(path, table, {**told, "digests": digests}, forge=False)
        code, found = audited(folder, capsys, "--sample", "1")
        assert code == 1
        assert found["findings"][0]["column"] == "digests"

    def test_of_another_version(self, copy, capsys):
        folder = copy()
        for path in shards(folder):
            table, told = read_shard(path)
            rewrite(path, table, {**told, "schema": 2}, forge=False)
        code, found = audited(folder, capsys)
        assert code == 3
        assert found["remarks"][0] == "12 runs were written by another version: schema 2"

    def test_a_removed_run(self, copy, capsys):
        folder = copy()
        path = shards(folder)[0]
        table, told = read_shard(path)
        rewrite(path, table.slice(1), told, forge=False)
        code, found = audited(folder, capsys, "--sample", "1")
        assert code == 1
        assert {(e["evidence"], e["column"]) for e in found["findings"]} == {
            ("file", "seed"), ("digest", "seed")
        }  # fmt: skip


class TestUsage:
    """Exit code 2 and one line."""

    def refuse(self, words, capsys):
        assert main(["audit", *words]) == 2
        told = capsys.readouterr().err.strip()
        assert "\n" not in told
        return told

    def test_no_results(self, tmp_path, capsys):
        assert "has no results" in self.refuse([str(tmp_path)], capsys)
        assert "has no results" in self.refuse([str(tmp_path / "none")], capsys)

    def test_a_file(self, tmp_path, capsys):
        (tmp_path / "file").write_text("")
        assert "cannot be read" in self.refuse([str(tmp_path / "file")], capsys)

    def test_a_newer_version(self, copy, capsys):
        folder = copy()
        edit_study(folder, lambda content: content.update(schema=2))
        assert "has schema 2" in self.refuse([str(folder)], capsys)

    @pytest.mark.parametrize("key", ["pairs", "seeds", "cards", "control"])
    def test_an_edited_study(self, copy, key, capsys):
        folder = copy()
        edit_study(folder, lambda content: content.pop(key))
        assert "was edited or is incomplete" in self.refuse([str(folder)], capsys)

    def test_words(self, made, capsys):
        folder = str(made / "compare")
        assert "no format 'yaml'" in self.refuse([folder, "--format", "yaml"], capsys)
        self.refuse([folder, "--sample", "0"], capsys)
        self.refuse([folder, "--seed", "-1"], capsys)

    def test_no_runs(self, copy, capsys):
        folder = copy()
        shutil.rmtree(folder / "runs")
        code, found = audited(folder, capsys)
        assert code == 3
        assert found["stored"] == 0
        assert json.dumps(found["findings"]) == "[]"
