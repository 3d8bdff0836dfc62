"""The kit as an author of a method uses it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

from harness.cli import main
from harness.testing import MethodConformance, checks

BROKEN = Path(__file__).with_name("broken_methods.py")
SUITE = """
from harness.testing import MethodConformance

class TestIt(MethodConformance):
    method = "{method}"
"""


def run_pytest(folder, method):
    (folder / "test_it.py").write_text(SUITE.format(method=method))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_class_has_one_test_for_each_check():
    tests = {name for name, _ in inspect.getmembers(MethodConformance) if name.startswith("test_")}
    assert tests == {f"test_{check.__name__}" for check in checks.CHECKS}


def test_class_and_functions_say_the_same():
    for check in checks.CHECKS:
        assert getattr(MethodConformance, f"test_{check.__name__}").__doc__ == check.__doc__


def test_suite_of_an_author_passes(tmp_path):
    done = run_pytest(tmp_path, f"{BROKEN}:Good")
    assert done.returncode == 0, done.stdout
    assert f"{len(checks.CHECKS)} passed" in done.stdout


def test_suite_of_an_author_fails_with_the_message(tmp_path):
    done = run_pytest(tmp_path, f"{BROKEN}:Prints")
    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert "it printed 'score" in done.stdout


def test_kit_is_imported_without_pytest():
    code = "import sys, harness.testing; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_command_passes(capsys):
    assert main(["validate", f"{BROKEN}:Good"]) == 0
    assert f"{len(checks.CHECKS)} of {len(checks.CHECKS)} checks pass" in capsys.readouterr().out


def test_command_fails(capsys):
    assert main(["validate", f"{BROKEN}:Untyped"]) == 1
    assert "FAIL  parameters: population = 10 has no type" in capsys.readouterr().out


def test_command_ends_with_a_method_that_hangs(capsys):
    assert main(["validate", f"{BROKEN}:Hangs", "--time-limit", "0.3"]) == 1
    assert "0 of 1 checks pass" in capsys.readouterr().out


def test_command_refuses_what_it_cannot_find(capsys):
    assert main(["validate", "random-serch"]) == 2
    assert "Did you mean random-search?" in capsys.readouterr().err
