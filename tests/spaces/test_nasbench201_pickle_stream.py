from __future__ import annotations

import contextlib
import io
import pickle
import tracemalloc
from collections import OrderedDict

import numpy as np
import pytest

from harness import HarnessError, InvalidTable
from spaces.nasbench201 import pickle_stream
from spaces.nasbench201.pickle_stream import PickledDict, PieceUnpickler, UnfamiliarPickle


def reader(data):
    return PickledDict(
        io.BytesIO(data), len(data), "cells", lambda file: PieceUnpickler(file, name="x"), "x"
    )


def entries(content, protocol=2):
    read = reader(pickle.dumps(content, protocol))
    return dict(read), read.outer


@pytest.mark.parametrize("count", [0, 1, 2, 1000, 1001, 2600])
@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_any_number_of_entries(count, kind):
    shared = ["a list", "that all share"]
    cells = kind((i, {"name": f"cell {i}", "shared": shared, "i": -i}) for i in range(count))
    content = {"before": ["x", shared], "cells": cells, "after": {"shared": shared, "n": count}}
    found, outer = entries(content)
    assert found == dict(cells)
    assert outer == {"before": ["x", shared], "after": {"shared": shared, "n": count}}


def test_values_of_all_kinds():
    value = {
        "numbers": [0, 255, 256, 65535, 65536, -1, 2**31, -(2**70), 0.1, float("inf"), None, True],
        "texts": ["", "é", "(", "u.", "K\x01s", "x" * 255],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "nested": {1: {2: {3: []}}, "one": {"s": "e"}},
        "sets": {1, 2},
        "numpy": np.float64(0.25),
    }
    found, _ = entries({"cells": {7: value, 300: value["nested"], 70000: value}, "n": 1})
    assert found == {7: value, 300: value["nested"], 70000: value}


def test_entries_that_share_objects_with_earlier_ones():
    names = [f"a name that is written once {i}" for i in range(3000)]
    cells = {i: {names[i]: 0.5, names[i // 2]: 1.5, names[-1 - i]: [names[i]]} for i in range(3000)}
    found, outer = entries({"cells": cells, "names": names[::-1]})
    assert found == cells
    assert outer == {"names": names[::-1]}


@pytest.mark.parametrize("chunk", [600, 1000, 4096])
def test_it_does_not_matter_where_a_chunk_ends(monkeypatch, chunk):
    monkeypatch.setattr(pickle_stream, "_CHUNK", chunk)
    cells = {i: {f"x-valid@{e}": e + i / 7 for e in range(i % 20 * 2)} for i in range(300)}
    assert entries({"meta": list(range(500)), "cells": cells, "end": "x" * 200})[0] == cells


def test_memory_does_not_grow_with_the_number_of_entries(monkeypatch):
    monkeypatch.setattr(pickle_stream, "_CHUNK", 1 << 17)

    def peak(count):
        cells = {i: {f"x-valid@{e}": e + i / 7 for e in range(200)} for i in range(count)}
        data = pickle.dumps({"cells": cells, "n": count}, 2)
        del cells
        tracemalloc.start()
        assert sum(1 for _ in reader(data)) == count
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(600) < 1.2 * peak(200)


@pytest.mark.parametrize(
    "content",
    [
        {"cells": {}},
        {"cells": {"a": 1, "b": 2}, "n": 1},
        {"cells": {1: {"only": 1}, 2: {"only": 1}}, "n": 1},
        {"cells": [1], "n": 1},
        [1, 2],
    ],
)
def test_another_layout_is_unfamiliar(content):
    with pytest.raises(UnfamiliarPickle):
        entries(content)


def test_another_protocol_is_unfamiliar():
    with pytest.raises(UnfamiliarPickle, match="protocol 2"):
        entries({"cells": {}, "n": 1}, protocol=4)


def test_a_cut_pickle_is_damaged_wherever_it_is_cut():
    data = pickle.dumps({"cells": {i: {"a": [i, 0.5]} for i in range(20)}, "n": 1}, 2)
    for length in range(1, len(data)):
        with pytest.raises((InvalidTable, UnfamiliarPickle)):
            dict(reader(data[:length]))


def test_random_damage_never_raises_anything_else():
    data = pickle.dumps({"cells": {i: {"a": [i, 0.5], "b": "c"} for i in range(40)}, "n": 1}, 2)
    rng = np.random.default_rng(0)
    for _ in range(400):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            damaged[place] = rng.integers(256)
        with contextlib.suppress(HarnessError, UnfamiliarPickle):
            dict(reader(bytes(damaged)))
