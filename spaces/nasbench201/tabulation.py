"""How the table of ``nasbench201/digits`` is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness import Architecture
from harness.live.tabulate import Tabulation
from spaces.nasbench201.digits import DIGITS_TABLE, digits_setup
from spaces.nasbench201.skeleton import costs
from spaces.nasbench201.space import NasBench201Space

if TYPE_CHECKING:
    from harness.live.training import TrialResult


def digits_tabulation() -> Tabulation:
    """Every cell that differs in its function, by its first genotype."""
    from harness.live.tasks import digits

    setup, space = digits_setup(), NasBench201Space()
    first: dict[str, Architecture] = {}
    for arch in space.enumerate():
        first.setdefault(space.canonical(arch), arch)
    return Tabulation(
        id="nasbench201/digits",
        dataset="digits",
        space=space,
        archs=tuple(first.values()),
        epochs=setup.recipe.epochs,
        identity={"recipe": setup.hash, "data": digits().hash},
        train=_train,
        costs=_costs,
        table=DIGITS_TABLE,
    )


def _train(arch: Architecture, trials: Sequence[int]) -> list[TrialResult]:
    from harness.live.tasks import digits
    from spaces.nasbench201.training import train_cell

    setup = digits_setup()
    return train_cell(arch, trials, setup.recipe, digits(), setup.skeleton)


def _costs(arch: Architecture) -> dict[str, float]:
    cost = costs(arch, digits_setup().skeleton)
    return {"params_digits": cost.parameters, "flops_m_digits": cost.flops / 1e6}
