"""Refusals name what is needed, what there is, and what would work."""

from __future__ import annotations

import pytest

from harness import Decision, HarnessError, SearchSpace, refuse_lacking_abilities
from harness.core.suitability import refuse_lacking_encodings

SPACE = SearchSpace("plain", [Decision("a", ("x", "y", "z")), Decision("b", ("x", "y"))])


def test_encodings():
    refuse_lacking_encodings("me", SPACE.encodings, SPACE)
    with pytest.raises(HarnessError, match="me needs the encoding graph, which space plain") as got:
        refuse_lacking_encodings("me", frozenset({"graph"}), SPACE, ["a", "b"])
    assert got.value.args[0].endswith(". These work there: a, b")


def test_abilities():
    refuse_lacking_abilities("me", {"mixtures"}, "here", {"mixtures", "partial channels"})
    with pytest.raises(HarnessError) as got:
        refuse_lacking_abilities(
            "me", {"weighted decisions", "mixtures"}, "here", {"mixtures"}, ["a", "b"]
        )
    assert got.value.args[0] == (
        "me needs a supernet with weighted decisions, which that of here does not have "
        "(it has mixtures). These work there: a, b"
    )
    with pytest.raises(HarnessError, match=r"\(it has single paths only\)$"):
        refuse_lacking_abilities("me", {"mixtures"}, "here", frozenset())
