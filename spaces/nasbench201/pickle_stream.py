"""One dictionary inside a large pickle, read entry by entry.

A pickle of protocol 2 writes ``{k: v, ...}`` as an empty dictionary and then batches ``( k v k v
... u`` of up to 1,000 entries (``k v s`` for a single one). Entries are cut out between their keys
and each is unpickled on its own, so that one entry is in memory at a time.

Later entries refer to objects of earlier ones, above all to strings, by the number under which
these were memoised. Such an object is fetched by unpickling the entry that it stands in again, and
kept; only few are shared. Memo numbers grow through the file and the memo of an unpickler is an
array, hence the numbers of an entry are shifted down before it is unpickled.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from harness import InvalidTable
from harness.data.safe_pickle import RestrictedUnpickler

_CHUNK = 1 << 24
# The key of the dictionary is looked for in this many bytes: before it stands only a list of names.
_HEAD = 1 << 26
# No opcode that `_PLAIN` knows is longer, but for the name of a global.
_LONGEST = 1024


def _counted(opcode: bytes, width: int) -> bytes:
    """Pattern of an opcode that is followed by a length of up to 255 and as many bytes."""
    lengths = (
        re.escape(length.to_bytes(width, "little")) + b".{%d}" % length for length in range(256)
    )
    return opcode + b"(?:" + b"|".join(lengths) + b")"


# The opcodes of protocol 2 that neither open or close a mark nor touch the memo.
_PLAIN = b"|".join(
    (
        rb"G.{8}|K.|M..|J.{4}",
        _counted(b"X", 4),
        rb"[}\])NasbRQ\x81\x85\x86\x87\x88\x89]",
        rb"c[^\n]*\n[^\n]*\n",
        _counted(rb"\x8a", 1),
    )
)
_MEMO = rb"[qh].|[rj].{4}"
_ONE = re.compile(b"(?s:" + _PLAIN + b"|" + _MEMO + b")")
_RUN = re.compile(b"(?s:" + _PLAIN + b"|" + _MEMO + b")*+")
# Every match ends with one use of the memo, or at the end of the entry.
_MEMO_USES = re.compile(rb"(?s:" + _PLAIN + rb"|[(tue.])*+(?s:([qhrj])(?:(?<=[qh]).|.{4})|\Z)")

_OPENS, _CLOSES, _KEYS = b"(", b"tue", b"KMJ"
# Numbers below are written as one byte and are left alone.
_SHORT = 256


class UnfamiliarPickle(Exception):
    """A pickle that may be sound but is not laid out as expected."""


class PickledDict:
    """A dictionary with integer keys that is an item of the dictionary that a pickle holds.

    Attributes:
        outer: the other items of the outer dictionary: at first those that are written before the
            entries; all of them once the entries have been read.
    """

    def __init__(
        self,
        file: IO[bytes],
        key: str,
        unpickler: Callable[[IO[bytes]], RestrictedUnpickler],
        name: str,
    ) -> None:
        """Read up to the first entry.

        Args:
            file: seekable, at the begin of the pickle.
            key: key of the dictionary in the outer one.
            unpickler: makes an unpickler for a piece of the pickle.
            name: how messages call the file.

        Raises:
            UnfamiliarPickle: the pickle is not laid out as expected.
            InvalidTable: it is damaged.
        """
        self._file, self._unpickler, self._name = file, unpickler, name
        self._origin = file.tell()
        self._buffer, self._at = b"", 0
        # Where the entries lie, and the first memo number of each.
        self._places: list[tuple[int, int]] = []
        self._firsts: list[int] = []
        prefix = self._prefix(key)
        self.outer, self._shared = self._load(prefix + b"u.", {})
        if not isinstance(self.outer, dict) or self.outer.pop(key, None) != {}:
            raise UnfamiliarPickle(f"{name} has no dictionary '{key}' where it should be")

    def _prefix(self, key: str) -> bytes:
        text = key.encode()
        memo, made = rb"(?:q.|r.{4})", rb"(?:\}|(?:ccollections\nOrderedDict\n%b|h.|j.{4})\)R)"
        start = re.compile(
            re.escape(b"X" + len(text).to_bytes(4, "little") + text) + memo + made % memo + memo,
            re.DOTALL,
        )
        self._fill()
        if self._buffer[:2] != b"\x80\x02":
            raise UnfamiliarPickle(f"{self._name} is no pickle of protocol 2")
        while not (match := start.search(self._buffer)):
            if len(self._buffer) > _HEAD:
                raise UnfamiliarPickle(f"{self._name} has no '{key}' near its begin")
            self._fill()
        self._at = match.end()
        return self._buffer[: self._at]

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """Yield keys and values.

        Raises:
            UnfamiliarPickle: the pickle is not laid out as expected.
            HarnessError: it asks for a name that is not allowed.
            InvalidTable: it is damaged or truncated.
        """
        while (opcode := self._peek()) in (b"(", b"K", b"M", b"J"):
            if opcode == _OPENS:
                self._at += 1
                while self._peek() != b"u":
                    yield self._entry()
            else:
                yield self._entry()
                if self._peek() != b"s":
                    raise self._unfamiliar(self._at)
            self._at += 1
        # What is missing of the outer dictionary: itself, a mark, the key and the entries.
        rest = self._cut(self._stop())
        self.outer |= self._piece(b"}(NN", rest, b"")
        self.outer.pop(None)

    def _entry(self) -> tuple[int, Any]:
        position = self._origin + self._file.tell() - self._origin - len(self._buffer) + self._at
        data = self._cut(self._entry_end())
        self._places.append((position, len(data)))
        entry = self._piece(b"(", data, b"t.", remember=True)
        if len(entry) != 2:
            raise self._unfamiliar(self._at)
        return entry[0], entry[1]
