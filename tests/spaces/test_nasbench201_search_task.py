"""What one-shot methods may see of the benchmarks of NAS-Bench-201."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness import HarnessError, MissingData
from harness.core.registry import load_benchmark
from harness.live.tasks import digits

torch = pytest.importorskip("torch")

from harness.live.layers import initialise  # noqa: E402
from spaces.nasbench201.digits import digits_setup  # noqa: E402
from spaces.nasbench201.network import Network  # noqa: E402
from spaces.nasbench201.search_task import cifar10_task, digits_task  # noqa: E402
from spaces.nasbench201.skeleton import Skeleton, costs  # noqa: E402

ARCH = (3, 2, 1, 4, 3, 2)


def write_cifar(folder: Path, rows: int = 20) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for i in range(1, 6):
        batch = {
            "data": rng.integers(0, 256, (rows, 3072), dtype=np.uint8),
            "labels": (np.arange(rows) % 10).tolist(),
        }
        (folder / f"data_batch_{i}").write_bytes(pickle.dumps(batch, protocol=2))


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    folder = tmp_path / "live" / "cifar10" / "cifar-10-batches-py"
    write_cifar(folder)
    return folder


def test_the_benchmark_has_its_task() -> None:
    task = load_benchmark("nasbench201/digits").task
    assert task.name == "digits"
    assert task.classes == 10
    for part, expected in ((task.train, digits().train), (task.valid, digits().valid)):
        np.testing.assert_array_equal(part.images, expected.images)
        np.testing.assert_array_equal(part.labels, expected.labels)


def test_no_image_of_the_test_part_can_be_reached(
    reachable: Callable[[object], set[float]],
) -> None:
    """Looked for by a number: a test image's pixels, which no other part has."""
    found = reachable(load_benchmark("nasbench201/digits").task)
    test = digits().test
    sums = {float(image.sum()) for image in test.images}
    assert not hasattr(digits_task(), "test")
    seen = load_benchmark("nasbench201/digits").task
    shown = np.concatenate([seen.train.images, seen.valid.images])
    assert not {image.tobytes() for image in shown} & {image.tobytes() for image in test.images}
    assert len(found) < 1000 + len(sums)  # the grey levels and labels, not the task of all parts
    assert not any(value is test for value in vars(seen).values())


def test_digits_are_not_augmented() -> None:
    task, generator = digits_task(), torch.Generator().manual_seed(0)
    images, labels = task.train.batch(torch.arange(3), torch.device("cpu"), generator)
    assert torch.equal(images, torch.from_numpy(task.train.images[:3]))
    assert torch.equal(labels, torch.from_numpy(task.train.labels[:3]))


@pytest.mark.parametrize("name", ["digits", "cifar10"])
def test_a_network_is_one_of_the_tables(name: str, cifar: Path) -> None:
    task = digits_task() if name == "digits" else cifar10_task()
    skeleton = digits_setup().skeleton if name == "digits" else Skeleton()
    network = task.network(ARCH, torch.Generator().manual_seed(3))
    assert sum(p.numel() for p in network.parameters()) == costs(ARCH, skeleton).parameters
    stacked = Network(ARCH, skeleton)
    initialise(stacked, [torch.Generator().manual_seed(3)])
    images = torch.from_numpy(task.train.images[:4])
    logits = network(images)
    assert logits.shape == (4, task.classes)
    torch.testing.assert_close(logits, stacked(images)[0])


def test_supernets_are_as_large_as_the_networks(cifar: Path) -> None:
    """Trained numbers: those of a network with all operations, less scales and shifts of cells."""
    generator = torch.Generator().manual_seed(0)
    for task, skeleton in ((digits_task(), digits_setup().skeleton), (cifar10_task(), Skeleton())):
        net = task.supernet(generator, "batch")
        none = costs((0,) * 6, skeleton).parameters
        kernels = sum(60 * width**2 * skeleton.cells for width in skeleton.widths)
        assert sum(p.numel() for p in net.parameters()) == none + kernels
        small = task.supernet(generator, "running", 4)
        assert sum(p.numel() for p in small.parameters()) == none + kernels // 16


def test_halves_of_cifar(cifar: Path) -> None:
    task = cifar10_task()
    assert task.name == "cifar10"
    assert task.train.images.shape == task.valid.images.shape == (50, 3, 32, 32)
    for part in (task.train, task.valid):
        assert np.bincount(part.labels).tolist() == [5] * 10
    images = {image.tobytes() for part in (task.train, task.valid) for image in part.images}
    assert len(images) == 100


def test_cifar_is_augmented(cifar: Path) -> None:
    def shown(generator: torch.Generator | None) -> torch.Tensor:
        index, device = torch.arange(8), torch.device("cpu")
        return cifar10_task().train.batch(index, device, generator)[0]

    once, again = (shown(torch.Generator().manual_seed(0)) for _ in range(2))
    images = torch.from_numpy(cifar10_task().train.images[:8])
    assert torch.equal(once, again)
    assert not torch.equal(once, images)
    assert torch.equal(shown(None), images)


def test_missing_images_say_where_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(MissingData) as caught:
        cifar10_task()
    text = str(caught.value)
    assert str(tmp_path / "live" / "cifar10" / "cifar-10-batches-py") in text
    assert "https://www.cs.toronto.edu/~kriz/cifar.html" in text


def test_benchmarks_with_a_table(harness_data: Path) -> None:
    task = load_benchmark("nasbench201/cifar10").task
    assert len(task.train.labels) == len(task.valid.labels)
    assert task.train.images.std(axis=(0, 2, 3)) == pytest.approx([1, 1, 1], abs=0.03)
    for name in ("cifar100", "imagenet16-120"):
        with pytest.raises(HarnessError, match="without data to train on"):
            _ = load_benchmark(f"nasbench201/{name}").task
