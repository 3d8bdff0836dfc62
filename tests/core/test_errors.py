from __future__ import annotations

import inspect

import pytest

import harness
from harness.core import errors
from harness.core.errors import BudgetExhausted, HarnessError, RunTimeout, UnknownName


def test_one_tree():
    for _, error in inspect.getmembers(errors, inspect.isclass):
        if issubclass(error, Exception):
            assert issubclass(error, HarnessError)


@pytest.mark.parametrize("signal", [BudgetExhausted, RunTimeout])
def test_signals_pass_through_except_exception(signal):
    assert not issubclass(signal, Exception)


def test_unknown_name_says_what_is_near_and_what_exists():
    error = UnknownName("method", "randm-search", ["tpe", "random-search"])
    assert str(error) == (
        "no method 'randm-search'. Did you mean random-search? All: random-search, tpe"
    )


def test_unknown_name_without_neighbours():
    assert str(UnknownName("method", "xyz", ["tpe"], "harness list")) == (
        "no method 'xyz'. All: harness list"
    )
    assert str(UnknownName("method", "xyz", [])) == "no method 'xyz'. All: none"


def test_everything_exported_exists():
    for name in harness.__all__:
        assert hasattr(harness, name)
