"""Pauses: the logistic model against PyTorch, F1 by hand and by its definition, the scale of tones."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import phrase_breaks as f

PROPERTY = settings(max_examples=60, derandomize=True, deadline=None)


def case(places=9, features=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(places, features)), rng.integers(0, 2, places), rng.normal(size=features), 0.3


@pytest.mark.proves("eq-break-probability")
def test_probability_is_torchs():
    x, _, w, b = case()
    expected = torch.sigmoid(torch.tensor(x) @ torch.tensor(w) + b)
    np.testing.assert_allclose(f.break_probability(x, w, b), expected.numpy(), rtol=1e-12)
    assert f.break_probability(np.array([[1000.0], [-1000.0]]), np.array([1.0]), 0.0).tolist() == [1.0, 0.0]


@pytest.mark.proves("eq-break-loss")
@pytest.mark.parametrize("penalty", [0.0, 0.1])
def test_loss_is_torchs_and_a_new_model_pays_one_bit(penalty):
    x, y, w, b = case()
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(x @ w + b), torch.tensor(y * 1.0)
    )
    found = f.break_loss(f.break_probability(x, w, b), y, w, penalty)
    assert found == pytest.approx(expected.item() + penalty / 2 * np.sum(w**2), rel=1e-12)
    nothing = f.break_loss(f.break_probability(x, 0 * w, 0.0), y, 0 * w, penalty)
    assert nothing == pytest.approx(np.log(2))


@pytest.mark.proves("eq-break-gradient")
@pytest.mark.parametrize("penalty", [0.0, 0.1])
@pytest.mark.parametrize("places", [1, 9])
def test_gradient_is_autograds(places, penalty):
    x, y, w, b = case(places)
    wt, bt = torch.tensor(w, requires_grad=True), torch.tensor(b, dtype=torch.float64, requires_grad=True)
    logits = torch.tensor(x) @ wt + bt
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(y * 1.0))
    (loss + penalty / 2 * (wt**2).sum()).backward()
    found = f.break_gradient(x, y, w, b, penalty)
    np.testing.assert_allclose(found[0], wt.grad.numpy(), atol=1e-12)
    assert found[1] == pytest.approx(bt.grad.item(), abs=1e-12)


@pytest.mark.proves("eq-f1")
@PROPERTY
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=20))
def test_f1_is_the_harmonic_mean_of_precision_and_recall(pairs):
    truth, found = [a for a, _ in pairs], [b for _, b in pairs]
    right = sum(a and b for a, b in pairs)
    if right:
        precision, recall = right / sum(found), right / sum(truth)
        assert f.f1(truth, found) == pytest.approx(2 / (1 / precision + 1 / recall))
    else:
        assert f.f1(truth, found) == 0
    assert f.f1(truth, found) == f.f1(found, truth)


def test_f1_refuses_other_lengths():
    with pytest.raises(ValueError, match="expected the same"):
        f.f1([1, 0], [1])


@pytest.mark.proves("eq-tone-level")
def test_levels_are_equal_ratios():
    assert f.tone_level(np.array([100.0, 200.0, 400.0]), 100, 400).tolist() == pytest.approx([0, 2.5, 5])
    f0 = np.geomspace(150, 350, 7)
    np.testing.assert_allclose(np.diff(f.tone_level(f0, 100, 400)), np.diff(f.tone_level(f0, 100, 400))[0])
    # Another speaker, an octave lower, has the same levels.
    np.testing.assert_allclose(f.tone_level(f0 / 2, 50, 200), f.tone_level(f0, 100, 400))
    for low, high in ((0, 100), (200, 100), (100, 100)):
        with pytest.raises(ValueError, match="0 < low < high"):
            f.tone_level(f0, low, high)
