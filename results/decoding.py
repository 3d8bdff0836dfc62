"""How well SemiNAS's network decodes NAS-Bench-101 again, and what its ascent finds.

    python results/decoding.py --labels 1100 [--settings released] [--steps 8000]

It learns so many labels and 10,000 guesses, encodes and decodes the 100 best, and climbs from them.
Needs the table of NAS-Bench-101 (``HARNESS_DATA``) and torch.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from scipy.stats import kendalltau

from harness.core.registry import load_benchmark
from methods.predictor.models import batches
from methods.predictor.models.encoder_decoder_training import Learner
from methods.predictor.models.unlabelled import draw_unlabelled


def main() -> None:
    """Print one line a measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=int, default=1100)
    parser.add_argument("--settings", choices=["paper", "released"], default="paper")
    parser.add_argument("--steps", type=int, default=batches.MOST, help="largest number a phase")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    batches.MOST = given.steps
    benchmark = load_benchmark("nasbench101/cifar10")
    space, rng = benchmark.space, np.random.default_rng(given.seed)
    scores = benchmark.reported_means()
    labelled = rng.choice(len(scores), given.labels, replace=False)
    archs = space.population[labelled]
    learner = Learner(space, rng, given.settings, "fast")
    others = draw_unlabelled(space, rng, archs, 10_000)
    upsample = 10 if given.labels >= 1100 else 0
    guesses = learner.fit(archs, scores[labelled], others, upsample)
    tested = rng.choice(len(scores), 2000, replace=False)
    tau = kendalltau(learner.predict(space.population[tested]), scores[tested])[0]
    print(f"tau on 2,000 others: {tau:.3f}")
    order = np.argsort(-np.concatenate([scores[labelled], guesses]), kind="stable")[:100]
    seeds = np.concatenate([archs, others])[order]
    tokens = torch.from_numpy(np.ascontiguousarray(space.sequences(seeds).T)).long()
    with torch.inference_mode():
        same = learner.network.greedy(learner.network.encode(tokens)) == tokens
    exact = same.all(0).float().mean()
    print(f"decoded as they were: {same.float().mean():.1%} of tokens, {exact:.1%} of the 100 best")
    known = {space.canonical(arch) for arch in space.tuples(archs)}
    found = {
        space.canonical(arch)
        for decoded in learner.climb(seeds, [float(step) for step in range(1, 101)])
        for arch in decoded
        if arch is not None
    }
    print(f"new architectures found by steps 1 to 100: {len(found - known)}")


if __name__ == "__main__":
    main()
