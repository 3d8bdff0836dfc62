"""NAAP-440: 440 small convolutional networks, to compare predictors on (Hakim, 2022)."""

from spaces.naap440.benchmarks import Naap440Family
from spaces.naap440.space import Naap440Space

__all__ = ["Naap440Family", "Naap440Space"]
