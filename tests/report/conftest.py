"""What the tests of published formats share."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import jsonschema
import pytest


def _schema(name: str) -> dict[str, Any]:
    """A published schema."""
    content: dict[str, Any] = json.loads(
        (files("harness.report") / "schemas" / f"{name}.json").read_text()
    )
    jsonschema.Draft202012Validator.check_schema(content)
    return content


def _undescribed(value: Any, node: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    """Fields of an object that its schema does not mention."""
    while "$ref" in node or "oneOf" in node:
        node = (
            root["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node["oneOf"][0]
        )
    if isinstance(value, list) and "items" in node:
        return [x for entry in value for x in _undescribed(entry, node["items"], root, path + "[]")]
    if not isinstance(value, dict) or "properties" not in node:
        return []
    found = [f"{path}.{key}" for key in value if key not in node["properties"]]
    for key, child in node["properties"].items():
        assert child.get("description") or "const" in child, f"{path}.{key} says nothing"
        if key in value:
            found += _undescribed(value[key], child, root, f"{path}.{key}")
    return found


def _check(text: str, name: str) -> dict[str, Any]:
    """Parse a command's output and hold it against its schema."""
    found: dict[str, Any] = json.loads(text, parse_constant=lambda word: pytest.fail(word))
    jsonschema.validate(found, _schema(name), cls=jsonschema.Draft202012Validator)
    assert _undescribed(found, _schema(name), _schema(name), "") == []
    return found


@pytest.fixture
def check() -> Callable[[str, str], dict[str, Any]]:
    """Parses a command's output and holds it against a schema, and the schema against it."""
    return _check
