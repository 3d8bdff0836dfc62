from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness.live.speech.alignment import (  # noqa: E402
    diagonal_focus,
    distance_from_diagonal,
    skips_and_repeats,
)


def attention(rows):
    return torch.tensor(rows)[None, None]


def lengths(*numbers):
    return torch.tensor(numbers)


def test_attention_on_the_diagonal_has_a_rate_of_one():
    for repeat in (1, 2, 5):
        diagonal = torch.eye(6).repeat_interleave(repeat, 0)
        rate = diagonal_focus(
            diagonal[None, None], lengths(6 * repeat), lengths(6), bandwidth=repeat - 1
        )
        assert rate.tolist() == [[1.0]]


def test_attention_off_the_diagonal_has_a_rate_of_zero():
    backwards = torch.eye(6).flip(0)
    assert diagonal_focus(backwards[None, None], lengths(6), lengths(6), 0.9).tolist() == [[0.0]]
    # With a band of 1 the two that are one apart count: o = 3, i = 4 and o = 4, i = 3.
    assert diagonal_focus(backwards[None, None], lengths(6), lengths(6), 1.0).item() == (
        pytest.approx(2 / 6)
    )


def test_the_rate_is_the_formula_of_the_paper():
    rng = np.random.default_rng(0)
    outputs, inputs, b = 17, 5, 3.5
    weights = rng.random((outputs, inputs)).astype(np.float32)
    k = outputs / inputs
    near = sum(
        weights[o - 1, i - 1]
        for i in range(1, inputs + 1)
        for o in range(1, outputs + 1)
        if k * i - b <= o <= k * i + b
    )
    found = diagonal_focus(torch.tensor(weights)[None, None], lengths(17), lengths(5), b)
    assert found.item() == pytest.approx(near / weights.sum(), rel=1e-6)


def test_padding_has_no_influence_and_each_head_has_its_rate():
    generator = torch.Generator().manual_seed(0)
    own = torch.rand(2, 3, 12, 7, generator=generator)
    steps, tokens = lengths(12, 8), lengths(4, 7)
    both = diagonal_focus(own, steps, tokens, 2)
    apart = distance_from_diagonal(own, steps, tokens)
    for row in range(2):
        for head in range(3):
            cut = own[row, head, : steps[row], : tokens[row]][None, None]
            args = (cut, steps[row : row + 1], tokens[row : row + 1])
            assert diagonal_focus(*args, 2).item() == pytest.approx(both[row, head].item())
            assert distance_from_diagonal(*args).item() == pytest.approx(apart[row, head].item())


def test_distance_from_the_diagonal():
    assert distance_from_diagonal(torch.eye(4)[None, None], lengths(4), lengths(4)).item() == 0
    # All on the last of two inputs: a half away at the first of two outputs.
    found = distance_from_diagonal(attention([[0.0, 1.0], [0.0, 1.0]]), lengths(2), lengths(2))
    assert found.item() == pytest.approx((1 - np.exp(-(0.5**2) / (2 * 0.2**2))) / 2)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([0, 1, 2, 3, 4, 5, 6], (0, 0)),
        ([0, 0, 1, 3, 3, 4, 6], (1, 0)),
        ([0, 0, 0, 6], (2, 0)),
        # Back to the first word, and from there to the second one again.
        ([0, 1, 3, 0, 3, 5, 6], (0, 2)),
        # A pause is no word: through it and back is no repeat.
        ([0, 1, 2, 1, 3, 4, 5], (0, 0)),
        ([2, 2, 6], (3, 0)),
        ([5, 3, 0], (0, 0)),
    ],
)
def test_skips_and_repeats(path, expected):
    """Three words of two, one and one tokens, with pauses."""
    assert skips_and_repeats(path, [0, 0, -1, 1, -1, 2, -1]) == expected
