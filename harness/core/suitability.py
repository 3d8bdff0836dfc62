"""Refusals of methods and scorers on benchmarks that lack what they need."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Literal, get_args

from harness.core.errors import HarnessError
from harness.core.space import SearchSpace

Ability = Literal["mixtures", "weighted decisions", "partial channels"]
"""What a supernet can do besides computing the single paths of architectures.

``mixtures``: a plan may have several choices a decision, with weights. ``weighted decisions``: what
a plan has entries for are the decisions of the space, so that a choice of a genotype can be given a
weight. ``partial channels``: one of so many channels goes through the operations, the others pass
by (Xu et al., PC-DARTS, ICLR 2020).
"""

ABILITIES: frozenset[Ability] = frozenset(get_args(Ability))
"""All of them."""


def refuse_lacking_encodings(
    who: str, needed: Set[str], space: SearchSpace, others: Sequence[str] = ()
) -> None:
    """Refuse a space that lacks an encoding.

    Args:
        who: what needs the encodings.
        needed: the encodings.
        space: the space.
        others: names of what would work there, if known.

    Raises:
        HarnessError: the space lacks one.
    """
    lacking = sorted(needed - space.encodings)
    if lacking:
        raise HarnessError(
            f"{who} needs the encoding {' and '.join(lacking)}, which space {space.id} does not "
            f"have (it has {', '.join(sorted(space.encodings))}){_instead(others)}"
        )


def refuse_lacking_abilities(
    who: str, needed: Set[Ability], where: str, found: Set[Ability], others: Sequence[str] = ()
) -> None:
    """Refuse a supernet that lacks an ability.

    Args:
        who: what needs the abilities.
        needed: the abilities.
        where: the benchmark or space whose supernet it is.
        found: abilities of the supernet.
        others: names of what would work there, if known.

    Raises:
        HarnessError: the supernet lacks one.
    """
    lacking = sorted(needed - found)
    if lacking:
        has = ", ".join(sorted(found)) or "single paths only"
        raise HarnessError(
            f"{who} needs a supernet with {' and '.join(lacking)}, which that of {where} does not "
            f"have (it has {has}){_instead(others)}"
        )


def _instead(others: Sequence[str]) -> str:
    return f". These work there: {', '.join(others)}" if others else ""
