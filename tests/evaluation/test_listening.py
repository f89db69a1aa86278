"""Listening tests: intervals that keep their promise, screening by the rule, chance against SciPy."""

import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation.listening import abx_chance, mean_opinion, reliable_listeners

stats = pytest.importorskip("scipy.stats")


def _ratings(random, listeners=12, sentences=10):
    people, texts = random.normal(0, 0.5, (listeners, 1)), random.normal(0, 0.4, (1, sentences))
    return np.clip(3 + people + texts + random.normal(0, 0.6, (listeners, sentences)), 1, 5)


@pytest.mark.proves("eq-mean-opinion")
def test_the_interval_holds_the_truth_as_often_as_it_says_and_one_that_forgets_people_does_not():
    inside = forgetful = 0
    for trial in range(120):
        ratings = _ratings(np.random.default_rng(trial))
        found = mean_opinion(ratings, repeats=300, seed=trial)
        assert found.value == ratings.mean()
        inside += found.low <= 3 <= found.high
        half = 1.96 * ratings.std(ddof=1) / np.sqrt(ratings.size)
        forgetful += abs(ratings.mean() - 3) <= half
    assert inside >= 0.9 * 120
    assert forgetful <= 0.7 * 120


def test_gaps_are_left_out_and_equal_ratings_have_no_doubt():
    assert mean_opinion([[4, np.nan], [4, 4]]) == (4, 4, 4)
    assert mean_opinion([[1, 2], [3, np.nan]]).value == 2


@pytest.mark.proves("eq-mushra-screening")
def test_who_misses_the_reference_too_often_is_left_out():
    scores = np.full((4, 20, 3), 50.0)
    scores[:, :, 1] = 100
    scores[1, :3, 1] = 89.9  # 15 % of the items: still allowed
    scores[2, :4, 1] = 89.9  # 20 %
    scores[3, :, 1], scores[3, :, 0] = 40, 100  # took another one for the reference
    assert reliable_listeners(scores, reference=1).tolist() == [True, True, False, False]
    assert reliable_listeners(scores, reference=1, limit=80).tolist() == [True, True, True, False]


@pytest.mark.proves("eq-abx")
@pytest.mark.parametrize(("right", "trials"), [(0, 1), (9, 10), (12, 16), (16, 16), (3, 10)])
def test_chance_equals_scipy(right, trials):
    expected = stats.binomtest(right, trials, alternative="greater").pvalue
    assert np.isclose(abx_chance(right, trials), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_opinion([[0, 3]]), "from 0 to 3, expected 1 to 5"),
        (lambda: mean_opinion([3, 4]), r"shape \(2,\)"),
        (lambda: mean_opinion([[np.nan, 3]]), "without any rating"),
        (lambda: reliable_listeners(np.full((2, 2, 2), 101.0), 0), "from 0 to 100"),
        (lambda: reliable_listeners(np.full((2, 2, 2), 50.0), 2), "expected 0 to 1"),
        (lambda: abx_chance(5, 4), "5 right of 4"),
        (lambda: abx_chance(0, 0), "at least 1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
