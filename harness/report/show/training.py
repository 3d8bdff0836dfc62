"""What there is to see of one training of a live benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.core.benchmark import Benchmark
from harness.core.errors import HarnessError
from harness.core.space import SearchSpace
from harness.live.live_benchmark import RETRAINING, LiveBenchmark
from harness.live.training_store import TrainingRecord, read_record
from harness.report.show.curves import curves_figure
from harness.report.show.drawing import drawing_figure
from harness.report.show.exhibits import write_exhibit
from harness.report.show.figures import save
from harness.report.show.files import (
    Lacking,
    Shown,
    Written,
    attempt,
    number,
    write_text,
)
from harness.tables.open import open_benchmark

WEIGHTS = "weights.pt"


def show_training(folder: Path, out: Path) -> Iterator[Shown]:
    """Write what there is of a training.

    Args:
        folder: of the training.
        out: where files go.

    Raises:
        HarnessError: the record is damaged, or a file cannot be written.
    """
    record = read_record(folder)
    yield Written("summary", write_text(out / "summary.md", summary(record)))
    if state := unended(record):
        yield Lacking(state)
    yield from attempt("learning curves", lambda: _curves(record, out))
    try:
        benchmark: Benchmark = open_benchmark(record.id.benchmark)
    except HarnessError as error:
        yield Lacking(f"no drawing and nothing of the network itself: {error}")
        return
    yield from attempt(
        "drawing", lambda: draw(benchmark.space, record.id.architecture, out, record.id.benchmark)
    )
    if record.id.stage == RETRAINING and record.ended and not record.failure:
        yield from attempt("exhibits", lambda: _exhibits(record, folder, benchmark, out))


def unended(record: TrainingRecord) -> str:
    """Why a training is not whole; empty if it is."""
    done = f"{len(record.curve)} of {record.epochs} epochs"
    if record.failure:
        return f"the training failed after {done}: {record.failure}"
    return "" if record.ended else f"the training has not ended: {done} so far"


def summary(record: TrainingRecord) -> str:
    """A training in Markdown: what it is, and what was measured last."""
    facts = {
        "stage": record.id.stage,
        "architecture": f"`{record.id.architecture}`",
        "epochs": f"{len(record.curve)} of {record.epochs}",
        "parameters": f"{record.parameters:,}",
        "seconds": f"{record.seconds[-1]:,.1f}" if record.seconds else "",
        "device": record.device,
        "key": str(record.id.key),
        "processes": str(record.id.processes),
        "version of the benchmark": str(record.id.version),
        "recipe": record.id.recipe,
        "data": record.id.data,
        "state": unended(record) or "ended",
    }
    lines = [f"# {record.id.benchmark}", "", *table(("", ""), facts.items())]
    if record.curve:
        measured = {**record.curve[-1], **(record.last or {})}
        rows = [(name, number(value)) for name, value in measured.items()]
        lines += ["", f"After epoch {len(record.curve)}:", "", *table(("measure", "value"), rows)]
    return "\n".join(lines) + "\n"


def table(header: tuple[str, ...], rows: object) -> list[str]:
    """Lines of a table in Markdown, without cells that hold nothing."""
    from tabulate import tabulate

    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in rows if row[-1] != ""]  # type: ignore[attr-defined]
    return tabulate(cells, header, tablefmt="pipe", disable_numparse=True).splitlines()


def _curves(record: TrainingRecord, out: Path) -> Iterator[Shown]:
    if not record.curve:
        yield Lacking("no learning curves: no epoch has ended yet")
        return
    series = {name: [row[name] for row in record.curve] for name in record.curve[0]}
    figure = curves_figure(series, "epoch", f"{record.id.benchmark} · {record.id.stage}")
    yield Written("learning curves", save(figure, out / "curves.png"))


def draw(space: SearchSpace, architecture: str, out: Path, title: str) -> Iterator[Shown]:
    """Draw an architecture.

    Args:
        space: of the architecture.
        architecture: in its notation.
        out: where the file goes.
        title: stands above.
    """
    figure = drawing_figure(space.drawing(space.from_str(architecture)), title)
    yield Written("architecture", save(figure, out / "architecture.png"))


def _exhibits(
    record: TrainingRecord, folder: Path, benchmark: Benchmark, out: Path
) -> Iterator[Shown]:
    """Build the trained network again, and write what it has to show."""
    if not isinstance(benchmark, LiveBenchmark):
        raise HarnessError(f"{benchmark.id} trains no networks here")
    if not (folder / WEIGHTS).is_file():
        raise HarnessError(f"{folder / WEIGHTS} is not there; harness train makes it anew")
    if benchmark.setup.recipe.hash != record.id.recipe:
        raise HarnessError(
            f"the recipe of {benchmark.id} is not the one that this network was trained by "
            f"({benchmark.setup.recipe.hash}, not {record.id.recipe})"
        )
    import torch

    from harness.live.torch_tools import one_thread

    learning, device = benchmark.final, torch.device("cpu")
    arch = benchmark.space.from_str(record.id.architecture)
    network = learning.network(arch, torch.Generator().manual_seed(0))
    try:
        state = torch.load(folder / WEIGHTS, map_location=device, weights_only=True)
        network.load_state_dict(state)
    except Exception as error:  # Whatever unpickling raises: there are many ways to be damaged.
        reason = str(error).partition("\n")[0]
        raise HarnessError(f"{folder / WEIGHTS} cannot be read: {reason}") from error
    network.eval()
    with one_thread(), torch.inference_mode():
        for exhibit in learning.exhibits(network, device):
            yield write_exhibit(exhibit, out)
