"""What every method must hold; one function a rule, which says what was seen and what to do."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.core.budget import Budget
from harness.core.errors import HarnessError
from harness.core.names import format_reference, parse_reference
from harness.core.space import Architecture
from harness.testing.isolation import hidden_scores, order, processes, quiet, resume
from harness.testing.lab import Given, Lab, Violation, WatchedBenchmark, refuse_failure
from harness.testing.randomness import global_random, other_seeds, same_seed
from harness.testing.synthetic import SyntheticBenchmark


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        name: what was checked.
        passed: whether the method holds it.
        detail: what was seen, and what to do where it does not.
    """

    name: str
    passed: bool
    detail: str


def runs(lab: Lab) -> str:
    """A search with default parameters ends with a recommendation."""
    (record,) = lab.run([0])
    spent = f"{record.queries}" if lab.asks else f"{record.epochs:g}"
    return f"{spent} of {Budget.parse(lab.budget)}, recommends {record.recommended}"


def documented(lab: Lab) -> str:
    """The class has a docstring, whose first line is shown in listings."""
    cls = type(lab.method)
    # A dataclass without a docstring is given its signature as one.
    if not cls.summary() or cls.summary().startswith(f"{cls.__name__}("):
        raise Violation(f"{cls.__name__} has no docstring. Say in one line what it does")
    return cls.summary()


def parameters(lab: Lab) -> str:
    """Hyper-parameters are typed fields with defaults, and can be written down and read."""
    cls = type(lab.method)
    fields = {field.name for field in dataclasses.fields(cls)}
    typed = (*inspect.get_annotations(cls), "version", "extra")
    for name, value in vars(cls).items():
        plain = isinstance(value, (bool, int, float, str))
        if plain and name not in typed and not name.startswith("_"):
            raise Violation(
                f"{name} = {value!r} has no type, so it is no hyper-parameter. Write "
                f"{name}: {type(value).__name__} = {value!r}, or ClassVar for a constant"
            )
    try:
        default = cls.from_text({})
        written = {name: str(value) for name, value in default.parameters().items()}
        text = format_reference("method", written)
        again = cls.from_text(parse_reference(text).settings)
    except HarnessError as error:
        raise Violation(f"parameters cannot be written down and read again: {error}") from error
    for name, value in default.parameters().items():
        back = again.parameters()[name]
        if not isinstance(value, (bool, int, float, str, type(None))):
            raise Violation(f"{name} is {value!r}: use a number, a text, a bool or None")
        if (back, type(back)) != (value, type(value)):
            raise Violation(f"{name} is {value!r}, but reads as {back!r} from '{text}'")
    return f"{len(fields)} hyper-parameters" if len(fields) != 1 else "1 hyper-parameter"


def budget_queries(lab: Lab) -> str:
    """Works with any number of queries from one up, and never makes more."""
    if not lab.asks:
        return f"queries do not count what it spends: {' and '.join(lab.method.units)} do"
    amounts = (1, 2, 3, 5, 17)
    for amount in amounts:
        (record,) = lab.run([0], budget=str(amount))
        if record.queries > amount:
            raise Violation(f"{record.queries} queries were made with a budget of {amount}")
    return f"works with {', '.join(map(str, amounts))} queries"


def budget_epochs(lab: Lab) -> str:
    """Works with a budget of epochs, and never spends more."""
    amounts = (36, 40, 100, 371)
    for amount in amounts:
        (record,) = lab.run([0], budget=f"{amount}epochs")
        if record.epochs > amount:
            raise Violation(f"{record.epochs} epochs were spent with a budget of {amount}")
    return f"works with {', '.join(map(str, amounts))} epochs"


def budget_seconds(lab: Lab) -> str:
    """Works with a budget of seconds, and never spends more."""
    amounts = (1100.0, 2000.0, 9999.5)
    for amount in amounts:
        (record,) = lab.run([0], budget=f"{amount}s")
        if record.seconds > amount:
            raise Violation(f"{record.seconds} s were spent with a budget of {amount} s")
    return f"works with {', '.join(map(str, amounts))} simulated seconds"


def stops(lab: Lab) -> str:
    """The first query that is refused is the last one that is asked for."""
    watched = WatchedBenchmark()
    (record,) = lab.try_seeds([0], watched, "5000s")
    refused = watched.asked - len(record.trace.scores)
    if refused > 1:
        raise Violation(
            f"{refused} queries were asked for after the budget was spent. Let BudgetExhausted "
            "pass: no bare 'except:' and no 'except BaseException' around evaluate"
        )
    refuse_failure(record, "with a budget of 5000 seconds")
    return "ends with its budget" if refused else "ends by itself"


def _rule(arch: Architecture) -> bool:
    return arch[0] <= arch[1] <= arch[2] and arch[3] != arch[0]


def valid(lab: Lab) -> str:
    """Asks for and recommends valid architectures only."""
    watched = WatchedBenchmark((4, 4, 4, 4, 2), rule=_rule)
    records = lab.try_seeds([0, 1, 2], watched)
    if watched.invalid:
        raise Violation(
            f"{watched.invalid[0]} was asked for, which space.is_valid refuses. Use "
            "problem.space.sample, mutate, crossover and neighbours, or test with is_valid"
        )
    for record in records:
        refuse_failure(record, "in a space with a validity rule")
    return "in a space where 23 % of the genotypes are valid"


def minimised(lab: Lab) -> str:
    """Works where the metric is minimised: scores are negative there, higher is better."""
    lab.run([0, 1], SyntheticBenchmark(direction="minimize"))
    return "works with scores below zero"


def flat_scores(lab: Lab) -> str:
    """Works where all scores are equal."""
    lab.run([0], SyntheticBenchmark(flat=True, trials=1))
    return "works without any difference between scores"


def tiny_spaces(lab: Lab) -> str:
    """Works in spaces with fewer architectures than queries."""
    for sizes in ((1,), (3,), (1, 1), (2, 1, 3)):
        try:
            lab.run([0], SyntheticBenchmark(sizes), "12" if lab.asks else "")
        except Violation as violation:
            raise Violation(f"in a space of {np.prod(sizes)} architectures, {violation}") from None
    return "works with 1, 3 and 6 architectures"


def fidelities(lab: Lab) -> str:
    """Works with one fidelity, with several and with none that is known."""
    levels: tuple[tuple[int | None, ...], ...] = ((36,), (1, 2), tuple(range(1, 11)), (None,))
    for known in levels:
        try:
            lab.run([0], SyntheticBenchmark(fidelities=known))
        except Violation as violation:
            raise Violation(f"with the fidelities {known}, {violation}") from None
    return "works with fidelities (36), (1, 2), (1 to 10) and unknown epochs"


def free_repeats(lab: Lab) -> str:
    """Works where asking again is free."""
    budget = "20" if lab.asks else ""
    (record,) = lab.run([0], SyntheticBenchmark((4, 4, 4), repeats="free"), budget)
    return f"{len(record.trace.scores)} queries, {record.queries} of them charged"


def no_costs(lab: Lab) -> str:
    """Works where neither epochs nor seconds are known."""
    if not lab.asks:
        return "refused there: queries do not count what it spends"
    lab.run([0], SyntheticBenchmark(fidelities=(None,), seconds=False))
    return "works with a budget of queries only"


CHECKS: tuple[Callable[[Lab], str], ...] = (
    runs,
    documented,
    parameters,
    same_seed,
    other_seeds,
    global_random,
    budget_queries,
    budget_epochs,
    budget_seconds,
    stops,
    valid,
    order,
    processes,
    resume,
    hidden_scores,
    minimised,
    flat_scores,
    tiny_spaces,
    fidelities,
    free_repeats,
    no_costs,
    quiet,
)


def check_method(given: Given, **options: Any) -> Iterator[Check]:
    """Check a method, rule by rule; only the first one where the method does not run at all.

    Args:
        given: registered name, ``file.py:Class``, class or instance.
        options: of `Lab`.

    Raises:
        HarnessError: there is no such method, or it cannot be loaded.
    """
    for check in CHECKS:
        lab = Lab(given, **options)
        name = check.__name__.replace("_", " ")
        try:
            yield Check(name, True, check(lab))
        except Violation as violation:
            yield Check(name, False, str(violation))
            if check is runs:
                return


def validate_method(text: str) -> list[Check]:
    """Check a method, see `check_method`."""
    return list(check_method(text))
