"""Integral image, rectangle features, boosting: against other libraries and against brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import cascade


def image(shape=(9, 7), seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.proves("eq-integral-image")
@pytest.mark.parametrize("shape", [(1, 1), (9, 7), (24, 24), (3, 40)])
def test_integral_image_equals_opencv_and_scikit_image(shape):
    cv2 = pytest.importorskip("cv2")
    transform = pytest.importorskip("skimage.transform")
    x = image(shape)
    ours = cascade.integral_image(x)
    np.testing.assert_array_equal(ours, cv2.integral(x))
    np.testing.assert_array_equal(ours[1:, 1:], transform.integral_image(x.astype(np.int64)))


def test_integral_image_of_a_stack_and_of_floats():
    stack = np.random.default_rng(1).normal(size=(3, 5, 6))
    each = np.array([cascade.integral_image(x) for x in stack])
    np.testing.assert_allclose(cascade.integral_image(stack), each)
    assert cascade.integral_image(np.full((300, 300), 255, np.uint8))[-1, -1] == 300 * 300 * 255


@pytest.mark.proves("eq-box-sum")
@given(st.integers(0, 8), st.integers(0, 6), st.integers(1, 9), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_box_sum_equals_the_slice(top, left, height, width):
    x = image()
    integral = cascade.integral_image(x)
    if top + height > 9 or left + width > 7:
        with pytest.raises(ValueError, match="does not fit"):
            cascade.box_sum(integral, top, left, height, width)
    else:
        expected = x[top : top + height, left : left + width].astype(int).sum()
        assert cascade.box_sum(integral, top, left, height, width) == expected


@pytest.mark.parametrize("place", [(-1, 0, 2, 2), (0, 0, 0, 2), (0, -1, 2, 2)])
def test_empty_and_outside_rectangles_are_refused(place):
    with pytest.raises(ValueError, match="does not fit"):
        cascade.box_sum(cascade.integral_image(image()), *place)


@pytest.mark.proves("eq-haar-feature")
@pytest.mark.parametrize("kind", ["type-2-x", "type-2-y", "type-3-x", "type-3-y", "type-4"])
def test_haar_features_equal_scikit_image(kind):
    feature = pytest.importorskip("skimage.feature")
    x = image((8, 8), 3)
    integral = cascade.integral_image(x)
    coordinates, kinds = feature.haar_like_feature_coord(8, 8, kind)
    theirs = feature.haar_like_feature(
        integral[1:, 1:], 0, 0, 8, 8, feature_type=kinds, feature_coord=coordinates
    )
    # Its rectangles are corners, both included. It subtracts first and adds then; three bars count -1, 1, -1
    # of equal size, without the factor 2 that would balance them.
    signs = {"type-2": (-1, 1), "type-3": (-1, 1, -1), "type-4": (-1, 1, -1, 1)}[kind[:6]]
    for corners, value in zip(coordinates, theirs, strict=True):
        rectangles = [
            (sign, r0, c0, r1 - r0 + 1, c1 - c0 + 1)
            for sign, ((r0, c0), (r1, c1)) in zip(signs, corners, strict=True)
        ]
        assert abs(cascade.haar_feature(integral, rectangles)) == abs(value)


def test_balanced_haar_feature_ignores_brightness():
    rectangles = [(1, 0, 0, 6, 2), (-2, 0, 2, 6, 2), (1, 0, 4, 6, 2)]
    plain = cascade.haar_feature(cascade.integral_image(image() // 2), rectangles)
    assert plain != 0
    assert cascade.haar_feature(cascade.integral_image(image() // 2 + 50), rectangles) == plain
    with pytest.raises(ValueError, match="no rectangles"):
        cascade.haar_feature(cascade.integral_image(image()), [])


def problem(n=60, features=5, seed=0, ties=True):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, features))
    if ties:
        values = np.round(values)
    labels = np.where(values[:, 0] + values[:, 1] + rng.normal(size=n) > 0, 1, -1)
    weights = rng.uniform(0.1, 1, n)
    return values, labels, weights / weights.sum()


def brute_force(values, labels, weights):
    """The least weighted error over all features, thresholds and signs."""
    best = np.inf
    for column, sign in itertools.product(values.T, (1, -1)):
        for threshold in [-np.inf, *(np.unique(column) + 1e-9)]:
            answers = np.where(column > threshold, sign, -sign)
            best = min(best, weights[answers != labels].sum())
    return best


@pytest.mark.proves("eq-decision-stump")
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ties", [True, False])
def test_best_stump_is_the_best(seed, ties):
    values, labels, weights = problem(seed=seed, ties=ties)
    stump = cascade.best_stump(values, labels, weights)
    np.testing.assert_allclose(stump.error, brute_force(values, labels, weights), atol=1e-12)
    answers = cascade.stump_answers(values, stump)
    np.testing.assert_allclose(weights[answers != labels].sum(), stump.error, atol=1e-12)


def test_best_stump_when_one_answer_fits_all():
    values, _, weights = problem()
    for label in (1, -1):
        stump = cascade.best_stump(values, np.full(60, label), weights)
        assert stump.error == 0
        assert (cascade.stump_answers(values, stump) == label).all()


@pytest.mark.proves("eq-stump-answer")
def test_stump_answer():
    stump = cascade.Stump(1, 2.5, -1, 0.1)
    values = np.array([[9, 2.0], [9, 2.5], [9, 3.0]])
    assert cascade.stump_answers(values, stump).tolist() == [1, 1, -1]


@pytest.mark.proves("eq-boosting-vote")
def test_vote_minimises_the_sum_of_weights():
    for error in (0.01, 0.2, 0.5, 0.8):
        vote = cascade.boosting_vote(error)
        assert vote == pytest.approx(-cascade.boosting_vote(1 - error))
        votes = vote + np.linspace(-1, 1, 201)
        total = (1 - error) * np.exp(-votes) + error * np.exp(votes)
        assert total.argmin() == 100
    for error in (0, 1):
        with pytest.raises(ValueError, match="expected more than 0"):
            cascade.boosting_vote(error)


@pytest.mark.proves("eq-boosting-weights")
def test_after_reweighting_the_stump_knows_nothing():
    values, labels, weights = problem()
    stump = cascade.best_stump(values, labels, weights)
    answers = cascade.stump_answers(values, stump)
    new = cascade.boosting_weights(weights, labels, answers, cascade.boosting_vote(stump.error))
    assert new.sum() == pytest.approx(1)
    assert new[answers != labels].sum() == pytest.approx(0.5)
    assert (new[answers != labels] > weights[answers != labels]).all()


@pytest.mark.proves("eq-adaboost")
@pytest.mark.proves("eq-strong-score")
@pytest.mark.parametrize("seed", range(3))
def test_adaboost_equals_scikit_learn(seed):
    ensemble = pytest.importorskip("sklearn.ensemble")
    base = pytest.importorskip("sklearn.base")

    class BestStump(base.ClassifierMixin, base.BaseEstimator):
        """A weak learner for scikit-learn, by brute force: its trees choose by impurity, not by error."""

        def fit(self, x, y, sample_weight):
            self.classes_ = np.array([-1, 1])
            self.n_features_in_ = x.shape[1]
            share, best = sample_weight / sample_weight.sum(), np.inf
            for column, sign in itertools.product(range(x.shape[1]), (1, -1)):
                points = np.unique(x[:, column])
                for threshold in [-np.inf, *((points[1:] + points[:-1]) / 2)]:
                    error = share[np.where(x[:, column] > threshold, sign, -sign) != y].sum()
                    if error < best - 1e-12:
                        best, self.rule_ = error, (column, threshold, sign)
            return self

        def predict(self, x):
            column, threshold, sign = self.rule_
            return np.where(x[:, column] > threshold, sign, -sign)

    values, labels, _ = problem(60, 4, seed, ties=False)
    stumps, votes = cascade.adaboost(values, labels, 8)
    start = np.where(labels > 0, 0.5 / (labels > 0).sum(), 0.5 / (labels < 0).sum())
    theirs = ensemble.AdaBoostClassifier(BestStump(), n_estimators=8).fit(values, labels, sample_weight=start)
    # SAMME of scikit-learn leaves out the half, so its votes are twice ours; the answers are the same.
    np.testing.assert_allclose(2 * votes, theirs.estimator_weights_[:8], rtol=1e-9)
    score = cascade.strong_score(values, stumps, votes)
    np.testing.assert_allclose(2 * score / votes.sum(), theirs.decision_function(values), atol=1e-9)
    np.testing.assert_array_equal(np.where(score > 0, 1, -1), theirs.predict(values))


@pytest.mark.proves("eq-boosting-bound")
def test_bound_holds_and_equals_the_exponential_loss():
    values, labels, _ = problem(300, 8, 5)
    stumps, votes = cascade.adaboost(values, labels, 15)
    start = np.where(labels > 0, 0.5 / (labels > 0).sum(), 0.5 / (labels < 0).sum())
    for rounds in (1, 5, 15):
        score = cascade.strong_score(values, stumps[:rounds], votes[:rounds])
        bound = cascade.boosting_bound([stump.error for stump in stumps[:rounds]])
        assert bound == pytest.approx((start * np.exp(-labels * score)).sum())
        assert start[np.where(score > 0, 1, -1) != labels].sum() <= bound


def test_adaboost_stops_when_perfect_and_refuses_one_class():
    values = np.array([[0.0], [1.0], [2.0], [3.0]])
    stumps, votes = cascade.adaboost(values, np.array([-1, -1, 1, 1]), 10)
    assert len(stumps) == len(votes) == 1
    assert stumps[0].threshold == 1.5
    with pytest.raises(ValueError, match="one class only"):
        cascade.adaboost(values, np.ones(4, int), 3)
    with pytest.raises(ValueError, match=r"\+1 or -1"):
        cascade.adaboost(values, np.array([0, 0, 1, 1]), 3)


@pytest.mark.proves("eq-cascade-rate")
@pytest.mark.proves("eq-cascade-cost")
def test_cascade_arithmetic_equals_a_simulation():
    rng = np.random.default_rng(0)
    passes, features = np.array([0.5, 0.3, 0.8]), np.array([2, 10, 50])
    alive, cost = np.ones(200_000, bool), np.zeros(200_000)
    for rate, count in zip(passes, features, strict=True):
        cost += alive * count
        alive &= rng.random(200_000) < rate
    assert cascade.cascade_rate(passes) == pytest.approx(alive.mean(), rel=0.03)
    assert cascade.cascade_cost(features, passes) == pytest.approx(cost.mean(), rel=0.02)
    assert cascade.cascade_rate([0.99] * 10) == pytest.approx(0.904, abs=1e-3)
    with pytest.raises(ValueError, match="shares from 0 to 1"):
        cascade.cascade_rate([1.2])
    with pytest.raises(ValueError, match="one rate a stage"):
        cascade.cascade_cost([1, 2], [0.5])
