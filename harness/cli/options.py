"""Options that several commands share."""

from __future__ import annotations

import typer

BENCHMARKS = typer.Option(
    "-b",
    "--benchmark",
    metavar="ID",
    help="A benchmark id with settings (ID:key=value,...) or a description in TOML. Repeatable.",
)
METHODS = typer.Option(
    "-m",
    "--method",
    metavar="METHOD",
    help="A method with parameters (NAME:key=value,...) or FILE.py:CLASS. Repeatable.",
)
FORMAT = typer.Option("--format", help="table, markdown, latex, csv or json.")
