"""The cells of DARTS (Liu, Simonyan and Yang, ICLR 2019)."""

from spaces.darts.benchmarks import DartsFamily
from spaces.darts.space import DartsSpace

__all__ = ["DartsFamily", "DartsSpace"]
