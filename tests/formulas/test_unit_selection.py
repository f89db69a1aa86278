"""Unit selection: costs by hand, and the search against every path there is."""

import itertools

import numpy as np
import pytest

from deepsense_lib.formulas import unit_selection as formulas


def grid(seed, places=5, most=4):
    random = np.random.default_rng(seed)
    sizes = random.integers(1, most + 1, places)
    targets = [random.exponential(size=n) for n in sizes]
    joins = [random.exponential(size=pair) for pair in itertools.pairwise(sizes)]
    return targets, joins


@pytest.mark.proves("eq-target-cost")
def test_target_cost_is_a_sum_over_features():
    random = np.random.default_rng(0)
    m, w = random.integers(0, 2, (6, 4)), random.exponential(size=4)
    expected = [sum(w[k] * m[n, k] for k in range(4)) for n in range(6)]
    np.testing.assert_allclose(formulas.target_cost(m, w), expected)
    for bad in (np.ones(3), -np.ones(4)):
        with pytest.raises(ValueError, match="weight"):
            formulas.target_cost(m, bad)


@pytest.mark.proves("eq-join-cost")
def test_join_cost_is_a_distance_and_nothing_where_there_is_no_seam():
    random = np.random.default_rng(1)
    a, b, w = random.normal(size=(5, 3)), random.normal(size=(7, 3)), random.exponential(size=3)
    natural = random.random((5, 7)) < 0.2
    expected = [
        [0 if natural[i, j] else sum(w[k] * (a[i, k] - b[j, k]) ** 2 for k in range(3)) for j in range(7)]
        for i in range(5)
    ]
    np.testing.assert_allclose(formulas.join_cost(a, b, natural, w), expected, atol=1e-12)
    with pytest.raises(ValueError, match="expected rows"):
        formulas.join_cost(a, b, natural.T, w)


def test_join_cost_is_never_negative_by_rounding():
    a = np.full((1, 18), 1e4) + 1e-9
    assert formulas.join_cost(a, a, np.zeros((1, 1), bool), np.ones(18))[0, 0] >= 0


@pytest.mark.proves("eq-path-cost")
def test_path_cost_by_hand():
    targets, joins = [np.array([1.0, 2.0]), np.array([3.0])], [np.array([[10.0], [20.0]])]
    assert formulas.path_cost([0, 0], targets, joins) == 14
    assert formulas.path_cost([1, 0], targets, joins) == 25
    with pytest.raises(ValueError, match="expected n"):
        formulas.path_cost([0], targets, joins)


@pytest.mark.proves("eq-cheapest-path")
@pytest.mark.parametrize("seed", range(30))
def test_the_search_equals_trying_every_path(seed):
    targets, joins = grid(seed)
    every = itertools.product(*(range(len(t)) for t in targets))
    best = min(every, key=lambda units: formulas.path_cost(units, targets, joins))
    found = formulas.cheapest_path(targets, joins)
    assert found.units.tolist() == list(best)
    assert np.isclose(found.cost, formulas.path_cost(best, targets, joins))


def test_a_greedy_choice_would_be_dearer():
    targets, joins = [np.array([0.0, 1.0]), np.array([0.0])], [np.array([[9.0], [0.0]])]
    assert formulas.cheapest_path(targets, joins).units.tolist() == [1, 0]
    assert formulas.cheapest_path([np.array([3.0, 2.0])], []).units.tolist() == [1]


def test_no_candidate_and_misfits_are_refused():
    with pytest.raises(ValueError, match="candidates everywhere"):
        formulas.cheapest_path([np.ones(2), np.ones(0)], [np.ones((2, 0))])
    with pytest.raises(ValueError, match="before place 1"):
        formulas.cheapest_path([np.ones(2), np.ones(3)], [np.ones((3, 2))])


@pytest.mark.proves("eq-pruned-candidates")
def test_pruning_keeps_the_cheapest_first():
    cost = np.array([3.0, 1.0, 2.0, 1.0])
    assert formulas.pruned(cost, 3).tolist() == [1, 3, 2]
    assert formulas.pruned(cost, 9).tolist() == [1, 3, 2, 0]
    with pytest.raises(ValueError, match="keep"):
        formulas.pruned(cost, 0)


@pytest.mark.parametrize("seed", range(10))
def test_pruning_may_only_make_the_path_dearer(seed):
    targets, joins = grid(seed, most=6)
    whole = formulas.cheapest_path(targets, joins).cost
    kept = [formulas.pruned(t, 2) for t in targets]
    few = [t[k] for t, k in zip(targets, kept, strict=True)]
    cut = [j[np.ix_(a, b)] for j, a, b in zip(joins, kept, kept[1:], strict=False)]
    assert formulas.cheapest_path(few, cut).cost >= whole - 1e-12
