from __future__ import annotations

import pytest

from methods.blackbox.local_search import LocalSearch

SIZES = (4, 3, 5, 2)


def neighbours(arch):
    return [
        (*arch[:i], choice, *arch[i + 1 :])
        for i, size in enumerate(SIZES)
        for choice in range(size)
        if choice != arch[i]
    ]


def walk(score, starts, known, first):
    """Queries of one climb in the order of the decisions, and where it ends."""
    known |= set(starts)
    here, asked, moved = max(starts, key=score), [], True
    while moved:
        moved, best = False, here
        for other in neighbours(here):
            if other not in known:
                known.add(other)
                asked.append(other)
            if score(other) > score(best):
                best, moved = other, True
                if first:
                    break
        here = best
    return asked, here


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_visits_in_the_order_of_the_decisions(first, seed, play, toy, toy_space, table):
    values = table(SIZES, seed)
    method = LocalSearch(starts=3, first=first, shuffle=False)
    run = play(method, toy(toy_space(SIZES), values), 110, seed)
    left, known, climbs = run.archs, set(), 0
    while len(left) > 3:
        asked, peak = walk(lambda arch: values(arch, None), left[:3], known, first)
        expected = left[:3] + asked
        assert left[: len(expected)] == expected[: len(left)]
        assert all(values(peak, None) >= values(other, None) for other in neighbours(peak))
        left, climbs = left[len(expected) :], climbs + 1
    assert climbs > 1


@pytest.mark.parametrize("first", [True, False])
def test_a_shuffled_climb_ends_on_a_peak(first, play, toy, toy_space, smooth):
    sizes = (4,) * 5
    score = smooth(sizes)
    for seed in range(10):
        run = play(LocalSearch(first=first), toy(toy_space(sizes), score), 600, seed)
        peak = run.best
        for i in range(5):
            for choice in range(4):
                other = (*peak[:i], choice, *peak[i + 1 :])
                assert score(other, None) <= score(peak, None)


def test_shuffling_changes_the_order_only(play, toy, toy_space):
    # On a plateau the first climb asks for all neighbours of the first start.
    benchmark = toy(toy_space(SIZES), lambda arch, epochs: 0.0)
    plain, mixed = (
        play(LocalSearch(starts=1, shuffle=shuffle), benchmark, 11, 4).archs
        for shuffle in (False, True)
    )
    assert plain[1:] == neighbours(plain[0])
    assert mixed[1:] != plain[1:]
    assert sorted(mixed[1:]) == sorted(plain[1:])


def test_asks_for_no_neighbour_twice(play, toy, toy_space, smooth):
    sizes = (5,) * 12
    run = play(LocalSearch(starts=1), toy(toy_space(sizes), smooth(sizes)), 300)
    assert len(set(run.archs)) == 300
