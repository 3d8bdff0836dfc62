"""Seeded defects: does the gate, or the conformance kit, catch them?

Each mutant is one replacement of text in a copy of the tree; a text that is not there is an error.
In the copy ``harness check`` holds the cells of one method, or all where the defect lies in what
methods share, against the baselines of this project; where that passes, ``harness validate`` checks
the method; where that passes too, ``harness check --strict`` must not, which is all that can be had
of a defect that costs no more than the margin. Only cells whose random stream has changed are
tested and corrected for their number, so that leaving out cells that a defect cannot reach changes
no verdict.

``python -m tests.gate.mutants`` tries all of them, names as arguments some. Exit code 1 where one
survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from harness.gate.baseline import Baseline, read_baseline, write_baseline

ROOT = Path(__file__).parents[2]
BASELINES = ROOT / "results" / "baselines"
ALL = ""
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True)
class Mutant:
    """A defect.

    Attributes:
        file: where it is.
        old: the text that is replaced, which stands there once.
        new: what replaces it.
        method: whose cells are checked, and which the conformance kit is asked about; all cells
            where it is `ALL`.
    """

    file: str
    old: str
    new: str
    method: str = "random-search"


_PROBLEM = "harness/core/problem.py"
_RUN = "harness/study/run.py"
_TABLE = "harness/tables/benchmark.py"
_ORACLE = "harness/tables/oracle.py"
_EVOLUTION = "methods/blackbox/regularized_evolution.py"
_HALVING = "methods/blackbox/halving.py"

MUTANTS = {
    # The ledger and the runner.
    "budget off by one": Mutant(
        _PROBLEM, "charged > self._queries_limit", "charged > self._queries_limit + 1"
    ),
    "training beyond the budget of epochs": Mutant(
        _PROBLEM,
        "or spent_epochs > self._epochs_limit:",
        "or spent_epochs - 1 > self._epochs_limit:",
    ),
    "repeated query uncharged": Mutant(
        _PROBLEM,
        "charged = ledger.total_charged + 1",
        "charged = ledger.total_charged + (arch not in ledger.archs)",
    ),
    "cost of an epoch wrong": Mutant(
        _PROBLEM,
        "spent_epochs = ledger.total_epochs + (epochs or 0)\n        if charged",
        "spent_epochs = ledger.total_epochs + (epochs or 0) / 2\n        if charged",
    ),
    "seconds not added up": Mutant(
        _PROBLEM, "spent_seconds = ledger.total_seconds + cost", "spent_seconds = cost"
    ),
    "incumbent by the wrong sign": Mutant(
        _PROBLEM, "rank = (epochs or 0, score)", "rank = (epochs or 0, -score)"
    ),
    "incumbent whatever the fidelity": Mutant(
        _PROBLEM, "rank = (epochs or 0, score)", "rank = (0, score)"
    ),
    "tie goes to the last": Mutant(
        _PROBLEM, "if rank > ledger.best_rank", "if rank >= ledger.best_rank"
    ),
    "last instead of best": Mutant(_PROBLEM, "self.archs[self.incumbents[-1]]", "self.archs[-1]"),
    "seed of the run ignored": Mutant(
        _RUN, "np.random.SeedSequence(seed)", "np.random.SeedSequence(0)"
    ),
    # Tables.
    "test scores shown to the search": Mutant(
        _TABLE,
        "scores = self.sign * self._scores(level.scores)",
        "scores = self.sign * self._scores(self._layout.reported[self._reported])",
    ),
    "validation reported as test": Mutant(
        "spaces/nasbench_graph/benchmarks.py", '"test": ("test",)', '"test": ("valid",)'
    ),
    "first trial reported as the mean": Mutant(
        _TABLE,
        "np.nanmean(self._scores(self._layout.reported[self._reported]), axis=1)",
        "self._scores(self._layout.reported[self._reported])[:, 0]",
    ),
    "noise without its key": Mutant(_ORACLE, "mix(self._key, row, nth)", "mix(0, row, nth)"),
    "same noise at every ask": Mutant(_ORACLE, "nth = asks.get((row, epochs), 0)", "nth = 0"),
    "row beside the right one": Mutant(
        _TABLE,
        "row = self._rows[self._key_of(arch)]",
        "row = max(0, self._rows[self._key_of(arch)] - 1)",
    ),
    "cost of the last fidelity": Mutant(
        _ORACLE,
        "return level.trials[row, trial], level.seconds[row]",
        "return level.trials[row, trial], self._levels[max(self._levels)].seconds[row]",
    ),
    # What methods share.
    "mutation at one end only": Mutant(
        "harness/core/space.py", "i = opened[int(u * len(opened))]", "i = opened[-1]", ALL
    ),
    "sampling of first choices": Mutant(
        "harness/core/space.py",
        "arch = tuple([int(u * size) for u, size in zip(draws, sizes, strict=True)])",
        "arch = tuple([int(u * u * size) for u, size in zip(draws, sizes, strict=True)])",
        ALL,
    ),
    # Methods.
    "mutation rate zero": Mutant(
        _EVOLUTION,
        "child = space.mutate(max(drawn, key=score)[1], rng)",
        "child = max(drawn, key=score)[1]",
        "regularized-evolution",
    ),
    "tournament reversed": Mutant(
        _EVOLUTION, "max(drawn, key=score)", "min(drawn, key=score)", "regularized-evolution"
    ),
    "population never aged": Mutant(
        _EVOLUTION, "deque(maxlen=size)", "deque()", "regularized-evolution"
    ),
    "tournament of the genetic algorithm reversed": Mutant(
        "methods/blackbox/genetic_algorithm.py",
        "return max((alive",
        "return min((alive",
        "genetic-algorithm",
    ),
    "seed ignored by a method": Mutant(
        "methods/blackbox/random_search.py",
        "space, rng = problem.space, problem.rng",
        "space, rng = problem.space, __import__('numpy').random.default_rng(0)",
        "random-search",
    ),
    "local search climbs down": Mutant(
        "methods/blackbox/local_search.py",
        "if known[arch] > score:",
        "if known[arch] < score:",
        "local-search",
    ),
    "local search stops early": Mutant(
        "methods/blackbox/local_search.py",
        "known, *max(drawn, key=itemgetter(1)))",
        "known, *max(drawn, key=itemgetter(1)))\n            return",
        "local-search",
    ),
    "policy gradient reversed": Mutant(
        "methods/blackbox/reinforce.py",
        "gradient[rows, list(arch)] -= 1.0",
        "gradient[rows, list(arch)] -= 1.0\n            gradient *= -1",
        "reinforce:learning_rate=0.1",
    ),
    "good and bad densities swapped": Mutant(
        "methods/blackbox/tpe.py", "(good / other)[drawn]", "(other / good)[drawn]", "tpe"
    ),
    "bracket keeps the worst": Mutant(
        _HALVING, "key=itemgetter(0), reverse=True", "key=itemgetter(0)", "successive-halving"
    ),
    "natural gradient on scores": Mutant(
        "methods/blackbox/asng.py",
        "losses.append(-problem.evaluate(arch))",
        "losses.append(problem.evaluate(arch))",
        "asng",
    ),
    "acquisition at its smallest": Mutant(
        "methods/blackbox/gp_bo.py", "np.argmax(gains)", "np.argmin(gains)", "gp-bo"
    ),
    "predicted worst first": Mutant(
        "methods/predictor/labels.py",
        'order = np.argsort(-predicted, kind="stable")',
        'order = np.argsort(predicted, kind="stable")',
        "gbdt-nas:predictor=(lightgbm:trees=20,min_data=5),samples=1000",
    ),
}


@dataclass(frozen=True)
class Result:
    """What became of a mutant.

    Attributes:
        caught: by ``check``, ``validate`` or ``strict``; empty where it survived.
        detail: the line that says so.
    """

    caught: str
    detail: str


def try_mutant(mutant: Mutant, jobs: int = 1) -> Result:
    """Apply a defect to a copy of the tree, and ask the gate.

    Args:
        mutant: the defect.
        jobs: worker processes.

    Raises:
        AssertionError: the text to replace does not stand there once, or the tree does not start.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder)
        for package in ("harness", "methods", "spaces"):
            shutil.copytree(ROOT / package, tree / package, ignore=IGNORED)
        mutate(tree, mutant)
        write_baseline(part(mutant.method), tree / "part.toml")
        check = run(tree, "check", "part.toml", "--jobs", str(jobs))
        if check.returncode in (1, 3):
            # Only what is said of scores counts: a tree that cannot start proves nothing.
            found = [line for line in check.stdout.splitlines() if "REGR" in line or "TELL" in line]
            assert found, check.stderr
            return Result("check", " ".join(found[0].split()) + f" (+{len(found) - 1})")
        assert check.returncode == 0, check.stderr
        kit = run(tree, "validate", mutant.method or "random-search")
        failed = [line for line in kit.stdout.splitlines() if line.startswith("  FAIL")]
        assert kit.returncode == bool(failed), kit.stderr
        if failed:
            return Result("validate", failed[0].strip())
        strict = run(tree, "check", "part.toml", "--jobs", str(jobs), "--strict")
        return Result("strict" if strict.returncode == 1 else "", "no loss beyond the margin")


def part(method: str) -> Baseline:
    """The cells of one method, of whichever baseline has it; all of the fast one for `ALL`."""
    for path in sorted(BASELINES.glob("*.toml")):
        whole = read_baseline(path)
        if method == ALL:
            return whole
        if method in [known.id for known in whole.methods]:
            return replace(
                whole,
                methods=tuple(known for known in whole.methods if known.id == method),
                cells=tuple(cell for cell in whole.cells if cell.method == method),
            )
    raise KeyError(method)


def mutate(tree: Path, mutant: Mutant) -> None:
    """Replace the text."""
    path = tree / mutant.file
    text = path.read_text()
    assert text.count(mutant.old) == 1, f"{mutant.file} has {text.count(mutant.old)} {mutant.old!r}"
    path.write_text(text.replace(mutant.old, mutant.new))


def run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the harness with the code of a tree."""
    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def main(names: list[str]) -> int:
    """Try all, or those named, after a control in which nothing is changed."""
    control = try_mutant(Mutant(_PROBLEM, "class Ledger:", "class Ledger:", ALL))
    assert not control.caught, f"the unchanged tree does not pass: {control.detail}"
    survived = 0
    for name in names or MUTANTS:
        result = try_mutant(MUTANTS[name])
        survived += not result.caught
        print(f"{name:45} {result.caught or 'SURVIVED':9} {result.detail}", flush=True)
    print(f"{survived} of {len(names or MUTANTS)} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
