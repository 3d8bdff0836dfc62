"""E2NAS (Zhang et al., NeurIPS 2020): search in the latent space of an autoencoder."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, ClassVar, Literal

from harness import Architecture, require
from methods.oneshot.exploration import complement, exploration_weight
from methods.oneshot.one_shot import OneShot

if TYPE_CHECKING:
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search

# Draws from the decoder for a recommendation, where the space has a validity rule.
TRIES = 100


class E2NAS(OneShot):
    """Move one point of an autoencoder's latent space, by the loss of what it decodes to.

    Variant ``paper``: the weights follow the mean loss of the decoded architecture and of a
    complementary one, which differs from the one before in every decision (equation 7, epsilon
    0.5). The point follows the validation loss through the decoder, weighted by ``1 - gamma``, and
    novelty, its low density among the last architectures, by ``gamma``, which falls from 1 to 0
    (equation 3). How densities are measured is ours, see `log_density`.

    Variant ``released``, what the published code computes: the losses of the complement and of the
    previous architecture, and novelty, enter as numbers without gradient; the former are computed
    and logged, the latter is left out. The decoder is not differentiated: the point, one softmax
    over all of its numbers, is also read as weights of the choices. Each decoding draws anew.

    The autoencoder is trained on genotypes alone and kept, see `methods.oneshot.pretraining`; that
    is not charged. The authors evaluate paths by running averages (``normalisation=running``).

    Attributes:
        variant: see above.
        autoencoder: ``small`` is trained within seconds; ``published`` has the published GRUs of
            501 and their training.
        slope: of gamma, 10 in the published schedule Sig(10).
        archive: number of last architectures among which novelty is measured, once there are so
            many.
        architecture_learning_rate: of Adam, which moves the point.
        architecture_weight_decay: of the point.
    """

    variant: Literal["paper", "released"] = "paper"
    autoencoder: Literal["small", "published"] = "small"
    slope: float = 10.0
    archive: int = 50
    architecture_learning_rate: float = 3e-4
    architecture_weight_decay: float = 1e-3

    weighs_decisions: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, slope=(0, 100), archive=(1, inf), architecture_learning_rate=(0, inf))
        require(self, architecture_weight_decay=(0, inf))

    def begin(self, search: Search) -> None:
        """See `OneShot.begin`."""
        import torch

        from methods.oneshot.latent import LatentPoint
        from methods.oneshot.pretraining import pretrained

        latent = sum(search.space.sizes)
        vae = pretrained(search.space, latent, self.autoencoder).to(search.device)
        start = 1e-3 * torch.randn(latent, generator=search.generator)
        self._point = LatentPoint(vae, start.to(search.device))
        self._adam = torch.optim.Adam(
            [self._point.value],
            self.architecture_learning_rate,
            betas=(0.5, 0.999),
            weight_decay=self.architecture_weight_decay,
        )
        self._last: list[Architecture] = []
        self._complements: list[float] = []

    def paths(self, search: Search) -> list[Plan]:
        """See `OneShot.paths`."""
        current = self._decode(search)
        previous = self._last[-1] if self._last else current
        other = complement(current, previous, search.space.sizes, search.rng)
        recorded = current
        if self.variant == "released":
            recorded = self._decode(search)
            self._look(search, [previous, other, recorded])
        self._last = [*self._last, recorded][-self.archive :]
        trained = [current] if self.variant == "released" else [current, other]
        return [search.supernet.path(arch) for arch in trained]

    def step_architecture(self, search: Search) -> None:
        """See `OneShot.step_architecture`."""
        import torch

        point, gamma = self._point, exploration_weight(search.progress, self.slope)
        chosen = self._decode(search)
        read = point.read_as_choices if self.variant == "released" else point.of_choices
        plan = [{k: p + (1 - p).detach()} for k, p in zip(chosen, read(chosen), strict=True)]
        loss = (1 - gamma) * search.loss(plan, search.valid)
        if self.variant == "paper" and len(self._last) == self.archive:
            loss = loss + gamma * point.log_density(self._last)
        self._adam.zero_grad()
        torch.autograd.backward(loss, inputs=[point.value])
        self._adam.step()

    def end_epoch(self, search: Search) -> None:
        """See `OneShot.end_epoch`."""
        search.log("weight of novelty", exploration_weight(search.progress, self.slope))
        search.log("different architectures among the last", len(set(self._last)))
        if self._complements:
            search.log("loss of complements", sum(self._complements) / len(self._complements))
            self._complements.clear()

    def derive(self, search: Search) -> Architecture:
        """See `OneShot.derive`."""
        drawn = (self._point.decoded(search.generator) for _ in range(TRIES))
        for arch in (self._decode(search), *drawn):
            if search.space.is_valid(arch):
                return arch
        return search.space.sample(search.rng)

    def cost(self, search: Search, epoch: int, epochs: int) -> float:
        """See `OneShot.cost`: two of the weights, or one and three without gradient; one more."""
        return 3.0

    def distribution(self, search: Search) -> list[list[float]]:
        """See `OneShot.distribution`."""
        return self._point.distribution()

    def _decode(self, search: Search) -> Architecture:
        return self._point.decoded(search.generator if self.variant == "released" else None)

    def _look(self, search: Search, archs: list[Architecture]) -> None:
        """Show the batch to paths without gradient, as the released code does."""
        import torch

        with torch.no_grad():
            losses = [
                search.loss(search.supernet.path(arch), search.train).item() for arch in archs
            ]
        self._complements.append(losses[1])
