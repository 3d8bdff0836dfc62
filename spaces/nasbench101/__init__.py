"""NAS-Bench-101: cells of up to seven vertices and nine edges (Ying et al., ICML 2019)."""

from spaces.nasbench101.benchmarks import NasBench101Family
from spaces.nasbench101.space import NasBench101Space

__all__ = ["NasBench101Family", "NasBench101Space"]
