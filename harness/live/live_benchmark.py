"""A benchmark whose scores come from training networks."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.core.benchmark import Benchmark, BenchmarkCard
from harness.core.budget import Budget
from harness.core.errors import HarnessError
from harness.core.space import Architecture
from harness.live.learning import Learning
from harness.live.search_task import SearchTask
from harness.live.setup import LiveSetup
from harness.live.training_store import TrainingId, TrainingRecord

if TYPE_CHECKING:
    from harness.live.devices import Place
    from harness.live.live_training import Observer
    from harness.live.trainer import Watch

EVALUATION, RETRAINING = "evaluation", "retraining"


class LiveBenchmark(Benchmark):
    """Architectures are trained when somebody asks for a score; nothing is trained twice.

    A search asks for the metric on validation data after a short training, whose randomness depends
    on the run's seed and on how often the architecture was asked for. What a search recommends is
    trained anew by the final recipe, with a key that is the same for all runs, and reported on test
    data. Trainings are kept below `trainings_home`, whole or in part, so that what was interrupted
    goes on and what is known is not trained again.

    Attributes:
        setup: what the space states about it.
        trials: retrainings behind a reported score.
    """

    repeats = "charged"
    units = ("queries", "epochs", "seconds")
    reports_every_incumbent = False

    def __init__(self, id: str, setup: LiveSetup, trials: int = 1) -> None:
        """Make it; no data is read.

        Args:
            id: with every other setting that is not the default.
            setup: a space, data and a recipe.
            trials: retrainings behind a reported score, at least 1.
        """
        self.setup, self.trials = setup, trials
        # A training is the same however many others it is averaged with.
        self._trained_as = id
        self.id = id if trials == 1 else f"{id}{',' if ':' in id else ':'}trials={trials}"
        self.space, self.direction = setup.space, setup.direction
        self.fidelities = setup.recipe.fidelities
        self.default_budget = Budget.parse(setup.recipe.budget)

    def __getstate__(self) -> dict[str, Any]:
        """Another process reads the data itself."""
        read = ("task", "final", "data")
        return {name: value for name, value in vars(self).items() if name not in read}

    @cached_property
    def task(self) -> SearchTask:
        """See `Benchmark.task`."""
        return self.setup.searched()

    @cached_property
    def final(self) -> Learning:
        """What is learned in a retraining, test data included; never shown to a method."""
        return self.setup.final()

    @cached_property
    def data(self) -> str:
        """SHA-256 of the data alone."""
        return self.setup.checksum()

    @property
    def checksum(self) -> str:
        """SHA-256 of data and recipe: scores of another recipe are not the same scores."""
        return hashlib.sha256(f"{self.data} {self.setup.recipe.hash}".encode()).hexdigest()

    def oracle(self, noise_key: int) -> LiveOracle:
        """See `Benchmark.oracle`."""
        return LiveOracle(self, noise_key)

    def training_id(self, arch: Architecture, stage: str, key: int, processes: int) -> TrainingId:
        """What a training is.

        Args:
            arch: a genotype.
            stage: ``evaluation`` or ``retraining``.
            key: all randomness follows from it.
            processes: that train it together.
        """
        return TrainingId(
            benchmark=self._trained_as,
            version=self.version,
            stage=stage,
            architecture=self.space.to_str(arch),
            recipe=self.setup.recipe.hash,
            data=self.data,
            key=key,
            processes=processes,
        )

    def train(
        self,
        arch: Architecture,
        stage: str,
        key: int,
        epochs: int | None = None,
        place: Place | None = None,
        watch: Watch | None = None,
        observe: Observer | None = None,
    ) -> TrainingRecord:
        """Train an architecture, unless that was done before.

        Args:
            arch: a genotype.
            stage: ``evaluation`` or ``retraining``.
            key: all randomness follows from it.
            epochs: in all; those of the recipe where None.
            place: where; the best device that there is, alone, where None.
            watch: is told about steps.
            observe: is given the record after each epoch.

        Raises:
            HarnessError: data, memory or disk are lacking.
        """
        from harness.live.devices import Place, best_device
        from harness.live.live_training import train_to

        place = place or Place(best_device())
        evaluated = stage == EVALUATION
        recipe = self.setup.recipe.evaluation if evaluated else self.setup.recipe.retraining

        def learning() -> Learning:
            return self.task if evaluated else self.final

        id = self.training_id(self.space.check(arch), stage, key, place.world)
        return train_to(epochs or recipe.epochs, id, learning, arch, recipe, place, watch, observe)

    def score(self, record: TrainingRecord, epoch: int) -> float:
        """The metric after an epoch; the worst one where the training failed or gave no number."""
        found = record.measures(epoch).get(self.setup.metric, math.nan)
        if not record.failure and self.setup.metric not in record.measures(epoch):
            known = ", ".join(record.measures(epoch))
            raise HarnessError(f"{self.id} measures {known}, and no {self.setup.metric}")
        return found if math.isfinite(found) else self.setup.worst

    def report(self, archs: Sequence[Architecture]) -> list[float]:
        """Retrain and test; the mean over the trials."""
        return [self.measures(arch)[self.setup.metric] for arch in archs]

    def measures(self, arch: Architecture) -> dict[str, float]:
        """Everything that is measured of a retrained architecture, means over the trials."""
        rows = []
        for trial in range(self.trials):
            record = self.train(arch, RETRAINING, trial)
            rows.append(
                {
                    **record.measures(record.epochs),
                    self.setup.metric: self.score(record, record.epochs),
                }
            )
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[-1]}

    def card(self) -> BenchmarkCard:
        """See `Benchmark.card`; what only training all architectures could tell is NaN."""
        recipe = self.setup.recipe
        return BenchmarkCard(
            id=self.id,
            version=self.version,
            space=self.space.id,
            dataset=self.setup.dataset,
            metric=self.setup.metric,
            direction=self.direction,
            searched=f"valid@{recipe.evaluation.epochs}",
            searched_trials="one training run",
            reported=f"test@{recipe.retraining.epochs}",
            reported_trials=f"mean of {self.trials} retrainings"
            if self.trials > 1
            else "one retraining",
            searches_reported=False,
            noise="sampled",
            repeats=self.repeats,
            cost="training and validation, measured",
            architectures=self.space.cardinality,
            unique=self.space.cardinality,
            optimum=math.nan,
            worst=self.setup.worst,
            mean_random=math.nan,
            default_budget=str(self.default_budget),
            units=self.units,
            citation=self.setup.citation,
            licence=self.setup.licence,
            checksum=self.checksum,
        )


class LiveOracle:
    """Trains what it is asked for; see `harness.core.benchmark.Oracle`."""

    def __init__(self, benchmark: LiveBenchmark, noise_key: int) -> None:
        """Answer for one run."""
        self._benchmark, self._key = benchmark, noise_key
        self._asked: Counter[tuple[Architecture, int]] = Counter()

    def measure(self, arch: Architecture, epochs: int | None) -> tuple[float, float]:
        """The score after some epochs, and the seconds that they took when they were trained."""
        benchmark = self._benchmark
        epochs = epochs or benchmark.setup.recipe.evaluation.epochs
        benchmark.space.check(arch)
        words = np.random.SeedSequence([self._key, self._asked[arch, epochs]]).generate_state(2)
        self._asked[arch, epochs] += 1
        key = int(words[0]) << 32 | int(words[1])
        record = benchmark.train(arch, EVALUATION, key, epochs)
        passed = record.seconds[min(epochs, len(record.seconds)) - 1] if record.seconds else 0.0
        return benchmark.sign * benchmark.score(record, epochs), passed

    def properties(self, arch: Architecture) -> dict[str, float]:
        """See `LiveSetup.costs`."""
        return self._benchmark.setup.costs(arch)
