"""What networks of the space cost, by formula, and how wide they may be; no torch."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from functools import cache

from harness import HarnessError
from harness.live.cell_chain import CellChain, CellPlace, Cost, convolution, depthwise
from spaces.enas_micro.space import INPUTS, OPERATIONS, Cell, outputs

# The output of a cell is a 1x1 convolution of some of its nodes.
WIDTH = 1

# No network is wider (released code of Akimoto et al., ICML 2019).
MOST_CHANNELS = 127


def network_cost(cells: tuple[Cell, Cell], chain: CellChain) -> Cost:
    """Of a network without its auxiliary classifier.

    Args:
        cells: the normal cell and the reduction cell.
        chain: what surrounds them.
    """
    return sum((cell_cost(cells[place.reduces], place) for place in chain.places), chain.frame_cost)


@cache
def cell_cost(cell: Cell, place: CellPlace) -> Cost:
    """Of one cell.

    Where a node does the same with the same output twice, both have the same weights and are
    computed once.
    """
    inner = (
        _operation_cost(op, place, place.reduces and source < len(INPUTS))
        for operands in cell
        for source, op in {*operands}
    )
    joined = convolution(len(outputs(cell)) * place.channels, place.channels, 1, place.inner)
    return sum(inner, place.inputs_cost + joined)


def _operation_cost(op: int, place: CellPlace, strided: bool) -> Cost:
    name, channels, side = OPERATIONS[op], place.channels, place.inner
    if name == "identity":
        return convolution(channels, channels, 1, side) if strided else Cost()
    if "pool" in name:
        return Cost()
    one = depthwise(channels, int(name[-1]), side)
    return one + one


def widest(cells: tuple[Cell, Cell], chain: CellChain, parameters: int) -> CellChain:
    """The chain with as many channels as a number of parameters allows.

    Args:
        cells: the normal cell and the reduction cell.
        chain: its channels do not matter.
        parameters: at most, without the auxiliary classifier.

    Raises:
        HarnessError: not even one channel is allowed.
    """
    channels = bisect_right(
        range(1, MOST_CHANNELS + 1),
        parameters,
        key=lambda c: network_cost(cells, replace(chain, channels=c)).parameters,
    )
    if not channels:
        least = network_cost(cells, replace(chain, channels=1)).parameters
        raise HarnessError(
            f"no network of {chain.cells} cells has at most {parameters:,} parameters: with one "
            f"channel this one has {least:,}"
        )
    return replace(chain, channels=channels)
