"""Losses, back-propagation and its check, first weights, dropout, early stopping: PyTorch and properties."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import gradient as f
from deepsense_lib.formulas.classification import cross_entropy, cross_entropy_gradient, softmax, targets
from deepsense_lib.formulas.seq2seq import gaussian_nll

PROPERTY = settings(max_examples=60, derandomize=True, deadline=None)
SIZES = [(1, 2, 3, 1), (5, 4, 6, 3), (7, 1, 2, 2)]  # batch, inputs, hidden, outputs


def rng(seed=0):
    return np.random.default_rng(seed)


def weights(inputs, hidden, outputs, seed=0):
    random = rng(seed)
    shapes = (hidden, inputs), (hidden,), (outputs, hidden), (outputs,)
    return [random.normal(size=shape) for shape in shapes]


@pytest.mark.proves("eq-mean-squared-error")
@pytest.mark.proves("eq-mean-squared-error-gradient")
@pytest.mark.parametrize("shape", [(1,), (4,), (3, 5), (2, 3, 4)])
def test_mean_squared_error_and_gradient_are_torchs(shape):
    prediction, target = rng().normal(size=(2, *shape))
    tensor = torch.tensor(prediction, requires_grad=True)
    loss = F.mse_loss(tensor, torch.tensor(target))
    loss.backward()
    np.testing.assert_allclose(f.mean_squared_error(prediction, target), loss.item(), rtol=1e-12)
    ours = f.mean_squared_error_gradient(prediction, target)
    np.testing.assert_allclose(ours, tensor.grad.numpy(), rtol=1e-12)
    if prediction.size > 1:  # sum for mean, and the sign
        assert not np.allclose(2 * (prediction - target), ours)
    assert not np.allclose(-ours, tensor.grad.numpy())


@pytest.mark.proves("eq-mean-squared-error")
@pytest.mark.parametrize("deviation", [0.5, 1.0, 3.0])
def test_squared_error_is_the_gaussian_likelihood_up_to_scale_and_constant(deviation):
    guesses, target = rng(1).normal(size=(30, 8)), rng(2).normal(size=8)
    nll = np.array([gaussian_nll(g, target, deviation) for g in guesses])
    mse = np.array([f.mean_squared_error(g, target) for g in guesses])
    slope, constant = np.polyfit(mse, nll, 1)
    np.testing.assert_allclose(slope, 8 / (2 * deviation**2))
    np.testing.assert_allclose(slope * mse + constant, nll)


def test_shapes_that_would_broadcast_are_refused():
    for call in (f.mean_squared_error, f.mean_squared_error_gradient, f.squared_probability_gradient):
        with pytest.raises(ValueError, match=r"\(4, 1\) and \(4,\)"):
            call(np.zeros((4, 1)), np.zeros(4))
    with pytest.raises(ValueError, match="not empty"):
        f.mean_squared_error([], [])


@pytest.mark.proves("eq-squared-probability-gradient")
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_squared_error_of_probabilities_is_autograds_and_vanishes_when_sure(scale):
    random = rng(3)
    z, y = random.normal(scale=scale, size=(6, 4)), targets(random.integers(0, 4, 6), 4)
    tensor = torch.tensor(z, requires_grad=True)
    ((torch.softmax(tensor, 1) - torch.tensor(y)) ** 2).sum(1).mean().backward()
    ours = f.squared_probability_gradient(z, y)
    np.testing.assert_allclose(ours, tensor.grad.numpy(), rtol=1e-9, atol=1e-15)
    p = softmax(z)  # only the diagonal of the Jacobian: a usual slip
    assert not np.allclose(2 * (p - y) * p * (1 - p) / len(z), ours)
    wrong_and_sure, right = np.array([[20.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 0.0]])
    assert np.abs(f.squared_probability_gradient(wrong_and_sure, right)).max() < 1e-7
    assert np.abs(cross_entropy_gradient(wrong_and_sure, right)).max() > 0.99


@pytest.mark.proves("eq-conditional-mean")
@PROPERTY
@given(st.lists(st.tuples(st.integers(-3, 3), st.floats(-10, 10)), min_size=1, max_size=30))
def test_nothing_that_knows_only_the_group_beats_the_mean_of_the_group(rows):
    groups, values = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    found = f.conditional_mean(groups, values)
    for group in set(groups.tolist()):
        np.testing.assert_allclose(found[groups == group], values[groups == group].mean(), atol=1e-12)
    least = f.mean_squared_error(found, values)
    for seed in range(5):
        other = found + rng(seed).normal(size=7)[groups + 3]
        assert f.mean_squared_error(other, values) >= least - 1e-12


@pytest.mark.proves("eq-conditional-mean")
def test_conditional_means_spread_less_than_the_truth_by_what_is_left_over():
    random = rng(4)
    groups, values = random.integers(0, 5, 200), random.normal(size=(200, 3, 2))
    found = f.conditional_mean(groups, values)
    np.testing.assert_allclose(found.var(0) + (values - found).var(0), values.var(0))
    with pytest.raises(ValueError, match="a group a row"):
        f.conditional_mean(groups[:-1], values)


@pytest.mark.proves("eq-perceptron")
@pytest.mark.proves("eq-backpropagation")
@pytest.mark.parametrize("activation", f.ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES)
def test_perceptron_and_its_gradients_are_torchs(sizes, activation):
    batch, *widths = sizes
    x, parameters = rng(5).normal(size=(batch, widths[0])), weights(*widths)
    tensors = [torch.tensor(p, requires_grad=True) for p in parameters]
    hidden = getattr(torch, activation)(F.linear(torch.tensor(x), *tensors[:2]))
    scores = F.linear(hidden, *tensors[2:])
    g = rng(6).normal(size=scores.shape)
    scores.backward(torch.tensor(g))
    ours = f.perceptron(x, *parameters, activation)
    np.testing.assert_allclose(ours, scores.detach().numpy(), rtol=1e-11, atol=1e-13)
    for mine, tensor in zip(f.perceptron_gradient(x, *parameters, g, activation), tensors, strict=True):
        np.testing.assert_allclose(mine, tensor.grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.proves("eq-backpropagation")
@pytest.mark.parametrize("activation", f.ACTIVATIONS)
def test_back_propagation_agrees_with_differences_for_a_batch_and_a_loss(activation):
    random = rng(7)
    x, y = random.normal(size=(6, 3)), targets(random.integers(0, 4, 6), 4)
    parameters = weights(3, 5, 4, seed=8)
    g = cross_entropy_gradient(f.perceptron(x, *parameters, activation), y)
    ours = f.perceptron_gradient(x, *parameters, g, activation)
    for place, mine in enumerate(ours):

        def loss(value, place=place):
            changed = [*parameters[:place], value, *parameters[place + 1 :]]
            return cross_entropy(f.perceptron(x, *changed, activation), y)

        np.testing.assert_allclose(mine, f.central_difference(loss, parameters[place]), atol=1e-8)
    forgotten = f.perceptron_gradient(x, *parameters, g, "relu" if activation == "tanh" else "tanh")
    assert not np.allclose(forgotten[0], ours[0])  # the derivative of the wrong activation


def test_the_example_of_the_chapter_by_hand():
    x, y = np.array([[2.0, 1.0]]), np.array([[3.0]])
    parameters = (
        np.array([[1.0, -1.0], [0.0, 2.0], [-1.0, 1.0]]),
        np.array([0.0, -1.0, 0.0]),
        np.array([[2.0, -1.0, 5.0]]),
        np.array([0.0]),
    )
    scores = f.perceptron(x, *parameters, "relu")
    assert scores.tolist() == [[1.0]]
    g = f.mean_squared_error_gradient(scores, y)
    g_w1, g_b1, g_w2, g_b2 = f.perceptron_gradient(x, *parameters, g, "relu")
    assert g.tolist() == [[-4.0]]
    assert g_w2.tolist() == [[-4.0, -4.0, 0.0]]
    assert g_b2.tolist() == [-4.0]
    assert g_b1.tolist() == [-8.0, 4.0, 0.0]
    assert g_w1.tolist() == [[-16.0, -8.0], [8.0, 4.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    "call", [f.perceptron, lambda *a: f.perceptron_gradient(*a[:5], np.ones((1, 1)), a[5])]
)
def test_unknown_activations_are_refused(call):
    with pytest.raises(ValueError, match="'gelu'; expected one of tanh, relu"):
        call(np.ones((1, 2)), *weights(2, 3, 1), "gelu")


@pytest.mark.proves("eq-central-difference")
def test_central_differences_are_exact_for_quadratics_and_second_order_otherwise():
    a = rng(9).normal(size=(2, 3))
    x = rng(10).normal(size=(2, 3))
    np.testing.assert_allclose(f.central_difference(lambda w: float(np.sum(a * w**2)), x, 0.25), 2 * a * x)
    errors = [
        abs(f.central_difference(lambda w: float(np.sin(w)), 1.0, h) - np.cos(1.0)) for h in (1e-2, 1e-3)
    ]
    np.testing.assert_allclose(errors[0] / errors[1], 100, rtol=1e-2)  # a one-sided difference gives 10
    np.testing.assert_allclose(errors[0], 1e-4 / 6 * np.cos(1.0), rtol=1e-3)
    assert f.central_difference(lambda w: float(w.sum()), np.array([1, 2])).dtype == np.float64
    with pytest.raises(ValueError, match="step is 0"):
        f.central_difference(np.sum, x, 0)


@pytest.mark.proves("eq-difference-step")
@pytest.mark.parametrize(("value", "third", "epsilon"), [(1.0, 1.0, 2.0**-52), (3.0, 40.0, 2.0**-23)])
def test_the_best_step_is_the_minimum_of_both_errors_together(value, third, epsilon):
    steps = np.geomspace(1e-8, 1, 200_001)
    bound = third * steps**2 / 6 + epsilon * value / steps
    np.testing.assert_allclose(f.difference_step(value, third, epsilon), steps[bound.argmin()], rtol=1e-4)
    with pytest.raises(ValueError, match="three positive"):
        f.difference_step(0, 1)


@pytest.mark.proves("eq-preactivation-variance")
@pytest.mark.parametrize("mean", [0.0, 2.0])
def test_variance_of_a_sum_needs_the_mean_square_and_not_the_variance(mean):
    random = rng(11)
    x = random.normal(mean, 1.5, size=50)
    z = random.normal(0, 0.3, size=(200_000, 50)) @ x
    expected = f.preactivation_variance(50, 0.09, np.mean(x**2))
    np.testing.assert_allclose(z.var(), expected, rtol=0.02)
    if mean:
        assert abs(f.preactivation_variance(50, 0.09, x.var()) / z.var() - 1) > 0.3


@pytest.mark.proves("eq-lecun-variance")
@pytest.mark.proves("eq-he-variance")
@pytest.mark.proves("eq-glorot-variance")
def test_first_weights_keep_what_they_promise_and_equal_torchs():
    random, wide = rng(12), 400
    x = random.normal(size=(500, wide))
    for variance, act in (
        (f.lecun_variance(wide), lambda z: z),
        (f.he_variance(wide), lambda z: np.maximum(z, 0)),
    ):
        a = act(x) * (np.sqrt(2) if variance > 1.5 / wide else 1)  # mean square 1 at the start
        for _ in range(10):
            a = act(a @ random.normal(0, np.sqrt(variance), (wide, wide)).T)
        mean_square = np.mean(a**2) * (2 if variance > 1.5 / wide else 1)
        assert 0.5 < mean_square < 2.5 * (2 if variance > 1.5 / wide else 1)
    torch.manual_seed(0)
    weight = torch.empty(300, 500, dtype=torch.float64)
    torch.nn.init.xavier_normal_(weight)
    np.testing.assert_allclose(weight.var().item(), f.glorot_variance(500, 300), rtol=0.02)
    torch.nn.init.kaiming_normal_(weight, nonlinearity="relu")
    np.testing.assert_allclose(weight.var().item(), f.he_variance(500), rtol=0.02)
    torch.nn.init.kaiming_normal_(weight, nonlinearity="linear")
    np.testing.assert_allclose(weight.var().item(), f.lecun_variance(500), rtol=0.02)
    # Glorot's is the harmonic middle of what forward and backward pass ask for.
    np.testing.assert_allclose(1 / f.glorot_variance(500, 300), (500 + 300) / 2)


@pytest.mark.proves("eq-dropout")
@pytest.mark.parametrize("keep", [0.2, 0.5, 1.0])
def test_dropout_keeps_the_mean_and_is_torchs_with_the_same_mask(keep):
    torch.manual_seed(1)
    a = torch.randn(200, 300, dtype=torch.float64) + 1
    theirs = F.dropout(a, 1 - keep, training=True).numpy()
    ours = f.dropout(a.numpy(), theirs != 0, keep)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    np.testing.assert_allclose(ours.mean(), a.mean().item(), rtol=0.05)
    with pytest.raises(ValueError, match="staying is 0"):
        f.dropout(a.numpy(), 1, 0)


@pytest.mark.proves("eq-early-stopping")
@pytest.mark.parametrize(
    ("losses", "patience", "expected"),
    [
        ([3, 2, 1], 1, (2, 2)),
        ([3, 1, 2, 2, 0], 2, (1, 3)),
        ([3, 1, 2, 2, 0], 3, (4, 4)),
        ([1, 1, 1, 1], 2, (0, 2)),  # equal is no new best
        ([2.0, float("nan"), 1.0], 2, (2, 2)),
        ([5], 4, (0, 0)),
    ],
)
def test_early_stopping(losses, patience, expected):
    assert f.early_stopping(losses, patience) == expected


@pytest.mark.proves("eq-early-stopping")
@PROPERTY
@given(st.lists(st.floats(0, 9), min_size=1, max_size=20), st.integers(1, 5))
def test_early_stopping_keeps_the_best_of_what_it_saw(losses, patience):
    best, last = f.early_stopping(losses, patience)
    assert losses[best] == min(losses[: last + 1])
    assert last == len(losses) - 1 or last - best == patience
    with pytest.raises(ValueError, match="at least 1 of each"):
        f.early_stopping(losses, 0)
