"""What there is to see of a study: all of its runs, or one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.core.benchmark import Benchmark, BenchmarkCard
from harness.core.errors import HarnessError, InvalidStudy, UnknownName
from harness.core.logs import last_numbers
from harness.report.show.curves import curves_figure, heat_maps_figure
from harness.report.show.figures import save
from harness.report.show.files import (
    Lacking,
    Shown,
    Written,
    attempt,
    file_name,
    number,
    write_text,
)
from harness.report.show.traces import runs_figure, trace_figure
from harness.report.show.training import draw, show_training, table
from harness.study.run import RunRecord
from harness.study.shards import card_of, kind_of
from harness.study.store import Store
from harness.study.stored_run import StoredRuns, edited, stored_runs
from harness.tables.open import open_benchmark

_OF = "distribution of "


@dataclass(frozen=True)
class Chosen:
    """Which runs of a study are shown.

    Attributes:
        benchmark: identity; empty for that of a study with one, and for all of a summary.
        run: ``METHOD:SEED``; empty for a summary.
    """

    benchmark: str = ""
    run: str = ""


def show_study(folder: Path, chosen: Chosen, out: Path | None) -> Iterator[Shown]:
    """Write what there is of a study, or of one of its runs.

    Args:
        folder: of the study.
        chosen: what is shown.
        out: where files go; ``show`` in the folder, and for a run one of its own in that, where
            None.

    Raises:
        HarnessError: there is no such run, or a file cannot be written.
    """
    if kind_of(folder) != "compare":
        raise InvalidStudy(
            f"{folder} holds a study of harness rank, whose runs search nothing. "
            f"What it says: harness report {folder}"
        )
    store = Store(folder, read_only=True)
    content = store.read_content()
    try:
        cards = {card.id: card for card in map(card_of, content["cards"])}
        methods: list[str] = content["methods"]
    except (LookupError, TypeError) as error:
        raise edited(store, error) from error
    if chosen.benchmark and chosen.benchmark not in cards:
        raise UnknownName("benchmark of this study", chosen.benchmark, cards)
    if not chosen.run:
        shown = [cards[chosen.benchmark]] if chosen.benchmark else list(cards.values())
        yield from _overview(store, methods, shown, out or folder / "show")
        return
    if not chosen.benchmark and len(cards) > 1:
        raise HarnessError(f"{folder} has several benchmarks: name one with -b: {', '.join(cards)}")
    card = cards[chosen.benchmark or next(iter(cards))]
    method, _, seed = chosen.run.rpartition(":")
    if not method or not seed.isdigit():
        method, seed = chosen.run, ""
    runs = stored_runs(store, card.id, method)
    if not seed or int(seed) not in runs.records:
        stored = ", ".join(map(str, runs.records)) or "none"
        wanted = f"run of {method} with seed {seed}" if seed else f"seed in --run {chosen.run}"
        broken = f" Damaged: {'; '.join(runs.damaged)}" if runs.damaged else ""
        raise HarnessError(
            f"there is no {wanted} on {card.id}: write METHOD:SEED. Seeds: {stored}.{broken}"
        )
    name = Path(file_name(f"{method}-{seed}"))
    own = Path(file_name(card.id)) / name if len(cards) > 1 else name
    yield from _run(runs, int(seed), card, out or folder / "show" / own)


def _overview(
    store: Store, methods: list[str], cards: list[BenchmarkCard], out: Path
) -> Iterator[Shown]:
    """A table of all runs, and a figure for each benchmark."""
    rows: list[tuple[str, ...]] = []
    figures: list[tuple[BenchmarkCard, list[StoredRuns]]] = []
    for card in cards:
        every = [stored_runs(store, card.id, method) for method in methods]
        figures.append((card, every))
        for runs in every:
            for why in runs.damaged:
                yield Lacking(why)
            rows += [
                (
                    card.id,
                    f"`{runs.method}:{seed}`",
                    "failed" if record.error else number(record.valid),
                    "" if record.error else number(record.reported),
                    number(record.queries),
                    number(record.epochs),
                    f"{record.seconds:,.3g}",
                    f"{record.wall:,.3g}",
                )
                for seed, record in runs.records.items()
            ]
    header = ("benchmark", "run", "seen", "reported", "queries", "epochs", "seconds", "wall (s)")
    text = "\n".join([f"# Runs in {store.folder.resolve().name}", "", *table(header, rows), ""])
    yield Written("summary", write_text(out / "summary.md", text))
    for card, every in figures:
        yield from attempt(f"search traces on {card.id}", lambda c=card, e=every: _all(c, e, out))  # type: ignore[misc]


def _all(card: BenchmarkCard, every: list[StoredRuns], out: Path) -> Iterator[Shown]:
    traces = {
        runs.method: [own.trace for own in runs.records.values() if len(own.trace.scores)]
        for runs in every
    }
    traces = {method: many for method, many in traces.items() if many}
    if not traces:
        yield Lacking(f"no search traces on {card.id}: no run asked for a score")
        return
    path = out / f"{file_name(card.id)}.png"
    yield Written("search traces", save(runs_figure(traces, card, card.id), path))


def _run(runs: StoredRuns, seed: int, card: BenchmarkCard, out: Path) -> Iterator[Shown]:
    """Everything of one run."""
    record, title = runs.records[seed], f"{runs.method} on {runs.benchmark}, seed {seed}"
    benchmark: Benchmark | None = None
    why = ""
    try:
        benchmark = open_benchmark(runs.given)
    except HarnessError as error:
        why = str(error)
    text = _summary(record, title, card, benchmark)
    yield Written("summary", write_text(out / "summary.md", text))
    if record.error:
        yield Lacking(f"the run failed: {record.error.strip().splitlines()[-1]}")
    yield from attempt("search trace", lambda: _trace(record, card, title, out))
    yield from attempt("series", lambda: _logs(record, benchmark, title, out))
    if benchmark is None:
        yield Lacking(f"no drawing of what was recommended: {why}")
    elif record.recommended is not None:
        best = benchmark.space.to_str(record.recommended)
        space = benchmark.space
        yield from attempt("drawing", lambda: draw(space, best, out, title))
        yield from attempt("retraining", lambda: _retraining(benchmark, record, out))


def _summary(
    record: RunRecord, title: str, card: BenchmarkCard, benchmark: Benchmark | None
) -> str:
    found = ""
    if record.recommended is not None:
        found = benchmark.space.to_str(record.recommended) if benchmark else ""
        found = f"`{found or record.recommended}`"
    facts = {
        "recommended": found,
        f"seen ({card.metric}, {card.searched})": number(record.valid),
        f"reported ({card.metric}, {card.reported})": number(record.reported),
        "queries": f"{record.queries:,} ({record.unique:,} different architectures)",
        "epochs": number(record.epochs),
        "seconds": f"{record.seconds:,.3g}",
        "seconds on the wall": f"{record.wall:,.3g}",
        **{name: number(count) for name, count in record.counts.items()},
        **{name: number(value) for name, value in last_numbers(record.logs).items()},
        "failure": record.error.strip().splitlines()[-1] if record.error else "",
    }
    return "\n".join([f"# {title}", "", *table(("", ""), facts.items()), ""])


def _trace(record: RunRecord, card: BenchmarkCard, title: str, out: Path) -> Iterator[Shown]:
    if not len(record.trace.scores):
        yield Lacking("no search trace: the run asked for no score")
        return
    yield Written("search trace", save(trace_figure(record.trace, card, title), out / "trace.png"))


def _logs(record: RunRecord, benchmark: Benchmark | None, title: str, out: Path) -> Iterator[Shown]:
    """What the method wrote down: numbers as curves, rows of numbers as maps."""
    numbers: dict[str, list[float]] = {}
    rows: dict[str, list[list[float]]] = {}
    for name, series in record.logs.items():
        single = [value for value in series if isinstance(value, float)]
        many = [value for value in series if isinstance(value, list)]
        if len(single) > 1:
            numbers[name] = single
        if many:
            rows[name] = many
    # What was written down once is a number of the summary.
    lengths = {len(series) for series in record.logs.values()} - {1}
    unit = next((n for n, count in record.counts.items() if _each(n, count, lengths)), "entry")
    if numbers:
        figure = curves_figure(numbers, unit, title)
        yield Written("series", save(figure, out / "series.png"))
    if rows:
        ticks = (
            {f"{_OF}{own.name}": own.choices for own in benchmark.space.decisions}
            if benchmark
            else {}
        )
        figure = heat_maps_figure(rows, ticks, unit, title)
        yield Written("distributions", save(figure, out / "distributions.png"))


def _each(name: str, count: int, lengths: set[int]) -> bool:
    """Whether what a method counted are epochs, and it wrote everything down once in each."""
    return name.startswith("epochs") and lengths == {count}


def _retraining(benchmark: Benchmark, record: RunRecord, out: Path) -> Iterator[Shown]:
    """What there is of the network that was trained from what the run recommended."""
    from harness.live.live_benchmark import RETRAINING, LiveBenchmark

    if not isinstance(benchmark, LiveBenchmark) or record.recommended is None:
        return
    folder = benchmark.training_id(record.recommended, RETRAINING, 0, 1).folder
    yield from show_training(folder, out / "retraining")
