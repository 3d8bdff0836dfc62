"""NAS-Bench-201: cells of six edges with five operations each (Dong and Yang, ICLR 2020)."""

from spaces.nasbench201.benchmarks import NasBench201Family
from spaces.nasbench201.space import NasBench201Space

__all__ = ["NasBench201Family", "NasBench201Space"]
