"""What the tables of a ranking study say, as plain text."""

from __future__ import annotations

from pathlib import Path

from harness.analysis.rank_analyse import CellAnalysis, RankAnalysis, ScorerMeans
from harness.analysis.rank_cards import CORRELATION, NAMES
from harness.analysis.scale import Scale
from harness.analysis.summary import MethodSummary
from harness.analysis.wording import phrase
from harness.report.section import (
    Row,
    Section,
    best_first,
    ended_lines,
    failure_lines,
    mean_and_spread,
)
from harness.report.terminal import suite_lines
from harness.study.rank_quality import SHORT_LIST, TOP
from harness.study.rank_results import RankResults

_SHORT = {"kendall": "tau", "spearman": "rho", "regret": "regret@1"}
_DEFINITIONS = (
    "tau is Kendall's tau-b and rho Spearman's, both 0 where all predictions are the same.",
    "regret@k: best true score less the best one among the k predicted best, equal predictions in",
    f"random order. top {TOP:.0%}: share of the predicted top {TOP:.0%} that is in the true one.",
    "Inverted pairs: in the wrong order after a stable sort. Seconds and pairs are medians. Failed",
    "runs count as the worst, but not in errors and seconds.",
)


def sections(results: RankResults, analysis: RankAnalysis, folder: Path) -> list[Section]:
    """One section a benchmark and number of labels."""
    return [_section(results, cell, analysis, folder) for cell in analysis.cells]


def _section(
    results: RankResults, cell: CellAnalysis, analysis: RankAnalysis, folder: Path
) -> Section:
    statistics, key = cell.statistics, (cell.cell.benchmark, cell.cell.labels)
    means = {own.scorer: own for own in cell.means}
    ordered = best_first(statistics)
    others = [name for name in NAMES if name != analysis.measure]
    score = f"{_SHORT[analysis.measure]} ± sd"
    verdicts = {c.a: phrase(c, statistics.scale) for c in statistics.comparisons}
    verdicts[analysis.control] = "control"
    unit = Scale.of(cell.card)
    some_failed = any(row.failed for row in ordered)
    return Section(
        facts=tuple(_facts(cell)),
        header=(
            "scorer",
            score,
            "95 % interval",
            "group",
            *(_SHORT[name] for name in others),
            f"regret@{SHORT_LIST}",
            f"top {TOP:.0%}",
            "fit s",
            "predict s",
            *(["failed"] if some_failed else []),
        ),
        rows=tuple(
            Row(
                (
                    row.method,
                    *mean_and_spread(row, statistics),
                    row.group,
                    *_cells(means[row.method], others, unit),
                    *([str(row.failed)] if some_failed else []),
                ),
                row.top,
            )
            for row in ordered
        ),
        failures=tuple(
            line
            for row in ordered
            for line in failure_lines(row, results.runs[*key, row.method].errors, str(folder))
        ),
        top=statistics.top_text,
        notes=cell.notes,
        pairing=statistics.pairing_text,
        power=statistics.power.text if statistics.power else "",
        ended=tuple(
            line
            for row in ordered
            for line in ended_lines(row.method, results.runs[*key, row.method].ended)
        ),
        more_header=(
            "scorer",
            "mean abs. error",
            "inverted pairs",
            f"against {analysis.control} (paired, Holm)",
        ),
        more=tuple(_more(row, means[row.method], verdicts, unit) for row in ordered),
    )


def _cells(means: ScorerMeans, others: list[str], unit: Scale) -> list[str]:
    values = {"kendall": means.kendall, "spearman": means.spearman, "regret": means.regret_1}
    return [
        *(_text(values[name], unit if name == "regret" else CORRELATION) for name in others),
        _text(means.regret_10, unit),
        "" if means.top_share is None else f"{means.top_share:.2f}",
        _seconds(means.fit_seconds),
        _seconds(means.predict_seconds),
    ]


def _more(
    row: MethodSummary, means: ScorerMeans, verdicts: dict[str, str], unit: Scale
) -> tuple[str, ...]:
    median = means.violations_median
    return (
        row.method,
        _text(means.mae, unit),
        "" if median is None else f"{median:,.0f}",
        verdicts.get(row.method, "no runs"),
    )


def _text(value: float | None, scale: Scale) -> str:
    return "" if value is None else scale.number(value)


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return "<0.001" if value < 0.0005 else f"{value:.{3 if value < 10 else 1}f}"


def _facts(cell: CellAnalysis) -> list[str]:
    """What a reader must know: what is labelled, what is ordered, and by which truth."""
    card, own = cell.card, cell.cell
    better = "higher is better" if card.direction == "maximize" else "lower is better"
    if own.split:
        drawn = f"{own.labels:,} of the {own.available:,} training architectures of the benchmark"
        rest = f"{own.tested:,} of its test architectures are ordered"
    else:
        drawn = f"{own.labels:,} of {card.architectures:,} architectures, drawn by the seed,"
        left = card.architectures - own.labels
        rest = (
            f"the {left:,} others are ordered"
            if own.tested == left
            else f"{own.tested:,} of the others, drawn by the seed, are ordered"
        )
    lines = [
        f"{own.id}: {drawn} are labelled",
        f"{rest}; all scorers meet the same ones",
        f"label {card.searched} ({card.searched_trials}, noise {card.noise}) · "
        f"truth {card.reported} ({card.reported_trials})",
        f"{card.metric}, {better} · best in table {Scale.of(card).number(card.optimum)}",
    ]
    if card.searches_reported:
        lines.append("NOTE: the label is the truth itself; nothing was held out")
    return lines


def closing(results: RankResults, analysis: RankAnalysis, *, aggregate: bool) -> list[str]:
    """What is said about all cells together, and what the columns mean.

    Args:
        results: the study.
        analysis: of it.
        aggregate: whether there is to be a table of all cells together.
    """
    if not aggregate or len(analysis.cells) < 2:
        return list(_DEFINITIONS)
    amounts = ", ".join(str(labels) for labels in analysis.labels)
    measure = NAMES[analysis.measure]
    several = len(analysis.labels) > 1
    return [
        *suite_lines(
            analysis.aggregate,
            "scorer",
            "0 random, 1 perfect",
            {
                curve.scorer: [_text(score, CORRELATION) for score in curve.scores]
                for curve in analysis.curves
            },
            [f"at {labels}" for labels in analysis.labels],
        ),
        f"{measure}" + (f"; a seed's score is its mean over {amounts} labels" if several else ""),
        "",
        *_DEFINITIONS,
    ]
