"""The network of NAO and SemiNAS against one written out cell by cell, and its training."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from methods.predictor.models.batches import FEWEST, MOST, copied, weighted
from methods.predictor.models.encoder_decoder import EncoderDecoder
from methods.predictor.models.encoder_decoder_training import SCHEDULES, Learner

CHOICES = ((1, 2), (3, 4, 5), (1, 2), (0, 3, 4), (6,))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def network(hidden=6, width=5, seed=0):
    return EncoderDecoder(CHOICES, hidden, width, generator(seed)).eval()


def sequences(n, seed=0, choices=CHOICES):
    rng = np.random.default_rng(seed)
    return torch.tensor(np.array([rng.choice(known, n) for known in choices]))


# -- the same network, one sequence and one step at a time -------------------------------------


def linear(module, x):
    y = module.weight @ x
    return y if module.bias is None else y + module.bias


def unit(x):
    return x / x.norm()


def cell(lstm, suffix, x, h, c):
    weights = [getattr(lstm, f"{name}_l0{suffix}") for name in
               ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]  # fmt: skip
    gates = weights[0] @ x + weights[2] + weights[1] @ h + weights[3]
    i, f, g, o = gates.chunk(4)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def run(lstm, suffix, xs, h, c):
    states = []
    for x in xs:
        h, c = cell(lstm, suffix, x, h, c)
        states.append(h)
    return states


def slow_encode(net, tokens):
    xs = [net.encoder_embedding.weight[t] for t in tokens]
    zero = torch.zeros_like(xs[0])
    forth = run(net.encoder, "", xs, zero, zero)
    back = run(net.encoder, "_reverse", xs[::-1], zero, zero)[::-1]
    return [
        unit(x + linear(net.encoder_out, torch.cat([f, b])))
        for x, f, b in zip(xs, forth, back, strict=True)
    ]


def slow_score(net, encoded):
    code = unit(sum(encoded) / len(encoded))
    inner = torch.relu(linear(net.predictor_in, code))
    block = torch.relu(linear(net.predictor_out, inner))
    return linear(net.head, (code + block) * math.sqrt(0.5))[0]


def slow_logits(net, encoded, before):
    code = unit(sum(encoded) / len(encoded))
    xs = [net.decoder_embedding.weight[t] for t in before]
    states = run(net.decoder, "", xs, code, code)
    logits = []
    for x, state in zip(xs, states, strict=True):
        query = (x + state) * math.sqrt(0.5)
        asked = linear(net.attention_in, query)
        weights = torch.stack([asked @ e for e in encoded]).exp()
        mixed = sum(w * e for w, e in zip(weights / weights.sum(), encoded, strict=True))
        attended = torch.tanh(linear(net.attention_out, torch.cat([mixed, query])))
        logits.append(linear(net.token_head, (query + attended) * math.sqrt(0.5)))
    return torch.stack(logits)


def test_scores_are_those_of_the_network_cell_by_cell():
    net, tokens = network(), sequences(7)
    scores = net.score(net.pool(net.encode(tokens)))
    slow = torch.stack([slow_score(net, slow_encode(net, row)) for row in tokens.T])
    torch.testing.assert_close(scores, slow, rtol=1e-4, atol=1e-5)


def test_logits_see_the_true_tokens_before_them():
    net, tokens = network(), sequences(7)
    encoded = net.encode(tokens)
    logits = net.decode(tokens, encoded, net.pool(encoded))
    for k, row in enumerate(tokens.T):
        before = [0, *row[:-1].tolist()]
        slow = slow_logits(net, slow_encode(net, row), before)
        torch.testing.assert_close(logits[:, k], slow, rtol=1e-4, atol=1e-5)


def test_loss_is_squared_error_and_mean_surprise():
    net, tokens = network(), sequences(4)
    targets = torch.tensor([0.3, -1.0, 2.0, 0.0])
    error, surprise = net.loss(tokens, targets)
    encoded = [slow_encode(net, row) for row in tokens.T]
    for k, row in enumerate(tokens.T):
        assert error[k].item() == pytest.approx(
            (slow_score(net, encoded[k]) - targets[k]).item() ** 2, rel=1e-3
        )
        odds = torch.log_softmax(slow_logits(net, encoded[k], [0, *row[:-1].tolist()]), 1)
        assert surprise[k].item() == pytest.approx(
            -sum(odds[t, token].item() for t, token in enumerate(row)) / len(row), rel=1e-3
        )


def test_greedy_decoding_takes_the_best_allowed_token_after_token():
    net = network(seed=3)
    encoded = net.encode(sequences(20))
    decoded = net.greedy(encoded)
    for k in range(20):
        before = [0]
        for t, known in enumerate(CHOICES):
            logits = slow_logits(net, list(encoded[:, k]), before)[-1]
            best = max(known, key=lambda token: logits[token].item())
            assert decoded[t, k] == best
            before.append(best)


def test_weights_and_dropout_come_from_the_generator_alone():
    before = torch.get_rng_state()
    first, again, other = network(seed=1), network(seed=1), network(seed=2)
    tokens, targets = sequences(9), torch.zeros(9)
    for net in (first, again):
        net.train()
    one, two = first.loss(tokens, targets)[0], again.loss(tokens, targets)[0]
    assert torch.equal(one, two)
    assert not torch.equal(one, first.loss(tokens, targets)[0])
    assert not torch.equal(first.head.weight, other.head.weight)
    assert torch.equal(before, torch.get_rng_state())


def test_weights_are_drawn_as_torch_draws_them():
    net = network(hidden=64, width=16)
    drawn = [module for module in net.children() if list(module.parameters())]
    assert len(drawn) == 11
    for module in drawn:
        if isinstance(module, torch.nn.Embedding):
            assert module.weight.std().item() == pytest.approx(1.0, rel=0.2)
            continue
        size = 64 if isinstance(module, torch.nn.LSTM) else module.in_features
        for weight in module.parameters():
            assert weight.abs().max() <= 1 / math.sqrt(size)
            if weight.numel() > 500:
                assert weight.std().item() == pytest.approx(1 / math.sqrt(3 * size), rel=0.1)


# -- training ----------------------------------------------------------------------------------


@pytest.fixture
def space(toy_space):
    return toy_space((3, 3, 3, 3))


def learner(space, seed=0, schedule="fast"):
    return Learner(space, np.random.default_rng(seed), "paper", schedule)


def test_learns_a_tiny_set_by_heart_and_reads_it_back(space):
    rng = np.random.default_rng(0)
    archs = space.integers([(0, 0, 1, 2), (2, 1, 0, 0), (1, 2, 2, 1), (0, 2, 1, 1), (2, 2, 0, 2)])
    scores = rng.normal(90.0, 3.0, len(archs))
    model = learner(space)
    for _ in range(6):
        model.fit(archs, scores)
    np.testing.assert_allclose(model.predict(archs), scores, atol=0.8)
    tokens = torch.from_numpy(space.sequences(archs).T.copy())
    encoded = model.network.encode(tokens)
    assert torch.equal(model.network.greedy(encoded), tokens)
    targets = torch.from_numpy((scores - scores.mean()) / scores.std()).float()
    error, surprise = model.network.loss(tokens, targets)
    assert error.max() < 0.1
    assert surprise.max() < 0.1


@pytest.mark.parametrize("schedule", ["fast", "paper"])
def test_predictions_are_in_units_of_the_labels(space, schedule, monkeypatch):
    shorter = replace(SCHEDULES["paper"], alone_epochs=100)
    monkeypatch.setitem(SCHEDULES, "paper", shorter)
    archs = space.integers(list(space.enumerate())[::9])
    model = learner(space, schedule=schedule)
    flat = np.full(len(archs), 7.25)
    model.fit(archs, flat)
    assert np.abs(model.predict(archs) - 7.25).max() < 0.5


def test_gradient_is_that_of_the_score_along_each_position(space):
    net = network().double()
    model = learner(space)
    model.network = net
    encoded = net.encode(sequences(3))
    gradient = model.gradient(encoded)
    step = 1e-6
    for index in np.ndindex(*encoded.shape):
        ends = []
        for sign in (1, -1):
            moved = encoded.detach().clone()
            moved[index] += sign * step
            ends.append(net.score(net.pool(moved))[index[1]].item())
        assert gradient[index].item() == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-6)


def test_climbing_decodes_each_step_from_the_normalised_encodings(space):
    archs = space.integers(list(space.enumerate())[:50:7])
    model = learner(space)
    model.fit(archs, np.arange(len(archs), dtype=float))
    steps = [0.5, 1.0, 3.0, 10.0, 40.0, 100.0]
    decoded = list(model.climb(archs, steps))
    assert [len(row) for row in decoded] == [len(archs)] * len(steps)
    net = model.network
    with torch.inference_mode():
        encoded = net.encode(torch.from_numpy(space.sequences(archs).T.copy()))
    gradient = model.gradient(encoded)
    for step, row in zip(steps, decoded, strict=True):
        moved = encoded + step * gradient
        moved = moved / moved.norm(dim=-1, keepdim=True)
        assert row == space.from_sequences(net.greedy(moved).T.numpy())


def test_decoding_never_leaves_the_choices_of_a_position():
    net = EncoderDecoder(CHOICES, 8, 8, generator(5)).eval()
    noise = torch.randn(5, 400, 8, generator=generator(1))
    decoded = net.greedy(torch.nn.functional.normalize(noise, dim=-1))
    for known, row in zip(CHOICES, decoded, strict=True):
        assert set(row.tolist()) <= set(known)


def test_what_was_learned_carries_over_to_the_next_fit(space):
    archs = space.integers(list(space.enumerate())[::5])
    scores = archs.sum(1).astype(float)
    once, twice = learner(space), learner(space)
    once.fit(archs, scores)
    twice.fit(archs, scores)
    seen = []
    loss = twice.network.loss
    twice.network.loss = lambda *args: seen.append(_copy(twice.network)) or loss(*args)
    twice.fit(archs, scores)
    trained = _copy(once.network)
    assert all(torch.equal(trained[name], seen[0][name]) for name in trained)
    assert not torch.equal(trained["head.weight"], seen[-1]["head.weight"])


def _copy(net):
    return {name: value.clone() for name, value in net.state_dict().items()}


def test_the_second_phase_starts_from_the_first_and_learns_its_guesses(space, monkeypatch):
    everything = space.integers(list(space.enumerate()))
    archs, others = everything[::4], everything[1::4]
    scores = archs.sum(1).astype(float)
    monkeypatch.setitem(SCHEDULES, "fast", replace(SCHEDULES["fast"], alone_epochs=100))
    alone, both = learner(space), learner(space)
    alone.fit(archs, scores)
    shown = []
    loss = both.network.loss
    both.network.loss = lambda x, y: shown.append((x, y)) or loss(x, y)
    guesses = both.fit(archs, scores, others)
    assert np.array_equal(guesses, alone.predict(others))
    of_sequence = {
        tuple(sequence.tolist()): guess
        for sequence, guess in zip(space.sequences(others), guesses, strict=True)
    }
    tokens, targets = shown[-1]
    compared = 0
    for sequence, target in zip(tokens.T.tolist(), targets.tolist(), strict=True):
        if tuple(sequence) in of_sequence:
            compared += 1
            guess = (of_sequence[tuple(sequence)] - scores.mean()) / scores.std()
            assert target == pytest.approx(guess, abs=1e-5)
    assert compared == len(others)


# -- what a step sees --------------------------------------------------------------------------


def test_copies_are_shown_as_often_as_they_are_made():
    steps, batches = copied(3, 7, 4, 5, 2, generator())
    shown = list(batches)
    assert len(shown) == steps == 2 * math.ceil((3 * 4 + 7) / 5)
    counts = torch.bincount(torch.cat([index for index, _ in shown]), minlength=10)
    assert counts.tolist() == [8] * 3 + [2] * 7
    assert all(weights.sum().item() == pytest.approx(1.0) for _, weights in shown)


@pytest.mark.parametrize(
    ("labels", "others", "upsample"), [(30, 100, 4), (100, 1000, 3), (5, 2, 1)]
)
def test_weights_are_those_of_the_copies(labels, others, upsample):
    steps, batches = weighted(labels, others, upsample, 40, 60, generator())
    shown = list(batches)
    assert len(shown) == steps == max(FEWEST, math.ceil(60 * labels / 20))
    share = labels * upsample / (labels * upsample + others)
    for index, weights in shown:
        assert weights[index < labels].sum().item() == pytest.approx(share, rel=1e-5)
        assert weights[index >= labels].sum().item() == pytest.approx(1 - share, rel=1e-5)
    counts = torch.bincount(torch.cat([index for index, _ in shown]), minlength=labels + others)
    for part in (counts[:labels], counts[labels:]):
        assert part.max() - part.min() <= 1


def test_many_labels_are_trained_with_a_limited_number_of_batches():
    assert weighted(10**5, 0, 1, 200, 100, generator())[0] == MOST


def test_without_others_only_labels_are_shown():
    _, batches = weighted(7, 0, 1, 10, 60, generator())
    for index, weights in batches:
        assert len(index) in (3, 4)
        assert weights.sum().item() == pytest.approx(1.0)
