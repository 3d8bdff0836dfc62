"""Autoencoders of genotypes that are trained once for a space and kept.

No data and no budget is touched: only genotypes are encoded, and all searches of a space with all
seeds share one autoencoder. It is kept in ``$XDG_CACHE_HOME/nas-harness/autoencoders``
(``~/.cache`` where that is not set), in a file whose name is a digest of all that it depends on;
to delete the folder costs only the time to train again.
"""

from __future__ import annotations

import hashlib
import math
import os
import pickle
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from harness import SearchSpace
from harness.live.torch_tools import one_thread
from methods.oneshot.sequence_vae import SequenceVAE

Size = Literal["small", "published"]

# Raised when the same recipe gives other weights.
VERSION = 1

# Genotypes to learn from; of larger spaces, so many are drawn.
MOST = 20_000

# One genotype of so many is held out.
HELD_OUT = 10

SEED = 0


@dataclass(frozen=True)
class Recipe:
    """How an autoencoder is trained, by Adam.

    Attributes:
        hidden: state of the GRUs.
        epochs: passes over the genotypes.
        steps: at least so many, whatever the epochs.
        batch: genotypes a step.
        rate: learning rate; with `cycle` the largest one.
        cycle: whether the rate goes up and down once (Smith and Topin 2019); it falls to a tenth
            whenever the loss has not fallen for ten epochs otherwise.
    """

    hidden: int
    epochs: int
    steps: int
    batch: int
    rate: float
    cycle: bool


# The published one is that of the released code. The small one reconstructs all held-out cells of
# NAS-Bench-201 after seconds instead of half an hour.
RECIPES: dict[Size, Recipe] = {
    "small": Recipe(hidden=64, epochs=6, steps=300, batch=128, rate=6e-3, cycle=True),
    "published": Recipe(hidden=501, epochs=100, steps=0, batch=32, rate=1e-4, cycle=False),
}


def pretrained(space: SearchSpace, latent: int, size: Size) -> SequenceVAE:
    """The autoencoder of a space, ready to decode; its weights need no gradient.

    Args:
        space: whose genotypes are encoded.
        latent: numbers of a point.
        size: a name of `RECIPES`.
    """
    recipe = RECIPES[size]
    learned, _ = genotypes(space)
    told = (VERSION, torch.__version__, space.sizes, latent, recipe)
    digest = hashlib.sha256(repr(told).encode() + learned.numpy().tobytes()).hexdigest()
    file = cache_folder() / f"{digest[:32]}.pt"
    generator = torch.Generator().manual_seed(SEED)
    vae = SequenceVAE(space.sizes, latent, recipe.hidden, generator)
    try:
        vae.load_state_dict(torch.load(file, weights_only=True))
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError):  # Absent, or damaged.
        train(vae, learned, recipe, generator)
        keep(vae, file)
    return vae.eval().requires_grad_(False)


def genotypes(space: SearchSpace) -> tuple[Tensor, Tensor]:
    """The genotypes that are learned and those that are held out, each (n, decisions)."""
    rng = np.random.default_rng(SEED)
    if space.cardinality <= MOST:
        rows = space.integers(space.population)
    else:
        rows = np.unique(space.integers([space.sample(rng) for _ in range(MOST)]), axis=0)
    shuffled = torch.from_numpy(rows[rng.permutation(len(rows))])
    out = len(rows) // HELD_OUT
    return shuffled[out:], shuffled[:out]


def train(vae: SequenceVAE, archs: Tensor, recipe: Recipe, generator: torch.Generator) -> None:
    """Train an autoencoder.

    Args:
        vae: its weights are changed.
        archs: shape (n, decisions).
        recipe: how.
        generator: draws the batches and the noise.
    """
    batches = math.ceil(len(archs) / recipe.batch)
    epochs = max(recipe.epochs, math.ceil(recipe.steps / batches))
    adam = torch.optim.Adam(vae.parameters(), recipe.rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, recipe.rate, epochs * batches)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(adam, factor=0.1, patience=10)
    if not recipe.cycle:
        adam.param_groups[0]["lr"] = recipe.rate
    with one_thread():
        for _ in range(epochs):
            total = 0.0
            for index in torch.split(torch.randperm(len(archs), generator=generator), recipe.batch):
                loss = vae.loss(archs[index], generator)
                adam.zero_grad()
                torch.autograd.backward(loss)
                adam.step()
                total += loss.item()
                if recipe.cycle:
                    cycle.step()
            if not recipe.cycle:
                plateau.step(total / batches)


def reconstructed(vae: SequenceVAE, archs: Tensor) -> float:
    """Share of genotypes that are decoded exactly from where they are encoded."""
    with torch.no_grad():
        points, _ = vae.encode(archs)
        return (vae.decode(points) == archs).all(dim=1).double().mean().item()


def cache_folder() -> Path:
    """Where autoencoders are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "nas-harness" / "autoencoders"


def keep(vae: SequenceVAE, file: Path) -> None:
    """Write the weights in one piece; where that is not possible, they are not kept."""
    temporary = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(vae.state_dict(), temporary)
        os.replace(temporary, file)
    except (OSError, RuntimeError):  # What torch raises where a disk is full.
        with suppress(OSError):
            temporary.unlink()
