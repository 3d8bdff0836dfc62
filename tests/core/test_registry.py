from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from harness import HarnessError, MissingExtra
from harness.core import registry
from harness.core.errors import UnknownName

METHOD = """
from harness import Method

class {name}(Method):
    \"\"\"A method of the user.\"\"\"

    count: int = 3

    def search(self, problem):
        for _ in range(self.count):
            problem.evaluate(problem.space.sample(problem.rng))
"""


class Point:
    """An entry point of a distribution that is not installed."""

    def __init__(self, name, value, owner):
        self.name, self.value = name, value
        self.dist = SimpleNamespace(name=owner) if owner else None

    def load(self):
        return EntryPoint(self.name, self.value, "").load()


@pytest.fixture
def points(monkeypatch):
    """Replaces what is installed."""
    found = {}
    monkeypatch.setattr(registry, "entry_points", lambda group: found.get(group, []))
    registry._points.cache_clear()
    yield found
    registry._points.cache_clear()


@pytest.fixture
def method_file(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(METHOD.format(name="Mine"))
    return file


class TestEntryPoints:
    def test_collision_names_both_distributions(self, points):
        points[registry.METHODS] = [Point("a", "one:A", "first-dist"), Point("a", "two:A", "other")]
        with pytest.raises(
            HarnessError,
            match=r"'a' is registered twice, by first-dist \(one:A\) and other \(two:A\)",
        ):
            registry.method_names()

    def test_the_same_twice_is_no_collision(self, points):
        points[registry.METHODS] = [Point("a", "one:A", "dist"), Point("a", "one:A", "dist")]
        assert registry.method_names() == ["a"]

    def test_an_unknown_owner_is_a_question_mark(self, points):
        points[registry.METHODS] = [Point("a", "one:A", ""), Point("a", "two:A", "dist")]
        with pytest.raises(HarnessError, match=r"by \? \(one:A\) and dist"):
            registry.method_names()

    def test_one_that_fails_to_import_is_an_error_when_asked_for(self, points):
        points[registry.METHODS] = [Point("broken", "no_such_module_here:A", "dist")]
        with pytest.raises(
            HarnessError, match=r"'broken' is registered as .*cannot be loaded: Mod"
        ):
            registry.load_method("broken")

    def test_one_that_fails_to_import_is_listed_with_its_error(self, points):
        points[registry.METHODS] = [
            Point("broken", "no_such_module_here:A", "dist"),
            Point("tuple", "builtins:tuple", "dist"),
            Point("fine", "methods.blackbox.random_search:RandomSearch", "dist"),
        ]
        found = {entry.name: entry for entry in registry.list_methods()}
        assert "cannot be loaded" in found["broken"].missing
        assert "is no Method" in found["tuple"].missing
        assert found["fine"].missing == ""
        assert registry.load_method("fine").identity == "fine"

    def test_a_broken_family_hides_no_other_benchmark(self, points):
        points[registry.BENCHMARKS] = [
            Point("broken", "no_such_module_here:A", "dist"),
            Point("nasbench-graph", "spaces.nasbench_graph:NasBenchGraphFamily", "dist"),
        ]
        entries = {entry.id: entry for entry in registry.list_benchmarks()}
        assert "cannot be loaded" in entries["broken/*"].missing
        assert "nasbench-graph/cora" in entries
        with pytest.raises(UnknownName, match="Did you mean nasbench-graph/cora"):
            registry.load_benchmark("nasbench-graph/coral")
        with pytest.raises(HarnessError, match="cannot be loaded"):
            registry.load_benchmark("broken/x")

    def test_listing_loads_no_benchmark_data(self):
        code = "from harness.core.registry import *; list_benchmarks(); import sys; " + (
            "assert not {'pyarrow', 'pandas', 'torch'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


class TestVersions:
    def test_the_installed_one_can_be_asked_for(self):
        assert registry.load_method("random-search@1").identity == "random-search"

    def test_another_one_is_refused(self):
        with pytest.raises(HarnessError, match="random-search@99 is not installed"):
            registry.load_method("random-search@99")


class TestNames:
    def test_unknown_method(self):
        with pytest.raises(UnknownName, match="Did you mean random-search"):
            registry.load_method("randm-search")

    @pytest.mark.parametrize("name", ["nasbench-graph/coraa", "nasbench-graph", "", "a/b/c", "/"])
    def test_unknown_benchmark(self, name):
        with pytest.raises(UnknownName, match="no benchmark"):
            registry.load_benchmark(name)

    def test_parameters_are_part_of_the_identity(self):
        loaded = registry.load_method("random-search:replacement=false")
        assert loaded.identity == "random-search:replacement=false"
        assert loaded.method.parameters() == {"replacement": False}
        assert loaded.digest == ""

    def test_missing_extra(self, method_file, monkeypatch):
        monkeypatch.setitem(registry._PROBES, "neural", "no_such_module_here")
        text = method_file.read_text().replace("    count:", '    extra = "neural"\n    count:')
        method_file.write_text(text)
        with pytest.raises(MissingExtra, match=r"pip install 'nas-harness\[neural\]'"):
            registry.load_method(str(method_file))


class TestFiles:
    def test_the_only_class_needs_no_name(self, method_file):
        loaded = registry.load_method(str(method_file))
        assert loaded.identity == "mine:Mine"
        assert loaded.digest
        assert registry.load_method(f"{method_file}:Mine").identity == "mine:Mine"

    def test_parameters(self, method_file):
        loaded = registry.load_method(f"{method_file}:Mine:count=5")
        assert loaded.identity == "mine:Mine:count=5"
        assert loaded.method.count == 5

    def test_relative_to_the_current_folder(self, method_file, monkeypatch):
        monkeypatch.chdir(method_file.parent)
        assert registry.load_method("mine.py").identity == "mine:Mine"

    def test_edited_file_is_read_again(self, method_file):
        before = registry.load_method(str(method_file))
        method_file.write_text(method_file.read_text().replace("= 3", "= 4"))
        after = registry.load_method(str(method_file))
        assert (before.method.count, after.method.count) == (3, 4)
        assert before.digest != after.digest

    @pytest.mark.parametrize("folder", ["x.pyenv", "job@2", "with space", "a=b", "dots.py.d"])
    def test_odd_folders(self, tmp_path, folder):
        file = tmp_path / folder / "mine.py"
        file.parent.mkdir()
        file.write_text(METHOD.format(name="Mine"))
        assert registry.load_method(f"{file}:Mine").identity == "mine:Mine"
        assert registry.load_method(f"{file}:Mine:count=5").method.count == 5

    def test_two_files_of_one_name_do_not_meet(self, tmp_path):
        for folder, name in (("a", "First"), ("b", "Second")):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "mine.py").write_text(METHOD.format(name=name))
        assert registry.load_method(str(tmp_path / "a" / "mine.py")).identity == "mine:First"
        assert registry.load_method(str(tmp_path / "b" / "mine.py")).identity == "mine:Second"

    def test_imported_methods_are_not_the_files_own(self, method_file):
        text = method_file.read_text()
        method_file.write_text(f"from methods.blackbox.random_search import RandomSearch\n{text}")
        assert registry.load_method(str(method_file)).identity == "mine:Mine"

    def test_what_it_prints_is_no_result(self, method_file, capsys):
        method_file.write_text("print('loading')\n" + method_file.read_text())
        registry.load_method(str(method_file))
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "loading" in captured.err

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "has 0 classes; name one"),
            ("x = 1", r"no class there is a whole harness.Method"),
            (
                METHOD.format(name="A") + METHOD.format(name="B"),
                "has 2 classes.*one of A, B",
            ),
            ("def f(:", "line 1: "),
            ("import no_such_module_here", "cannot be loaded: ModuleNotFoundError"),
            ("1 / 0", "cannot be loaded: ZeroDivisionError"),
            ("import sys; sys.exit(3)", "cannot be loaded: SystemExit"),
            ("from harness import Method\nclass A(Method): pass", "has 0 classes"),
        ],
    )
    def test_broken_files(self, tmp_path, text, words):
        file = tmp_path / "mine.py"
        file.write_text(text)
        with pytest.raises(HarnessError, match=words):
            registry.load_method(str(file))

    def test_no_file(self, tmp_path):
        with pytest.raises(HarnessError, match="no method file"):
            registry.load_method(str(tmp_path / "none.py"))
        (tmp_path / "folder.py").mkdir()
        with pytest.raises(HarnessError, match="no method file"):
            registry.load_method(str(tmp_path / "folder.py"))

    @pytest.mark.parametrize(
        ("name", "words"),
        [("Mien", "Did you mean Mine"), ("os", "is no Method"), ("Abstract", "has no search")],
    )
    def test_wrong_class(self, method_file, name, words):
        method_file.write_text(
            "import os\n" + method_file.read_text() + "\nclass Abstract(Method):\n    pass\n"
        )
        with pytest.raises(HarnessError, match=words):
            registry.load_method(f"{method_file}:{name}")

    def test_unreadable_file(self, method_file):
        method_file.write_bytes(b"\xff\xfe\x00bad")
        with pytest.raises(HarnessError):
            registry.load_method(str(method_file))


def test_environment_is_left_alone(method_file):
    before = dict(os.environ)
    registry.load_method(str(method_file))
    assert dict(os.environ) == before
