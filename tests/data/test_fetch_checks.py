"""``harness data`` for images and sounds: what it says of data that lies on a machine."""

from __future__ import annotations

import hashlib
import pickle
import wave
from pathlib import Path

import numpy as np
import pytest

from harness.cli import main
from harness.core import registry
from harness.data import fetch

NAMES = ("cifar10", "imagenet", "ljspeech", "celeba")


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    return tmp_path / "live"


def images_of_cifar(live: Path) -> Path:
    folder = live / "cifar10" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for rows, name in enumerate(fetch._CIFAR10_MD5, start=1):
        batch = {"data": np.zeros((rows, 3072), np.uint8), "labels": [rows] * rows}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return folder


def recordings(live: Path, names: list[str], samples: int = 22_050) -> Path:
    folder = live / "ljspeech" / "LJSpeech-1.1"
    (folder / "wavs").mkdir(parents=True)
    (folder / "metadata.csv").write_text("".join(f"{name}|One two.|One two.\n" for name in names))
    for name in names:
        with wave.open(str(folder / "wavs" / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(22_050)
            file.writeframes(bytes(2 * samples))
    return folder


def verify(name: str, capfd: pytest.CaptureFixture[str], code: int = 0) -> str:
    """What verification prints, which must end with an exit code."""
    capfd.readouterr()
    assert main(["data", "verify", name]) == code
    captured = capfd.readouterr()
    return captured.err if code == 3 else captured.out


def test_nothing_is_there(live: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "status"]) == 0
    told = capfd.readouterr().out
    for name in NAMES:
        missing = f"missing: harness data fetch {name}"
        assert missing in told
        assert verify(name, capfd, code=3) == f"{name}: {missing}\n"


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        (
            "imagenet",
            (
                "https://image-net.org",
                "kaggle.com",
                "1d675b47d978889d74fa0da5fadfb00e  ILSVRC2012_img_train.tar",
                "29b22e2961454d5413ddabcf34fc5622  ILSVRC2012_img_val.tar",
            ),
        ),
        (
            "celeba",
            (
                "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
                "00d2c5bc6d35e252742224ab0c1e8fcb  img_align_celeba.zip",
                "d32c9cbf5e040fd4025c592c306e6668  list_eval_partition.txt",
            ),
        ),
    ],
)
def test_what_no_program_can_download(
    live: Path, name: str, needed: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "fetch", name]) == 3
    told = capfd.readouterr().out
    assert [words for words in (*needed, str(live / name)) if words not in told] == []


@pytest.mark.parametrize("command", ["fetch", "verify"])
def test_unknown_name(live: Path, command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["data", command, "cifr10"]) == 2
    assert "Did you mean cifar10?" in capfd.readouterr().err
    assert main(["data", command, "nasbench20"]) == 2
    assert "Did you mean nasbench201" in capfd.readouterr().err


def test_tables_are_verified_as_ever(live: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert "nasbench201" in verify("nasbench201", capfd, code=3)
    assert verify("toy", capfd).startswith("toy/asng: ")
    assert "its scores come from training" in verify("darts", capfd)


def test_cifar10(
    live: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = images_of_cifar(live)
    counts = "15 training and 6 test images"
    assert f"cifar10: {counts}, not the official files" in verify("cifar10", capfd)
    for name in fetch._CIFAR10_MD5:
        digest = hashlib.md5((folder / name).read_bytes()).hexdigest()
        monkeypatch.setitem(fetch._CIFAR10_MD5, name, digest)
    assert f"cifar10: {counts}, official and complete" in verify("cifar10", capfd)
    content = (folder / "data_batch_3").read_bytes()
    (folder / "data_batch_3").write_bytes(content[: len(content) // 2])
    assert "data_batch_3 is damaged" in verify("cifar10", capfd, code=1)
    (folder / "data_batch_3").unlink()
    assert "no data_batch_3" in verify("cifar10", capfd, code=3)


def test_ljspeech(
    live: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = recordings(live, ["LJ001-0001", "LJ001-0002", "LJ001-0003"], samples=44_100)
    told = "ljspeech: 3 recordings of 0.1 minutes in all, a part of 13,100"
    assert told in verify("ljspeech", capfd)
    monkeypatch.setattr(fetch, "_LJSPEECH_CLIPS", 3)
    assert "in all, complete" in verify("ljspeech", capfd)
    path = folder / "wavs" / "LJ001-0001.wav"
    path.write_bytes(path.read_bytes()[:-2000])
    (folder / "wavs" / "LJ001-0003.wav").unlink()
    told = verify("ljspeech", capfd, code=1)
    assert "2 of the 3 recordings" in told
    assert "LJ001-0001 (cut off after 43,100 of 44,100 samples)" in told
    assert "LJ001-0003 (no file)" in told
    (folder / "metadata.csv").unlink()
    assert "no " in verify("ljspeech", capfd, code=3)


def test_imagenet_in_a_wrong_layout(live: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (live / "imagenet" / "train" / "n01440764").mkdir(parents=True)
    assert "has no image" in verify("imagenet", capfd, code=1)
    (live / "imagenet" / "train" / "n01440764" / "a.JPEG").touch()
    assert "has no folder val" in verify("imagenet", capfd, code=3)


def test_celeba_in_a_wrong_layout(live: Path, capfd: pytest.CaptureFixture[str]) -> None:
    faces = live / "celeba" / "img_align_celeba"
    (faces / "img_align_celeba").mkdir(parents=True)
    assert "move the images up" in verify("celeba", capfd, code=1)
    (faces / "000001.jpg").touch()
    assert "list_eval_partition.txt" in verify("celeba", capfd, code=3)


def test_all_at_once(
    live: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    known = registry.families()
    few = {name: known[name] for name in ("toy", "darts", "nasbench201")}
    monkeypatch.setattr(registry, "families", lambda: few)
    folder = images_of_cifar(live)
    told = verify("", capfd)  # What was never fetched is no fault.
    assert [line.split(":")[0] for line in told.splitlines()] == ["toy/asng", "darts", "cifar10"]
    (folder / "test_batch").write_bytes(b"no pickle")
    assert "test_batch is damaged" in verify("", capfd, code=1)


def test_a_table_beside_live_training(
    harness_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told = verify("nasbench201", capfd)
    assert "nasbench201/cifar100: 15625 architectures" in told
    assert "cifar10-live" not in told


def test_real_samples(harness_data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told = "".join(verify(name, capfd) for name in NAMES)
    assert "10,000 training and 2,000 test images, not the official files" in told
    assert "a part of ImageNet-1k: 10 classes" in told
    assert "100 recordings of 11.0 minutes in all, a part of 13,100" in told
    assert "a part of CelebA: 1,000 images to train on" in told
    assert main(["data", "status"]) == 0
    status = capfd.readouterr().out
    assert all(str(harness_data / "live" / name) in status for name in NAMES)
