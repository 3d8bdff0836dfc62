"""``harness validate``: the conformance kit on a method."""

from __future__ import annotations

from typing import Annotated

import typer

BROKEN = 1


def validate(
    method: Annotated[str, typer.Argument(help="A registered name, or FILE.py:CLASS.")],
    queries: Annotated[
        int,
        typer.Option(
            min=1,
            help="Budget of an ordinary run, in queries; in epochs for a method that trains "
            "a supernet.",
        ),
    ] = 40,
    time_limit: Annotated[
        float, typer.Option(min=0.1, help="Seconds on the wall for one check.")
    ] = 60.0,
) -> int:
    """Check a method against the contract: seeds, budgets, validity, resume, no leaks.

    Examples:
      harness validate my_method.py:MyMethod
      harness validate regularized-evolution:population=50 --queries 100
    """
    from harness.testing.checks import check_method

    done = failed = 0
    for check in check_method(method, queries=queries, time_limit=time_limit):
        print(f"  {'pass' if check.passed else 'FAIL'}  {check.name}: {check.detail}", flush=True)
        done += 1
        failed += not check.passed
    print(f"{method}: {done - failed} of {done} checks pass")
    return BROKEN if failed else 0
