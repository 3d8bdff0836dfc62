"""The search space of SemiNAS on ImageNet, which is like that of ProxylessNAS."""

from __future__ import annotations

import numpy as np

from harness import Architecture, Decision, HarnessError, InvalidArchitecture, SearchSpace
from spaces.mobile.shape import BLOCKS, MBCONVS, SKIP, Shape

# By their numbers: token 1 is an inverted bottleneck with expansion 3 and kernel 3x3, and so on.
OPERATIONS = (*(f"mb{expansion}-{kernel}x{kernel}" for expansion, kernel in MBCONVS), "skip")

# A limit must leave at least one of so many genotypes, or drawing valid ones takes for ever.
_RAREST = 1000


class MobileSpace(SearchSpace):
    """Chains of 21 inverted bottlenecks in six stages (Luo et al., SemiNAS, NeurIPS 2020).

    The first block of each stage has six choices, every other one a skip as well: 6^6 7^15 = 2.2e17
    genotypes. Which blocks of a stage are skipped makes no difference to a network, only which
    operations are left: 1554^5 6 = 5.4e16 architectures.

    The notation is that of the released code: numbers of operations from 1 to 7, ``6 5 1 7 ...``.
    """

    def __init__(self, shape: Shape | None = None, max_flops: float = 0.0) -> None:
        """Make it.

        Args:
            shape: of the networks whose cost is limited; needed with a limit only.
            max_flops: what a network may cost at most, a multiply-add counted as two; 0 for any.

        Raises:
            HarnessError: fewer than one of a thousand genotypes costs so little.
        """
        super().__init__("mobile", _decisions())
        self._limit = max_flops / 2
        if max_flops:
            assert shape is not None
            self._frame = shape.frame_cost.multiply_adds
            self._costs = [[cost.multiply_adds for cost in row] for row in shape.block_costs]
            self._check_limit()

    def _check_limit(self) -> None:
        rng = np.random.default_rng(0)
        draws = 10 * _RAREST
        drawn = sum(
            np.asarray(costs)[rng.integers(len(costs), size=draws)] for costs in self._costs
        )
        least = float(np.quantile(drawn + self._frame, 1 / _RAREST))
        if self._limit < least:
            raise HarnessError(
                f"max_flops={2 * self._limit:g}: only one of {_RAREST:,} networks of this recipe "
                f"has at most {2 * least:.3g} FLOPs, a multiply-add counted as two. Allow more"
            )

    def is_valid(self, arch: Architecture) -> bool:
        """Whether the network costs no more than the limit."""
        if not self._limit:
            return True
        costs = zip(self._costs, arch, strict=True)
        return self._frame + sum([row[op] for row, op in costs]) <= self._limit

    def canonical(self, arch: Architecture) -> tuple[tuple[int, ...], ...]:
        """The operations of each stage without its skips."""
        ends = np.cumsum(BLOCKS).tolist()
        starts = [0, *ends[:-1]]
        return tuple(
            tuple(op for op in arch[start:end] if op != SKIP)
            for start, end in zip(starts, ends, strict=True)
        )

    def to_str(self, arch: Architecture) -> str:
        """Numbers of operations from 1, with blanks between."""
        return " ".join(str(op + 1) for op in arch)

    def from_str(self, text: str) -> Architecture:
        """Read numbers of operations.

        Raises:
            InvalidArchitecture: the text is no architecture of the space.
        """
        words = text.split()
        if len(words) != len(self.sizes) or not all(word.isdecimal() for word in words):
            raise InvalidArchitecture(
                f"'{text}' is no architecture of {self.id}: write {len(self.sizes)} numbers with "
                f"blanks between, each from 1 to {len(OPERATIONS)}: {', '.join(OPERATIONS)}"
            )
        return self.check(tuple(int(word) - 1 for word in words))


def _decisions() -> list[Decision]:
    return [
        Decision(f"stage{stage} block{block}", OPERATIONS[:SKIP] if block == 1 else OPERATIONS)
        for stage, blocks in enumerate(BLOCKS, 1)
        for block in range(1, blocks + 1)
    ]
