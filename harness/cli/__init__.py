"""The command line: one module a command, each importing what it needs when it runs."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer

from harness.cli import (
    audit,
    check,
    compare,
    data,
    listing,
    rank,
    report,
    reproduce,
    show,
    tabulate,
    train,
    validate,
)
from harness.core.errors import CannotMeasure, HarnessError

INTERRUPTED, COULD_NOT_MEASURE, USAGE = 130, 3, 2

# The base of typer's own errors about options and arguments; typer has no public name for it.
_CommandLineError: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    help="A benchmark-driven evaluation harness for neural architecture search.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("compare")(compare.compare)
app.command("rank")(rank.rank)
app.command("check")(check.check)
app.command("reproduce")(reproduce.reproduce)
app.command("list")(listing.listing)
app.command("report")(report.report)
app.command("validate")(validate.validate)
app.command("tabulate")(tabulate.tabulate)
app.command("train")(train.train)
app.command("show")(show.show)
app.command("audit")(audit.audit)
app.add_typer(data.app, name="data")


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: words of the command line; those of the process where None.

    Returns:
        The exit code: 0 done, 1 regression, 2 wrong usage, 3 could not measure, 4 some runs failed,
        130 interrupted.
    """
    command = typer.main.get_command(app)
    try:
        code = command.main(arguments, prog_name="harness", standalone_mode=False)
        if sys.stdout is not None:
            # The rest of the buffer meets a closed pipe here, and not when the interpreter ends.
            sys.stdout.flush()
    except CannotMeasure as error:
        _complain(str(error))
        return COULD_NOT_MEASURE
    except HarnessError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has gone; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except _CommandLineError as error:
        return _complain(error.format_message())
    return code if isinstance(code, int) else 0


def _complain(message: str) -> int:
    print(f"harness: {message}", file=sys.stderr)
    return USAGE
