"""What networks of the DARTS space cost, by formula; no torch."""

from __future__ import annotations

from functools import cache

from harness.live.cell_chain import CellChain, CellPlace, Cost, convolution, depthwise
from spaces.darts.space import INPUTS, NODES, OPERATIONS, Cell

# The output of a cell is all its nodes.
WIDTH = NODES


def network_cost(cells: tuple[Cell, Cell], chain: CellChain) -> Cost:
    """Of a network without its auxiliary classifier.

    Args:
        cells: the normal cell and the reduction cell.
        chain: what surrounds them.
    """
    inner = (
        operation_cost(op, place, place.reduces and source < len(INPUTS))
        for place in chain.places
        for node in cells[place.reduces]
        for source, op in node
    )
    inputs = (place.inputs_cost for place in chain.places)
    return sum((*inner, *inputs), chain.frame_cost)


@cache
def operation_cost(op: int, place: CellPlace, strided: bool) -> Cost:
    """Of one operation in a cell."""
    name, channels, side = OPERATIONS[op], place.channels, place.inner
    if name == "skip_connect":
        return convolution(channels, channels, 1, side) if strided else Cost()
    if "pool" in name:
        return Cost()
    one = depthwise(channels, int(name[-1]), side)
    return one + one if name.startswith("sep") else one
