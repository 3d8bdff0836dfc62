from __future__ import annotations

import pytest

from harness.core.errors import HarnessError
from harness.core.names import Reference, check_version, format_reference, parse_reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("random-search", Reference("random-search", None, {})),
        ("tpe@2", Reference("tpe", 2, {})),
        ("tpe@2:gamma=0.5", Reference("tpe", 2, {"gamma": "0.5"})),
        ("a:b=1,c=two", Reference("a", None, {"b": "1", "c": "two"})),
        ("a:b=", Reference("a", None, {"b": ""})),
        ("a: b = 1 , c = 2 ", Reference("a", None, {"b": "1", "c": "2"})),
        ("a/b:searched=valid@12", Reference("a/b", None, {"searched": "valid@12"})),
        ("a:b=(c:d=1,e=2),f=3", Reference("a", None, {"b": "c:d=1,e=2", "f": "3"})),
        ("a:b=(c:d=(e:f=1),g=2)", Reference("a", None, {"b": "c:d=(e:f=1),g=2"})),
        ("my.py:A:b=(my.py:B)", Reference("my.py:A", None, {"b": "my.py:B"})),
        ("my (1).py:A:b=1", Reference("my (1).py:A", None, {"b": "1"})),
        ("my.py", Reference("my.py", None, {})),
        ("my.py:A", Reference("my.py:A", None, {})),
        ("my.py:A:b=1", Reference("my.py:A", None, {"b": "1"})),
        ("my.py:b=1", Reference("my.py", None, {"b": "1"})),
        ("/ci/job@2/my.py:A", Reference("/ci/job@2/my.py:A", None, {})),
        ("/ci/job@2/my.py:A:b=1", Reference("/ci/job@2/my.py:A", None, {"b": "1"})),
    ],
)
def test_parse(text, expected):
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a:b", "cannot read 'a:b'"),
        ("a:", "cannot read 'a:'"),
        ("a:b=1,c", "cannot read 'c'"),
        ("a:=1", "cannot read '=1'"),
        ("a:b=1,b=2", "sets b twice"),
        ("a:b=(1", "parentheses do not match"),
        ("a:b=1)", "parentheses do not match"),
        ("a@x", "'x' in 'a@x' is no version"),
        ("a@", "is no version"),
        ("a@-1", "is no version"),
    ],
)
def test_parse_refuses(text, words):
    with pytest.raises(HarnessError, match=words):
        parse_reference(text)


def test_format_is_what_parse_reads():
    settings = {"population": 50, "share": 0.5, "kind": "best", "flag": True, "limit": None}
    text = format_reference("some-method", settings)
    assert text == "some-method:population=50,share=0.5,kind=best,flag=True,limit=None"
    assert parse_reference(text).settings == {k: str(v) for k, v in settings.items()}
    assert format_reference("some-method", {}) == "some-method"


def test_a_value_with_settings_of_its_own_is_written_in_parentheses():
    settings = {"predictor": "self-training:predictor=(lightgbm:trees=5),rounds=2", "top": "(5)"}
    text = format_reference("weaknas", settings)
    assert text == (
        "weaknas:predictor=(self-training:predictor=(lightgbm:trees=5),rounds=2),top=((5))"
    )
    assert parse_reference(text).settings == settings


def test_versions():
    check_version("method", parse_reference("a"), 3)
    check_version("method", parse_reference("a@3"), 3)
    with pytest.raises(HarnessError, match=r"a@2 is not installed.*version 3.*Ask for a@3"):
        check_version("method", parse_reference("a@2"), 3)
