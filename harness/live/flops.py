"""Counting what a network computes, by torch's own counter."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


def count_flops(network: nn.Module, inputs: Any) -> int:
    """Floating-point operations of one forward pass in evaluation mode.

    Matrix products and convolutions are counted, a multiply-add as two. torch's counter does not
    see fused implementations of attention and LSTM, so these are switched off.

    Args:
        network: its mode is kept.
        inputs: what it is shown.
    """
    training = network.training
    fused = torch.backends.mha.get_fastpath_enabled()
    counter = FlopCounterMode(display=False)
    network.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        # torch warns that one of these switches is for other processors.
        with (
            warnings.catch_warnings(action="ignore", category=UserWarning),
            torch.no_grad(),
            sdpa_kernel(SDPBackend.MATH),
            torch.backends.mkldnn.flags(enabled=False),
            counter,
        ):
            network(inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        network.train(training)
    return int(counter.get_total_flops())


def count_parameters(network: nn.Module) -> int:
    """Numbers that are trained."""
    return sum(weight.numel() for weight in network.parameters())
