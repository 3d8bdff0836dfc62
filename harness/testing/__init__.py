"""The conformance kit: what every method must hold, as a class to subclass in a test suite.

::

    from harness.testing import MethodConformance

    class TestMyMethod(MethodConformance):
        method = "my_method.py:MyMethod"
"""

from harness.testing.checks import Check, validate_method
from harness.testing.conformance import MethodConformance
from harness.testing.synthetic import SyntheticBenchmark

__all__ = ["Check", "MethodConformance", "SyntheticBenchmark", "validate_method"]
