from __future__ import annotations

import copy
import dataclasses
from typing import ClassVar, Literal

import pytest

from harness import HarnessError, Method


class Tuned(Method):
    """Has one of every kind.

    More words.
    """

    CONSTANT: ClassVar[int] = 7

    count: int = 10
    share: float = 0.5
    flag: bool = False
    name: str = "a"
    kind: Literal["first", "best"] = "first"
    limit: int | None = None

    def search(self, problem):
        return None


class Needs(Method):
    """Has a field without a default."""

    count: int

    def search(self, problem):
        return None


class Checked(Method):
    """Checks its fields."""

    count: int = 1

    def __post_init__(self):
        if self.count < 1:
            raise ValueError(f"count={self.count} is below 1")

    def search(self, problem):
        return None


def test_subclass_is_a_dataclass():
    assert dataclasses.is_dataclass(Tuned)
    assert list(Tuned().parameters()) == ["count", "share", "flag", "name", "kind", "limit"]
    assert Tuned(count=3) == Tuned(count=3) != Tuned()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("count", "3", 3),
        ("count", "-3", -3),
        ("share", "0.25", 0.25),
        ("share", "1", 1.0),
        ("share", "1e-3", 1e-3),
        ("flag", "true", True),
        ("flag", "False", False),
        ("name", "12", "12"),
        ("kind", "best", "best"),
        ("limit", "none", None),
        ("limit", "None", None),
        ("limit", "4", 4),
    ],
)
def test_parameter_from_text(name, text, value):
    given = Tuned.from_text({name: text}).parameters()[name]
    assert given == value
    assert type(given) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("count", "3.5", "tuned:count cannot be '3.5': it takes int"),
        ("count", "", "tuned:count cannot be ''"),
        ("share", "half", "it takes float"),
        ("flag", "1", "it takes bool"),
        ("kind", "last", "first"),
        ("limit", "x", "it takes int or none"),
        ("cuont", "3", "no parameter of tuned 'cuont'. Did you mean count?"),
    ],
)
def test_wrong_parameter(name, text, words):
    with pytest.raises(HarnessError) as caught:
        Tuned.from_text({name: text})
    assert words in str(caught.value)


def test_round_trip_of_every_default():
    written = {name: str(value) for name, value in Tuned().parameters().items()}
    assert Tuned.from_text(written) == Tuned()


def test_missing_parameter():
    with pytest.raises(HarnessError, match="needs a value for count: -m needs:count=VALUE"):
        Needs.from_text({})
    assert Needs.from_text({"count": "2"}).count == 2


def test_own_check_becomes_a_usage_error():
    with pytest.raises(HarnessError, match="checked: count=0 is below 1"):
        Checked.from_text({"count": "0"})


def test_positional_and_unknown_keywords_of_the_constructor():
    assert Tuned(3).count == 3
    with pytest.raises(TypeError):
        Tuned(cuont=3)


@pytest.mark.parametrize(
    ("cls_name", "name"),
    [
        ("RandomSearch", "random-search"),
        ("BOHB", "bohb"),
        ("GpBo", "gp-bo"),
        ("NAS2Search", "nas2-search"),
        ("RLController", "rl-controller"),
        ("X", "x"),
    ],
)
def test_name_from_class(cls_name, name):
    cls = type(cls_name, (Method,), {"search": lambda self, problem: None})
    assert cls.class_name() == name


def test_summary_is_the_first_line():
    assert Tuned.summary() == "Has one of every kind."


def test_abstract():
    with pytest.raises(TypeError):
        Method()


def test_copies_are_independent():
    first = Tuned()
    second = copy.deepcopy(first)
    second.count = 99
    assert first.count == 10


def test_subclass_inherits_and_adds_fields():
    class More(Tuned):
        """Adds one."""

        extra_share: float = 0.1

    assert list(More().parameters())[-1] == "extra_share"
    assert More.from_text({"count": "2"}).count == 2
