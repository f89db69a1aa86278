"""The equations of attention against PyTorch and SciPy in float64, against limits, and by properties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import attention as f

EXACT = {"rtol": 1e-10, "atol": 1e-12}
PROPERTY = settings(max_examples=40, derandomize=True, deadline=None)
SEEDS = st.integers(0, 10_000)


def numbers(*shape, seed: int = 0):
    return np.random.default_rng(seed).normal(size=shape)


def an_alignment(steps: int, symbols: int, seed: int = 0):
    return f.masked_softmax(3 * numbers(steps, symbols, seed=seed))


@pytest.mark.proves("eq-masked-softmax")
@PROPERTY
@given(SEEDS, st.integers(1, 9))
def test_masked_softmax_is_the_softmax_of_what_is_left(seed, symbols):
    rng = np.random.default_rng(seed)
    scores, mask = 5 * rng.normal(size=(3, symbols)), rng.integers(0, 2, (3, symbols))
    mask[:, rng.integers(symbols)] = 1
    found = f.masked_softmax(scores, mask)
    assert (found[mask == 0] == 0).all()
    for row, kept, weights in zip(scores, mask > 0, found, strict=True):
        np.testing.assert_allclose(weights[kept], torch.softmax(torch.tensor(row[kept]), 0).numpy(), **EXACT)
    np.testing.assert_allclose(f.masked_softmax(scores + 1e4, mask), found, atol=1e-10)


@pytest.mark.proves("eq-masked-softmax")
def test_masked_softmax_survives_large_scores_and_refuses_an_empty_row():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(f.masked_softmax([1e5, 0.0]), [1, 0])
    with pytest.raises(ValueError, match="keeps no symbol"):
        f.masked_softmax(np.zeros((2, 3)), np.array([[1, 0, 0], [0, 0, 0]]))


@pytest.mark.proves("eq-softmax-jacobian")
@pytest.mark.parametrize("symbols", [1, 2, 7])
def test_softmax_jacobian_is_what_autograd_finds(symbols):
    scores = torch.tensor(numbers(symbols))
    expected = torch.autograd.functional.jacobian(lambda s: torch.softmax(s, 0), scores).numpy()
    found = f.softmax_jacobian(torch.softmax(scores, 0).numpy())
    np.testing.assert_allclose(found, expected, **EXACT)
    np.testing.assert_allclose(found.sum(1), 0, atol=1e-15)
    assert not f.softmax_jacobian(np.eye(symbols)[0]).any()


@pytest.mark.proves("eq-context")
@PROPERTY
@given(SEEDS)
def test_a_context_lies_between_the_values(seed):
    values, weights = numbers(6, 3, seed=seed), an_alignment(4, 6, seed)
    found = f.context(weights, values)
    assert (found <= values.max(0) + 1e-12).all()
    assert (found >= values.min(0) - 1e-12).all()
    np.testing.assert_allclose(f.context(np.eye(6)[2], values), values[2])
    order = np.random.default_rng(seed).permutation(6)
    np.testing.assert_allclose(f.context(weights[:, order], values[order]), found, **EXACT)


@pytest.mark.proves("eq-additive-score")
def test_additive_score_is_the_small_net():
    query, keys = numbers(3), numbers(5, 4, seed=1)
    w, u, b, v = numbers(6, 3), numbers(6, 4), numbers(6), numbers(6, seed=3)
    expected = [sum(v[k] * np.tanh(w[k] @ query + u[k] @ key + b[k]) for k in range(6)) for key in keys]
    np.testing.assert_allclose(f.additive_score(query, keys, w, u, b, v), expected, **EXACT)


@pytest.mark.proves("eq-scaled-dot-score")
@pytest.mark.parametrize(("symbols", "size"), [(1, 1), (5, 4), (9, 64)])
def test_scaled_dot_product_attention_is_pytorchs(symbols, size):
    query, keys, values = numbers(size), numbers(symbols, size, seed=1), numbers(symbols, 3, seed=2)
    mask = np.arange(symbols) < max(1, symbols - 2)
    weights = f.masked_softmax(f.scaled_dot_score(query, keys), mask)
    expected = torch.nn.functional.scaled_dot_product_attention(
        torch.tensor(query)[None], torch.tensor(keys), torch.tensor(values), torch.tensor(mask)[None]
    )
    np.testing.assert_allclose(f.context(weights, values), expected[0].numpy(), **EXACT)


@pytest.mark.proves("eq-dot-score")
@pytest.mark.proves("eq-dot-variance")
@pytest.mark.parametrize("size", [4, 64])
def test_variance_of_inner_products(size):
    rng = np.random.default_rng(0)
    queries, keys = 2 * rng.normal(size=(40_000, size)), rng.uniform(-3, 3, size=(40_000, size))
    products = np.array([f.dot_score(q, k[None])[0] for q, k in zip(queries, keys, strict=True)])
    np.testing.assert_allclose(products.var(), f.dot_variance(size, 4.0, 3.0), rtol=0.03)
    np.testing.assert_allclose(f.dot_score(queries[0], keys[:5]), [k @ queries[0] for k in keys[:5]])
    assert f.dot_variance(size) == size


@pytest.mark.proves("eq-location-score")
def test_location_score_is_an_additive_score_with_a_convolution():
    query, keys, last, total = numbers(3), numbers(7, 4), an_alignment(1, 7)[0], an_alignment(3, 7).sum(0)
    w, u, b, v = numbers(6, 3), numbers(6, 4), numbers(6), numbers(6, seed=3)
    filters, mix = numbers(2, 2, 5), numbers(6, 2, seed=4)
    seen = torch.nn.functional.conv1d(
        torch.tensor(np.stack([last, total]))[None], torch.tensor(filters), padding=2
    )
    expected = np.tanh(w @ query + b + keys @ u.T + seen[0].numpy().T @ mix.T) @ v
    arguments = (query, keys, last, total, w, u, b, v)
    np.testing.assert_allclose(f.location_score(*arguments, filters, mix), expected, **EXACT)
    np.testing.assert_allclose(
        f.location_score(*arguments, 0 * filters, mix), f.additive_score(query, keys, w, u, b, v), **EXACT
    )
    with pytest.raises(ValueError, match="odd"):
        f.location_score(*arguments, filters[..., :4], mix)


@pytest.mark.proves("eq-prior-filter")
@pytest.mark.parametrize(("reach", "a", "b"), [(0, 1, 1), (10, 0.1, 0.9), (10, 0.5, 1.5), (3, 2.0, 2.0)])
def test_prior_filter_is_scipys_beta_binomial(reach, a, b):
    from scipy.stats import betabinom

    found = f.prior_filter(reach, a, b)
    np.testing.assert_allclose(found, betabinom.pmf(np.arange(reach + 1), reach, a, b), **EXACT)
    np.testing.assert_allclose(found @ np.arange(reach + 1), reach * a / (a + b))
    with pytest.raises(ValueError, match="positive a and b"):
        f.prior_filter(reach, 0.0, b)


@pytest.mark.proves("eq-dynamic-convolution-score")
@PROPERTY
@given(SEEDS, st.integers(0, 8))
def test_dynamic_convolution_cannot_move_back(seed, place):
    """Scores behind the last place are lower by the cut logarithm, whatever the filters say."""
    rng = np.random.default_rng(seed)
    last, prior = np.eye(9)[place], f.prior_filter(3, 1.0, 1.0)
    v = rng.normal(size=6)
    v /= np.abs(v).sum()  # what the filters say then lies between -1 and 1
    arrays = [rng.normal(size=shape) for shape in ((2, 5), (2, 5), (6, 2), (6, 2), (6,))]
    weights = f.masked_softmax(f.dynamic_convolution_score(last, *arrays, v, prior))
    allowed = (np.arange(9) >= place) & (np.arange(9) <= place + 3)
    assert weights[allowed].sum() > 0.99


@pytest.mark.proves("eq-dynamic-convolution-score")
def test_dynamic_convolution_moves_with_the_weights():
    """It knows no symbol: shifted weights give shifted scores, away from the ends."""
    last = np.zeros(30)
    last[10:13] = [0.2, 0.5, 0.3]
    arrays = [numbers(*shape) for shape in ((2, 5), (2, 5), (6, 2), (6, 2), (6,), (6,))]
    prior = f.prior_filter(4, 1.0, 1.0)
    here = f.dynamic_convolution_score(last, *arrays, prior)
    there = f.dynamic_convolution_score(np.roll(last, 5), *arrays, prior)
    np.testing.assert_allclose(there[10:25], here[5:20], **EXACT)


@pytest.mark.proves("eq-monotonic-weights")
def test_monotonic_weights_are_what_a_walk_gives():
    rng = np.random.default_rng(0)
    last, stop = an_alignment(1, 5)[0], rng.random(5)
    counts = np.zeros(5)
    for _ in range(40_000):
        place = rng.choice(5, p=last)
        while place < 5 and rng.random() > stop[place]:
            place += 1
        if place < 5:
            counts[place] += 1
    np.testing.assert_allclose(f.monotonic_weights(last, stop), counts / 40_000, atol=0.01)


@pytest.mark.proves("eq-monotonic-weights")
@PROPERTY
@given(SEEDS)
def test_monotonic_weights_never_move_back(seed):
    rng = np.random.default_rng(seed)
    last, stop = f.masked_softmax(rng.normal(size=8)), rng.random(8)
    found = f.monotonic_weights(last, stop)
    assert (np.cumsum(found) <= np.cumsum(last) + 1e-12).all()
    np.testing.assert_allclose(f.monotonic_weights(last, np.ones(8)), last)
    # The recurrence of the paper, which divides; ours does not need to.
    a = np.zeros(8)
    for n in range(8):
        carried = (1 - stop[n - 1]) * a[n - 1] / stop[n - 1] if n else 0.0
        a[n] = stop[n] * (carried + last[n])
    np.testing.assert_allclose(found, a, rtol=1e-8)


@pytest.mark.proves("eq-guide")
@pytest.mark.proves("eq-guided-loss")
def test_the_guide_is_free_on_the_diagonal_and_dear_in_the_corners():
    cost = f.guide(20, 40)
    np.testing.assert_allclose(cost[np.arange(40), np.arange(40) // 2], 0, atol=0.01)
    assert cost[0, -1] > 0.99
    assert cost[-1, 0] > 0.99
    assert f.guided_loss(np.eye(20)) == 0
    assert f.guided_loss(np.eye(20)[::-1]) > 0.5
    np.testing.assert_allclose(f.guide(3, 2, 0.5)[1, 0], 1 - np.exp(-0.25 / 0.5))
    with pytest.raises(ValueError, match="expected all to be positive"):
        f.guide(3, 0)


@pytest.mark.proves("eq-focus-rate")
@pytest.mark.proves("eq-coverage")
@pytest.mark.proves("eq-monotonicity")
def test_measures_tell_good_from_bad_alignments():
    good = np.repeat(np.eye(5), 3, axis=0)
    skipped, repeated, blurred = (
        np.delete(good, [6, 7, 8], 0),
        np.concatenate([good, good]),
        np.full((9, 5), 0.2),
    )
    assert [m(good) for m in (f.focus_rate, f.coverage, f.monotonicity)] == [1, 1, 1]
    assert f.coverage(skipped) == 0.8
    assert f.monotonicity(repeated) == pytest.approx(28 / 29)
    assert f.focus_rate(blurred) == pytest.approx(0.2)
    assert f.monotonicity(good[:1]) == 1
    assert f.monotonicity(good[[0, 3, 0]], slack=1) == 1
