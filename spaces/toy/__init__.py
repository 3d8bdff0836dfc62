"""Problems without networks, on which the theory behind a method can be seen at work."""

from spaces.toy.benchmarks import ToyFamily

__all__ = ["ToyFamily"]
