"""Mobile networks on ImageNet, as SemiNAS and ProxylessNAS search them."""

from spaces.mobile.benchmarks import MobileFamily
from spaces.mobile.space import MobileSpace

__all__ = ["MobileFamily", "MobileSpace"]
