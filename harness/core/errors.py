"""All errors of the harness: each says what was wrong, what exists and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HarnessError(Exception):
    """Base of every error that a user can cause; its text is shown without a traceback."""


class UnknownName(HarnessError):
    """A name that is not registered."""

    def __init__(self, kind: str, name: str, known: Iterable[str], listing: str = "") -> None:
        """Say which names are near.

        Args:
            kind: what was asked for, e.g. ``benchmark``.
            name: the unknown name.
            known: all names that exist.
            listing: command that lists them; the names themselves are listed where empty.
        """
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        everything = listing or (", ".join(known) if known else "none")
        super().__init__(f"no {kind} '{name}'.{hint} All: {everything}")


class InvalidArchitecture(HarnessError):
    """A genotype that is not in the space."""


class InvalidBudget(HarnessError):
    """A budget of nothing, or in a unit that the benchmark does not have."""


class InvalidTable(HarnessError):
    """A table that is damaged, incomplete or contradicts its description."""


class InvalidStudy(HarnessError):
    """A study that cannot be planned."""


class MissingData(HarnessError):
    """Data that is not on this machine."""


class CannotMeasure(HarnessError):
    """Memory, disk or another process let the harness down, and not what it runs.

    It ends a study and not just a run, so that no method is blamed; the same command goes on.
    """


class MissingExtra(HarnessError):
    """An optional dependency that is not installed."""


class BudgetExhausted(BaseException):
    """Ends a search: the query that was asked for does not fit into what is left.

    It is a signal and not an error, hence no ``Exception``: a method's own ``except Exception``
    around an evaluation must not swallow it.
    """


class RunTimeout(BaseException):
    """Ends a run that exceeded its wall-clock limit; no ``Exception``, for the same reason."""
