"""NAS-Bench-Macro: chains of eight layers with three choices each (Su et al., CVPR 2021)."""

from spaces.nasbench_macro.benchmarks import NasBenchMacroFamily
from spaces.nasbench_macro.space import NasBenchMacroSpace

__all__ = ["NasBenchMacroFamily", "NasBenchMacroSpace"]
