"""Networks from texts to spectrograms; needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from harness import Architecture
from harness.live.examples import Values
from harness.live.speech.mel import MELS
from harness.live.speech.phonemes import SYMBOLS
from harness.live.stochastic import Dropout
from harness.live.supernet import Plan
from spaces.tts.operations import EncoderAttention, Norm, initialise, make_operation
from spaces.tts.shape import Shape
from spaces.tts.space import LAYERS

# About the mean and the deviation of log-mels of speech, by which the network normalises them.
CENTRE, SCALE = -5.5, 2.0


class Layer(nn.Module):
    """A layer with one or more operations, of which a plan says what is computed."""

    def __init__(self, operations: Sequence[int], shape: Shape) -> None:
        """Make it with some of the operations, by their numbers."""
        super().__init__()
        self.operations = nn.ModuleDict({str(op): make_operation(op, shape) for op in operations})

    def forward(
        self, x: Tensor, there: Tensor | None, entry: Mapping[int, Tensor | None]
    ) -> Tensor:
        """The input and the weighted sum of what operations add to it."""
        found = x
        for op, weight in entry.items():
            added = self.operations[str(op)](x, there)
            found = found + (added if weight is None else added * weight)
        return found


class Places(nn.Module):
    """Sinusoids that tell where a position is, with a trained scale (Li et al., AAAI 2019)."""

    def __init__(self, width: int) -> None:
        """Make them."""
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self._width = width

    def forward(self, x: Tensor) -> Tensor:
        """Add them to (n, positions, width)."""
        device = x.device
        rates = 1e4 ** (-torch.arange(0, self._width, 2, device=device) / self._width)
        angles = torch.arange(x.shape[1], device=device)[:, None] * rates
        return x + self.scale * torch.cat([angles.sin(), angles.cos()], 1).to(x)


class SpeechNetwork(nn.Module):
    """Encoder and decoder in the manner of Transformer TTS (Li et al., AAAI 2019).

    Layers normalise what they read and add what they find; each layer of the decoder is followed by
    attention to the encoder. The searched layers of the encoder stand where Transformer TTS has
    convolutions before its own, and there is no network behind the decoder: with one, no frame
    would be known before the last one.
    """

    def __init__(
        self, operations: Sequence[Sequence[int]], shape: Shape, generator: torch.Generator
    ) -> None:
        """Make it with new weights.

        Args:
            operations: of each layer, encoder first.
            shape: of the network.
            generator: draws the weights.
        """
        super().__init__()
        self.shape = shape
        width, prenet = shape.width, shape.prenet
        self.embedding = skip_init(nn.Embedding, len(SYMBOLS), width)
        self.encoder_places, self.decoder_places = Places(width), Places(width)
        self.prenet = nn.Sequential(
            *(skip_init(nn.Linear, MELS, prenet), nn.ReLU(), Dropout(shape.prenet_dropout)),
            *(skip_init(nn.Linear, prenet, prenet), nn.ReLU(), Dropout(shape.prenet_dropout)),
            skip_init(nn.Linear, prenet, width),
        )
        self.encoder = nn.ModuleList(Layer(own, shape) for own in operations[:LAYERS])
        self.encoder_norm = Norm(shape)
        self.decoder = nn.ModuleList(Layer(own, shape) for own in operations[LAYERS:])
        self.attentions = nn.ModuleList(EncoderAttention(shape) for _ in range(LAYERS))
        self.decoder_norm = Norm(shape)
        self.head = skip_init(nn.Linear, width, shape.group * MELS + 1)
        initialise(self, generator)
        self._only: Plan = [{own[0]: None} for own in operations]

    @classmethod
    def of(cls, arch: Architecture, shape: Shape, generator: torch.Generator) -> SpeechNetwork:
        """The network of one architecture."""
        return cls([(op,) for op in arch], shape, generator)

    def forward(self, inputs: Values, plan: Plan | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Spectrograms, when the frames before each step are known.

        Args:
            inputs: tokens (n, L), previous frames (n, S, mels) and numbers of tokens (n,); see
                `harness.live.speech.utterances.Utterances`.
            plan: what is computed, one entry a layer; the first operation of each where None.

        Returns:
            Log-mels (n, S, group * mels), logits of each step to be the last one (n, S), and the
            attention of all heads of all layers to the tokens (n, heads, S, L).
        """
        tokens, previous, lengths = inputs
        memory, there = self.encode(tokens, lengths, plan)
        return self.decode(memory, there, previous, plan)

    def encode(
        self, tokens: Tensor, lengths: Tensor, plan: Plan | None = None
    ) -> tuple[Tensor, Tensor]:
        """What the decoder reads (n, L, width), and which tokens there are (n, L)."""
        there = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
        x = self.encoder_places(self.embedding(tokens) * self.shape.width**0.5)
        for layer, entry in zip(self.encoder, (plan or self._only)[:LAYERS], strict=True):
            x = layer(x, there, entry)
        return self.encoder_norm(x), there

    def decode(
        self, memory: Tensor, there: Tensor, previous: Tensor, plan: Plan | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `forward`; no step depends on a later frame."""
        x = self.decoder_places(self.prenet((previous - CENTRE) / SCALE))
        looks = []
        entries = (plan or self._only)[LAYERS:]
        for layer, attention, entry in zip(self.decoder, self.attentions, entries, strict=True):
            x = layer(x, None, entry)
            added, weights = attention(x, memory, there)
            x = x + added
            looks.append(weights)
        found = self.head(self.decoder_norm(x))
        return found[..., :-1] * SCALE + CENTRE, found[..., -1], torch.cat(looks, 1)
