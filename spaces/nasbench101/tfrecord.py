"""Files of records as TensorFlow writes them, read without it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from harness import InvalidTable, MissingExtra

# Its length, and a checksum of that, before a record; a checksum of the record behind it.
_HEAD, _LENGTH, _CHECKSUM = struct.Struct("<QI"), struct.Struct("<Q"), struct.Struct("<I")
_BUFFER = 1 << 20


def read_records(path: Path) -> Iterator[tuple[int, bytes]]:
    """All records of a file, one at a time.

    The format is described at https://www.tensorflow.org/tutorials/load_data/tfrecord.

    Args:
        path: the file.

    Yields:
        Where the record ends in the file, in bytes, and the record.

    Raises:
        MissingExtra: the package that computes checksums is not installed.
        InvalidTable: a record is damaged, or the file ends within one.
    """
    crc32c = _crc32c()
    with path.open("rb", buffering=_BUFFER) as file:
        end = number = 0
        while head := file.read(_HEAD.size):
            number += 1
            if len(head) < _HEAD.size:
                raise _truncated(path, number)
            length, expected = _HEAD.unpack(head)
            if _masked(crc32c(head[: _LENGTH.size])) != expected:
                raise InvalidTable(
                    f"{path} is damaged, or no TFRecord file: the length of record {number} does "
                    "not match its checksum. Get it anew"
                )
            data, tail = file.read(length), file.read(_CHECKSUM.size)
            if len(data) < length or len(tail) < _CHECKSUM.size:
                raise _truncated(path, number)
            if _masked(crc32c(data)) != _CHECKSUM.unpack(tail)[0]:
                raise InvalidTable(
                    f"{path} is damaged: record {number} does not match its checksum. Get it anew"
                )
            end += _HEAD.size + length + _CHECKSUM.size
            yield end, data


def _truncated(path: Path, number: int) -> InvalidTable:
    return InvalidTable(f"{path} is truncated: it ends within record {number}. Get it anew")


def _crc32c() -> Callable[[bytes], int]:
    try:
        import google_crc32c
    except ImportError as error:
        raise MissingExtra(
            f"reading TFRecord files needs the extra 'nasbench101' ({error}): "
            "pip install 'nas-harness[nasbench101]'"
        ) from error
    value: Callable[[bytes], int] = google_crc32c.value
    return value


def _masked(crc: int) -> int:
    """A checksum as it is stored, so that a checksum of checksums is no checksum."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
