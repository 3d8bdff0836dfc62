"""The gradients of LambdaRank (Burges 2010, "From RankNet to LambdaRank to LambdaMART")."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Discount = Literal["standard", "released"]

# The relevance of the best score, and the quantile of the scores below which there is none
# (AceNAS, Zhang et al. 2021, released code).
MOST = 20.0
IRRELEVANT = 0.2


def relevance(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """How relevant architectures are, from 0 to `MOST`, by where they lie above a low quantile.

    Where the best score is no higher than the quantile, those that have it are relevant.
    """
    low, high = float(np.quantile(scores, IRRELEVANT)), float(scores.max())
    if high == low:
        return np.where(scores == high, MOST, 0.0)
    return MOST * np.clip((scores - low) / (high - low), 0.0, 1.0)


def swap_effects(predicted: Tensor, relevant: Tensor, discount: Discount) -> Tensor:
    """How much the NDCG of a list changes when two of it trade places, in absolute value.

    An item of relevance r at rank k adds ``2**r / log2(1 + k)``, and the sum is divided by that of
    the best order.

    Args:
        predicted: shape (n,).
        relevant: relevance, shape (n,).
        discount: ``standard`` ranks by what is predicted, the highest first. ``released`` is what
            the released code of AceNAS does: it ranks by the true relevance, the lowest first.

    Returns:
        Shape (n, n).
    """
    n = len(relevant)
    gains = torch.exp2(relevant)
    places = 1 / torch.log2(torch.arange(n, dtype=relevant.dtype) + 2)
    order = (
        predicted.argsort(descending=True, stable=True)
        if discount == "standard"
        else relevant.argsort(stable=True)
    )
    discounts = torch.empty_like(places)
    discounts[order] = places
    best = gains.sort(descending=True).values @ places
    return ((gains[:, None] - gains) * (discounts[:, None] - discounts)).abs() / best


def lambdas(predicted: Tensor, relevant: Tensor, discount: Discount) -> Tensor:
    """The gradient of the cost with respect to what is predicted for a list, shape (n,).

    With S of 1, 0 or -1 where i is more, equally or less relevant than j::

        lambda_i = sum_j (0.5 * (1 - S_ij) - 1 / (1 + exp(s_i - s_j))) * |change of NDCG|_ij

    Args:
        predicted: shape (n,), without gradient.
        relevant: relevance, shape (n,).
        discount: see `swap_effects`.
    """
    better = torch.sign(relevant[:, None] - relevant)
    pull = 0.5 * (1 - better) - torch.sigmoid(predicted - predicted[:, None])
    return (pull * swap_effects(predicted, relevant, discount)).sum(1)
