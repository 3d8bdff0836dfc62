"""PSNR and SSIM against scikit-image, and in closed form."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
metrics = pytest.importorskip("skimage.metrics")

from harness.live.images.metrics import (  # noqa: E402
    BEST_PSNR,
    mean_absolute,
    mean_square,
    psnr,
    ssim,
)


@pytest.fixture(scope="module", params=[(3, 64, 64), (3, 32, 20), (1, 11, 13)])
def pair(request):
    """Smooth images, and the same with noise of several strengths."""
    rng = np.random.default_rng(1)
    channels, height, width = request.param
    y, x = np.mgrid[:height, :width] / 20
    images = np.stack(
        [0.5 + 0.3 * np.sin(x + i) * np.cos(y * (c + 1)) for i in range(6) for c in range(channels)]
    )
    images = images.reshape(6, channels, height, width)
    noise = rng.normal(size=images.shape) * np.geomspace(1e-3, 1, 6)[:, None, None, None]
    return np.clip(images + noise, 0, 1), images


def test_both_agree_with_scikit_image(pair):
    outputs, images = pair
    expected = [
        [
            metrics.peak_signal_noise_ratio(image, output, data_range=1),
            metrics.structural_similarity(
                image,
                output,
                data_range=1,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                channel_axis=0,
            ),
        ]
        for output, image in zip(outputs, images, strict=True)
    ]
    outputs, images = map(torch.from_numpy, pair)
    found = torch.stack([psnr(outputs, images), ssim(outputs, images)], 1)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-10)


def test_images_that_are_met():
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert psnr(images, images).tolist() == [BEST_PSNR] * 2
    np.testing.assert_allclose(ssim(images, images), 1, atol=1e-12)


def test_black_on_white():
    black, white = torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)
    assert psnr(black, white).item() == 0
    assert ssim(black, white).item() == pytest.approx(1e-4 / (1 + 1e-4))


def test_what_is_known_does_not_count_in_the_missing_part():
    images = torch.zeros(2, 3, 16, 16)
    where = torch.zeros(2, 1, 16, 16)
    where[0, :, :4, :4] = 1
    outputs = torch.full_like(images, 0.7)
    outputs[0, :, :4, :4] = torch.tensor([0.1, 0.2, 0.3])[:, None, None]
    assert mean_square(outputs, images, where)[0].item() == pytest.approx(0.14 / 3)
    assert mean_absolute(outputs, images, where)[0].item() == pytest.approx(0.2)
    assert psnr(outputs, images, where)[0].item() == pytest.approx(-10 * np.log10(0.14 / 3))
    # Nothing is missing in the second one.
    assert mean_square(outputs, images, where)[1] == 0
