"""Convolutional autoencoders (Suganuma et al., ICML 2018) as ASNG-NAS searches them."""

from spaces.cae.benchmarks import CaeFamily
from spaces.cae.space import CaeSpace

__all__ = ["CaeFamily", "CaeSpace"]
