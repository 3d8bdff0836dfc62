"""Training of NAS-Bench-201 cells; needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch

from harness import Architecture
from harness.live.recipe import Recipe
from harness.live.tasks import Task
from harness.live.training import TrialResult, train_stack
from spaces.nasbench201.network import Network
from spaces.nasbench201.skeleton import Skeleton


def train_cell(
    arch: Architecture,
    trials: Sequence[int],
    recipe: Recipe,
    task: Task,
    skeleton: Skeleton,
    device: torch.device | str = "cpu",
) -> list[TrialResult]:
    """Train one cell once per trial, all trials at the same time; see `train_stack`."""
    return train_stack(partial(Network, arch, skeleton), trials, recipe, task, device)
