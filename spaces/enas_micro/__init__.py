"""The cells of ENAS (Pham et al., ICML 2018) with the operations of ASNG-NAS."""

from spaces.enas_micro.benchmarks import EnasMicroFamily
from spaces.enas_micro.space import EnasMicroSpace

__all__ = ["EnasMicroFamily", "EnasMicroSpace"]
