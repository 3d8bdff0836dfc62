"""One training of a live benchmark, kept on disk; needs torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from torch import nn

from harness.core.space import Architecture
from harness.live.checkpoint import save_state
from harness.live.devices import Place
from harness.live.flops import count_parameters
from harness.live.learning import Learning
from harness.live.trainer import Diverged, Trainer, Watch
from harness.live.training_recipe import TrainingRecipe
from harness.live.training_store import (
    CHECKPOINT,
    RECORD,
    TrainingId,
    TrainingRecord,
    locked,
    read_record,
)

WEIGHTS = "weights.pt"

Observer = Callable[[TrainingRecord], None]


def train_to(
    epochs: int,
    id: TrainingId,
    learning: Callable[[], Learning],
    arch: Architecture,
    recipe: TrainingRecipe,
    place: Place,
    watch: Watch | None = None,
    observe: Observer | None = None,
) -> TrainingRecord:
    """Train an architecture for so many epochs in all, unless that was done before.

    What was interrupted goes on after its last whole epoch. At its end the checkpoint makes room
    for the weights, which only retrainings keep.

    Args:
        epochs: at most those of the recipe.
        id: what the training is.
        learning: what is learned; called if something is left to do.
        arch: a genotype.
        recipe: how it is trained.
        place: where.
        watch: is told about steps.
        observe: is given the record after each epoch.

    Returns:
        What is known then; a training that diverged has a failure.

    Raises:
        HarnessError: data, memory or disk are lacking.
    """
    folder = id.folder
    if place.first:
        with locked(folder):
            return _train(epochs, id, learning, arch, recipe, place, watch, observe)
    return _train(epochs, id, learning, arch, recipe, place, watch, observe)


def known(id: TrainingId, epochs: int) -> TrainingRecord | None:
    """The record of a training that needs no work to have so many epochs."""
    if not (id.folder / RECORD).is_file():
        return None
    record = read_record(id.folder)
    done = record.failure or record.ended or len(record.curve) >= epochs != record.epochs
    return record if done else None


def _train(
    epochs: int,
    id: TrainingId,
    learning: Callable[[], Learning],
    arch: Architecture,
    recipe: TrainingRecipe,
    place: Place,
    watch: Watch | None,
    observe: Observer | None,
) -> TrainingRecord:
    if found := known(id, epochs):
        return found
    checkpoint = id.folder / CHECKPOINT
    learned = learning()
    trainer = Trainer(learned, arch, recipe, id.key, place, checkpoint)
    record = TrainingRecord(
        id,
        recipe.epochs,
        count_parameters(trainer.network),
        device=str(place.device),
        seconds=tuple(trainer.elapsed),
        curve=tuple(trainer.curve),
    )
    try:
        for epoch in range(len(trainer.curve), epochs):
            trainer.run(epoch + 1, watch, until=epochs)
            curve, seconds = tuple(trainer.curve), tuple(trainer.elapsed)
            record = replace(record, curve=curve, seconds=seconds)
            if place.first:
                record.write()
                if observe:
                    observe(record)
    except Diverged as error:
        record = replace(record, failure=str(error), ended=True)
    if len(record.curve) == recipe.epochs:
        last = learned.last_measures(trainer.trained, place.device) if place.first else {}
        record = replace(record, last=last, ended=True)
    if record.ended and place.first:
        if id.stage == "retraining" and not record.failure:
            keep_weights(trainer.trained, id.folder)
        # The record comes first: whoever is killed in between goes on from the checkpoint.
        record.write()
        checkpoint.unlink(missing_ok=True)
    return record


def keep_weights(network: nn.Module, folder: Path) -> None:
    """Write the weights of a trained network."""
    save_state(folder / WEIGHTS, network.state_dict())
