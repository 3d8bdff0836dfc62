"""Shapes of mobile networks, published and tiny, and published architectures."""

from __future__ import annotations

from spaces.mobile.shape import Shape

SEARCHED = Shape(224, 1000, 32, 16, (24, 40, 80, 96, 192, 320), 1280)
FINAL = Shape(224, 1000, 40, 24, (32, 56, 112, 128, 256, 432), 1728, 0.3)
TINY = Shape(24, 3, 4, 4, (4, 4, 6, 6, 8, 8), 12)

SEMINASNET = "6 5 1 7 4 2 5 3 5 2 5 3 3 5 7 3 1 6 3 3 6"
# Sandler et al., CVPR 2018: another member of the space, with fewer blocks and widths of its own.
MOBILENET_V2 = "2 2 7 7 2 2 2 7 2 2 2 2 2 2 2 7 2 2 2 7 2"
MOBILENET_V2_SHAPE = Shape(224, 1000, 32, 16, (24, 32, 64, 96, 160, 320), 1280)
# Second-order pruning, first version of the released code.
GBDT_NAS_3S = "5 1 6 7 6 7 1 7 4 7 7 4 6 3 6 7 2 1 5 4 6"
