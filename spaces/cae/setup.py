"""The benchmarks ``cae/celeba-*``: data, recipes and costs."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness import Architecture
from harness.live.images.celeba import CITATION, LICENCE, PARTS, celeba_folder, read_celeba
from harness.live.images.faces import Faces, faces_cache, read_faces
from harness.live.live_recipe import read_live_recipe
from harness.live.setup import LiveSetup
from spaces.cae.costs import properties, scaled
from spaces.cae.space import CaeSpace

if TYPE_CHECKING:
    from harness.live.images.masks import MaskedImages
    from spaces.cae.search_task import Inpainting, InpaintingTask

RECIPES = Path(__file__).with_name("celeba.toml")


class CelebASetup(LiveSetup):
    """Inpainting of faces, the experiment of ASNG-NAS and E-CAE; see `LiveSetup`."""

    space: CaeSpace
    metric = "PSNR (dB)"
    direction = "maximize"
    worst = 0.0
    citation = (
        "Akimoto et al., Adaptive Stochastic Natural Gradient Method for One-Shot Neural "
        "Architecture Search, ICML 2019; Suganuma et al., Exploiting the Potential of Standard "
        "Convolutional Autoencoders for Image Restoration by Evolutionary Search, ICML 2018; data: "
        f"{CITATION}"
    )
    licence = LICENCE

    def __init__(self, mask: str, recipe: str, mixed: bool = False) -> None:
        """Make it; no image is read.

        Args:
            mask: what is missing: ``center``, ``pixel`` or ``half``.
            recipe: name of one of the recipes beside this file.
            mixed: whether kernels and channels are integers.

        Raises:
            HarnessError: there is no such recipe.
        """
        self.dataset = f"celeba-{mask}"
        self.recipe = read_live_recipe(RECIPES, recipe)
        self.space = CaeSpace(mixed, self.recipe.data["side"])
        self._mask = mask

    @cached_property
    def _faces(self) -> Faces:
        data = self.recipe.data
        return read_faces(
            read_celeba(celeba_folder()),
            {part: data[f"{part}_images"] for part in PARTS},
            data["crop"],
            data["side"],
            faces_cache(),
            data["damaged_share"],
        )

    def _examples(self, rows: NDArray[np.int64]) -> MaskedImages:
        from harness.live.images.masks import MASKS, MaskedImages

        return MaskedImages(self._faces.images, self._faces.names, rows, MASKS[self._mask])

    def searched(self) -> InpaintingTask:
        """See `LiveSetup.searched`."""
        from spaces.cae.search_task import InpaintingTask

        rows = self._faces.rows
        # The authors draw the halves anew in each search; ours are always the same.
        mixed = np.random.default_rng(0).permutation(rows["train"])
        first = round(self.recipe.data["train_share"] * len(mixed))
        return InpaintingTask(
            self._examples(np.sort(mixed[:first])),
            self._examples(np.sort(mixed[first:])),
            self._examples(rows["valid"]),
            self.space,
            self.recipe.search["width"],
        )

    def final(self) -> Inpainting:
        """See `LiveSetup.final`; the validation images are not trained on, as in the paper."""
        from spaces.cae.search_task import Inpainting

        rows = self._faces.rows
        train, test = self._examples(rows["train"]), self._examples(rows["test"])
        return Inpainting(train, test, self.space, self.recipe.final["width"])

    def costs(self, arch: Architecture) -> dict[str, float]:
        """See `LiveSetup.costs`."""
        layers = scaled(self.space.layers(arch), self.recipe.final["width"])
        return properties(layers, self.space.side)

    def checksum(self) -> str:
        """See `LiveSetup.checksum`; decodes the images if that was not done before."""
        return self._faces.checksum
