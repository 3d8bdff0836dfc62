"""What the layers of a speech network are made of; needs torch.

An operation gives what is added to its input, of the same shape (n, positions, width). In the
encoder it is told which positions there are, shape (n, positions), and what lies behind the end of
a text has no influence; in the decoder it is told None, and sees no later position.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from harness.live.stochastic import Dropout
from spaces.tts.shape import Shape
from spaces.tts.space import HEADS, KERNELS


class Norm(nn.LayerNorm):
    """A layer normalisation."""

    def __init__(self, shape: Shape) -> None:
        """Make it with a scale of 1 and a shift of 0."""
        super().__init__(shape.width)


class Convolution(nn.Module):
    """A convolution and ReLU."""

    def __init__(self, shape: Shape, kernel: int) -> None:
        """Make it."""
        super().__init__()
        self.norm, self.dropout = Norm(shape), Dropout(shape.dropout)
        self.conv = skip_init(nn.Conv1d, shape.width, shape.width, kernel)

    def forward(self, x: Tensor, there: Tensor | None) -> Tensor:
        """See the module."""
        y, reach = self.norm(x), self.conv.kernel_size[0] - 1
        if there is not None:
            y = y * there[..., None]
        left = reach if there is None else reach // 2
        padded = functional.pad(y.transpose(1, 2), (left, reach - left))
        found: Tensor = self.dropout(functional.relu(self.conv(padded)).transpose(1, 2))
        return found


class Heads(nn.Module):
    """The linear layers of attention with several heads (Vaswani et al., NeurIPS 2017)."""

    def __init__(self, width: int, heads: int) -> None:
        """Make them."""
        super().__init__()
        self._heads = heads
        self.query, self.key, self.value, self.out = (
            skip_init(nn.Linear, width, width) for _ in range(4)
        )

    def parted(self, x: Tensor) -> Tensor:
        """From (n, positions, width) to (n, heads, positions, width of a head)."""
        return x.view(*x.shape[:2], self._heads, -1).transpose(1, 2)

    def joined(self, x: Tensor) -> Tensor:
        """Back again, and through the last layer."""
        found: Tensor = self.out(x.transpose(1, 2).flatten(2))
        return found


class SelfAttention(nn.Module):
    """Self-attention and two linear layers with ReLU, the layer of a Transformer."""

    def __init__(self, shape: Shape, heads: int) -> None:
        """Make it."""
        super().__init__()
        self.norm, self.second_norm = Norm(shape), Norm(shape)
        self.heads = Heads(shape.width, heads)
        self.inner = skip_init(nn.Linear, shape.width, shape.feed_forward)
        self.outer = skip_init(nn.Linear, shape.feed_forward, shape.width)
        self.dropout = Dropout(shape.dropout)

    def forward(self, x: Tensor, there: Tensor | None) -> Tensor:
        """See the module."""
        y, heads = self.norm(x), self.heads
        seen = functional.scaled_dot_product_attention(
            heads.parted(heads.query(y)),
            heads.parted(heads.key(y)),
            heads.parted(heads.value(y)),
            attn_mask=None if there is None else there[:, None, None],
            is_causal=there is None,
        )
        first = self.dropout(heads.joined(seen))
        inner = functional.relu(self.inner(self.second_norm(x + first)))
        found: Tensor = first + self.dropout(self.outer(inner))
        return found


class Lstm(nn.LSTM):
    """An LSTM whose weights nobody draws but `initialise`."""

    def reset_parameters(self) -> None:
        """Leave the weights as they are."""


class Recurrence(nn.Module):
    """An LSTM that reads from left to right, in the encoder as in the decoder."""

    def __init__(self, shape: Shape) -> None:
        """Make it."""
        super().__init__()
        self.norm, self.dropout = Norm(shape), Dropout(shape.dropout)
        self.lstm = Lstm(shape.width, shape.width, batch_first=True)

    def forward(self, x: Tensor, there: Tensor | None) -> Tensor:
        """See the module; what lies behind the end is read last."""
        found: Tensor = self.dropout(self.lstm(self.norm(x))[0])
        return found


class EncoderAttention(nn.Module):
    """The attention of the decoder to the encoder."""

    def __init__(self, shape: Shape) -> None:
        """Make it."""
        super().__init__()
        self.norm, self.dropout = Norm(shape), Dropout(shape.dropout)
        self.heads = Heads(shape.width, shape.heads)

    def forward(self, x: Tensor, memory: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Look at the text.

        Args:
            x: shape (n, steps, width).
            memory: what the encoder gave, shape (n, tokens, width).
            there: which tokens there are, shape (n, tokens).

        Returns:
            What is added to x, and the weights, shape (n, heads, steps, tokens).
        """
        heads = self.heads
        query = heads.parted(heads.query(self.norm(x)))
        logits = query @ heads.parted(heads.key(memory)).transpose(2, 3)
        logits = logits / math.sqrt(query.shape[3])
        weights = logits.masked_fill(~there[:, None, None], -torch.inf).softmax(3)
        seen = heads.joined(weights @ heads.parted(heads.value(memory)))
        return self.dropout(seen), weights


def make_operation(operation: int, shape: Shape) -> nn.Module:
    """An operation of the space, by its number; `initialise` draws its weights."""
    if operation < len(KERNELS):
        return Convolution(shape, KERNELS[operation])
    if operation < len(KERNELS) + len(HEADS):
        return SelfAttention(shape, HEADS[operation - len(KERNELS)])
    return Recurrence(shape)


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights.

    Those of linear layers and convolutions are uniform with the variance of Glorot and Bengio
    (AISTATS 2010), of LSTMs uniform up to 1 / sqrt(width), and of embeddings normal with variance
    1 / width; biases are 0.
    """
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Linear | nn.Conv1d):
                nn.init.xavier_uniform_(layer.weight, generator=generator)
                assert layer.bias is not None
                layer.bias.zero_()
            elif isinstance(layer, nn.LSTM):
                bound = layer.hidden_size**-0.5
                for name, weight in layer.named_parameters():
                    if name.startswith("bias"):
                        weight.zero_()
                    else:
                        weight.uniform_(-bound, bound, generator=generator)
            elif isinstance(layer, nn.Embedding):
                layer.weight.normal_(0, layer.embedding_dim**-0.5, generator=generator)
