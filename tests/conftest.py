"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def harness_data() -> Path:
    """The folder with the real tables that are not part of a package."""
    given = os.environ.get("HARNESS_DATA")
    if not given or not (Path(given) / "nasbench201" / "nasbench201.parquet").is_file():
        pytest.skip("HARNESS_DATA does not name a folder with the real tables")
    return Path(given)
