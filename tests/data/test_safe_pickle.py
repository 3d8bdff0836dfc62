from __future__ import annotations

import io
import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from harness.core.errors import HarnessError, InvalidTable
from harness.data.safe_pickle import EVERYTHING, load_restricted

PLAIN = {
    "accuracies": OrderedDict({0: 10.5, 1: 91.25}),
    "seeds": {777, 888},
    "frozen": frozenset({1}),
    "name": b"cell",
    "none": None,
    "scalar": np.float32(0.5),
    "array": np.arange(6.0).reshape(2, 3),
    "texts": np.array(["a", "bc"]),
}


class Payload:
    def __init__(self, path: object) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_of_every_protocol(protocol):
    found = load_restricted(io.BytesIO(pickle.dumps(PLAIN, protocol)))
    np.testing.assert_equal(found, PLAIN)
    assert type(found["scalar"]) is np.float32


@pytest.mark.parametrize("core", [b"numpy.core", b"numpy._core"])
def test_names_of_numpy_before_and_after_its_renaming(core):
    data = pickle.dumps(np.float64(1.5), 2).replace(b"numpy._core", core)
    assert load_restricted(io.BytesIO(data)) == 1.5


def test_code_is_refused_and_not_run(tmp_path):
    mark, file = tmp_path / "ran", tmp_path / "evil.pkl"
    file.write_bytes(pickle.dumps({"a": Payload(mark)}, 2))
    with (
        file.open("rb") as stream,
        pytest.raises(HarnessError, match=r"evil\.pkl.*(posix|nt)\.system.*--trust"),
    ):
        load_restricted(stream)
    assert not mark.exists()


def test_builtins_that_run_code_are_refused():
    for name in (b"eval", b"exec", b"getattr", b"__import__"):
        with pytest.raises(HarnessError, match=name.decode()):
            load_restricted(io.BytesIO(b"cbuiltins\n" + name + b"\n."), name="x")


def test_dotted_names_do_not_reach_into_allowed_modules():
    data = b"\x80\x04\x8c\x0bcollections\x8c\x17OrderedDict.__init__\x93."
    with pytest.raises(HarnessError):
        load_restricted(io.BytesIO(data.replace(b"\x17", b"\x14")))


def test_further_names_can_be_allowed():
    data = pickle.dumps(complex(1, 2), 2)
    with pytest.raises(HarnessError, match="complex"):
        load_restricted(io.BytesIO(data))
    assert load_restricted(io.BytesIO(data), allow={("__builtin__", "complex")}) == complex(1, 2)
    assert load_restricted(io.BytesIO(data), allow=EVERYTHING) == complex(1, 2)


@pytest.mark.parametrize("length", [0, 1, 10, 100, -1])
def test_a_damaged_pickle_names_the_file(length):
    data = pickle.dumps(PLAIN, 2)
    with pytest.raises(InvalidTable, match="table of mine is damaged or truncated"):
        load_restricted(io.BytesIO(data[:length]), name="table of mine")
