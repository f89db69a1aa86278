"""Calibration against scikit-learn, SciPy and cases whose answer is known."""

import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation import calibration as ev

metrics = pytest.importorskip("sklearn.metrics")
optimize = pytest.importorskip("scipy.optimize")


def drawn(n=400, classes=5, seed=0, sharp=1.0):
    """Scores, and labels drawn from their softmax: calibrated by construction if sharp is 1."""
    random = np.random.default_rng(seed)
    scores = random.normal(0, 2, (n, classes))
    labels = np.array([random.choice(classes, p=row) for row in ev.softmax(scores)])
    return scores * sharp, labels


@pytest.mark.proves("eq-temperature")
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_likelihood_equals_scikit_learn(temperature):
    scores, labels = drawn()
    expected = metrics.log_loss(labels, ev.softmax(scores / temperature), labels=range(5))
    assert np.isclose(ev.negative_log_likelihood(scores, labels, temperature), expected, rtol=1e-10)
    assert np.isfinite(ev.negative_log_likelihood(scores * 1e4, labels))


@pytest.mark.parametrize("sharp", [0.3, 1.0, 4.0])
def test_the_temperature_is_the_best_one_and_undoes_sharpening(sharp):
    scores, labels = drawn(2000, sharp=sharp)
    found = ev.fit_temperature(scores, labels)
    expected = optimize.minimize_scalar(
        lambda t: ev.negative_log_likelihood(scores, labels, t), bounds=(0.05, 20), method="bounded"
    ).x
    assert np.isclose(found, expected, rtol=1e-3)
    assert np.isclose(found, sharp * ev.fit_temperature(scores / sharp, labels), rtol=1e-4)
    before = ev.softmax(scores).argmax(1)
    assert np.array_equal(before, ev.softmax(scores / found).argmax(1))


@pytest.mark.proves("eq-calibration-error")
@pytest.mark.parametrize("bins", [1, 2, 10, 15])
def test_the_error_equals_a_loop_over_the_bins(bins):
    scores, labels = drawn(sharp=2.0)
    p = ev.softmax(scores)
    expected = 0.0
    for b in range(bins):
        inside = [i for i in range(len(p)) if b / bins < max(p[i]) <= (b + 1) / bins]
        if inside:
            sure = np.mean([max(p[i]) for i in inside])
            right = np.mean([np.argmax(p[i]) == labels[i] for i in inside])
            expected += len(inside) / len(p) * abs(sure - right)
    assert np.isclose(ev.expected_calibration_error(p, labels, bins), expected, rtol=1e-12)


def test_drawn_labels_are_calibrated_and_sharpened_scores_are_not():
    scores, labels = drawn(20000)
    assert ev.expected_calibration_error(ev.softmax(scores), labels) < 0.02
    assert ev.expected_calibration_error(ev.softmax(3 * scores), labels) > 0.1
    always_right = np.eye(3)[[0, 1, 2, 0]]
    assert ev.expected_calibration_error(always_right, [0, 1, 2, 0]) == 0
    assert ev.expected_calibration_error(always_right, [1, 2, 0, 1]) == 1


def test_reliability_counts_every_picture_once_and_keeps_the_ends():
    p = np.array([[0.5, 0.5], [1.0, 0.0], [0.6, 0.4]])
    confidence, accuracy, count = ev.reliability(p, [0, 0, 1], bins=2)
    assert count.tolist() == [1, 2]
    np.testing.assert_allclose(confidence, [0.5, 0.8])
    np.testing.assert_allclose(accuracy, [1, 0.5])


@pytest.mark.proves("eq-brier")
def test_brier_equals_scikit_learn_for_two_classes():
    scores, _ = drawn(classes=2)
    labels = np.random.default_rng(3).integers(0, 2, len(scores))
    p = ev.softmax(scores)
    assert np.isclose(ev.brier_score(p, labels), 2 * metrics.brier_score_loss(labels, p[:, 1]), rtol=1e-12)
    assert ev.brier_score(np.eye(3), [0, 1, 2]) == 0
    assert ev.brier_score(np.eye(3), [1, 2, 0]) == 2


@pytest.mark.proves("eq-risk-coverage")
def test_risk_of_the_surest_pictures():
    scores, labels = drawn()
    p = ev.softmax(scores)
    coverage, risk = ev.risk_coverage(p, labels)
    assert coverage[-1] == 1
    assert np.isclose(risk[-1], 1 - metrics.accuracy_score(labels, p.argmax(1)))
    surest = np.argsort(-p.max(1), kind="stable")[:100]
    assert np.isclose(risk[99], 1 - metrics.accuracy_score(labels[surest], p[surest].argmax(1)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ev.reliability(np.ones((2, 3)), [0, 1]), "no probabilities"),
        (lambda: ev.reliability(np.ones((2, 1)), [0, 1]), "expected 0 to 0"),
        (lambda: ev.reliability(np.ones((2, 1)), [0.0, 0.0]), "float64"),
        (lambda: ev.reliability(np.ones((2, 1)), [0, 0], 0), "0 bins"),
        (lambda: ev.negative_log_likelihood(np.ones(3), [0]), r"shape \(3,\)"),
        (lambda: ev.negative_log_likelihood(np.ones((1, 3)), [0], 0), "temperature of 0"),
        (lambda: ev.brier_score(np.ones((0, 3)), np.zeros(0, int)), "at least 1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
