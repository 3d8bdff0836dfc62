"""What holds for every black-box method."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest

from harness import HarnessError
from methods.blackbox.bohb import BOHB
from methods.blackbox.genetic_algorithm import GeneticAlgorithm
from methods.blackbox.gp_bo import GpBo
from methods.blackbox.hyperband import Hyperband
from methods.blackbox.local_search import LocalSearch
from methods.blackbox.random_search import RandomSearch
from methods.blackbox.regularized_evolution import RegularizedEvolution
from methods.blackbox.reinforce import Reinforce
from methods.blackbox.successive_halving import SuccessiveHalving
from methods.blackbox.tpe import TPE

METHODS = {
    "random-search": RandomSearch,
    "random-search:replacement=false": lambda: RandomSearch(replacement=False),
    "regularized-evolution": RegularizedEvolution,
    "local-search": LocalSearch,
    "reinforce": Reinforce,
    "successive-halving": SuccessiveHalving,
    "hyperband": Hyperband,
    "bohb": BOHB,
    "tpe": TPE,
    "genetic-algorithm": GeneticAlgorithm,
    "gp-bo": GpBo,
}
every = pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
# Queries before a method looks at a score, at one fidelity.
DESIGNS = {
    "random-search:replacement=false": 40,
    "regularized-evolution": 10,
    "local-search": 10,
    "successive-halving": 40,
    "hyperband": 40,
    "bohb": 10,
    "tpe": 20,
    "genetic-algorithm": 20,
    "gp-bo": 10,
}


@every
@pytest.mark.parametrize("fidelities", [(None,), (1, 3, 9)])
def test_budget_of_one_query(make, fidelities, play, toy, toy_space, table):
    run = play(make(), toy(toy_space((3, 3)), table((3, 3)), fidelities), 1)
    assert len(run.archs) == 1
    assert run.best == run.archs[0]


@every
def test_space_of_one_architecture(make, play, toy, toy_space):
    run = play(make(), toy(toy_space((1, 1)), lambda arch, epochs: 0.5), 50)
    assert 1 <= len(run.archs) <= 50
    assert run.best == (0, 0)


@every
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_finds_the_best_of_three(make, direction, play, toy, toy_space):
    values = [0.3, 0.9, 0.1]
    benchmark = toy(toy_space((3,)), lambda arch, epochs: values[arch[0]], direction=direction)
    run = play(make(), benchmark, 60)
    assert run.best == ((1,) if direction == "maximize" else (2,))


@every
def test_ends_where_repeats_are_free(make, play, toy, toy_space, monkeypatch):
    monkeypatch.setattr("harness.core.problem.MAX_FREE_REPEATS", 300)
    benchmark = toy(toy_space((3,)), lambda arch, epochs: arch[0], repeats="free")
    run = play(make(), benchmark, 60)
    assert run.best == (2,)
    assert run.ledger.total_charged <= 3


@every
@pytest.mark.parametrize(("budget", "unit"), [("100epochs", 1), ("200s", 2)])
def test_fidelities_and_budgets_in_epochs_and_seconds(
    make, budget, unit, play, toy, toy_space, table
):
    score = table((4, 4, 4))
    benchmark = toy(toy_space((4, 4, 4)), lambda a, epochs: score(a, epochs) + epochs, (1, 3, 9))
    run = play(make(), benchmark, budget)
    spent = sum(run.fidelities)
    # What is left does not pay for the next query, unless nothing was left to ask.
    assert 100 - 9 < spent <= 100
    assert set(run.fidelities) <= {1, 3, 9}
    assert run.ledger.total_seconds == 2 * spent
    assert score(run.best, 9) == max(
        score(a, 9) for a, f in zip(run.archs, run.fidelities, strict=True) if f == 9
    )


@every
def test_asks_for_valid_genotypes_only(make, play, toy, toy_space, table):
    # One genotype in 64, each a single decision away from another one.
    space = toy_space((4, 4, 4, 4), lambda arch: arch[0] == arch[1] == arch[2] == 0)
    run = play(make(), toy(space, table((4, 4, 4, 4))), 50)
    assert {arch[:3] for arch in run.archs} == {(0, 0, 0)}
    assert run.best == max(space.enumerate(), key=lambda arch: table((4, 4, 4, 4))(arch, None))


@every
def test_valid_genotypes_without_a_valid_neighbour(make, play, toy, toy_space, table):
    space = toy_space((2, 2, 2), lambda arch: sum(arch) % 2 == 0)
    run = play(make(), toy(space, table((2, 2, 2))), 60)
    assert run.best == max(space.enumerate(), key=lambda arch: table((2, 2, 2))(arch, None))


@every
@pytest.mark.parametrize("fidelities", [(None,), (1, 3, 9)])
def test_same_seed_same_trace(make, fidelities, play, toy, toy_space, smooth):
    sizes = (4,) * 6
    benchmark = toy(toy_space(sizes), smooth(sizes), fidelities)
    first, again, other = (play(make(), benchmark, 60, seed) for seed in (1, 1, 2))
    assert (first.archs, first.fidelities) == (again.archs, again.fidelities)
    assert first.archs != other.archs


@every
def test_touches_no_global_generator(make, play, toy, toy_space, table):
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    play(make(), toy(toy_space((3, 3, 3)), table((3, 3, 3))), 40)
    assert before == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002


@every
def test_entries_of_a_genotype_are_plain_ints(make, play, toy, toy_space, table):
    run = play(make(), toy(toy_space((3, 3, 3)), table((3, 3, 3))), 60)
    assert {type(entry) for arch in run.archs for entry in arch} == {int}


@pytest.mark.parametrize("name", DESIGNS)
def test_initial_design_is_that_of_random_search(name, play, toy, toy_space, smooth):
    sizes = (5,) * 8
    benchmark = toy(toy_space(sizes), smooth(sizes))
    count = DESIGNS[name]
    assert (
        play(METHODS[name](), benchmark, count, 3).archs
        == play(RandomSearch(), benchmark, count, 3).archs
    )


def gain_over_random(method, benchmark, play, budget, seeds=20):
    """Mean paired difference of the best score, in standard errors."""
    differences = [
        benchmark.report([play(method, benchmark, budget, seed).best])[0]
        - benchmark.report([play(RandomSearch(), benchmark, budget, seed).best])[0]
        for seed in range(seeds)
    ]
    return np.mean(differences) / (np.std(differences, ddof=1) / np.sqrt(seeds))


@pytest.mark.parametrize(
    "method",
    [
        RegularizedEvolution(),
        LocalSearch(),
        Reinforce(learning_rate=0.1),
        # With its defaults it is no better than random search at one fidelity, as published.
        BOHB(samples=4, random_fraction=0.0),
        TPE(),
        GeneticAlgorithm(),
        GpBo(),
    ],
    ids=lambda method: method.class_name(),
)
def test_beats_random_search_where_decisions_add_up(method, play, toy, toy_space, smooth):
    sizes = (5,) * 8
    assert gain_over_random(method, toy(toy_space(sizes), smooth(sizes)), play, 150) > 3


@pytest.mark.parametrize(
    "method", [SuccessiveHalving(), Hyperband(), BOHB()], ids=lambda method: method.class_name()
)
def test_beats_random_search_where_short_trainings_tell(method, play, toy, toy_space, smooth):
    sizes = (5,) * 8
    final, noise = smooth(sizes), smooth(sizes, seed=1)

    def score(arch, epochs):
        return final(arch, epochs) + noise(arch, epochs) * (0.5 / epochs - 0.5 / 27)

    benchmark = toy(toy_space(sizes), score, (1, 3, 9, 27))
    assert gain_over_random(method, benchmark, play, "1500epochs") > 3


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (RegularizedEvolution, {"population": "0"}),
        (RegularizedEvolution, {"sample": "0"}),
        (LocalSearch, {"starts": "0"}),
        (Reinforce, {"learning_rate": "0"}),
        (Reinforce, {"momentum": "1"}),
        (SuccessiveHalving, {"eta": "1"}),
        (Hyperband, {"eta": "1"}),
        (BOHB, {"random_fraction": "1.5"}),
        (BOHB, {"samples": "0"}),
        (TPE, {"startup": "0"}),
        (TPE, {"prior_weight": "0"}),
        (GeneticAlgorithm, {"elite": "20"}),
        (GeneticAlgorithm, {"mutation": "nan"}),
        (GpBo, {"initial": "0"}),
    ],
)
def test_refuses_impossible_parameters(method, parameters):
    (name,) = parameters
    with pytest.raises(HarnessError, match=name):
        method.from_text(parameters)


@pytest.mark.parametrize("sizes", [(1,), (2,), (1, 3)])
@every
def test_smallest_parameters(make, sizes, play, toy, toy_space):
    method = make()
    for name in ("population", "sample", "starts", "samples", "startup", "candidates", "initial"):
        if name in method.parameters():
            setattr(method, name, 1)
    if isinstance(method, GeneticAlgorithm):
        method.elite = 0
    run = play(method, toy(toy_space(sizes), lambda arch, epochs: sum(arch)), 40)
    assert run.archs


def test_import_loads_neither_torch_nor_scikit_learn():
    modules = "bohb genetic_algorithm gp_bo hyperband local_search random_search"
    modules += " regularized_evolution reinforce successive_halving tpe"
    names = [f"methods.blackbox.{name}" for name in modules.split()]
    code = (
        f"import sys, {', '.join(names)}; print(sorted({{'torch', 'sklearn'}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
