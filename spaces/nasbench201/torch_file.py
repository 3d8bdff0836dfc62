"""Files of ``torch.save``, read without torch and without the weights in them."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from harness import InvalidTable
from harness.data.safe_pickle import Global, RestrictedUnpickler
from spaces.nasbench201.pickle_stream import PieceUnpickler

_MAGIC = 0x1950A86A20F9469CFC6C


class _Weights:
    """Stands for a tensor, a storage and whatever else of torch a file holds."""

    def __init__(self, *args: Any) -> None:
        """Drop all."""

    def __setstate__(self, state: Any) -> None:
        """Drop all."""


class _TorchUnpickler(PieceUnpickler):
    def persistent_load(self, pid: Any) -> Any:
        """Weights are stored elsewhere in the file under a name, a tuple; they stay there."""
        return _Weights() if isinstance(pid, tuple) else super().persistent_load(pid)

    def find_class(self, module: str, name: str) -> Any:
        """See `RestrictedUnpickler.find_class`; nothing of torch is ever looked up."""
        if module.partition(".")[0] == "torch":
            return _Weights
        return super().find_class(module, name)


def unpickler_of(path: Path, allow: Container[Global]) -> Callable[[IO[bytes]], PieceUnpickler]:
    """What makes unpicklers for a file of ``torch.save``.

    Args:
        path: how messages call the file.
        allow: see `RestrictedUnpickler`.
    """
    return lambda file: _TorchUnpickler(file, allow=allow, name=str(path))


@contextmanager
def main_pickle(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """Open a file at the begin of the pickle that holds its structure.

    Both containers are read: a zip archive (since torch 1.6), and a sequence of pickles, the
    fourth of which is the one.

    Yields:
        The file, and the offset where the pickle ends at the latest.

    Raises:
        InvalidTable: it is no file of ``torch.save``, or truncated.
    """
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            begin, end = _in_zip(path, file)
            file.seek(begin)
        else:
            end = file.seek(0, 2)
            file.seek(0)
            # The first three hold a magic number, a version and the sizes of integers.
            magic, *_ = (RestrictedUnpickler(file, name=str(path)).load() for _ in range(3))
            if magic != _MAGIC:
                raise InvalidTable(f"{path} was not written by torch.save")
        yield file, end


def _in_zip(path: Path, file: IO[bytes]) -> tuple[int, int]:
    try:
        with zipfile.ZipFile(path) as archive:
            member = next(m for m in archive.infolist() if m.filename.endswith("/data.pkl"))
    except zipfile.BadZipFile as error:  # The directory of an archive stands at its end.
        raise InvalidTable(f"{path} is damaged or truncated ({error}). Get it anew") from error
    except StopIteration:
        raise InvalidTable(f"{path} was not written by torch.save") from None
    if member.compress_type != zipfile.ZIP_STORED:
        raise InvalidTable(f"{path} is compressed, which torch.save never does")
    file.seek(member.header_offset + 26)
    name, extra = struct.unpack("<HH", file.read(4))
    begin = member.header_offset + 30 + int(name) + int(extra)
    return begin, begin + member.compress_size
