from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness.live.flops import count_flops, count_parameters  # noqa: E402
from harness.live.speech.mel import MELS  # noqa: E402
from harness.live.speech.phonemes import SYMBOLS, pronounce  # noqa: E402
from harness.live.speech.utterances import SILENCE  # noqa: E402
from harness.live.stochastic import give_generator  # noqa: E402
from spaces.tts.network import SpeechNetwork  # noqa: E402
from spaces.tts.shape import FRAMES, TOKENS, Shape  # noqa: E402
from spaces.tts.space import LAYERS, OPERATIONS, TtsSpace  # noqa: E402
from spaces.tts.supernet import SpeechSupernet  # noqa: E402
from spaces.tts.synthesis import SLOWEST, synthesise  # noqa: E402

CPU = torch.device("cpu")
SHAPE = Shape(16, 24, 12, 2, 2, 0.0, 0.0)
# All operations, in the encoder and in the decoder.
ALL = [(0, 1, 2, 3, 4, 5), (6, 7, 8, 9, 10, 0)]
ARCHS = [ALL[0] + ALL[1], ALL[1] + ALL[0], (10, 9) * LAYERS]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def network(arch, shape=SHAPE, seed=0):
    return SpeechNetwork.of(arch, shape, seeded(seed)).eval()


def inputs(lengths, steps, seed=1):
    tokens = torch.randint(1, len(SYMBOLS), (len(lengths), max(lengths)), generator=seeded(seed))
    previous = torch.randn(len(lengths), steps, MELS, generator=seeded(seed))
    return tokens, previous, torch.tensor(lengths)


def test_the_space():
    space = TtsSpace()
    assert space.cardinality == 11**12 == 3_138_428_376_721
    assert (
        *("conv1", "conv5", "conv9", "conv13", "conv17", "conv21", "conv25"),
        *("attention2", "attention4", "attention8", "lstm"),
    ) == OPERATIONS
    arch = space.sample(np.random.default_rng(0))
    assert space.from_str(space.to_str(arch)) == arch


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("shape", [SHAPE, Shape(24, 40, 10, 3, 5, 0.1, 0.5)])
def test_costs_are_those_of_the_network(arch, shape):
    tokens, frames = 11, 27
    made = network(arch, shape)
    cost = shape.cost(arch, tokens, frames)
    assert cost.parameters == count_parameters(made)
    counted = count_flops(made, inputs([tokens], -(-frames // shape.group)))
    assert 2 * cost.multiply_adds == counted


@pytest.mark.parametrize("operation", range(len(OPERATIONS)))
def test_each_operation_costs_what_it_does(operation):
    """By the network's own numbers, one operation in all layers beside another."""
    arch = (operation,) * (2 * LAYERS)
    made = network(arch)
    assert SHAPE.cost(arch, 9, 14).parameters == count_parameters(made)
    assert 2 * SHAPE.cost(arch, 9, 14).multiply_adds == count_flops(made, inputs([9], 7))


def test_stated_costs_are_of_a_mean_utterance():
    cost = SHAPE.cost(ARCHS[0], TOKENS, FRAMES)
    assert SHAPE.properties(ARCHS[0]) == {
        "parameters": cost.parameters,
        "flops": 2 * cost.multiply_adds,
    }


@pytest.mark.parametrize("operation", range(len(OPERATIONS)))
def test_no_step_depends_on_a_later_frame(operation):
    made = network((operation,) * (2 * LAYERS))
    tokens, previous, lengths = inputs([7, 5], 40)
    before = made((tokens, previous, lengths))
    changed = previous.clone()
    changed[:, 25:] += 3
    after = made((tokens, changed, lengths))
    for old, new in zip(before[:2], after[:2], strict=True):
        assert torch.equal(old[:, :25], new[:, :25])
        assert not torch.allclose(old[:, 25:], new[:, 25:])
    assert torch.equal(before[2][:, :, :25], after[2][:, :, :25])
    # And each does depend on the frame before it.
    changed = previous.clone()
    changed[:, 24] += 3
    assert not torch.allclose(made((tokens, changed, lengths))[0][:, 24], before[0][:, 24])


@pytest.mark.parametrize("operation", range(len(OPERATIONS)))
def test_padding_does_not_leak(operation):
    made = network((operation,) * (2 * LAYERS))
    lengths = [13, 4, 9]
    tokens, previous, numbers = inputs(lengths, 12)
    together = made((tokens, previous, numbers))
    for row, length in enumerate(lengths):
        own = made(
            (tokens[row : row + 1, :length], previous[row : row + 1], numbers[row : row + 1])
        )
        for whole, single in zip(together[:2], own[:2], strict=True):
            torch.testing.assert_close(whole[row], single[0], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(together[2][row, :, :, :length], own[2][0], atol=1e-5, rtol=0)
        assert not together[2][row, :, :, length:].any()


def test_attention_is_a_distribution_over_the_tokens():
    weights = network(ARCHS[0])(inputs([6, 3], 5))[2]
    assert weights.shape == (2, LAYERS * SHAPE.heads, 5, 6)
    torch.testing.assert_close(weights.sum(3), torch.ones(2, LAYERS * SHAPE.heads, 5))


def test_each_token_and_its_place_matter():
    made = network(ARCHS[0])
    tokens, previous, lengths = inputs([6], 5)
    before = made((tokens, previous, lengths))[0]
    for changed in (tokens.flip(1), torch.cat([tokens[:, :5], tokens[:, 5:] % 50 + 1], 1)):
        assert not torch.allclose(before, made((changed, previous, lengths))[0])


def test_weights_come_from_the_generator_alone():
    state = torch.random.get_rng_state()
    first, same, other = (network(ARCHS[0], seed=seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert all(bool(value.isfinite().all()) for value in first.values())
    different = [name for name in first if not torch.equal(first[name], other[name])]
    assert any("lstm" in name for name in different)
    assert any("conv" in name for name in different)


def test_dropout_is_drawn_from_its_generator():
    made = network(ARCHS[0], Shape(16, 24, 12, 2, 2, 0.1, 0.5)).train()
    shown = inputs([6, 3], 5)
    found = []
    for seed in (0, 0, 1):
        give_generator(made, seeded(seed))
        found.append(made(shown)[0])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def supernet(seed=0):
    return SpeechSupernet(SHAPE, seeded(seed)).eval()


def test_a_path_of_the_supernet_is_the_network_with_its_weights():
    whole = supernet()
    weights = whole.network.state_dict()
    for arch in ARCHS:
        single = network(arch, seed=5)
        single.load_state_dict({name: weights[name] for name in single.state_dict()})
        shown = inputs([6, 3], 5)
        for a, b in zip(whole(shown, whole.path(arch)), single(shown), strict=True):
            assert torch.equal(a, b)


def test_a_mixture_with_all_weight_on_one_path_is_that_path():
    whole, shown = supernet(), inputs([6, 3], 5)
    arch = ARCHS[0]
    mixture = [
        {op: torch.tensor(float(op == chosen)) for op in range(len(OPERATIONS))} for chosen in arch
    ]
    for a, b in zip(whole(shown, mixture), whole(shown, whole.path(arch)), strict=True):
        torch.testing.assert_close(a, b)


def test_weights_of_a_mixture_have_gradients():
    whole = supernet()
    weights = torch.full((2 * LAYERS, len(OPERATIONS)), 1 / 11, requires_grad=True)
    whole(inputs([6], 5), [dict(enumerate(row)) for row in weights])[0].square().sum().backward()
    assert weights.grad is not None
    assert bool((weights.grad != 0).all())


def test_derive_takes_the_strongest():
    strengths = [np.eye(len(OPERATIONS))[op] for op in ARCHS[2]]
    assert supernet().derive(strengths) == ARCHS[2]


def test_synthesis_is_what_the_network_says_of_its_own_frames():
    """The frames that were spoken, given back to the network as known, are its answer."""
    made = network(ARCHS[0])
    with torch.no_grad():
        made.head.bias[-1] = -100.0
    texts = [pronounce("a"), pronounce("the")]
    found = synthesise(made, texts, CPU)
    for text, spoken in zip(texts, found, strict=True):
        count = len(text.tokens)
        steps = -(-SLOWEST * count // SHAPE.group)
        assert not spoken.ended
        assert spoken.mels.shape == (steps * SHAPE.group, MELS)
        previous = torch.full((1, steps, MELS), SILENCE)
        previous[0, 1:] = spoken.mels[SHAPE.group - 1 : -1 : SHAPE.group]
        with torch.no_grad():
            own = made((torch.tensor([text.tokens]), previous, torch.tensor([count])))
        torch.testing.assert_close(own[0][0].view(-1, MELS), spoken.mels, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(own[2][0], spoken.attention, atol=1e-4, rtol=1e-3)


def test_synthesis_ends_where_the_network_stops():
    made = network(ARCHS[0])
    with torch.no_grad():
        made.head.bias[-1] = 100.0
    (spoken,) = synthesise(made, [pronounce("the art")], CPU)
    assert spoken.ended
    assert spoken.mels.shape == (SHAPE.group, MELS)
    assert spoken.best_attention().shape == (1, len(pronounce("the art").tokens))
