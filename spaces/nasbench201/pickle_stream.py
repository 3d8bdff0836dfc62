"""One dictionary inside a large pickle, read entry by entry.

A pickle of protocol 2 writes ``{k: v, ...}`` as an empty dictionary and then batches ``( k v k v
... u`` of up to 1,000 entries (``k v s`` for a single one). Entries are cut out between their keys
and each is unpickled on its own, so that one entry is in memory at a time. Values must not be
numbers or dictionaries of a single item, which look like keys and like the end of an entry.

Later entries refer to objects of earlier ones, above all to strings, by the number under which
these were memoised. Such an object is fetched by unpickling the entry that it stands in again, and
kept; only few are shared. It is handed to the unpickler as a persistent object, in front of the
entry. Memo numbers grow through the file and the memo of an unpickler is an array, hence the
numbers of an entry are shifted down before it is unpickled.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from harness import InvalidTable
from harness.data.safe_pickle import RestrictedUnpickler

_CHUNK = 1 << 24
# The key of the dictionary is looked for in this many bytes: before it stands only a list of names.
_HEAD = 1 << 26
# No opcode that is known here is longer, but for the name of a global.
_LONGEST = 512


def _counted(opcode: bytes, width: int) -> bytes:
    """Pattern of an opcode that is followed by a length of up to 255 and as many bytes."""
    lengths = (
        re.escape(length.to_bytes(width, "little")) + b".{%d}" % length for length in range(256)
    )
    return re.escape(opcode) + b"(?:" + b"|".join(lengths) + b")"


# The opcodes of protocol 2: those that touch the memo, and those that do not and neither open nor
# close a mark. The first alternatives are the frequent ones.
_MEMO = rb"[qh].|[rj].{4}"
_PLAIN = b"|".join(
    (
        rb"G.{8}|K.|M..|J.{4}",
        _counted(b"X", 4),
        rb"[}\])NasbRQ\x81\x85\x86\x87\x88\x89]|c[^\n]*\n[^\n]*\n",
        _counted(b"\x8a", 1),
    )
)
_ONE = re.compile(b"(?s:" + _PLAIN + b"|" + _MEMO + b")")
_RUN = re.compile(b"(?s:" + _PLAIN + b"|" + _MEMO + b")++")
# Each match ends with a use of the memo, or at the end of the piece.
_MEMO_USES = re.compile(b"(?s:" + _PLAIN + rb"|[(tue.])*+((?s:" + _MEMO + rb")|\Z)")

_OPENS, _CLOSES, _STOPS = b"(", (b"t", b"u", b"e"), b"."
_KEYS = (b"K", b"M", b"J")
# Memo numbers below are written in one byte and are not shifted.
_SHORT = 256


class UnfamiliarPickle(Exception):
    """A pickle that may be sound but is not laid out as expected."""


class PieceUnpickler(RestrictedUnpickler):
    """An unpickler for a piece of a pickle.

    Attributes:
        objects: objects from elsewhere; their persistent ids are their positions.
    """

    objects: Sequence[Any] = ()

    def persistent_load(self, pid: Any) -> Any:
        """Hand out an object from elsewhere."""
        return self.objects[pid]


class PickledDict:
    """A dictionary with integer keys that is an item of the dictionary that a pickle holds.

    Attributes:
        outer: the other items of the outer dictionary: at first those that are written before the
            entries; all of them once the entries have been read.
    """

    def __init__(
        self,
        file: IO[bytes],
        end: int,
        key: str,
        unpickler: Callable[[IO[bytes]], PieceUnpickler],
        name: str,
    ) -> None:
        """Read up to the first entry.

        Args:
            file: seekable, at the begin of the pickle.
            end: offset in the file behind which nothing of the pickle stands.
            key: key of the dictionary in the outer one.
            unpickler: makes an unpickler for a piece of the pickle.
            name: how messages call the file.

        Raises:
            UnfamiliarPickle: the pickle is not laid out as expected.
            HarnessError: it asks for a name that is not allowed.
            InvalidTable: it is damaged.
        """
        self._file, self._end, self._unpickler, self._name = file, end, unpickler, name
        # The buffer begins at the offset in the file; `_at` is the next opcode in it.
        self._buffer, self._offset, self._at = b"", file.tell(), 0
        # First memo number, offset and length of the entries met so far.
        self._firsts: list[int] = []
        self._places: list[tuple[int, int]] = []
        try:
            self.outer, memo = self._load(self._prefix(key) + b"u.", ())
        except InvalidTable as error:
            raise UnfamiliarPickle(f"{name} is not as expected before '{key}'") from error
        if not isinstance(self.outer, dict) or self.outer.pop(key, None) != {}:
            raise UnfamiliarPickle(f"{name} has no dictionary '{key}' where it should be")
        self._shared = memo.copy()

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """Yield keys and values.

        Raises:
            UnfamiliarPickle: the pickle is not laid out as expected.
            HarnessError: it asks for a name that is not allowed.
            InvalidTable: it is damaged or truncated.
        """
        while (opcode := self._opcode()) == _OPENS or opcode in _KEYS:
            if opcode == _OPENS:
                self._at += 1
                while self._opcode() != b"u":
                    yield self._entry()
            else:
                yield self._entry()
                if self._opcode() != b"s":
                    raise self._unfamiliar(self._at)
            self._at += 1
        _, rest = self._cut(self._stop)
        # Stand-ins for what the stack holds at this place: outer dictionary, mark, key, entries.
        self.outer |= self._load_piece(b"}(NN", _shift(rest), b"")[0]
        del self.outer[None]

    def _prefix(self, key: str) -> bytes:
        """The pickle up to the empty dictionary that the entries are put in."""
        text = key.encode()
        string = re.escape(b"X" + len(text).to_bytes(4, "little") + text)
        put = rb"(?:q.|r.{4})"
        ordered = rb"(?:ccollections\nOrderedDict\n" + put + rb"|h.|j.{4})\)R"
        start = re.compile(string + put + rb"(?:\}|" + ordered + b")" + put, re.DOTALL)
        self._fill()
        if not self._buffer.startswith(b"\x80\x02"):
            raise UnfamiliarPickle(f"{self._name} is no pickle of protocol 2")
        while not (match := start.search(self._buffer)):
            if len(self._buffer) > _HEAD:
                raise UnfamiliarPickle(f"{self._name} has no '{key}' near its begin")
            self._fill()
        self._at = match.end()
        return self._buffer[: self._at]

    def _entry(self) -> tuple[int, Any]:
        offset, data = self._cut(self._entry_end)
        piece = _shift(data)
        if piece.first is not None:
            self._firsts.append(piece.first)
            self._places.append((offset, len(data)))
        entry = self._load_piece(b"(", piece, b"t.")[0]
        if len(entry) != 2:
            raise self._unfamiliar(self._at)
        return entry[0], entry[1]

    def _entry_end(self, data: bytes, at: int) -> int | None:
        """Where the next key stands, or the opcode that puts the entries into the dictionary."""
        if data[at : at + 1] not in _KEYS:
            raise self._unfamiliar(at)
        if not (key := _ONE.match(data, at)):
            return None
        position, depth = key.end(), 0
        while position < len(data):
            opcode = data[position : position + 1]
            if opcode == _OPENS:
                depth, position = depth + 1, position + 1
            elif opcode in _CLOSES and depth:
                depth, position = depth - 1, position + 1
            elif not depth and (opcode in _CLOSES or opcode in _KEYS or opcode == b"s"):
                return position
            elif match := (_RUN if depth else _ONE).match(data, position):
                position = match.end()
            else:
                self._check_stuck(data, position)
                return None
        return None

    def _stop(self, data: bytes, at: int) -> int | None:
        """The end of the pickle."""
        position = at
        while position < len(data):
            opcode = data[position : position + 1]
            if opcode == _STOPS:
                return position + 1
            if opcode == _OPENS or opcode in _CLOSES:
                position += 1
            elif match := _ONE.match(data, position):
                position = match.end()
            else:
                self._check_stuck(data, position)
                return None
        return None

    def _check_stuck(self, data: bytes, position: int) -> None:
        """Where no pattern matches, the buffer may end within an opcode; else it is unknown."""
        if len(data) - position > _LONGEST:
            raise self._unfamiliar(position)

    def _unfamiliar(self, position: int) -> UnfamiliarPickle:
        return UnfamiliarPickle(
            f"{self._name} is not as expected at byte {self._offset + position}"
        )

    def _cut(self, find: Callable[[bytes, int], int | None]) -> tuple[int, bytes]:
        """Offset and bytes from here to what is looked for, which is next then."""
        while (end := find(self._buffer, self._at)) is None:
            self._fill()
        begin, self._at = self._at, end
        return self._offset + begin, self._buffer[begin:end]

    def _opcode(self) -> bytes:
        if self._at == len(self._buffer):
            self._fill()
        return self._buffer[self._at : self._at + 1]

    def _fill(self) -> None:
        """Drop what has been read from the buffer and add more of the file."""
        chunk = self._read(self._offset + len(self._buffer), _CHUNK)
        if not chunk and self._buffer.endswith(_STOPS):
            raise UnfamiliarPickle(f"{self._name} ends where more was expected")
        if not chunk:
            raise InvalidTable(f"{self._name} is truncated. Get it anew")
        self._buffer = self._buffer[self._at :] + chunk
        self._offset, self._at = self._offset + self._at, 0

    def _read(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(min(length, self._end - offset))

    def _load(self, data: bytes, objects: Sequence[Any]) -> tuple[Any, Any]:
        """What a pickle holds, and the memo behind it, of which a copy can be made."""
        unpickler = self._unpickler(io.BytesIO(data))
        unpickler.objects = objects
        return unpickler.load(), unpickler.memo

    def _load_piece(self, head: bytes, piece: _Piece, tail: bytes) -> tuple[Any, Any]:
        numbers = piece.foreign
        # Push the persistent object i, memoise it under its slot and pop it.
        memoise = b"".join(
            b"J%bQr%b0" % (i.to_bytes(4, "little"), slot.to_bytes(4, "little"))
            for i, slot in enumerate(numbers)
        )
        objects = [self._fetch(number) for number in numbers.values()]
        return self._load(memoise + head + piece.data + tail, objects)

    def _fetch(self, number: int) -> Any:
        """An object of an earlier entry, by its memo number."""
        if number not in self._shared:
            index = bisect_right(self._firsts, number) - 1
            if index < 0:
                raise InvalidTable(f"{self._name} is damaged: it has no object {number}")
            piece = _shift(self._read(*self._places[index]))
            memo = self._load_piece(b"(", piece, b"t.")[1].copy()
            if piece.slot(number) not in memo:
                raise InvalidTable(f"{self._name} is damaged: it has no object {number}")
            self._shared[number] = memo[piece.slot(number)]
        return self._shared[number]


@dataclass(frozen=True)
class _Piece:
    """A piece of a pickle whose memo numbers were shifted so that the first is `_SHORT` at most.

    Attributes:
        data: the shifted piece.
        first: first number that it memoised an object under, before the shift; None if none.
        foreign: numbers of objects from elsewhere that it refers to, by shifted number.
    """

    data: bytes
    first: int | None
    foreign: dict[int, int]

    def slot(self, number: int) -> int:
        """Shifted number of an object of the piece."""
        return number if number < _SHORT else number - max(self.first or 0, _SHORT) + _SHORT


def _shift(data: bytes) -> _Piece:
    uses = np.array([match.start(1) for match in _MEMO_USES.finditer(data)], dtype=np.intp)
    uses = uses[uses < len(data)]
    piece = np.frombuffer(bytearray(data), dtype=np.uint8)
    opcodes = piece[uses]
    long = (opcodes == ord("r")) | (opcodes == ord("j"))
    puts = (opcodes == ord("r")) | (opcodes == ord("q"))
    numbers = piece[uses + 1].astype(np.int64)
    bytes_of = uses[long, None] + np.arange(1, 5)
    numbers[long] = piece[bytes_of].view("<u4")[:, 0]

    own = numbers[puts]
    first = int(own.min()) if own.size else None
    foreign = ~puts & (numbers < (2**32 if first is None else first))
    base = max(first or 0, _SHORT)
    shifted = np.where(long, numbers - base + _SHORT, numbers)
    # Objects from elsewhere come behind those of the piece, unless their number is a short one.
    behind = max(int(own.max()) - base + 1, 0) if own.size else 0
    rank = np.unique(numbers[foreign & long], return_inverse=True)[1]
    shifted[foreign & long] = _SHORT + behind + rank
    piece[bytes_of] = shifted[long].astype("<u4")[:, None].view(np.uint8)
    return _Piece(
        piece.tobytes(),
        first,
        dict(zip(shifted[foreign].tolist(), numbers[foreign].tolist(), strict=True)),
    )
