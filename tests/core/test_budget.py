from __future__ import annotations

import math

import pytest

from harness.core.budget import Budget
from harness.core.errors import InvalidBudget


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("200", 200, "queries"),
        (200, 200, "queries"),
        (" 200 queries ", 200, "queries"),
        ("1", 1, "queries"),
        ("1q", 1, "queries"),
        ("1_000", 1000, "queries"),
        ("1e3", 1000, "queries"),
        ("12000s", 12000, "seconds"),
        ("0.5s", 0.5, "seconds"),
        ("1 second", 1, "seconds"),
        ("500epochs", 500, "epochs"),
        ("1 epoch", 1, "epochs"),
        (12.0, 12, "queries"),
    ],
)
def test_parse(text, amount, unit):
    assert Budget.parse(text) == Budget(amount, unit)


WRONG = """
0 | 0s | 0.0 epochs | -1 | -5s | 12 parsecs | s | 1.5 | 0.5 queries | nan | inf | 1e999 | 1e999s
| 12 s s | 1,000 | 12S | twelve |
"""


@pytest.mark.parametrize("text", WRONG.replace("\n", " ").split("|"))
def test_parse_refuses(text):
    with pytest.raises(InvalidBudget, match="Write it as 200"):
        Budget.parse(text)


@pytest.mark.parametrize(
    ("amount", "unit"),
    [(-1, "queries"), (math.nan, "seconds"), (math.inf, "epochs"), (1.5, "queries"), (1, "days")],
)
def test_construction_refuses(amount, unit):
    with pytest.raises(InvalidBudget):
        Budget(amount, unit)


def test_nothing_left_is_an_amount():
    assert str(Budget(0.0, "queries")) == "0 queries"


@pytest.mark.parametrize(
    ("amount", "text"),
    [(200, "200"), (1234567, "1234567"), (123456.7, "123456.7"), (1000000.5, "1000000.5")],
)
def test_text_keeps_every_digit(amount, text):
    assert str(Budget(amount, "seconds")) == f"{text} seconds"


@pytest.mark.parametrize("amount", [1e-7, 0.1 + 0.2, 1 / 3, 1e15, 123456.78901234567, 1e22])
def test_text_reads_back(amount):
    budget = Budget(amount, "seconds")
    assert Budget.parse(str(budget)) == budget
