"""The equations of attention for faces against PyTorch and SciPy in float64, and wrong formulas rejected."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from deepsense_lib.formulas import face_attention as f
from deepsense_lib.formulas.attention import context, masked_softmax
from deepsense_lib.formulas.recurrent import sigmoid

EXACT = {"rtol": 1e-10, "atol": 1e-12}
PROPERTY = settings(max_examples=30, derandomize=True, deadline=None)
SEEDS = st.integers(0, 10_000)
SIZES = [(1, 1, 1), (2, 3, 4), (16, 8, 5), (64, 12, 6)]  # places, channels, hidden


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def net(places, channels, hidden):
    return numbers(places, channels), numbers(hidden, channels, seed=1), numbers(hidden, seed=2)


@pytest.mark.proves("eq-pooling-weights")
@pytest.mark.proves("eq-attention-pooling")
@pytest.mark.proves("eq-attention-pooling-gradients")
@pytest.mark.parametrize("sizes", SIZES)
def test_attention_pooling_and_its_gradients_equal_autograd(sizes):
    h, project, score = net(*sizes)
    tensors = [torch.tensor(a, requires_grad=True) for a in (h, project, score)]
    weights = torch.softmax(torch.tanh(tensors[0] @ tensors[1].T) @ tensors[2], dim=0)
    pooled = weights @ tensors[0]
    np.testing.assert_allclose(f.pooling_weights(h, project, score), weights.detach().numpy(), **EXACT)
    np.testing.assert_allclose(f.attention_pooling(h, project, score), pooled.detach().numpy(), **EXACT)
    g = numbers(sizes[1], seed=3)
    pooled.backward(torch.tensor(g))
    for mine, tensor in zip(f.attention_pooling_gradients(h, project, score, g), tensors, strict=True):
        np.testing.assert_allclose(mine, tensor.grad.numpy(), rtol=1e-8, atol=1e-12)


@PROPERTY
@given(SEEDS)
def test_pooling_does_not_know_the_order_of_the_places(seed):
    h, project, score = numbers(9, 4, seed=seed), numbers(3, 4, seed=seed + 1), numbers(3, seed=seed + 2)
    order = np.random.default_rng(seed).permutation(9)
    weights = f.pooling_weights(h, project, score)
    assert np.isclose(weights.sum(), 1)
    assert (weights > 0).all()
    np.testing.assert_allclose(f.pooling_weights(h[order], project, score), weights[order], **EXACT)
    np.testing.assert_allclose(
        f.attention_pooling(h[order], project, score), f.attention_pooling(h, project, score), **EXACT
    )


def test_equal_places_get_equal_weights_and_no_gradient_for_the_net():
    h = np.tile(numbers(1, 4), (6, 1))
    _, project, score = net(6, 4, 3)
    np.testing.assert_allclose(f.pooling_weights(h, project, score), 1 / 6)
    _, for_project, for_score = f.attention_pooling_gradients(h, project, score, numbers(4, seed=5))
    np.testing.assert_allclose(for_project, 0, atol=1e-15)
    np.testing.assert_allclose(for_score, 0, atol=1e-15)


@pytest.mark.proves("eq-excitation-gates")
@pytest.mark.proves("eq-channel-gates")
@pytest.mark.parametrize(("channels", "less", "side"), [(1, 1, 1), (4, 2, 3), (16, 2, 8)])
def test_channel_gates_equal_torch(channels, less, side):
    x, reduce, expand = (
        numbers(channels, side, side),
        numbers(less, channels),
        numbers(channels, less, seed=1),
    )
    t, w1, w2 = (torch.tensor(a) for a in (x, reduce, expand))
    mean = F.adaptive_avg_pool2d(t[None], 1).flatten(1)
    largest = F.adaptive_max_pool2d(t[None], 1).flatten(1)
    excited = torch.sigmoid(F.linear(F.relu(F.linear(mean, w1)), w2))[0]
    both = sum(F.linear(F.relu(F.linear(z, w1)), w2) for z in (mean, largest))
    np.testing.assert_allclose(f.excitation_gates(x, reduce, expand), excited.numpy(), **EXACT)
    np.testing.assert_allclose(f.channel_gates(x, reduce, expand), torch.sigmoid(both)[0].numpy(), **EXACT)


@pytest.mark.proves("eq-spatial-gates")
@pytest.mark.parametrize(("channels", "side", "window"), [(1, 1, 1), (3, 5, 3), (8, 16, 7)])
def test_spatial_gates_equal_torch(channels, side, window):
    x, kernel = numbers(channels, side, side), numbers(1, 2, window, window, seed=1)
    t = torch.tensor(x)[None]
    maps = torch.cat([t.mean(1, keepdim=True), t.max(1, keepdim=True).values], dim=1)
    bias = torch.tensor([0.3], dtype=torch.float64)
    expected = torch.sigmoid(F.conv2d(maps, torch.tensor(kernel), bias, padding=window // 2))
    np.testing.assert_allclose(f.spatial_gates(x, kernel, 0.3), expected[0, 0].numpy(), **EXACT)


@pytest.mark.proves("eq-patches")
@pytest.mark.parametrize(("height", "width", "patch"), [(4, 4, 2), (6, 9, 3), (8, 8, 1), (5, 5, 5)])
def test_patches_equal_torchs_unfold_and_lose_nothing(height, width, patch):
    image = numbers(height, width)
    found = f.cut_patches(image, patch)
    expected = F.unfold(torch.tensor(image)[None, None], patch, stride=patch)[0].T
    np.testing.assert_array_equal(found, expected.numpy())
    assert sorted(found.ravel()) == sorted(image.ravel())


@pytest.mark.parametrize("patch", [0, 3, 5])
def test_patches_that_do_not_tile_are_named(patch):
    with pytest.raises(ValueError, match="do not tile"):
        f.cut_patches(np.zeros((4, 4)), patch)


@pytest.mark.proves("eq-self-attention-weights")
@pytest.mark.proves("eq-self-attention")
@pytest.mark.parametrize(("items", "width", "heads"), [(1, 2, 1), (5, 6, 1), (7, 8, 4), (9, 6, 6)])
def test_self_attention_equals_torchs(items, width, heads):
    x = numbers(items, width)
    maps = [(numbers(width, width, seed=n) / 2, numbers(width, seed=9 + n)) for n in range(4)]
    theirs = torch.nn.MultiheadAttention(width, heads, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.tensor(np.concatenate([w for w, _ in maps[:3]])))
        theirs.in_proj_bias.copy_(torch.tensor(np.concatenate([b for _, b in maps[:3]])))
        theirs.out_proj.weight.copy_(torch.tensor(maps[3][0]))
        theirs.out_proj.bias.copy_(torch.tensor(maps[3][1]))
        expected, weights = theirs(*[torch.tensor(x)[None]] * 3, average_attn_weights=False)
    np.testing.assert_allclose(f.self_attention_weights(x, *maps[:2], heads), weights[0].numpy(), **EXACT)
    np.testing.assert_allclose(f.self_attention(x, *maps, heads), expected[0].numpy(), **EXACT)


@PROPERTY
@given(SEEDS)
def test_self_attention_does_not_know_where_an_item_stands(seed):
    """Permutation equivariance: shuffled items give the same answers, shuffled."""
    x, order = numbers(6, 4, seed=seed), np.random.default_rng(seed).permutation(6)
    maps = [(numbers(4, 4, seed=seed + n), numbers(4, seed=n)) for n in range(4)]
    np.testing.assert_allclose(
        f.self_attention(x[order], *maps, 2), f.self_attention(x, *maps, 2)[order], **EXACT
    )
    placed = x + numbers(6, 4, seed=seed + 7)
    moved = x[order] + numbers(6, 4, seed=seed + 7)  # the positions stay, the items move
    if (order != np.arange(6)).any():
        assert not np.allclose(f.self_attention(moved, *maps, 2), f.self_attention(placed, *maps, 2)[order])


@pytest.mark.proves("eq-transformer-block")
@pytest.mark.parametrize(("items", "width", "heads"), [(1, 4, 1), (5, 8, 2), (10, 12, 3)])
def test_a_block_equals_torchs_encoder_layer(items, width, heads):
    theirs = torch.nn.TransformerEncoderLayer(
        width, heads, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True, dtype=torch.float64
    )
    state = {}
    with torch.no_grad():
        for n, tensor in enumerate(theirs.parameters()):
            tensor.copy_(torch.tensor(numbers(*tensor.shape, seed=n) / 2))
    given_by = {k: v.detach().numpy() for k, v in theirs.state_dict().items()}
    for kind in ("weight", "bias"):
        parts = np.split(given_by[f"self_attn.in_proj_{kind}"], 3)
        state |= {f"attention.{n}.{kind}": p for n, p in zip(("query", "key", "value"), parts, strict=True)}
        state[f"attention.out.{kind}"] = given_by[f"self_attn.out_proj.{kind}"]
        names = {"norm": "norm1", "inner_norm": "norm2", "widen": "linear1", "narrow": "linear2"}
        state |= {f"{ours}.{kind}": given_by[f"{name}.{kind}"] for ours, name in names.items()}
    x = numbers(items, width, seed=40)
    with torch.no_grad():
        expected = theirs.train()(torch.tensor(x)[None])[0].numpy()
    np.testing.assert_allclose(f.transformer_block(x, state, heads), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.proves("eq-attention-rollout")
def test_rollout_keeps_shares_and_knows_its_limits():
    weights = masked_softmax(numbers(3, 5, 5))
    found = f.attention_rollout(weights)
    np.testing.assert_allclose(found.sum(1), 1)
    # The first block acts first.
    halves = [0.5 * w + 0.5 * np.eye(5) for w in weights]
    np.testing.assert_allclose(found, halves[2] @ halves[1] @ halves[0], **EXACT)
    np.testing.assert_allclose(f.attention_rollout(np.stack([np.eye(5)] * 3)), np.eye(5))


@pytest.mark.proves("eq-mass-ratio")
def test_mass_ratio_is_one_by_chance():
    region = np.zeros((8, 8), bool)
    region[2:4] = True
    assert f.mass_ratio(np.full((8, 8), 1 / 64), region) == pytest.approx(1)
    assert f.mass_ratio(region / region.sum(), region) == pytest.approx(4)
    assert f.mass_ratio(~region / (~region).sum(), region) == 0
    shuffled = [
        f.mass_ratio(np.random.default_rng(n).dirichlet(np.ones(64)).reshape(8, 8), region)
        for n in range(400)
    ]
    assert np.mean(shuffled) == pytest.approx(1, abs=0.05)
    with pytest.raises(ValueError, match="empty"):
        f.mass_ratio(region, 0 * region)


@pytest.mark.proves("eq-rank-correlation")
@pytest.mark.parametrize("seed", range(5))
def test_rank_correlation_is_scipys(seed):
    from scipy.stats import spearmanr

    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 6, (5, 5)), rng.normal(size=(5, 5))
    assert f.rank_correlation(a, b) == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic, abs=1e-12)
    assert f.rank_correlation(b, np.exp(3 * b)) == pytest.approx(1)
    assert f.rank_correlation(b, -b) == pytest.approx(-1)
    assert f.rank_correlation(b, np.ones_like(b)) == 0


@pytest.mark.proves("eq-total-variation")
def test_total_variation_counts_what_is_moved():
    assert f.total_variation([0.5, 0.5, 0], [0.5, 0.25, 0.25]) == pytest.approx(0.25)
    assert f.total_variation([1, 0], [0, 1]) == 1
    a, b, c = masked_softmax(numbers(3, 7))
    assert f.total_variation(a, a) == 0
    assert (
        f.total_variation(a, b)
        == f.total_variation(b, a)
        <= f.total_variation(a, c) + f.total_variation(c, b)
    )


# The article's formulas: what the book's tests must reject.


def pasted_formula(h, project, score):
    """The softmax is over the one score of the image as a whole: there is nothing to choose from."""
    one = h.reshape(1, -1)
    return context(masked_softmax(np.tanh(one @ np.ones((one.shape[1], 1))) @ np.ones(1)), one)


def without_a_query(h, project, score):
    """Neither query nor learned score: the weights of a place come from its place in the row alone."""
    return masked_softmax(np.arange(len(h), dtype=float)) @ h


def flattened(h, project, score):
    """Flattened first: one item as wide as the image, softmax over its numbers instead of over places."""
    flat = h.ravel()
    return (masked_softmax(flat) * flat).reshape(h.shape).sum(0)


@pytest.mark.parametrize("wrong", [pasted_formula, without_a_query, flattened])
def test_the_articles_formulas_are_no_attention_pooling(wrong):
    h, project, score = net(6, 4, 3)
    right = f.attention_pooling(h, project, score)
    found = wrong(h, project, score)
    assert found.shape != right.shape or not np.allclose(found, right)
    # What is learned must have a say: it has none in any of them.
    assert not np.allclose(f.attention_pooling(h, project, 3 * score), right)
    np.testing.assert_allclose(wrong(h, project, 3 * score), found)


def test_a_softmax_is_no_gate():
    """Gates by softmax share one unit among the channels, so opening one must close others."""
    x, reduce, expand = np.abs(numbers(16, 4, 4)), numbers(4, 16), np.abs(numbers(16, 4, seed=1))
    gates = f.excitation_gates(x, reduce, expand)
    wrong = masked_softmax(expand @ np.maximum(reduce @ x.mean((1, 2)), 0))
    assert gates.sum() > 2
    assert wrong.sum() == pytest.approx(1)
    assert ((gates > 0) & (gates < 1)).all()
    np.testing.assert_allclose(f.excitation_gates(x, reduce, 0 * expand), 0.5)
    raised = expand.copy()
    raised[0] += 1
    np.testing.assert_allclose(f.excitation_gates(x, reduce, raised)[1:], gates[1:])
    np.testing.assert_allclose(sigmoid(expand @ np.maximum(reduce @ x.mean((1, 2)), 0)), gates)
