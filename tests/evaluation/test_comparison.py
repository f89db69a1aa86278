"""Resampling against SciPy and against simulated truth; pairs, gaps and hashes against known cases."""

import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation import comparison as ev

stats = pytest.importorskip("scipy.stats")


@pytest.mark.proves("eq-bootstrap")
def test_the_interval_equals_scipy_percentiles():
    x = np.random.default_rng(0).exponential(size=200)
    found = ev.bootstrap(lambda rows: x[rows].mean(), 200, repeats=4000)
    expected = stats.bootstrap((x,), np.mean, n_resamples=4000, method="percentile", random_state=1)
    low, high = expected.confidence_interval
    width = high - low
    assert found.value == x.mean()
    assert abs(found.low - low) < 0.1 * width
    assert abs(found.high - high) < 0.1 * width


def test_groups_are_drawn_whole():
    groups = np.repeat([3, 1, 2], [4, 2, 1])
    seen = []
    ev.bootstrap(lambda rows: seen.append(rows) or 0.0, 7, groups=groups, repeats=100)
    for rows in seen:
        counts = np.bincount(rows, minlength=7)
        for group in (1, 2, 3):
            assert len(set(counts[groups == group])) == 1
        assert sum(counts[[0, 4, 6]]) == 3  # as many groups are drawn as there are


def test_an_interval_that_forgets_the_persons_is_too_short():
    random = np.random.default_rng(1)
    truth, inside = 0.7, {True: 0, False: 0}
    for trial in range(150):
        ease = random.beta(0.7, 0.3, 40)  # some persons are easy throughout, others hard
        right = (random.random((40, 7)) < ease[:, None]).ravel()
        persons = np.repeat(np.arange(40), 7)
        for whole in (True, False):
            interval = ev.bootstrap(
                lambda rows, right=right: right[rows].mean(), 280, groups=persons if whole else None,
                repeats=200, seed=trial,
            )  # fmt: skip
            inside[whole] += interval.low <= truth <= interval.high
    assert inside[True] > 0.88 * 150
    assert inside[False] < 0.75 * 150


@pytest.mark.proves("eq-mcnemar")
@pytest.mark.parametrize(("a", "b"), [(0, 0), (3, 0), (5, 12), (20, 20), (1, 30)])
def test_pairs_equal_the_binomial_test(a, b):
    first = np.array([True] * a + [False] * b + [True] * 7 + [False] * 3)
    second = np.array([False] * a + [True] * b + [True] * 7 + [False] * 3)
    expected = stats.binomtest(a, a + b).pvalue if a + b else 1.0
    assert np.isclose(ev.mcnemar(first, second), expected, rtol=1e-10)
    assert ev.mcnemar(first, second) == ev.mcnemar(second, first)


@pytest.mark.proves("eq-recall-gap")
def test_the_gap_is_the_difference_of_mean_recalls():
    labels = np.tile([0, 1], 40)
    groups = np.repeat([False, True], 40)
    predictions = labels.copy()
    predictions[1:20:2] = 0  # class 1 of group 0 is missed in ten of twenty pictures
    found = ev.recall_gap(labels, predictions, groups, np.repeat(np.arange(40), 2), repeats=500)
    assert np.isclose(found.value, 1 - (1 + 0.5) / 2)
    assert found.low < 0.25 < found.high
    turned = ev.recall_gap(labels, predictions, ~groups, np.repeat(np.arange(40), 2), repeats=500)
    assert np.isclose(turned.value, -found.value)


def test_no_gap_is_found_where_there_is_none():
    random = np.random.default_rng(2)
    outside = 0
    for trial in range(100):
        labels = random.integers(0, 3, 210)
        predictions = np.where(random.random(210) < 0.8, labels, (labels + 1) % 3)
        groups = np.repeat(random.random(30) < 0.5, 7)
        gap = ev.recall_gap(labels, predictions, groups, np.repeat(np.arange(30), 7), repeats=200, seed=trial)
        outside += not gap.low <= 0 <= gap.high
    assert outside <= 14


@pytest.mark.proves("eq-corruption-error")
def test_corruption_error():
    assert np.isclose(ev.corruption_error([0.1, 0.3], [0.2, 0.6]), 0.5)
    assert ev.corruption_error([0.2, 0.6], [0.2, 0.6]) == 1


@pytest.mark.proves("eq-difference-hash")
def test_the_hash_sees_copies_and_not_other_pictures():
    random = np.random.default_rng(0)
    cells = random.random((50, 12, 12))
    pictures = np.repeat(np.repeat(cells, 5, axis=1), 5, axis=2)
    bits = ev.difference_hash(pictures)
    assert bits.shape == (50, 256)
    assert np.array_equal(bits, ev.difference_hash(40 + 150 * pictures))
    noisy = ev.difference_hash(pictures + random.normal(0, 0.05, pictures.shape))
    between = (bits[:, None] != bits[None]).sum(-1)
    copies = (bits != noisy).sum(1)
    assert np.median(copies) < 60 < np.median(between[~np.eye(50, dtype=bool)])


def test_the_hash_by_hand():
    ramp = np.tile(np.arange(18.0), (9, 1))
    assert ev.difference_hash(ramp[None], side=8).all()
    assert not ev.difference_hash(ramp[None, :, ::-1], side=8).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ev.bootstrap(len, 3, groups=[1, 2]), "a group for each"),
        (lambda: ev.bootstrap(len, 0), "at least one row"),
        (lambda: ev.bootstrap(len, 3, repeats=10), "at least 100 repeats"),
        (lambda: ev.mcnemar([1, 0], [1, 0]), "booleans"),
        (lambda: ev.recall_gap([0, 1], [0, 1], [True, True], [1, 2]), "both groups"),
        (lambda: ev.corruption_error([0.1], [0.0]), "makes errors"),
        (lambda: ev.difference_hash(np.zeros((2, 4, 4))), "at least 17 pixels"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
