"""The equations of the chapter "Sequence to sequence": definitions, properties, and PyTorch in float64."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import seq2seq as f

PROPERTY = settings(max_examples=40, derandomize=True, deadline=None)


def rng():
    return np.random.default_rng(0)


@pytest.mark.proves("eq-chain-rule-sequence")
def test_the_probabilities_of_all_sequences_add_up_to_one():
    symbols, steps, random = 3, 4, rng()
    tables = {}  # history -> distribution of the next symbol

    def row(history):
        if history not in tables:
            tables[history] = np.log(random.dirichlet(np.ones(symbols)))
        return tables[history]

    total = 0.0
    for word in itertools.product(range(symbols), repeat=steps):
        table = np.array([row(word[:t]) for t in range(steps)])
        total += np.exp(f.sequence_log_likelihood(table, np.array(word)))
    np.testing.assert_allclose(total, 1, rtol=1e-12)


@pytest.mark.proves("eq-chain-rule-sequence")
def test_sequence_log_likelihood_is_torchs_cross_entropy():
    logits, word = rng().normal(size=(6, 5)), rng().integers(0, 5, 6)
    table = torch.log_softmax(torch.tensor(logits), -1).numpy()
    expected = -torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(word), reduction="sum")
    np.testing.assert_allclose(f.sequence_log_likelihood(table, word), expected.item(), rtol=1e-12)
    with pytest.raises(ValueError, match="6 rows for 5"):
        f.sequence_log_likelihood(table, word[1:])


@pytest.mark.proves("eq-gaussian-nll")
@pytest.mark.parametrize("deviation", [0.3, 1.0, 2.5])
def test_gaussian_nll_is_torchs(deviation):
    prediction, target = rng().normal(size=(2, 5, 3))
    expected = -torch.distributions.Normal(torch.tensor(prediction), deviation).log_prob(torch.tensor(target))
    np.testing.assert_allclose(f.gaussian_nll(prediction, target, deviation), expected.sum().item())
    with pytest.raises(ValueError, match="deviation is 0"):
        f.gaussian_nll(prediction, target, 0)


@pytest.mark.proves("eq-laplace-nll")
@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5])
def test_laplace_nll_is_torchs(scale):
    prediction, target = rng().normal(size=(2, 5, 3))
    expected = -torch.distributions.Laplace(torch.tensor(prediction), scale).log_prob(torch.tensor(target))
    np.testing.assert_allclose(f.laplace_nll(prediction, target, scale), expected.sum().item())
    with pytest.raises(ValueError, match="scale is -1"):
        f.laplace_nll(prediction, target, -1)


@pytest.mark.proves("eq-gaussian-nll")
def test_squared_errors_rank_predictions_as_the_gaussian_does_and_absolute_ones_as_the_laplace():
    target = rng().normal(size=20)
    guesses = rng().normal(size=(30, 20))
    by_likelihood = np.argsort([f.gaussian_nll(g, target) for g in guesses])
    np.testing.assert_array_equal(by_likelihood, np.argsort([np.sum((g - target) ** 2) for g in guesses]))
    by_likelihood = np.argsort([f.laplace_nll(g, target) for g in guesses])
    np.testing.assert_array_equal(by_likelihood, np.argsort([np.sum(np.abs(g - target)) for g in guesses]))


@pytest.mark.proves("eq-independent-risk")
@PROPERTY
@given(
    st.lists(st.floats(-10, 10), min_size=1, max_size=6), st.lists(st.floats(-10, 10), min_size=1, max_size=6)
)
def test_independent_risk_is_variance_plus_distance_from_the_mean(answers, targets):
    answers, targets = np.array(answers), np.array(targets)
    expected = targets.var() + np.mean((answers - targets.mean()) ** 2)
    np.testing.assert_allclose(f.independent_risk(answers, targets), expected, atol=1e-9)
    constant = np.full_like(answers, targets.mean())
    assert f.independent_risk(constant, targets) <= f.independent_risk(answers, targets) + 1e-9


@pytest.mark.proves("eq-independent-risk")
def test_independent_risk_cannot_see_which_answer_belongs_to_which_input():
    targets = np.array([0.0, 1.0, 5.0])
    right, wrong = targets, targets[::-1]
    assert f.independent_risk(right, targets) == f.independent_risk(wrong, targets)
    assert np.mean((right - targets) ** 2) < np.mean((wrong - targets) ** 2)
    with pytest.raises(ValueError, match="at least one of each"):
        f.independent_risk(np.array([]), targets)


@pytest.mark.proves("eq-shift-right")
@PROPERTY
@given(st.integers(1, 9), st.integers(1, 4))
def test_shifted_frames_never_hold_the_present_or_the_future(steps, width):
    frames = np.arange(1, steps + 1)[:, None] * np.ones(width)
    shifted = f.shift_right(frames)
    np.testing.assert_array_equal(shifted[0], 0)
    np.testing.assert_array_equal(shifted[1:], frames[:-1])
    assert (shifted < frames).all()  # row t holds number t at most; the present one is t + 1
    with pytest.raises(ValueError, match="no frame"):
        f.shift_right(frames[:0])


@pytest.mark.proves("eq-stop-target")
@PROPERTY
@given(st.lists(st.integers(1, 7), min_size=1, max_size=5), st.integers(0, 3))
def test_each_sequence_stops_once_at_its_last_true_step(lengths, more):
    target, mask = f.stop_targets(np.array(lengths), max(lengths) + more)
    np.testing.assert_array_equal(target.sum(1), 1)
    np.testing.assert_array_equal(target.argmax(1) + 1, lengths)
    np.testing.assert_array_equal(mask.sum(1), lengths)
    np.testing.assert_array_equal(target * mask, target)


@pytest.mark.parametrize("lengths", [[0], [4], []])
def test_impossible_lengths_are_refused(lengths):
    with pytest.raises(ValueError, match="from 1 to 3"):
        f.stop_targets(np.array(lengths), 3)


@pytest.mark.proves("eq-stop-loss")
@pytest.mark.parametrize("weight", [1.0, 5.0])
def test_stop_loss_is_torchs_over_true_steps(weight):
    logits = rng().normal(size=(3, 6)) * 3
    target, mask = f.stop_targets(np.array([6, 2, 4]), 6)
    losses = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(logits),
        torch.tensor(target),
        reduction="none",
        pos_weight=torch.tensor(weight).double(),
    ).numpy()
    np.testing.assert_allclose(f.stop_loss(logits, target, mask, weight), losses[mask > 0].mean(), rtol=1e-12)


@pytest.mark.proves("eq-stop-loss")
def test_stop_loss_ignores_the_padding_and_survives_large_logits():
    logits = np.array([[1000.0, -1000.0, np.nan]])
    target, mask = np.array([[1.0, 0.0, 0.0]]), np.array([[1.0, 1.0, 0.0]])
    assert f.stop_loss(logits, target, mask) == 0
    assert f.stop_loss(-logits, target, mask) == 1000
    with pytest.raises(ValueError, match="keeps a step"):
        f.stop_loss(logits, target, 0 * mask)
