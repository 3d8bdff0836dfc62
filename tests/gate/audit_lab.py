"""Studies to audit, and hands that change a digit in them."""

from __future__ import annotations

import json
import random
import re
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.cli import main
from harness.study.digests import digests_of
from harness.study.shards import read_shard

METHOD = '''
from harness import Method

class Mine(Method):
    """Random search that counts, writes down and now and then fails."""

    unlucky: int = 1

    def search(self, problem):
        while True:
            score = problem.evaluate(problem.space.sample(problem.rng))
            problem.count("asked 1 time")
            problem.log("score 2", score)
            problem.log("row", [score, 0.5])
            if problem.budget.amount == 2 and problem.rng.random() < 0.3 * self.unlucky:
                raise ValueError("unlucky 13")
'''
SCORER = '''
import numpy as np
from harness import Predictor

class Mine(Predictor):
    """Nearest labelled architecture, with noise of its own, and now and then a failure."""

    unlucky: int = 1

    def learn(self, archs, scores):
        self._archs, self._scores = archs, scores
        self.log("mean", float(scores.mean()))

    def guess(self, archs):
        apart = (archs[:, None] != self._archs[None]).sum(axis=2)
        if self.rng.random() < 0.5 * self.unlucky:
            raise ValueError("unlucky 13")
        return self._scores[apart.argmin(axis=1)] + 1e-3 * self.rng.random(len(archs))
'''
SOME_FAILED = 4


def compared(folder, file):
    """Make a study of methods, of which one lies in a file."""
    file.write_text(METHOD)
    words = ["compare", "-b", "nasbench201/digits", "-m", f"{file}:Mine", "-m", "tpe:candidates=9",
             "--budget", "6", "--seeds", "6", "--jobs", "1", "--out", str(folder)]  # fmt: skip
    assert main(words) == SOME_FAILED


def ranked(folder, file):
    """Make a study of scorers, of which one lies in a file."""
    file.write_text(SCORER)
    words = ["rank", "-b", "nasbench-graph/proteins", "-m", f"{file}:Mine",
             "-m", "knn:neighbours=3", "--labels", "8", "--candidates", "50", "--seeds", "6",
             "--jobs", "1", "--out", str(folder)]  # fmt: skip
    assert main(words) == SOME_FAILED


def audited(folder, capsys, *words):
    """Exit code and what the audit says as JSON, of all runs unless words say otherwise."""
    capsys.readouterr()
    words = words or ("--all",)
    code = main(["audit", str(folder), "--jobs", "1", "--format", "json", *words])
    found = json.loads(capsys.readouterr().out)
    assert found["exit_code"] == code
    return code, found


def shards(folder):
    return sorted((folder / "runs").rglob("*.parquet"))


def contents(folder):
    """Every file and its bytes."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rewrite(path, table, told, *, forge):
    """Write a shard; with new digests where it is a forgery."""
    told = dict(told)
    if forge:
        told.pop("digests", None)
        told["digests"] = asdict(digests_of(table, told))
    table = table.replace_schema_metadata({b"nas_harness": json.dumps(told)})
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)


def change(folder, column, rng, *, forge):
    """Change one digit of a column in one run; return the seed of the run."""
    holding = [path for path in shards(folder) if _rows(path, column)]
    path = rng.choice(holding)
    table, told = read_shard(path)
    row = rng.choice(_rows(path, column))
    values = table.column(column).to_pylist()
    values[row] = _other(values[row], rng)
    kind = table.schema.field(column).type
    place = table.column_names.index(column)
    changed = table.set_column(place, column, pa.array(values, kind))
    assert not changed.equals(table)
    rewrite(path, changed, told, forge=forge)
    return changed.column("seed").to_pylist()[row]


def _rows(path, column):
    """Rows that have a digit there."""
    values = read_shard(path)[0].column(column).to_pylist()
    return [i for i, v in enumerate(values) if re.search(r"\d", str(v))]


def _other(value, rng):
    if isinstance(value, list):
        place = rng.randrange(len(value))
        return [*value[:place], _other(value[place], rng), *value[place + 1 :]]
    if isinstance(value, str):
        # The last digit, which in a traceback stands in the message.
        last = [m.start() for m in re.finditer(r"\d", value)][-1]
        return value[:last] + str((int(value[last]) + 1) % 10) + value[last + 1 :]
    if isinstance(value, float):
        return float(np.nextafter(value, np.inf))
    return value + 1


def edit_study(folder, edit):
    """Change what ``study.json`` says."""
    file = folder / "study.json"
    content = json.loads(file.read_text())
    edit(content)
    file.write_text(json.dumps(content))


def rng_of(*parts):
    return random.Random(repr(parts))
