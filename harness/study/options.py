"""What all studies say alike, and how a study is read: benchmarks, seeds, workers, output."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from harness.core.errors import InvalidStudy, UnknownName

DEFAULT_SEEDS = 30
MAX_SEEDS = 1_000_000

# The benchmarks of a study that was told nothing: embedded data.
DEFAULT_BENCHMARKS = ("nasbench-graph/cora", "nasbench201/digits")


@dataclass(frozen=True)
class StudyOptions:
    """A study as it is written down; options of the command line have the same names.

    Attributes:
        name: the results lie in ``results/NAME`` unless ``out`` says otherwise.
        benchmarks: ids with settings, or paths of TOML descriptions.
        seeds: the seeds; each is one run of everything that is compared.
        control: what the others are compared with; see the study.
        time_limit: seconds on the wall after which a run fails; None for no limit.
        jobs: worker processes; None for one a core.
        backend: ``loky`` (processes on this machine), ``dask`` or ``ray``.
        scheduler: address of a Dask scheduler or Ray head.
        out: folder of the results.
        format: how the result is printed.
    """

    name: str = "default"
    benchmarks: tuple[str, ...] = DEFAULT_BENCHMARKS
    seeds: tuple[int, ...] = tuple(range(DEFAULT_SEEDS))
    control: str = ""
    time_limit: float | None = None
    jobs: int | None = None
    backend: str = "loky"
    scheduler: str = ""
    out: str = ""
    format: str = "table"

    lists: ClassVar[tuple[str, ...]] = ("benchmarks",)
    """Options that are lists of references, which may be paths."""

    @property
    def folder(self) -> Path:
        """Where the results lie."""
        return Path(self.out) if self.out else Path("results") / self.name

    def changed(self, **options: Any) -> Self:
        """The study with those options replaced that are not None.

        Raises:
            InvalidStudy: a value cannot be read.
        """
        given = {name: value for name, value in options.items() if value is not None}
        return replace(self, **{name: self.read(name, value) for name, value in given.items()})

    @classmethod
    def read(cls, name: str, value: Any) -> Any:
        """Check and convert one option; a study with options of its own extends this.

        Raises:
            InvalidStudy: the value cannot be read.
        """
        if name == "seeds":
            if isinstance(value, list) and all(type(seed) is int and seed >= 0 for seed in value):
                return parse_seeds(",".join(map(str, value)))
            if isinstance(value, (int, str)) and not isinstance(value, bool):
                return parse_seeds(value)
            raise InvalidStudy(f"seeds cannot be {value!r}. Write 30, '0-29' or a list")
        if name in cls.lists:
            if (
                not isinstance(value, (list, tuple))
                or not value
                or not all(isinstance(entry, str) for entry in value)
            ):
                raise InvalidStudy(f"{name} must be a list of texts with at least one entry")
            return tuple(value)
        if name == "time_limit":
            if type(value) in (int, float) and 0 < value < math.inf:
                return float(value)
            raise InvalidStudy(f"time_limit cannot be {value!r}: it is a number of seconds above 0")
        if name == "jobs":
            if type(value) is int and value > 0:
                return value
            raise InvalidStudy(f"jobs cannot be {value!r}: it is a number of processes, at least 1")
        if isinstance(value, str) and value:
            return value
        raise InvalidStudy(f"{name} cannot be {value!r}: it is a text")


S = TypeVar("S", bound=StudyOptions)


def parse_seeds(text: str | int) -> tuple[int, ...]:
    """Read ``30`` (seeds 0 to 29), ``0-29`` or ``3,5,10-12``.

    Raises:
        InvalidStudy: the text is none of these, names a seed twice, or too many of them.
    """
    if re.fullmatch(r"0+", str(text)):
        raise InvalidStudy("0 seeds are no study. Write --seeds 30 or --seeds 0-29")
    if re.fullmatch(r"\d{1,9}", str(text)):
        return parse_seeds(f"0-{int(text) - 1}")
    seeds: list[int] = []
    for part in str(text).split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", part)
        if match is None:
            raise InvalidStudy(f"cannot read the seeds '{text}'. Write 30, 0-29 or 3,5,10-12")
        first = int(match.group(1))
        last = int(match.group(2) or first)
        if last < first:
            raise InvalidStudy(f"the seeds {part.strip()} run backwards")
        if last - first >= MAX_SEEDS:
            raise InvalidStudy(f"'{text}' are more than {MAX_SEEDS:,} seeds")
        seeds.extend(range(first, last + 1))
    if len(set(seeds)) < len(seeds):
        raise InvalidStudy(f"the seeds '{text}' name one twice")
    return tuple(sorted(seeds))


def read_study(path: Path, kind: type[S]) -> S:
    """Read a study file.

    Raises:
        InvalidStudy: the file is missing, is no TOML, or has an unknown key or a wrong type.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except FileNotFoundError:
        raise InvalidStudy(f"no study file '{path}' (looked in {Path.cwd()})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidStudy(f"{path} is no TOML: {error}") from error
    names = [field.name for field in fields(kind)]
    for key in content:
        if key not in names:
            raise UnknownName(f"key of {path}", key, names)
    try:
        # Paths in a study file are relative to it, so that it means the same from every folder.
        for key in kind.lists:
            if isinstance(content.get(key), list):
                content[key] = [beside(path, entry) for entry in content[key]]
        return kind(name=path.stem).changed(**content)
    except InvalidStudy as error:
        raise InvalidStudy(f"{path}: {error}") from error


def beside(study: Path, entry: Any) -> Any:
    """An entry of a file; a path in it is relative to that file."""
    if isinstance(entry, str) and re.match(r"[^:]*\.(py|toml)\b", entry):
        return str(study.parent / entry)
    return entry


def absolute(reference: str) -> str:
    """The reference with its path, if it has one, in a form that every process understands."""
    match = re.match(r"([^:=]*\.(?:py|toml))(?=:|$)", reference)
    return str(Path(match.group(1)).resolve()) + reference[match.end() :] if match else reference


def refuse_twice(kind: str, names: Sequence[str]) -> None:
    """Refuse a study that names something twice.

    Raises:
        InvalidStudy: it does.
    """
    for name in names:
        if names.count(name) > 1:
            raise InvalidStudy(f"{kind} {name} stands twice in the study")


def choose_control(kind: str, wanted: str, usual: str, names: Sequence[str]) -> str:
    """What the others are compared with.

    Args:
        kind: what is compared, for messages.
        wanted: what the study names; empty where it names none.
        usual: taken where it is among them and none is named; else it is the first one.
        names: identities of all that are compared.

    Raises:
        UnknownName: the study names one that it does not have.
    """
    if wanted and wanted not in names:
        raise UnknownName(f"control among the {kind}s of this study", wanted, names)
    return wanted or (usual if usual in names else names[0])
