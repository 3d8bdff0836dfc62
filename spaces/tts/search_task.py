"""What is learned of speech, and by which networks; needs torch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness import Architecture
from harness.live.examples import Examples, Values
from harness.live.exhibits import Exhibit
from harness.live.learning import Learning
from harness.live.search_task import Normalisation, SearchTask
from harness.live.speech.alignment import diagonal_focus, distance_from_diagonal
from harness.live.speech.utterances import Utterances
from spaces.tts.listening import Listening
from spaces.tts.network import SpeechNetwork
from spaces.tts.shape import Shape
from spaces.tts.supernet import SpeechSupernet

# One step of many is the last one; Li et al. (AAAI 2019) weigh it with 5 to 8.
STOP_WEIGHT = 5.0

FOCUS = "diagonal focus rate"


class SpeechLearning(Learning):
    """Texts and their spectrograms.

    The loss is the mean absolute error of log-mels, in nats, and the mean cross-entropy of the stop
    logits, in which the last step weighs `STOP_WEIGHT`; means over the steps of an utterance, then
    over utterances. Where the recipe guides the attention, the mean over all heads of its distance
    from the diagonal is added; see `distance_from_diagonal`.
    """

    train: Utterances

    def __init__(
        self,
        train: Utterances,
        judged: Utterances,
        shape: Shape,
        bandwidth: float,
        guidance: float = 0.0,
        listening: Listening | None = None,
    ) -> None:
        """Make it.

        Args:
            train: what weights are trained on.
            judged: what trained networks are judged on.
            shape: of the networks.
            bandwidth: of the diagonal, in frames.
            guidance: weight of the attention's distance from the diagonal in the loss.
            listening: how trained networks are listened to; None for not at all.
        """
        self.train, self._judged, self.shape = train, judged, shape
        self._bandwidth, self._guidance = bandwidth / shape.group, guidance
        self._listening = listening

    @property
    def judged(self) -> Examples:
        """See `Learning.judged`."""
        return self._judged

    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `Learning.network`."""
        return SpeechNetwork.of(arch, self.shape, generator)

    def loss(self, outputs: Values, targets: Values) -> Tensor:
        """The sum of all losses; see the class."""
        error, stop = _errors(outputs, targets)
        total = (error + stop).mean()
        if self._guidance:
            total = total + self._guidance * distance_from_diagonal(outputs[2], *targets[1:]).mean()
        return total

    def measures(self, outputs: Values, targets: Values) -> dict[str, Tensor]:
        """The diagonal focus rate, and both losses."""
        error, stop = _errors(outputs, targets)
        return {
            FOCUS: self.focus(outputs, targets),
            "mel error (nats)": error.double(),
            "stop loss (nats)": stop.double(),
        }

    def focus(self, outputs: Values, targets: Values) -> Tensor:
        """The diagonal focus rate of the best head of each utterance, shape (n,)."""
        _, steps, lengths = targets
        return diagonal_focus(outputs[2], steps, lengths, self._bandwidth).amax(1).double()

    def last_measures(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """What is understood of synthesised speech; see `Listening.measures`."""
        return self._listening.measures(network, device) if self._listening else {}

    def exhibits(self, network: nn.Module, device: torch.device) -> Iterator[Exhibit]:
        """Alignments and recordings; see `Listening.exhibits`."""
        if self._listening:
            yield from self._listening.exhibits(network, device)


def _errors(outputs: Values, targets: Values) -> tuple[Tensor, Tensor]:
    """Error of the log-mels and loss of the stop logits of each utterance, shape (n,) each."""
    (found, stop, _), (mels, steps, _) = outputs, targets
    number = torch.arange(1, mels.shape[1] + 1, device=mels.device)
    there = (number <= steps[:, None]).to(found)
    last = (number == steps[:, None]).to(found)
    weight = torch.tensor(STOP_WEIGHT, device=mels.device)
    stop_loss = functional.binary_cross_entropy_with_logits(
        stop, last, reduction="none", pos_weight=weight
    )
    error = (found - mels).abs().mean(2)
    return (error * there).sum(1) / steps, (stop_loss * there).sum(1) / steps


class SpeechTask(SpeechLearning, SearchTask):
    """Speech with a supernet; architectures are judged by their diagonal focus rate."""

    name, classes = "ljspeech", 0

    def __init__(
        self,
        train: Utterances,
        valid: Utterances,
        shape: Shape,
        bandwidth: float,
        guidance: float = 0.0,
    ) -> None:
        """Make it; see `SpeechLearning`."""
        super().__init__(train, valid, shape, bandwidth, guidance)
        self.valid = valid

    def scores(self, outputs: Values, targets: Values) -> Tensor:
        """See `SpeechLearning.focus`."""
        return self.focus(outputs, targets)

    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int = 1
    ) -> SpeechSupernet:
        """See `SearchTask.supernet`."""
        return SpeechSupernet(self.shape, generator)
