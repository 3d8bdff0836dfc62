"""Published experiments as data: what is run, and which published value each result stands beside.

A protocol is a TOML file in ``results/published/protocols``::

    title = "..."                   # the paper and its table
    label = "..."                   # what a search sees
    report = "..."                  # what is reported
    margin = 0.1                    # differences up to this are practically none
    notes = ["..."]                 # what is not compared, and why
    device = "cuda"                 # where it needs one

    [[differences]]                 # from the published protocol, as far as they are known
    text = "..."
    when = "averages"               # one of `CONDITIONS`; always where absent
    rows = ["bohb"]                 # all rows where absent

    [[studies]]                     # keys of a study file, and these:
    name = "search"
    table = "nasbench201-iclr2020"  # of published.csv; absent where no numbers are published
    averages = ["..."]              # searched in place of `benchmarks` where tables have no runs
    images = 25000                  # that a supernet is trained on, at least
    columns = [{name = "cifar10-test", report = "nasbench201/cifar10"}]    # see `Column`
    [studies.methods]               # or [studies.scorers] for a ranking study
    random-search = "random-search" # row of the published table = method
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from harness.core.errors import HarnessError, UnknownName
from harness.gate.published import PublishedValue, published_folder, read_published
from harness.study.plan import Study
from harness.study.rank_plan import RankStudy

T = TypeVar("T")

CONDITIONS = {
    "averages": "the table has averages of training runs and no single ones",
    "one-fidelity": "there are no shorter trainings",
    "searches-reported": "nothing is held out: what is searched is what is reported",
}
"""When a difference is one, where that is for the data on this machine to decide."""

SEARCHED = ("reported", "best-queried", "queries-to-optimum")
RANKED = ("score", "mae", "violations", "kendall", "spearman")
"""What a column can show of searches, and of rankings."""


class InvalidProtocol(HarnessError):
    """A protocol file that says something impossible."""


@dataclass(frozen=True)
class KnownDifference:
    """What is known to differ from what was published.

    Attributes:
        text: what, as a clause.
        when: one of `CONDITIONS`; empty where it always does.
        rows: of the published table that it is about; empty for all.
    """

    text: str
    when: str = ""
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column of a published table, and how its values are had from runs.

    Attributes:
        name: of the column.
        benchmark: the one of the study that it is about, as written there; empty for the first.
        report: a benchmark in which architectures are looked up after the search, so that one
            search has columns on several data sets and splits; empty for the one searched.
        value: ``reported`` (of what was recommended), ``best-queried`` (the best reported score
            of all that was asked for) or ``queries-to-optimum`` (asked until the best reported one
            of all was asked for); for a ranking study one of `RANKED`.
        queries: of the first so many; with ``reported``, of the incumbent after them. 0 for all,
            and for what is recommended in the end.
        factor: what a value is multiplied by to be on the published scale.
        offset: what is then added.
        margin: differences up to this are practically none, on the published scale; 0 for that of
            the protocol.
    """

    name: str
    benchmark: str = ""
    report: str = ""
    value: str = "reported"
    queries: int = 0
    factor: float = 1.0
    offset: float = 0.0
    margin: float = 0.0


@dataclass(frozen=True)
class ProtocolStudy:
    """One study of a protocol.

    Attributes:
        study: what is run.
        rows: methods or scorers by row of the published table.
        columns: of the table.
        published: its values by row and column, as far as there are any.
        seeds: how many the protocol has, however many are run.
        averages: benchmarks in the place of those of the study, where the tables on this machine
            have no single training runs.
        images: that supernets are trained on, at least; 0 where there are none.
    """

    study: Study | RankStudy
    rows: dict[str, str]
    columns: tuple[Column, ...]
    published: dict[tuple[str, str], PublishedValue]
    seeds: int
    averages: tuple[str, ...] = ()
    images: int = 0

    @property
    def name(self) -> str:
        """The last part of the study's own name."""
        return self.study.name.rpartition("/")[2]


@dataclass(frozen=True)
class Protocol:
    """A published experiment.

    Attributes:
        name: of the file.
        title: the paper and its table.
        label: what a search sees, in words.
        report: what is reported, in words.
        margin: differences up to this are practically none.
        differences: those that are known.
        studies: what is run.
        notes: sentences about what is not compared, and why.
        device: ``cuda`` where nothing else is fast enough to be of use.
    """

    name: str
    title: str
    label: str
    report: str
    margin: float
    differences: tuple[KnownDifference, ...]
    studies: tuple[ProtocolStudy, ...]
    notes: tuple[str, ...] = ()
    device: Literal["", "cuda"] = ""

    def changed(self, *, out: str | None = None, **options: Any) -> Self:
        """The protocol with options of its studies replaced that are not None.

        Args:
            out: folder of the results; each study has one in it.
            options: of `StudyOptions`, e.g. ``seeds`` and ``jobs``.

        Raises:
            InvalidStudy: a value cannot be read.
        """
        studies = []
        for own in self.studies:
            folder = None if out is None else str(Path(out) / own.name)
            studies.append(replace(own, study=own.study.changed(out=folder, **options)))
        return replace(self, studies=tuple(studies))


def protocol_names() -> list[str]:
    """Names of all protocols, sorted."""
    return sorted(path.stem for path in (published_folder() / "protocols").glob("*.toml"))


def load_protocol(name: str) -> Protocol:
    """Read a protocol and the published values that it names.

    Raises:
        UnknownName: there is none of that name.
        InvalidProtocol: it cannot be read.
    """
    known = protocol_names()
    if name not in known:
        raise UnknownName("protocol", name, known, "harness list protocols")
    path = published_folder() / "protocols" / f"{name}.toml"
    try:
        return _protocol(name, tomllib.loads(path.read_text()))
    except (OSError, ValueError, TypeError, KeyError, HarnessError) as error:
        raise InvalidProtocol(f"{path} is no protocol: {error}") from error


def _protocol(name: str, content: dict[str, Any]) -> Protocol:
    differences = [_made(KnownDifference, each) for each in content.pop("differences", [])]
    studies = [_study(name, each) for each in content.pop("studies")]
    if len({own.name for own in studies}) < len(studies):
        raise ValueError("two studies have the same name")
    for difference in differences:
        if difference.when and difference.when not in CONDITIONS:
            raise UnknownName("condition", difference.when, CONDITIONS)
        rows = {row for own in studies for row in own.rows}
        for row in difference.rows:
            if row not in rows:
                raise UnknownName("row", row, rows)
    return _made(
        Protocol,
        {**content, "name": name, "differences": tuple(differences), "studies": tuple(studies)},
    )


def _study(protocol: str, content: dict[str, Any]) -> ProtocolStudy:
    ranks = "scorers" in content
    rows = content.pop("scorers" if ranks else "methods")
    own = {key: content.pop(key) for key in ("table", "averages", "images") if key in content}
    columns = tuple(_made(Column, each) for each in content.pop("columns"))
    kind = RankStudy if ranks else Study
    for key in content:
        if key not in (known := [field.name for field in fields(kind)]):
            raise UnknownName("key of a study", key, known)
    # Two rows of a table can be the same method, which is then run once.
    references = list(dict.fromkeys(rows.values()))
    options = {**content, "scorers" if ranks else "methods": references}
    study = kind(name=f"{protocol}/{options.pop('name')}").changed(**options)
    for column in columns:
        if column.value not in (values := RANKED if ranks else SEARCHED):
            raise UnknownName("value of a column", column.value, values)
        if column.benchmark not in ("", *study.benchmarks):
            raise UnknownName("benchmark of the study", column.benchmark, study.benchmarks)
    if (others := tuple(own.get("averages", ()))) and len(others) != len(study.benchmarks):
        raise ValueError("averages need one benchmark for each of the study")
    return ProtocolStudy(
        study=study,
        rows=rows,
        columns=columns,
        published=_published(own.get("table", ""), rows, columns),
        seeds=len(study.seeds),
        averages=others,
        images=int(own.get("images", 0)),
    )


def _published(
    table: str, rows: Iterable[str], columns: Iterable[Column]
) -> dict[tuple[str, str], PublishedValue]:
    """Values of a table; a row or a column that it does not have at all is a slip."""
    if not table:
        return {}
    values = read_published(published_folder())
    own = {(row, column): v for (where, row, column), v in values.items() if where == table}
    if not own:
        raise UnknownName("published table", table, {where for where, _, _ in values})
    for kind, names, known in (
        ("row", rows, {row for row, _ in own}),
        ("column", [column.name for column in columns], {column for _, column in own}),
    ):
        for name in names:
            if name not in known:
                raise UnknownName(f"{kind} of {table}", name, known)
    return own


def _made(kind: type[T], content: Mapping[str, Any]) -> T:
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in content:
        if key not in known:
            raise UnknownName("key", key, known)
    return kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in content.items()})
