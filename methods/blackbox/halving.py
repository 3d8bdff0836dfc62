"""Brackets of successive halving, which three methods share.

Jamieson and Talwalkar (AISTATS 2016) give the halving; Li, Jamieson, DeSalvo, Rostamizadeh and
Talwalkar (JMLR 18, 2018, algorithm 1) the sizes of Hyperband's brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter

from harness import Architecture

Fidelity = int | None
Evaluate = Callable[[Architecture, Fidelity], float]
Propose = Callable[[], Architecture]


def rungs_of(fidelities: Sequence[Fidelity], eta: int) -> list[Fidelity]:
    """The fidelities that halving uses, ascending.

    From the full fidelity down, each is the longest training that is at most one ``eta``-th of the
    one above. Fidelities that are powers of ``eta`` apart are all used, as published; from other
    tables (every epoch of a curve, or two schedules) the nearest ladder is picked.
    """
    rungs = [fidelities[-1]]
    for epochs in reversed(fidelities[:-1]):
        if (epochs or 0) * eta <= (rungs[-1] or 0):
            rungs.append(epochs)
    return rungs[::-1]


def run_bracket(
    evaluate: Evaluate, propose: Propose, rungs: Sequence[Fidelity], count: int, eta: int
) -> None:
    """Evaluate ``count`` proposals on the lowest rung and the best ``1/eta`` on each one above.

    Every evaluation pays for its whole training; of equal scores the earlier proposal goes on.
    """
    scored = []
    for _ in range(count):
        arch = propose()
        scored.append((evaluate(arch, rungs[0]), arch))
    for epochs in rungs[1:]:
        count //= eta
        best = sorted(scored, key=itemgetter(0), reverse=True)[:count]
        scored = [(evaluate(arch, epochs), arch) for _, arch in best]


def run_hyperband(
    evaluate: Evaluate, propose: Propose, rungs: Sequence[Fidelity], eta: int
) -> None:
    """Run brackets from the most to the least aggressive one, over and over."""
    while True:
        for s in reversed(range(len(rungs))):
            count = -(-len(rungs) * eta**s // (s + 1))
            run_bracket(evaluate, propose, rungs[-s - 1 :], count, eta)
