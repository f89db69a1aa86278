"""Every kind of attention: weights, padding, the formulas, and what each may and may not see."""

import numpy as np
import pytest
import torch

from deepsense_lib.errors import InputError
from deepsense_lib.formulas import attention as f
from deepsense_lib.torch_models.attention import KINDS, Attended, DotAttention, DynamicConvolutionAttention

EXACT = {"rtol": 1e-6, "atol": 1e-9}
SIZES = (5, 6, 7)  # query, width, size


def problem(kind: str, symbols: int = 9, batch: int = 2, seed: int = 0):
    """An attention in float64, queries, a memory whose second row is padded, and where it looked before."""
    torch.manual_seed(seed)
    net = KINDS[kind](*SIZES).double()
    mask = torch.ones(batch, symbols, dtype=torch.float64)
    mask[1:, symbols - 3 :] = 0
    memory = net.prepare(torch.randn(batch, symbols, SIZES[1], dtype=torch.float64), mask)
    weights = torch.softmax(torch.randn(batch, symbols, dtype=torch.float64), -1) * mask
    weights = weights / weights.sum(-1, keepdim=True)
    query = torch.randn(batch, SIZES[0], dtype=torch.float64)
    return net, query, memory, Attended(weights, 2 * weights)


def arrays(net):
    return {name: p.detach().numpy() for name, p in net.state_dict().items()}


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_shares_of_true_symbols_and_the_context_is_their_mean(kind):
    net, query, memory, before = problem(kind)
    context, after = net(query, memory, before)
    np.testing.assert_allclose(after.weights.sum(-1).detach(), 1, atol=1e-12)
    assert (after.weights[memory.mask == 0] == 0).all()
    torch.testing.assert_close(after.total, before.total + after.weights)
    for row in range(2):
        expected = f.context(after.weights[row].detach().numpy(), memory.values[row].numpy())
        np.testing.assert_allclose(context[row].detach().numpy(), expected, **EXACT)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing(kind):
    net, query, memory, before = problem(kind)
    n = int(memory.mask[1].sum())
    alone = net.prepare(memory.values[1:, :n], memory.mask[1:, :n])
    short = Attended(before.weights[1:, :n], before.total[1:, :n])
    together, one = net(query, memory, before), net(query[1:], alone, short)
    torch.testing.assert_close(together[0][1:], one[0])
    torch.testing.assert_close(together[1].weights[1:, :n], one[1].weights)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_every_weight_and_are_finite(kind):
    net, query, memory, before = problem(kind)
    values = memory.values.requires_grad_()
    context, _ = net(query, net.prepare(values, memory.mask), before)
    (context**2).sum().backward()
    for name, p in net.named_parameters():
        assert torch.isfinite(p.grad).all(), name
        # A bias that is common to all scores would change no weight.
        assert p.grad.abs().sum() > 0 or kind == "dot", name
    assert (values.grad[1, -3:] == 0).all()


def test_additive_scores_are_those_of_the_formula():
    net, query, memory, before = problem("additive")
    a = arrays(net)
    found = net.score(query, memory, before)
    for row in range(2):
        expected = f.additive_score(
            query[row].numpy(),
            memory.values[row].numpy(),
            a["query.weight"],
            a["key.weight"],
            a["query.bias"],
            a["v.weight"][0],
        )
        np.testing.assert_allclose(found[row].detach().numpy(), expected, **EXACT)


@pytest.mark.parametrize("scaled", [False, True])
def test_dot_scores_are_those_of_the_formula(scaled):
    net, query, memory, before = problem("dot")
    own = DotAttention(*SIZES, scaled=scaled).double()
    own.load_state_dict(net.state_dict())
    formula = f.scaled_dot_score if scaled else f.dot_score
    for row in range(2):
        projected = own.query(query)[row].detach().numpy()
        expected = formula(projected, memory.keys[row].detach().numpy())
        np.testing.assert_allclose(own.score(query, memory, before)[row].detach().numpy(), expected, **EXACT)


def test_location_scores_are_those_of_the_formula():
    net, query, memory, before = problem("location")
    a = arrays(net)
    for row in range(2):
        expected = f.location_score(
            query[row].numpy(),
            memory.values[row].numpy(),
            before.weights[row].numpy(),
            before.total[row].numpy(),
            a["query.weight"],
            a["key.weight"],
            a["query.bias"],
            a["v.weight"][0],
            a["convolution.weight"],
            a["location.weight"],
        )
        np.testing.assert_allclose(net.score(query, memory, before)[row].detach().numpy(), expected, **EXACT)


def test_dynamic_scores_are_those_of_the_formula():
    net, query, memory, before = problem("dynamic", symbols=30)
    a = arrays(net)
    np.testing.assert_allclose(a["prior"], f.prior_filter(10, 0.5, 1.5), rtol=1e-6)
    for row in range(2):
        made = a["make_filters.weight"] @ np.tanh(a["query.weight"] @ query[row].numpy() + a["query.bias"])
        expected = f.dynamic_convolution_score(
            before.weights[row].numpy(),
            a["static.weight"],
            made.reshape(net.filters, net.kernel),
            a["from_static.weight"],
            a["from_dynamic.weight"],
            a["from_dynamic.bias"],
            a["v.weight"][0],
            a["prior"],
        )
        np.testing.assert_allclose(net.score(query, memory, before)[row].detach().numpy(), expected, **EXACT)


def test_only_content_based_kinds_follow_a_symbol_that_moves():
    """Symbols in another order: additive and dot weights move along, dynamic ones stay where they are."""
    order = torch.tensor([2, 0, 1, 5, 3, 4])
    for kind in KINDS:
        net, query, memory, before = problem(kind, symbols=6, batch=1)
        moved = net.prepare(memory.values[:, order], memory.mask[:, order])
        weights, other = (net(query, m, before)[1].weights for m in (memory, moved))
        follows = torch.allclose(weights[:, order], other)
        assert follows == (kind in ("additive", "dot")), kind
        assert torch.equal(weights, other) == (kind == "dynamic"), kind


def test_an_even_kernel_is_refused():
    with pytest.raises(InputError, match="odd number"):
        DynamicConvolutionAttention(*SIZES, kernel=4)
