"""A cell of NAS-Bench-201 in which all operations of all edges are there; needs torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.live.layers import StackedConv
from harness.live.search_task import Normalisation
from harness.live.supernet import Plan
from spaces.nasbench201.network import pool
from spaces.nasbench201.skeleton import live_edges
from spaces.nasbench201.space import EDGES, OPERATIONS

NONE, SKIP, CONV_1X1, CONV_3X3, POOL = range(len(OPERATIONS))

# All convolutions of a cell as (edge, operation), so ordered that those of one node are neighbours
# and, among them, those of one size.
CONVOLUTIONS = tuple(
    sorted(
        ((edge, op) for edge in range(len(EDGES)) for op in (CONV_1X1, CONV_3X3)),
        key=lambda row: (EDGES[row[0]][0], row[1], row[0]),
    )
)

Key = TypeVar("Key")

Term = tuple[int, Tensor | None]
"""A node that something is added to, and the weight, None for 1."""


@dataclass(frozen=True)
class Convolutions:
    """Convolutions of one size that read the same node.

    Attributes:
        rows: numbers in `CONVOLUTIONS`, ascending.
        targets: the node that each one is added to.
        scale: weights, shape (rows,); None where all are 1.
    """

    rows: tuple[int, ...]
    targets: tuple[int, ...]
    scale: Tensor | None


@dataclass(frozen=True)
class Reading:
    """What is computed of one node's value.

    Attributes:
        source: the node.
        convolutions: at most one entry for each size.
        pools: where the pooling goes.
        skips: where the value itself goes.
        passing: where the channels go that pass the operations by.
    """

    source: int
    convolutions: tuple[Convolutions, ...]
    pools: tuple[Term, ...]
    skips: tuple[Term, ...]
    passing: tuple[Term, ...]


def readings(plan: Plan, partial: int) -> tuple[list[Reading], list[Tensor]]:
    """Put a plan into an order in which a cell computes it.

    Edges that carry nothing from the cell's input to its output are left out.

    Args:
        plan: one entry an edge.
        partial: see `MixedCell`.

    Returns:
        What is computed of each node, in the order of nodes; and the weights that the result does
        not depend on.
    """
    # What passes the operations by makes even `none` carry something.
    carried = [bool(entry.keys() - {NONE}) or (partial > 1 and bool(entry)) for entry in plan]
    live = live_edges(tuple(SKIP if carries else NONE for carries in carried))
    idle = [
        weight
        for entry, lives in zip(plan, live, strict=True)
        for op, weight in entry.items()
        if weight is not None and not (lives and (partial > 1 or op != NONE))
    ]
    found = []
    for source in range(3):
        edges = [e for e, (start, _) in enumerate(EDGES) if start == source and live[e]]
        if edges:
            found.append(_reading(source, {e: plan[e] for e in edges}, partial))
    return found, idle


def _reading(
    source: int, entries: Mapping[int, Mapping[int, Tensor | None]], partial: int
) -> Reading:
    def terms(op: int) -> tuple[Term, ...]:
        return tuple((EDGES[e][1], entry[op]) for e, entry in entries.items() if op in entry)

    convolutions = []
    for op in (CONV_1X1, CONV_3X3):
        edges = [e for e, entry in entries.items() if op in entry]
        if edges:
            rows = tuple(CONVOLUTIONS.index((e, op)) for e in edges)
            targets, weights = zip(*terms(op), strict=True)
            convolutions.append(Convolutions(rows, targets, _stacked(weights)))
    passing = tuple(
        (EDGES[e][1], total)
        for e, entry in entries.items()
        for total in _totals(tuple(entry.values()))
    )
    return Reading(
        source,
        tuple(convolutions),
        terms(POOL),
        terms(SKIP),
        passing if partial > 1 else (),
    )


def _stacked(weights: Sequence[Tensor | None]) -> Tensor | None:
    given = next((weight for weight in weights if weight is not None), None)
    if given is None:
        return None
    return torch.stack([given.new_ones(()) if w is None else w for w in weights])


def _totals(weights: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
    """Weights with the same sum, as few as there can be."""
    stacked = _stacked(weights)
    return weights if stacked is None else (stacked.sum(),)


class SharedNorm(nn.Module):
    """Batch normalisation of several convolutions, of which any may be there.

    Attributes:
        momentum: weight of a batch in the running averages.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, rows: int, channels: int, normalisation: Normalisation) -> None:
        """Make it with torch's defaults: momentum 0.1, epsilon 1e-5."""
        super().__init__()
        self.momentum = 0.1
        self._stores = normalisation != "batch"
        if self._stores:
            self.register_buffer("running_mean", torch.zeros(rows, channels))
            self.register_buffer("running_var", torch.ones(rows, channels))

    def forward(
        self,
        x: Tensor,
        rows: Sequence[int] = (0,),
        weight: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> Tensor:
        """Normalise the outputs of some convolutions.

        Args:
            x: shape (n, rows * channels, height, width).
            rows: numbers of the convolutions, ascending.
            weight: scale of each channel, shape (rows * channels,).
            bias: shift of each channel, of the same shape.
        """
        if not self._stores:
            return functional.batch_norm(x, None, None, weight, bias, training=True)
        # Copies: the backward pass of one group must not meet what another one wrote.
        index = list(rows)
        mean, var = self.running_mean[index], self.running_var[index]
        normalised = functional.batch_norm(
            x, mean.view(-1), var.view(-1), weight, bias, self.training, self.momentum
        )
        if self.training:
            self.running_mean[index], self.running_var[index] = mean, var
        return normalised


class MixedCell(nn.Module):
    """One cell with a weight for every convolution: four nodes, each the sum of its edges.

    What several edges share is computed once: the ReLU and the pooling of a node, one convolution
    for all that read it, and one normalisation, which is without trained scale and shift, so that
    the weights of a mixture take the place of the scale.
    """

    def __init__(self, channels: int, normalisation: Normalisation, partial: int) -> None:
        """Make it.

        Args:
            channels: of input and output.
            normalisation: see `harness.live.search_task.Normalisation`.
            partial: one of so many channels goes through the operations of an edge, the others
                pass by, multiplied by the sum of the edge's weights; then channels are shuffled
                (Xu et al., PC-DARTS, ICLR 2020, section 3.2).
        """
        super().__init__()
        self._partial, self._width = partial, channels // partial
        self.convs = nn.ModuleList(
            StackedConv(1, self._width, self._width, 3 if op == CONV_3X3 else 1)
            for _, op in CONVOLUTIONS
        )
        self.norm = SharedNorm(len(CONVOLUTIONS), self._width, normalisation)

    def forward(self, x: Tensor, plan: Sequence[Reading]) -> Tensor:
        """The cell's output, of the shape of its input; zeros if nothing reaches it.

        Args:
            x: shape (n, channels, height, width).
            plan: see `readings`.
        """
        nodes = {0: x}
        passed: dict[int, Tensor] = {}
        for reading in plan:
            source = reading.source
            if self._partial == 1:
                value = nodes[source]
            else:
                value = self._joined(nodes.get(source), passed[source]) if source else x
                value, rest = value[:, : self._width], value[:, self._width :]
                for target, weight in reading.passing:
                    _add(passed, target, rest, weight)
            for target, weight in reading.skips:
                _add(nodes, target, value, weight)
            if reading.pools:
                pooled = pool(value)
                for target, weight in reading.pools:
                    _add(nodes, target, pooled, weight)
            if reading.convolutions:
                active = functional.relu(value)
                for targets, terms in self._convolved(active, reading.convolutions):
                    for target, term in zip(targets, terms, strict=True):
                        _add(nodes, target, term, None)
        if self._partial > 1 and 3 in passed:
            return self._joined(nodes.get(3), passed[3])
        return nodes[3] if 3 in nodes else torch.zeros_like(x)

    def _convolved(
        self, x: Tensor, convolutions: Sequence[Convolutions]
    ) -> Iterator[tuple[tuple[int, ...], Sequence[Tensor]]]:
        """Nodes, and what is added to each of them."""
        outputs: dict[tuple[int, ...], Tensor] = {}
        for group in convolutions:
            kernels = [self._kernel(row) for row in group.rows]
            kernel = kernels[0] if len(kernels) == 1 else torch.cat(kernels)
            y = functional.conv2d(x, kernel, padding=kernel.shape[-1] // 2)
            scale = group.scale
            if scale is not None:
                # Contiguous even with one row: torch's backward pass of a normalisation takes a
                # scale to be that, without a look, where maps are channels-last.
                scale = scale.to(kernel.dtype)[:, None].expand(-1, self._width).flatten()
                scale = scale.contiguous()
            # Where two sizes go to the same nodes, they are summed before they are taken apart.
            _add(outputs, group.targets, self.norm(y, group.rows, scale), None)
        for targets, y in outputs.items():
            yield targets, (y,) if len(targets) == 1 else torch.split(y, self._width, 1)

    def _kernel(self, row: int) -> Tensor:
        conv = self.convs[row]
        assert isinstance(conv, StackedConv)
        return conv.weight

    def _joined(self, mixed: Tensor | None, passed: Tensor) -> Tensor:
        """Operated and passed channels of a node, shuffled."""
        n, _, height, width = passed.shape
        if mixed is None:
            mixed = passed.new_zeros(n, self._width, height, width)
        joined = torch.cat((mixed, passed), 1)
        groups = joined.view(n, self._partial, self._width, height, width)
        return groups.transpose(1, 2).reshape(n, -1, height, width)


def _add(sums: dict[Key, Tensor], target: Key, value: Tensor, weight: Tensor | None) -> None:
    if target not in sums:
        sums[target] = value if weight is None else value * weight
    elif weight is None:
        sums[target] = sums[target] + value
    else:
        sums[target] = torch.addcmul(sums[target], value, weight)
