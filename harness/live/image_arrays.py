"""Images that lie in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.live.examples import Examples

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class ImageArrays(Examples):
    """Images in memory and their classes, copied to each device once.

    Attributes:
        images: shape (n, channels, height, width).
        labels: classes from 0, shape (n,).
    """

    images: NDArray[Any]
    labels: NDArray[np.int64]
    _copies: dict[torch.device, tuple[Tensor, Tensor]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    def __getstate__(self) -> dict[str, Any]:
        """Another process makes its own copies."""
        return {**vars(self), "_copies": {}}

    def picked(self, index: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Some images and their classes, as they are in memory; see `Examples.batch`."""
        if device not in self._copies:
            import torch

            self._copies[device] = (
                torch.from_numpy(self.images).to(device),
                torch.from_numpy(self.labels).to(device),
            )
        index = index.to(device)
        images, labels = self._copies[device]
        return images[index], labels[index]
