"""The official identity of a cell: a hash that equal cells share, however they are numbered."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

from spaces.nasbench101.graph import FIRST_EDGE

# The labels of the input and the output; an operation is labelled with its place in the list of
# the data set, 0 for conv3x3-bn-relu, 1 for conv1x1-bn-relu and 2 for maxpool3x3.
_INPUT, _OUTPUT = -1, -2


def module_hash(bits: int, labels: Sequence[int]) -> str:
    """The ``module_hash`` of the data set (Ying et al., ICML 2019, section 2.1).

    Every vertex starts with a hash of its degrees and its label. In as many rounds as there are
    vertices it then takes in the hashes of those before and behind it.

    Args:
        bits: the pruned graph, see `spaces.nasbench101.graph`.
        labels: the label of each inner vertex.

    Returns:
        An MD5 in hexadecimal.
    """
    n = len(labels) + 2
    before, behind = _neighbours(bits, n)
    hashes = [
        _md5(str((len(behind[v]), len(before[v]), label)))
        for v, label in enumerate([_INPUT, *labels, _OUTPUT])
    ]
    for _ in range(n):
        hash_of = hashes.__getitem__
        hashes = [
            _md5(f"{''.join(sorted(map(hash_of, a)))}|{''.join(sorted(map(hash_of, b)))}|{own}")
            for a, b, own in zip(before, behind, hashes, strict=True)
        ]
    return _md5(str(sorted(hashes)))


@cache  # A few thousand graphs exist.
def _neighbours(bits: int, n: int) -> tuple[list[list[int]], list[list[int]]]:
    before = [[i for i in range(j) if bits >> FIRST_EDGE[j] + i & 1] for j in range(n)]
    return before, [[j for j in range(n) if i in before[j]] for i in range(n)]


def _md5(text: str) -> str:
    # It is a name of a cell, not a secret.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
