"""A benchmark-driven evaluation harness for neural architecture search."""

from harness.core.benchmark import (
    Benchmark,
    BenchmarkCard,
    BenchmarkEntry,
    BenchmarkFamily,
    DataFile,
)
from harness.core.budget import Budget, Unit
from harness.core.configured import require
from harness.core.data_home import cache_home, data_home
from harness.core.drawing import Panel
from harness.core.encodings import Graphs, chain, with_ends
from harness.core.errors import (
    BudgetExhausted,
    HarnessError,
    InvalidArchitecture,
    InvalidTable,
    MissingData,
    MissingExtra,
)
from harness.core.method import Method
from harness.core.predictor import Predictor
from harness.core.problem import Problem
from harness.core.registry import load_method, load_predictor
from harness.core.space import Architecture, Architectures, Decision, SearchSpace
from harness.core.suitability import ABILITIES, Ability, refuse_lacking_abilities
from harness.core.unlabelled import UnlabelledPredictor, rank_unlabelled, unlabelled_scorer

__all__ = [
    "ABILITIES",
    "Ability",
    "Architecture",
    "Architectures",
    "Benchmark",
    "BenchmarkCard",
    "BenchmarkEntry",
    "BenchmarkFamily",
    "Budget",
    "BudgetExhausted",
    "DataFile",
    "Decision",
    "Graphs",
    "HarnessError",
    "InvalidArchitecture",
    "InvalidTable",
    "Method",
    "MissingData",
    "MissingExtra",
    "Panel",
    "Predictor",
    "Problem",
    "SearchSpace",
    "Unit",
    "UnlabelledPredictor",
    "cache_home",
    "chain",
    "data_home",
    "load_method",
    "load_predictor",
    "rank_unlabelled",
    "refuse_lacking_abilities",
    "require",
    "unlabelled_scorer",
    "with_ends",
]
