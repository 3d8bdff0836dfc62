"""The images and sounds that live training learns from: where they lie, how to get and check them.

Each lies in ``live/NAME`` of the data folder. Parts of the official data are accepted everywhere,
and named as such.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.core.data_home import data_home
from harness.core.errors import InvalidTable
from harness.data.archives import RemoteArchive
from harness.live.images import celeba, imagenet
from harness.live.images.cifar import read_cifar10
from harness.live.images.folder import shortened
from harness.live.speech.ljspeech import read_metadata, wav_path
from harness.live.speech.mel import RATE
from harness.live.speech.wav import DamagedWav, samples_of

Instructions = Callable[[], str]
"""Says where to get what, and into which folder it goes."""


@dataclass(frozen=True)
class LiveData:
    """A data set.

    Attributes:
        name: of the data set.
        folder: name of the folder in `home` without which nothing is there.
        source: an archive to download, or what a person has to do.
        check: reads a data set's home and says what is there; raises MissingData where it is
            not there, another HarnessError where it is wrong or damaged.
    """

    name: str
    folder: str
    source: RemoteArchive | Instructions
    check: Callable[[Path], str]

    @property
    def home(self) -> Path:
        """Where it lies."""
        return data_home() / "live" / self.name

    @property
    def is_there(self) -> bool:
        """Whether it, or a part of it, is on this machine; it is not looked into."""
        folder = self.home / self.folder
        return folder.is_dir() and any(folder.iterdir())


# MD5 of the files in the official archive.
_CIFAR10_MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}


def _check_cifar10(home: Path) -> str:
    folder = home / "cifar-10-batches-py"
    train, test = (len(read_cifar10(folder, part)[1]) for part in ("train", "test"))
    found = {name: (folder / name).read_bytes() for name in _CIFAR10_MD5}
    official = all(hashlib.md5(found[n]).hexdigest() == md5 for n, md5 in _CIFAR10_MD5.items())
    kind = "official and complete" if official else "not the official files"
    return f"{train:,} training and {test:,} test images, {kind}"


_LJSPEECH_CLIPS = 13_100


def _check_ljspeech(home: Path) -> str:
    folder = home / "LJSpeech-1.1"
    clips, samples = read_metadata(folder), 0
    damaged = []
    for clip in clips:
        try:
            samples += len(samples_of(wav_path(folder, clip.name).read_bytes()))
        except FileNotFoundError:
            damaged.append(f"{clip.name} (no file)")
        except DamagedWav as error:
            damaged.append(f"{clip.name} ({error})")
    if damaged:
        raise InvalidTable(
            f"{len(damaged):,} of the {len(clips):,} recordings in {folder / 'wavs'} are missing "
            f"or damaged: {shortened(damaged)}. Get them anew"
        )
    kind = "complete" if len(clips) == _LJSPEECH_CLIPS else f"a part of {_LJSPEECH_CLIPS:,}"
    return f"{len(clips):,} recordings of {samples / RATE / 60:,.1f} minutes in all, {kind}"


def _imagenet() -> str:
    return (
        f"{imagenet.how_to_get()}\n"
        "MD5 of the archives, as https://image-net.org/download-images has them:\n"
        "  1d675b47d978889d74fa0da5fadfb00e  ILSVRC2012_img_train.tar\n"
        "  29b22e2961454d5413ddabcf34fc5622  ILSVRC2012_img_val.tar"
    )


def _celeba() -> str:
    return (
        f"{celeba.how_to_get()}\n"
        "MD5 of the files:\n"
        "  00d2c5bc6d35e252742224ab0c1e8fcb  img_align_celeba.zip\n"
        "  d32c9cbf5e040fd4025c592c306e6668  list_eval_partition.txt"
    )


# MD5 is what is published for these archives. It finds what a transfer has damaged; against those
# who would forge an archive there are https and the restricted readers of what is in it.
_ALL = (
    LiveData(
        "cifar10",
        "cifar-10-batches-py",
        RemoteArchive(
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            "md5:c58f30108f718f92721af3b95e74349a",
        ),
        _check_cifar10,
    ),
    LiveData("imagenet", "train", _imagenet, lambda home: str(imagenet.verify(home))),
    LiveData(
        "ljspeech",
        "LJSpeech-1.1",
        RemoteArchive(
            "https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",
            "md5:c4763be9595ddfa79c2fc6eaeb3b6c8e",
        ),
        _check_ljspeech,
    ),
    LiveData("celeba", "img_align_celeba", _celeba, lambda home: str(celeba.read_celeba(home))),
)

LIVE_DATA = {data.name: data for data in _ALL}
"""All data sets by name."""
