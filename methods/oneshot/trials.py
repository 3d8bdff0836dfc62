"""Trying something on the weights of a supernet, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from harness.live.examples import Batch
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


@contextmanager
def undone(search: Search) -> Iterator[None]:
    """At the end, give weights, running statistics and momentum their values of the beginning."""
    tensors = [*search.weights, *search.supernet.buffers()]
    kept = [tensor.detach().clone() for tensor in tensors]
    state = search.optimizer.state
    momenta = {
        weight: values["momentum_buffer"].clone()
        for weight, values in state.items()
        if values.get("momentum_buffer") is not None
    }
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, value in zip(tensors, kept, strict=True):
                tensor.copy_(value)
        for weight in search.weights:
            if weight in momenta:
                state[weight]["momentum_buffer"] = momenta[weight]
            else:
                state.pop(weight, None)


def trained_loss(search: Search, plan: Plan, batches: Sequence[Batch]) -> float:
    """The validation loss after a few steps of training, which are taken back; counted."""
    with undone(search):
        for batch in batches:
            search.descend([plan], batch)
        with torch.no_grad():
            return search.loss(plan, search.valid).item()


def drifting_loss(search: Search, plan: Plan, steps: int) -> float:
    """The validation loss; then some steps of the weights without gradient, which stay."""
    with torch.no_grad():
        loss = search.loss(plan, search.valid).item()
    for weight in search.weights:
        weight.grad = torch.zeros_like(weight)
    for _ in range(steps):
        search.optimizer.step()
    return loss
