"""Who may import whom, and what must not be loaded."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("core", "tables", "study", "analysis", "live", "data", "report", "gate", "testing", "cli")
# What a module may import although it lies above: reading a pickle safely is no matter of floors.
STAIRS = {"harness.data.safe_pickle"}
ALLOWED = {
    # Methods that train networks meet them through the contracts of live training.
    "methods": ("harness", "harness.tables", "harness.data", "harness.live"),
    # A space that can be trained has a network, made of what live training offers.
    "spaces": ("harness", "harness.tables", "harness.data", "harness.live"),
}
HEAVY = ("torch", "pandas", "matplotlib", "sklearn", "lightgbm", "scipy")


def modules(*packages):
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path):
    """Names of modules that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found.add(node.module)
            found.update(
                f"{node.module}.{alias.name}"
                for alias in node.names
                if (ROOT / Path(*node.module.split("."), f"{alias.name}.py")).is_file()
            )
    return found


def package(name, depth=2):
    return ".".join(name.split(".")[:depth])


@pytest.mark.parametrize("path", modules("harness"), ids=name_of)
def test_floors(path):
    name = name_of(path)
    if name in ("harness", "harness.__main__"):
        return
    own = FLOORS.index(name.split(".")[1])
    for other in imported(path):
        if other.split(".")[0] in ("methods", "spaces"):
            raise AssertionError(f"{name} imports {other}: the harness finds it by name")
        if other.split(".")[0] == "harness" and other not in STAIRS | {"harness.data"}:
            floor = other.split(".")[1] if "." in other else None
            assert floor, f"{name} imports from harness itself"
            assert FLOORS.index(floor) <= own, f"{name} imports {other}, which lies above it"


@pytest.mark.parametrize("path", modules("methods", "spaces"), ids=name_of)
def test_plug_ins_know_the_contracts_only(path):
    name = name_of(path)
    top = name.split(".")[0]
    for other in imported(path):
        if other.split(".")[0] == "harness":
            assert package(other) in ALLOWED[top], (
                f"{name} imports {other}; what it may know: {', '.join(ALLOWED[top])}"
            )
        if other.split(".")[0] in ("methods", "spaces"):
            # Spaces never know each other; methods may share what their own package has, and what
            # lies beside all packages of methods.
            beside = package(other).startswith("methods.") and top == "methods"
            beside &= (ROOT / Path(*package(other).split("."))).with_suffix(".py").is_file()
            own = other == top or package(other) == package(name)
            assert own or beside, f"{name} imports {other}"


@pytest.mark.parametrize(
    "code",
    [
        "import harness",
        "from harness.cli import main; main(['--help'])",
        "from harness.cli import main; main(['list'])",
        "from harness.cli import main; main(['list', '--json'])",
        "from harness.cli import main; main(['compare', '--help'])",
    ],
)
def test_light_commands_load_nothing_heavy(code):
    code += f"; import sys; print(sorted({{*{HEAVY}}} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments", [["-m", "random-search", "--format", "json"], ["-m", "random-search"]]
)
def test_compare_loads_no_torch_and_no_plots(arguments, tmp_path):
    words = ["compare", "-b", "nasbench-graph/proteins", "--seeds", "3", "--budget", "5"]
    words += ["--jobs", "1", "--out", str(tmp_path), *arguments]
    code = f"from harness.cli import main; assert main({words}) == 0; import sys; " + (
        "print(sorted({'torch', 'matplotlib'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_what_is_used_without_torch_loads_none():
    modules = "harness.live.live_benchmark, harness.live.setup, harness.gate.audit"
    modules += ", harness.data.fetch, " + ", ".join(
        name_of(path) for path in modules_named("benchmarks", "spaces")
    )
    code = f"import {modules}; import sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def modules_named(name, package):
    return [path for path in modules(package) if path.stem == name]


GENERATORS = ("default_rng", "SeedSequence", "Generator", "RandomState", "bit_generator")


@pytest.mark.parametrize("path", modules("harness", "methods", "spaces"), ids=name_of)
def test_no_global_generators(path):
    if name_of(path) == "harness.testing.randomness":  # It tests that others do not use them.
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert "random" not in [alias.name for alias in node.names], path
        if isinstance(node, ast.ImportFrom):
            assert node.module != "random", path
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in (
            "np.random",
            "numpy.random",
        ):
            assert node.attr in GENERATORS, f"{path}, line {node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
            assert node.args, f"{path}, line {node.lineno}: a generator without a seed"


@pytest.mark.parametrize("path", modules("harness", "methods", "spaces"), ids=name_of)
def test_files_are_short(path):
    assert len(path.read_text().splitlines()) < 400
