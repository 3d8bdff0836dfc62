"""``harness validate``: the conformance kit on a method."""

from __future__ import annotations

from typing import Annotated

import typer


def validate(
    method: Annotated[str, typer.Argument(help="A registered name, or FILE.py:CLASS.")],
) -> int:
    """Check a method against the contract: seeds, budgets, validity, resume, no leaks."""
    from harness.testing.checks import validate_method

    checks = validate_method(method)
    for check in checks:
        print(f"  {'pass' if check.passed else 'FAIL'}  {check.name}: {check.detail}")
    failed = [check for check in checks if not check.passed]
    print(f"{method}: {len(checks) - len(failed)} of {len(checks)} checks pass")
    return 1 if failed else 0
