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
SCORERS = typer.Option(
    "-m",
    "--scorer",
    metavar="SCORER",
    help="A scorer with parameters (NAME:key=value,...) or FILE.py:CLASS. Repeatable.",
)
STUDY = typer.Argument(help="A study file in TOML; options override its keys.")
SEEDS = typer.Option(help="30 (seeds 0 to 29), 0-29 or 3,5,7.")
JOBS = typer.Option(help="Worker processes; one a core.")
BACKEND = typer.Option(help="loky, dask or ray.")
SCHEDULER = typer.Option(help="Address of a Dask scheduler or Ray head.")
OUT = typer.Option(help="Folder of the results; results/NAME below this one.")
TIME_LIMIT = typer.Option(help="Seconds on the wall after which a run fails.")
FORMAT = typer.Option("--format", help="table, markdown, latex, csv or json.")
