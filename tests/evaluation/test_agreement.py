"""Agreement against scikit-learn, against a loop over pairs of judges, and at its ends."""

import itertools

import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation.agreement import cohen_kappa, fleiss_kappa

metrics = pytest.importorskip("sklearn.metrics")


@pytest.mark.proves("eq-cohen-kappa")
@pytest.mark.parametrize("seed", range(5))
def test_cohen_equals_scikit_learn(seed):
    random = np.random.default_rng(seed)
    first = random.integers(0, 4, 80)
    second = np.where(random.random(80) < 0.6, first, random.integers(0, 4, 80))
    expected = metrics.cohen_kappa_score(first, second, labels=range(4))
    assert np.isclose(cohen_kappa(first, second, 4), expected, rtol=1e-12)
    assert np.isclose(cohen_kappa(first, second, 4), cohen_kappa(second, first, 4))


def test_cohen_at_its_ends():
    assert cohen_kappa([0, 1, 2], [0, 1, 2], 3) == 1
    assert cohen_kappa([0, 1], [1, 0], 2) == -1
    assert np.isnan(cohen_kappa([0, 0], [0, 0], 2))
    random = np.random.default_rng(0)
    assert abs(cohen_kappa(random.integers(0, 3, 20000), random.integers(0, 3, 20000), 3)) < 0.02


@pytest.mark.proves("eq-fleiss-kappa")
@pytest.mark.parametrize("judges", [2, 3, 10])
def test_fleiss_equals_a_loop_over_pairs_of_judges(judges):
    random = np.random.default_rng(judges)
    said = random.choice(4, (60, judges), p=[0.5, 0.3, 0.1, 0.1])
    said[random.random((60, judges)) < 0.5] = 0
    votes = np.stack([(said == c).sum(1) for c in range(4)], axis=1)
    pairs = [np.mean([a == b for a, b in itertools.combinations(row, 2)]) for row in said]
    chance = sum(np.mean(said == c) ** 2 for c in range(4))
    assert np.isclose(fleiss_kappa(votes), (np.mean(pairs) - chance) / (1 - chance), rtol=1e-12)


def test_fleiss_on_the_example_of_its_paper():
    # Fleiss (1971), as it is usually printed: 14 judges, 10 subjects, 5 categories, kappa 0.210.
    votes = np.array(
        [
            [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
        ]
    )  # fmt: skip
    assert round(fleiss_kappa(votes), 3) == 0.210


def test_fleiss_at_its_ends():
    assert fleiss_kappa([[3, 0], [0, 3]]) == 1
    assert np.isnan(fleiss_kappa([[3, 0], [3, 0]]))


@pytest.mark.parametrize(
    "votes", [[[1, 0]], [[2, 0], [1, 2]], [[0.5, 1.5]], [2, 2], [[-1, 3]], np.zeros((0, 3), int)]
)
def test_another_table_is_refused(votes):
    with pytest.raises(InputError, match="expected counts"):
        fleiss_kappa(votes)
