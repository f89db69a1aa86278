"""The equations of recurrence against PyTorch in float64, against differences, and against limits."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import recurrent as f

EXACT = {"rtol": 1e-10, "atol": 1e-12}
PROPERTY = settings(max_examples=30, derandomize=True, deadline=None)
SHAPES = [(1, 1, 1), (4, 2, 3), (7, 3, 2)]  # steps, inputs, width


def problem(steps: int, inputs: int, width: int, blocks: int, seed: int = 0):
    """x, h, c, w, u, b of random numbers."""
    rng = np.random.default_rng(seed)
    rows = blocks * width
    return (
        rng.normal(size=(steps, inputs)),
        rng.normal(size=width),
        rng.normal(size=width),
        rng.normal(size=(rows, inputs)),
        rng.normal(size=(rows, width)),
        rng.normal(size=rows),
    )


def in_torch(kind, w, u, b):
    """PyTorch's own recurrent layer in float64 with these weights; its second bias is 0."""
    net = kind(w.shape[1], u.shape[1], batch_first=True).double()
    arrays = {"weight_ih_l0": w, "weight_hh_l0": u, "bias_ih_l0": b, "bias_hh_l0": 0 * b}
    net.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return net


@pytest.mark.proves("eq-simple-recurrence")
@pytest.mark.parametrize("shape", SHAPES)
def test_simple_recurrence_is_torchs(shape):
    x, h, _, w, u, b = problem(*shape, blocks=1)
    found = in_torch(torch.nn.RNN, w, u, b)(torch.tensor(x)[None], torch.tensor(h)[None, None])[0][0]
    np.testing.assert_allclose(f.simple_recurrence(x, h, w, u, b), found.detach().numpy(), **EXACT)


@pytest.mark.proves("eq-recurrence-jacobian")
@pytest.mark.parametrize("shape", SHAPES)
def test_recurrence_jacobian_is_what_autograd_finds(shape):
    x, h, _, w, u, b = problem(*shape, blocks=1)
    states = f.simple_recurrence(x, h, w, u, b)

    def last(first):
        for row in x[1:]:
            first = torch.tanh(torch.tensor(w @ row + b) + torch.tensor(u) @ first)
        return first

    expected = torch.autograd.functional.jacobian(last, torch.tensor(states[0]))
    np.testing.assert_allclose(f.recurrence_jacobian(states, u), expected.numpy(), **EXACT)


@pytest.mark.proves("eq-recurrence-jacobian")
def test_recurrence_jacobian_vanishes_and_explodes():
    states = np.zeros((101, 2))  # where tanh is steepest
    for factor in (0.9, 1.1):
        norm = np.linalg.norm(f.recurrence_jacobian(states, factor * np.eye(2)), 2)
        np.testing.assert_allclose(norm, factor**100)
    with pytest.raises(ValueError, match="no state"):
        f.recurrence_jacobian(states[:0], np.eye(2))


@pytest.mark.proves("eq-sigmoid")
def test_sigmoid_is_torchs_and_never_overflows():
    x = np.array([-1000.0, -30.0, -1.0, 0.0, 0.5, 40.0, 1000.0])
    with np.errstate(all="raise"):
        found = f.sigmoid(x)
    np.testing.assert_allclose(found, torch.sigmoid(torch.tensor(x)).numpy(), atol=1e-15)
    np.testing.assert_allclose(f.sigmoid(x) + f.sigmoid(-x), 1)


@pytest.mark.proves("eq-lstm-step")
@pytest.mark.parametrize("shape", SHAPES)
def test_lstm_step_is_torchs(shape):
    x, h, c, w, u, b = problem(*shape, blocks=4)
    cell = torch.nn.LSTMCell(shape[1], shape[2]).double()
    arrays = {"weight_ih": w, "weight_hh": u, "bias_ih": b, "bias_hh": 0 * b}
    cell.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    expected = cell(torch.tensor(x[:1]), (torch.tensor(h)[None], torch.tensor(c)[None]))
    for mine, theirs in zip(f.lstm_step(x[0], h, c, w, u, b)[:2], expected, strict=True):
        np.testing.assert_allclose(mine, theirs[0].detach().numpy(), **EXACT)


@pytest.mark.proves("eq-masked-state")
@pytest.mark.parametrize("shape", SHAPES)
def test_lstm_is_torchs(shape):
    x, h, c, w, u, b = problem(*shape, blocks=4)
    states, cells = f.lstm(x, h, c, w, u, b)
    start = torch.tensor(h)[None, None], torch.tensor(c)[None, None]
    expected, (last, cell) = in_torch(torch.nn.LSTM, w, u, b)(torch.tensor(x)[None], start)
    np.testing.assert_allclose(states, expected[0].detach().numpy(), **EXACT)
    np.testing.assert_allclose(states[-1], last[0, 0].detach().numpy(), **EXACT)
    np.testing.assert_allclose(cells[-1], cell[0, 0].detach().numpy(), **EXACT)


@pytest.mark.proves("eq-masked-state")
@PROPERTY
@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(0, 100))
def test_masked_steps_change_nothing(kept, seed):
    x, h, c, w, u, b = problem(len(kept), 2, 3, blocks=4, seed=seed)
    mask = np.array(kept, float)
    states, cells = f.lstm(x, h, c, w, u, b, mask)
    spoilt = np.where(mask[:, None] > 0, x, np.nan)  # what stands in the padding is not even read
    np.testing.assert_array_equal(f.lstm(spoilt, h, c, w, u, b, mask)[0], states)
    if mask.any():
        alone = f.lstm(x[mask > 0], h, c, w, u, b)
        np.testing.assert_array_equal(states[-1], alone[0][-1])
        np.testing.assert_array_equal(cells[-1], alone[1][-1])
    else:
        np.testing.assert_array_equal(states, np.tile(h, (len(x), 1)))


@pytest.mark.proves("eq-forget-after")
def test_forget_after_is_the_derivative_of_the_cell():
    forget = np.random.default_rng(0).uniform(size=(5, 2))
    written = np.random.default_rng(0).normal(size=(5, 2))
    start = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    cell = start
    for t in range(5):
        cell = torch.tensor(forget[t]) * cell + torch.tensor(written[t])
        (slope,) = torch.autograd.grad(cell.sum(), start, retain_graph=True)
        np.testing.assert_allclose(f.forget_after(forget)[t], slope.numpy(), rtol=1e-12)


@pytest.mark.proves("eq-lstm-gradient")
@pytest.mark.parametrize("shape", SHAPES)
def test_lstm_gradient_is_torchs(shape):
    x, h, c, w, u, b = problem(*shape, blocks=4)
    gradient = np.random.default_rng(1).normal(size=(shape[0], shape[2]))
    net = in_torch(torch.nn.LSTM, w, u, b)
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, h, c)]
    out = net(leaves[0][None], (leaves[1][None, None], leaves[2][None, None]))[0][0]
    out.backward(torch.tensor(gradient))
    found = f.lstm_gradient(gradient, x, h, c, w, u, b)
    expected = [*leaves, net.weight_ih_l0, net.weight_hh_l0, net.bias_ih_l0]
    for name, mine, theirs in zip(found._fields, found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs.grad.numpy(), err_msg=name, **EXACT)


@pytest.mark.proves("eq-lstm-gradient")
def test_lstm_gradient_agrees_with_central_differences():
    x, h, c, w, u, b = problem(4, 2, 3, blocks=4)
    gradient = np.random.default_rng(1).normal(size=(4, 3))
    found = f.lstm_gradient(gradient, x, h, c, w, u, b)

    def loss(**changed):
        arguments = {"x": x, "h": h, "c": c, "w": w, "u": u, "b": b} | changed
        return np.sum(f.lstm(**arguments)[0] * gradient)

    for name, array in {"x": x, "h": h, "c": c, "w": w, "u": u, "b": b}.items():
        for place in list(np.ndindex(array.shape))[::3]:
            step = np.zeros_like(array)
            step[place] = 1e-5
            slope = (loss(**{name: array + step}) - loss(**{name: array - step})) / 2e-5
            np.testing.assert_allclose(getattr(found, name)[place], slope, rtol=1e-6, atol=1e-8)


@pytest.mark.proves("eq-lstm-gradient")
def test_a_gradient_without_the_path_through_the_cell_is_rejected():
    """The mutant that forgets `dc * f` is right for one step and wrong for two."""
    x, h, c, w, u, b = problem(2, 2, 3, blocks=4)
    gradient = np.array([[0.0] * 3, [1.0] * 3])
    right = f.lstm_gradient(gradient, x, h, c, w, u, b)
    _, _, first = f.lstm_step(x[0], h, c, w, u, b)
    assert np.linalg.norm(right.c) > 1e-3
    # Through the states alone nothing of the first cell could arrive but by the first output.
    assert (first.forget > 0).all()
    alone = f.lstm_gradient(gradient[1:], x[1:], *(a[0] for a in f.lstm(x[:1], h, c, w, u, b)), w, u, b)
    through_state = f.lstm_gradient(alone.h[None], x[:1], h, c, w, u, b).c
    np.testing.assert_allclose(right.c, through_state + alone.c * first.forget, **EXACT)
    assert np.abs(right.c - through_state).max() > 1e-3


@pytest.mark.proves("eq-clip-by-norm")
@PROPERTY
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=5), st.floats(0.01, 50))
def test_clipping_keeps_the_direction_and_bounds_the_length(values, limit):
    gradient = np.array(values)
    clipped = f.clip_by_norm(gradient, limit)
    norm = np.linalg.norm(gradient)
    assert np.linalg.norm(clipped) <= limit * (1 + 1e-9)
    if norm <= limit:
        np.testing.assert_array_equal(clipped, gradient)
    else:
        np.testing.assert_allclose(clipped * norm, gradient * limit, rtol=1e-9, atol=1e-9)


@pytest.mark.proves("eq-clip-by-norm")
def test_clipping_is_torchs():
    gradient = np.random.default_rng(0).normal(size=(3, 4))
    leaf = torch.zeros(3, 4, dtype=torch.float64, requires_grad=True)
    leaf.grad = torch.tensor(gradient)
    torch.nn.utils.clip_grad_norm_(leaf, 1.0)
    np.testing.assert_allclose(f.clip_by_norm(gradient, 1.0), leaf.grad.numpy(), rtol=1e-5)  # torch adds 1e-6
    with pytest.raises(ValueError, match="limit is 0"):
        f.clip_by_norm(gradient, 0)


@pytest.mark.parametrize("name", ["w", "u", "b"])
def test_misshapen_weights_are_refused_by_name(name):
    x, h, c, w, u, b = problem(3, 2, 3, blocks=4)
    arrays = {"w": w, "u": u, "b": b}
    arrays[name] = arrays[name][:-1]
    with pytest.raises(ValueError, match=f"{name} has shape"):
        f.lstm(x, h, c, **arrays)
    with pytest.raises(ValueError, match="gradient has shape"):
        f.lstm_gradient(np.zeros((2, 3)), x, h, c, w, u, b)
