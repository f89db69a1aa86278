"""Classification metrics against scikit-learn and SciPy, and against their own definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation import classification as ev

metrics = pytest.importorskip("sklearn.metrics")
stats = pytest.importorskip("scipy.stats")

labels = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


@pytest.mark.proves("eq-balanced-accuracy", "eq-macro-f1")
@settings(max_examples=60, derandomize=True, deadline=None)
@given(labels)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_metrics_equal_scikit_learn(pairs):
    truth, prediction = np.array(pairs).T
    matrix = ev.confusion_matrix(truth, prediction, 5)
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(truth, prediction, labels=range(5)))
    assert np.isclose(ev.accuracy(matrix).value, metrics.accuracy_score(truth, prediction))
    assert np.isclose(ev.balanced_accuracy(matrix), metrics.balanced_accuracy_score(truth, prediction))
    assert np.isclose(ev.macro_f1(matrix), metrics.f1_score(truth, prediction, average="macro"))
    expected = metrics.precision_recall_fscore_support(
        truth, prediction, labels=range(5), zero_division=np.nan
    )
    np.testing.assert_allclose(ev.precision(matrix), expected[0])
    np.testing.assert_allclose(ev.recall(matrix), expected[1])


@pytest.mark.proves("eq-wilson")
@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_equals_scipy(trials, share):
    successes = round(share * trials)
    found = ev.wilson(successes, trials)
    expected = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert np.isclose(found.low, expected.low, atol=1e-7)
    assert np.isclose(found.high, expected.high, atol=1e-7)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_wilson_keeps_an_interval_where_the_simple_one_collapses():
    assert ev.wilson(18, 18).low < 0.9
    assert ev.wilson(18, 18).high == 1
    assert ev.wilson(0, 18).high > 0.1


@pytest.mark.proves("eq-over-seeds")
@pytest.mark.parametrize("count", range(2, 11))
def test_the_interval_over_seeds_equals_scipy(count):
    values = np.random.default_rng(count).normal(0.9, 0.02, count)
    expected = stats.t.interval(0.95, count - 1, values.mean(), stats.sem(values))
    np.testing.assert_allclose(ev.over_seeds(values)[1:], expected, rtol=1e-4)
    assert np.isclose(ev.over_seeds(values).value, values.mean())


def test_rows_are_the_truth():
    matrix = ev.confusion_matrix([0, 0, 1], [1, 1, 1], 2)
    assert matrix.tolist() == [[0, 2], [0, 1]]
    np.testing.assert_allclose(ev.recall(matrix), [0, 1])


def test_a_rare_class_counts_as_much_as_a_frequent_one():
    matrix = np.array([[90, 0], [10, 0]])
    assert ev.accuracy(matrix).value == 0.9
    assert ev.balanced_accuracy(matrix) == 0.5


def test_an_estimate_prints_its_interval():
    assert str(ev.Estimate(0.9, 0.85, 0.93)) == "0.900 [0.850, 0.930]"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ev.confusion_matrix([], [], 2), "non-empty row"),
        (lambda: ev.confusion_matrix([0.0, 1.0], [0, 1], 2), "truth is float64"),
        (lambda: ev.confusion_matrix([0, 1], [[0, 1]], 2), "prediction is int64"),
        (lambda: ev.confusion_matrix([0, 2], [0, 1], 2), "from 0 to 2. Expected 0 to 1"),
        (lambda: ev.confusion_matrix([0, 1], [0, -1], 2), "from -1 to 0"),
        (lambda: ev.confusion_matrix([0, 1], [0], 2), "2 true labels and 1 predictions"),
        (lambda: ev.accuracy(np.zeros((2, 2), int)), "not all zero"),
        (lambda: ev.macro_f1(np.ones((2, 3), int)), "square of counts"),
        (lambda: ev.accuracy(np.eye(2)), "float64"),
        (lambda: ev.wilson(3, 2), "3 successes in 2 trials"),
        (lambda: ev.wilson(0, 0), "trials"),
        (lambda: ev.over_seeds([0.5]), "2 to 10 seeds"),
        (lambda: ev.over_seeds([0.5, np.nan]), "finite"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
