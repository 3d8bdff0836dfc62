"""The encoder-predictor-decoder of NAO and SemiNAS (Luo et al., NeurIPS 2018 and 2020)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from methods.predictor.models.layers import Dropout

DROPOUT = 0.1
HALF = math.sqrt(0.5)


class EncoderDecoder(torch.nn.Module):
    """Encodes sequences of tokens, predicts a score from the code and decodes sequences from it.

    The encoder is a bidirectional LSTM with a linear layer back to ``hidden`` numbers and a
    residual around both; each position is normalised to length 1. The code of an architecture is
    the mean over positions, normalised again; a residual block of two linear layers and a linear
    head predict the score from it. The decoder is an LSTM that starts in the code and attends to
    the positions (SemiNAS, section 3; the layout of the released NAS-Bench-101 network).

    Positions come first in all tensors that the network is shown, as the kernel of the LSTM wants
    them: tokens have the shape (length, n), encodings (length, n, hidden), codes (n, hidden).
    """

    def __init__(
        self,
        choices: Sequence[Sequence[int]],
        hidden: int,
        width: int,
        generator: torch.Generator,
    ) -> None:
        """Draw weights as torch would: normal embeddings, all else uniform in 1 / sqrt(inputs).

        Args:
            choices: tokens that can stand at each position, above 0, which stands for the start.
            hidden: numbers that describe a position or an architecture.
            width: of the block that predicts.
            generator: the only source of randomness, of the weights and of dropout.
        """
        super().__init__()
        tokens = 1 + max(max(known) for known in choices)
        # Modules draw their weights from the global generator, except on the device without memory.
        with torch.device("meta"):
            self.encoder_embedding = torch.nn.Embedding(tokens, hidden)
            self.encoder = torch.nn.LSTM(hidden, hidden, bidirectional=True)
            self.encoder_out = torch.nn.Linear(2 * hidden, hidden)
            self.predictor_in = torch.nn.Linear(hidden, width)
            self.predictor_out = torch.nn.Linear(width, hidden)
            self.head = torch.nn.Linear(hidden, 1)
            self.decoder_embedding = torch.nn.Embedding(tokens, hidden)
            self.decoder = torch.nn.LSTM(hidden, hidden)
            self.attention_in = torch.nn.Linear(hidden, hidden, bias=False)
            self.attention_out = torch.nn.Linear(2 * hidden, hidden)
            self.token_head = torch.nn.Linear(hidden, tokens)
        self.to_empty(device="cpu")
        self._generator = generator
        self._hidden = hidden
        refused = torch.full((len(choices), tokens), -torch.inf)
        for position, known in enumerate(choices):
            refused[position, list(known)] = 0.0
        self._refused = refused
        with torch.no_grad():
            for module in self.children():
                self._draw(module)
        self.dropout = Dropout(DROPOUT, generator)

    def _draw(self, module: torch.nn.Module) -> None:
        if isinstance(module, torch.nn.Embedding):
            module.weight.normal_(generator=self._generator)
            return
        size = module.hidden_size if isinstance(module, torch.nn.LSTM) else module.in_features
        bound = 1 / math.sqrt(int(size))  # type: ignore[arg-type]
        for weight in module.parameters():
            weight.uniform_(-bound, bound, generator=self._generator)

    def encode(self, tokens: Tensor) -> Tensor:
        """Encodings of sequences, each position of length 1, shape (length, n, hidden)."""
        embedded = self.dropout(self.encoder_embedding(tokens))
        states, _ = self.encoder(embedded)
        return functional.normalize(embedded + self.encoder_out(states), dim=-1)

    def pool(self, encoded: Tensor) -> Tensor:
        """The codes of encoded architectures, each of length 1, shape (n, hidden)."""
        return functional.normalize(encoded.mean(0), dim=-1)

    def score(self, code: Tensor) -> Tensor:
        """Predicted scores, shape (n,)."""
        inner = self.dropout(functional.relu(self.predictor_in(code)))
        block = self.dropout(functional.relu(self.predictor_out(inner)))
        scores: Tensor = self.head((code + block) * HALF).squeeze(-1)
        return scores

    def decode(self, tokens: Tensor, encoded: Tensor, code: Tensor) -> Tensor:
        """Logits of every token of sequences, each seeing the true ones before it.

        Returns:
            Shape (length, n, tokens), with no regard to what can stand where.
        """
        before = functional.pad(tokens[:-1], (0, 0, 1, 0))
        return self._step(before, encoded, (code[None], code[None]))[0]

    def greedy(self, encoded: Tensor) -> Tensor:
        """Decode the most probable token after token, of those that can stand at each position.

        Returns:
            Tokens, shape (length, n).
        """
        code = self.pool(encoded)[None]
        state = (code, code)
        token = torch.zeros(1, encoded.shape[1], dtype=torch.int64)
        tokens = []
        for refused in self._refused:
            logits, state = self._step(token, encoded, state)
            token = (logits + refused).argmax(-1)
            tokens.append(token)
        return torch.cat(tokens)

    def _step(
        self, before: Tensor, encoded: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        embedded = self.decoder_embedding(before)
        states, state = self.decoder(embedded, state)
        query = (embedded + states) * HALF
        memory = encoded.transpose(0, 1)
        weights = torch.bmm(self.attention_in(query).transpose(0, 1), memory.transpose(1, 2))
        mixed = torch.bmm(weights.softmax(-1), memory).transpose(0, 1)
        attended = torch.tanh(self.attention_out(torch.cat([mixed, query], dim=-1)))
        return self.token_head((query + attended) * HALF), state

    def loss(self, tokens: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Squared error of the prediction and mean surprise at the tokens, each of shape (n,)."""
        encoded = self.encode(tokens)
        code = self.pool(encoded)
        error = (self.score(code) - targets) ** 2
        logits = self.decode(tokens, encoded, code)
        surprise = functional.cross_entropy(
            logits.flatten(0, 1), tokens.flatten(), reduction="none"
        )
        return error, surprise.view(tokens.shape).mean(0)
