"""Benchmarks whose scores stand in a table: sources, layouts and tables that a user describes."""

from harness.tables.benchmark import SETTINGS, TableBenchmark
from harness.tables.layout import Layout, LevelColumns, TableFacts
from harness.tables.missing import missing_table
from harness.tables.source import FileSource, Source

__all__ = [
    "SETTINGS",
    "FileSource",
    "Layout",
    "LevelColumns",
    "Source",
    "TableBenchmark",
    "TableFacts",
    "missing_table",
]
