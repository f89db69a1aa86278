"""The linear SVM: gradients by autograd, the optimum by scikit-learn, duality by its own gap."""

import numpy as np
import pytest
import torch

from deepsense_lib.formulas import margin


def problem(n=80, features=5, seed=0, noise=0.8):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=(n, features)), np.ones(n)])
    y = np.where(x @ rng.normal(size=features + 1) + noise * rng.normal(size=n) > 0, 1, -1)
    return x, y


@pytest.mark.proves("eq-margin")
def test_margin_is_the_distance_of_two_lines():
    w = np.array([3.0, 4.0])
    # The points w / |w|^2 * s have the score s; those of +1 and -1 are the nearest of the two lines.
    ends = [s * w / (w @ w) for s in (1, -1)]
    assert margin.margin(w) == pytest.approx(np.linalg.norm(ends[0] - ends[1]))
    assert margin.margin(w) == pytest.approx(0.4)
    with pytest.raises(ValueError, match="expected a direction"):
        margin.margin(np.zeros(2))


@pytest.mark.proves("eq-hinge-objective")
@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("penalty", [0.1, 3.0])
def test_objective_and_gradient_equal_autograd(power, penalty):
    x, y = problem()
    for seed in range(4):
        w = torch.tensor(np.random.default_rng(seed).normal(size=6), requires_grad=True)
        missing = torch.relu(1 - torch.tensor(y) * (torch.tensor(x) @ w))
        loss = 0.5 * (w @ w) + penalty * (missing**power).sum()
        assert margin.hinge_objective(w.detach().numpy(), x, y, penalty, power) == pytest.approx(loss.item())


@pytest.mark.proves("eq-hinge-subgradient")
@pytest.mark.parametrize("penalty", [0.1, 3.0])
def test_subgradient_equals_autograd_also_at_the_kink(penalty):
    x, y = problem()
    for seed in range(5):
        start = np.random.default_rng(seed).normal(size=6)
        if seed == 4:
            start = start / (y[0] * (x[0] @ start))  # the first point has the score 1 exactly
        w = torch.tensor(start, requires_grad=True)
        missing = torch.relu(1 - torch.tensor(y) * (torch.tensor(x) @ w))
        (0.5 * (w @ w) + penalty * missing.sum()).backward()
        np.testing.assert_allclose(margin.hinge_subgradient(start, x, y, penalty), w.grad.numpy(), atol=1e-9)


def test_a_subgradient_supports_the_objective_from_below():
    x, y = problem()
    rng = np.random.default_rng(0)
    for _ in range(50):
        w, v = rng.normal(size=(2, 6))
        line = margin.hinge_objective(w, x, y, 1.0) + margin.hinge_subgradient(w, x, y, 1.0) @ (v - w)
        assert margin.hinge_objective(v, x, y, 1.0) >= line - 1e-9


@pytest.mark.proves("eq-svm-dual")
@pytest.mark.parametrize(("power", "loss"), [(1, "hinge"), (2, "squared_hinge")])
@pytest.mark.parametrize("penalty", [0.01, 0.3, 5.0])
def test_optimum_equals_scikit_learn(power, loss, penalty):
    svm = pytest.importorskip("sklearn.svm")
    x, y = problem()
    w, _ = margin.svm_dual(x, y, penalty, power, rounds=5000)
    theirs = svm.LinearSVC(C=penalty, loss=loss, dual=True, fit_intercept=False, tol=1e-9, max_iter=1_000_000)
    theirs.fit(x, y)
    ours = margin.hinge_objective(w, x, y, penalty, power)
    assert ours == pytest.approx(margin.hinge_objective(theirs.coef_[0], x, y, penalty, power), rel=1e-6)
    np.testing.assert_allclose(w, theirs.coef_[0], atol=2e-4)


def test_a_column_of_ones_is_liblinear_s_bias():
    svm = pytest.importorskip("sklearn.svm")
    x, y = problem()
    w, _ = margin.svm_dual(x, y, 0.3, rounds=5000)
    theirs = svm.LinearSVC(C=0.3, loss="hinge", tol=1e-9, max_iter=1_000_000).fit(x[:, :-1], y)
    np.testing.assert_allclose(w, [*theirs.coef_[0], *theirs.intercept_], atol=2e-4)


@pytest.mark.proves("eq-svm-dual-objective")
@pytest.mark.parametrize("power", [1, 2])
def test_dual_bounds_the_primal_and_meets_it(power):
    x, y = problem()
    rng = np.random.default_rng(0)
    for _ in range(30):
        bound = margin.dual_objective(rng.uniform(0, 0.7, len(x)), x, y, 0.7, power)
        assert margin.hinge_objective(rng.normal(size=6), x, y, 0.7, power) >= bound
    w, alpha = margin.svm_dual(x, y, 0.7, power, rounds=5000)
    primal = margin.hinge_objective(w, x, y, 0.7, power)
    assert margin.dual_objective(alpha, x, y, 0.7, power) == pytest.approx(primal, rel=1e-7)
    np.testing.assert_allclose(w, (alpha * y) @ x, atol=1e-9)
    beyond = y * (x @ w) > 1 + 1e-6
    assert beyond.any()
    assert np.abs(alpha[beyond]).max() < 1e-9  # points beyond the margin hold nothing
    if power == 1:
        inside = y * (x @ w) < 1 - 1e-6
        np.testing.assert_allclose(alpha[inside], 0.7)


def test_wrong_input_is_named():
    x, y = problem(6)
    with pytest.raises(ValueError, match="expected one label"):
        margin.svm_dual(x, (y > 0).astype(int), 1.0)
    with pytest.raises(ValueError, match="power"):
        margin.hinge_objective(np.zeros(6), x, y, 1.0, 3)
    with pytest.raises(ValueError, match="0 to the penalty"):
        margin.dual_objective(np.full(6, 2.0), x, y, 1.0)


def test_a_wrong_subgradient_is_noticed():
    """Without the factor y the direction leads uphill for half of the points."""
    x, y = problem()
    w = np.zeros(6)
    wrong = w - x[y * (x @ w) < 1].sum(0)
    assert not np.allclose(wrong, margin.hinge_subgradient(w, x, y, 1.0))
    step = 1e-4
    assert margin.hinge_objective(w - step * margin.hinge_subgradient(w, x, y, 1.0), x, y, 1.0) < (
        margin.hinge_objective(w, x, y, 1.0)
    )
