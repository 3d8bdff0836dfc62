"""What is learned on faces with missing parts, and by which autoencoders; needs torch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness import Architecture
from harness.live.examples import Examples
from harness.live.exhibits import Exhibit, Pictures
from harness.live.images.metrics import mean_absolute, mean_square, psnr, ssim
from harness.live.learning import Learning
from harness.live.search_task import Normalisation, SearchTask
from spaces.cae.costs import scaled
from spaces.cae.network import Autoencoder
from spaces.cae.space import CaeSpace
from spaces.cae.supernet import CaeSupernet

# Images that are shown to a person.
_SHOWN = 8


class Inpainting(Learning):
    """Completing images; targets are the whole images and what was known of them."""

    def __init__(self, train: Examples, judged: Examples, space: CaeSpace, width: float) -> None:
        """Make it.

        Args:
            train: what weights are trained on.
            judged: what trained networks are judged on.
            space: of the architectures.
            width: so many times the channels of the space.
        """
        self.train, self._judged, self.space, self.width = train, judged, space, width

    @property
    def judged(self) -> Examples:
        """See `Learning.judged`."""
        return self._judged

    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `Learning.network`."""
        return Autoencoder(scaled(self.space.layers(arch), self.width), generator)

    def loss(self, outputs: Tensor, targets: tuple[Tensor, Tensor]) -> Tensor:
        """The mean squared error of the whole image; see `Learning.loss`."""
        return functional.mse_loss(outputs, targets[0])

    def measures(self, outputs: Tensor, targets: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Of the whole image and of what was missing; see `Learning.measures`.

        All but the mean squared error are of outputs that are cut off to values from 0 to 1.
        """
        images, known = targets
        cut = outputs.clamp(0, 1)
        return {
            "PSNR (dB)": psnr(cut, images),
            "SSIM": ssim(cut, images),
            "PSNR of the missing part (dB)": psnr(cut, images, 1 - known),
            "L1 of the missing part": mean_absolute(cut, images, 1 - known),
            "MSE": mean_square(outputs, images),
        }

    def exhibits(self, network: nn.Module, device: torch.device) -> Iterator[Exhibit]:
        """What a network makes of the first images; see `Learning.exhibits`."""
        index = torch.arange(min(_SHOWN, len(self.judged)))
        inputs, (images, _) = self.judged.batch(index, device)
        with torch.inference_mode():
            outputs = network(inputs).float().clamp(0, 1)
        rows = torch.stack([inputs, outputs, images], 1).cpu().numpy()
        yield Pictures("inpainting", rows, ("input", "output", "truth"))


class InpaintingTask(Inpainting, SearchTask):
    """Inpainting with a supernet.

    Weights are trained on one half of the training images and distributions of architectures on the
    other, as in the released code. Architectures that are trained alone are judged on the
    validation images, as in E-CAE (Suganuma et al., ICML 2018).
    """

    name = "celeba"
    classes = 0
    # Choices are steps in a chain, which changes number and size of the maps.
    abilities = frozenset()

    def __init__(
        self, train: Examples, valid: Examples, judged: Examples, space: CaeSpace, width: float
    ) -> None:
        """Make it.

        Args:
            train: one half of the training images.
            valid: the other half.
            judged: the validation images.
            space: see `Inpainting`.
            width: see `Inpainting`.
        """
        super().__init__(train, judged, space, width)
        self.valid = valid

    def scores(self, outputs: Tensor, targets: tuple[Tensor, Tensor]) -> Tensor:
        """The PSNR of each image in dB; see `SearchTask.scores`."""
        return psnr(outputs.clamp(0, 1), targets[0])

    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int = 1
    ) -> CaeSupernet:
        """See `SearchTask.supernet`; there is nothing to normalise."""
        return CaeSupernet(self.space, self.width, generator)
