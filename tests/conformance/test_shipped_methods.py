"""Every registered method passes the conformance kit."""

from __future__ import annotations

import pytest

from harness import HarnessError
from harness.core.registry import load_method, method_names
from harness.testing import checks
from harness.testing.lab import Lab

# More than the initial samples of every shipped method, so that its model searches too.
QUERIES = 60

# In seconds. A machine that is busy otherwise says nothing about a method.
TIME_LIMIT = 600

# Settings with which an epoch on the kit's few images does not cost more than its budget.
SMALL = {
    "enas": "enas:updates=2,samples=3,candidates=10",
    "fairnas": "fairnas:population=5,generations=4",
    "spos": "spos:population=5,generations=4",
}


@pytest.fixture(params=method_names())
def method(request):
    try:
        load_method(request.param)
    except HarnessError as error:
        pytest.skip(str(error))
    return SMALL.get(request.param, request.param)


@pytest.mark.parametrize("rule", checks.CHECKS, ids=lambda rule: rule.__name__)
def test_method_holds(method, rule):
    rule(Lab(method, queries=QUERIES, time_limit=TIME_LIMIT))
