"""NAS-Bench-Graph: graph networks of four layers on nine datasets (Qin et al., NeurIPS 2022)."""

from spaces.nasbench_graph.benchmarks import NasBenchGraphFamily
from spaces.nasbench_graph.space import NasBenchGraphSpace

__all__ = ["NasBenchGraphFamily", "NasBenchGraphSpace"]
