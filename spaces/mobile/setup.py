"""The benchmark ``mobile/imagenet``: data, recipes and costs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import Architecture, HarnessError
from harness.live.images import imagenet
from harness.live.images.cache import decoded_images
from harness.live.images.photographs import PhotographRecipe, Photographs
from harness.live.live_recipe import read_live_recipe
from harness.live.setup import LiveSetup
from harness.live.tasks import stratified_split
from spaces.mobile.shape import Shape
from spaces.mobile.space import MobileSpace

if TYPE_CHECKING:
    from spaces.mobile.search_task import MobileLearning, MobileTask

RECIPES = Path(__file__).with_name("imagenet.toml")


class ImageNetSetup(LiveSetup):
    """SemiNAS on ImageNet; see `LiveSetup`.

    What a search sees are training images only; the validation images of ImageNet, which everybody
    reports on, are its test data.
    """

    dataset = "imagenet"
    metric = "top-1 error (%)"
    direction = "minimize"
    worst = 100.0
    citation = (
        "Luo et al., Semi-Supervised Neural Architecture Search, NeurIPS 2020; data: "
        f"{imagenet.CITATION}"
    )
    licence = imagenet.LICENCE

    def __init__(self, recipe: str, max_flops: float = 0.0) -> None:
        """Make it; the names of the classes are looked up, and no image is read.

        Args:
            recipe: name of one of the recipes beside this file.
            max_flops: what a final network may cost at most, a multiply-add counted as two; 0 for
                any.

        Raises:
            HarnessError: there is no such recipe, no data, or too little below the limit.
        """
        self.recipe = read_live_recipe(RECIPES, recipe)
        self._folder = imagenet.imagenet_folder()
        self._classes = len(imagenet.class_names(self._folder))
        self._final = self._shape(self.recipe.final)
        self.space = MobileSpace(self._final, max_flops)

    def _shape(self, table: Mapping[str, Any]) -> Shape:
        return Shape.of(table, self.recipe.data["resolution"], self._classes)

    def _photographs(self, part: str) -> Photographs:
        data = self.recipe.data
        files = imagenet.read_imagenet(self._folder, part)
        images = decoded_images(files, data["side"], data["damaged_share"])
        recipe = PhotographRecipe(
            data["resolution"], tuple(data["area"]), tuple(data["ratio"]), tuple(data["jitter"])
        )
        return Photographs(images, np.arange(len(images)), recipe)

    @cached_property
    def _train(self) -> Photographs:
        return self._photographs("train")

    @cached_property
    def _test(self) -> Photographs:
        return self._photographs("val")

    def searched(self) -> MobileTask:
        """See `LiveSetup.searched`."""
        from spaces.mobile.search_task import MobileTask

        whole, valid = self._train, self.recipe.data["valid_images"]
        if 2 * valid > len(whole):
            raise HarnessError(
                f"the recipe {self.recipe.name} of mobile/imagenet judges architectures on "
                f"{valid:,} of the training images, of which there are {len(whole):,} in "
                f"{self._folder}: take recipe=small, or more images"
            )
        parts = stratified_split(whole.labels, (len(whole) - valid, valid), seed=0)
        train, judged = (whole.part(index) for index in parts)
        smoothing = self.recipe.data["label_smoothing"]
        return MobileTask(train, judged, self._shape(self.recipe.search), smoothing)

    def final(self) -> MobileLearning:
        """See `LiveSetup.final`."""
        from spaces.mobile.search_task import MobileLearning

        smoothing = self.recipe.data["label_smoothing"]
        return MobileLearning(self._train, self._test, self._final, smoothing)

    def costs(self, arch: Architecture) -> dict[str, float]:
        """See `LiveSetup.costs`."""
        return self._final.properties(arch)

    def checksum(self) -> str:
        """See `LiveSetup.checksum`; decodes the images if that was not done before."""
        both = self._train.images.checksum + self._test.images.checksum
        return hashlib.sha256(both.encode()).hexdigest()
