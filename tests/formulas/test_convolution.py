"""Convolution and pooling against PyTorch, against finite differences, and against wrong formulas."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import convolution as conv

GRID = [
    # (height, width), (kernel height, kernel width), stride, padding
    *((size, (3, 3), s, p) for size, s, p in itertools.product([(7, 7), (8, 5)], [1, 2, 3], [0, 1, 2])),
    ((9, 6), (1, 1), 2, 0),
    ((6, 9), (2, 5), (2, 1), (0, 2)),
    ((5, 5), (5, 5), 1, 0),
    ((8, 8), (4, 2), (1, 3), (1, 0)),
]


def example(size, kernel, seed=0, batch=2, channels=3, filters=4):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(batch, channels, *size)),
        rng.normal(size=(filters, channels, *kernel)),
        rng.normal(size=filters),
    )


def numerical_gradient(function, x, step=1e-5):
    """Central differences of a scalar function at every entry of x."""
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (function(up) - function(down)) / (2 * step)
    return gradient


@pytest.mark.proves("eq-conv2d")
@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), GRID)
def test_conv2d_equals_torch(size, kernel, stride, padding):
    x, w, b = example(size, kernel)
    ours = conv.conv2d(x, w, b, stride, padding)
    theirs = F.conv2d(*map(torch.tensor, (x, w, b)), stride=stride, padding=padding)
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.proves("eq-conv2d-input-gradient")
@pytest.mark.proves("eq-conv2d-kernel-gradient")
@pytest.mark.proves("eq-conv2d-bias-gradient")
@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), GRID)
def test_gradients_equal_autograd(size, kernel, stride, padding):
    x, w, b = example(size, kernel)
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, w, b)]
    y = F.conv2d(*tensors, stride=stride, padding=padding)
    g = np.random.default_rng(1).normal(size=tuple(y.shape))
    y.backward(torch.tensor(g))
    ours = (
        conv.conv2d_input_gradient(g, w, size, stride, padding),
        conv.conv2d_kernel_gradient(x, g, kernel, stride, padding),
        conv.conv2d_bias_gradient(g),
    )
    for mine, tensor in zip(ours, tensors, strict=True):
        np.testing.assert_allclose(mine, tensor.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_gradients_equal_finite_differences():
    x, w, b = example((5, 4), (3, 2), batch=1, channels=2, filters=2)
    weight = np.random.default_rng(2).normal(size=conv.conv2d(x, w, b, 2, 1).shape)

    def loss(x, w, b):
        return (conv.conv2d(x, w, b, 2, 1) * weight).sum()

    pairs = [
        (conv.conv2d_input_gradient(weight, w, (5, 4), 2, 1), numerical_gradient(lambda a: loss(a, w, b), x)),
        (
            conv.conv2d_kernel_gradient(x, weight, (3, 2), 2, 1),
            numerical_gradient(lambda a: loss(x, a, b), w),
        ),
        (conv.conv2d_bias_gradient(weight), numerical_gradient(lambda a: loss(x, w, a), b)),
    ]
    for ours, numerical in pairs:
        np.testing.assert_allclose(ours, numerical, rtol=1e-6, atol=1e-8)


@pytest.mark.proves("eq-im2col")
@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), GRID)
def test_im2col_turns_a_convolution_into_a_product(size, kernel, stride, padding):
    x, w, b = example(size, kernel)
    rows = conv.im2col(x, kernel, stride, padding)
    y = conv.conv2d(x, w, b, stride, padding)
    product = (rows @ w.reshape(len(w), -1).T + b).swapaxes(1, 2).reshape(y.shape)
    np.testing.assert_allclose(product, y, rtol=1e-10, atol=1e-12)
    theirs = F.unfold(F.pad(torch.tensor(x), _torch_pad(padding)), kernel, stride=stride)
    np.testing.assert_array_equal(rows, theirs.numpy().swapaxes(1, 2))


def _torch_pad(padding):
    vertical, horizontal = (padding, padding) if isinstance(padding, int) else padding
    return (horizontal, horizontal, vertical, vertical)


@pytest.mark.proves("eq-max-pool")
@pytest.mark.proves("eq-max-pool-gradient")
@pytest.mark.parametrize("size", [(4, 4), (7, 5), (6, 9)])
@pytest.mark.parametrize(("window", "stride"), [(2, None), (3, None), (3, 2), ((2, 3), (1, 2)), (2, 3)])
def test_pooling_and_its_gradient_equal_torch(size, window, stride):
    # Whole numbers make ties likely: the first of the largest wins, as in PyTorch.
    x = np.random.default_rng(3).integers(-3, 3, size=(2, 3, *size)).astype(float)
    tensor = torch.tensor(x, requires_grad=True)
    y = F.max_pool2d(tensor, window, stride)
    np.testing.assert_array_equal(conv.max_pool2d(x, window, stride), y.detach().numpy())
    g = np.random.default_rng(4).normal(size=tuple(y.shape))
    y.backward(torch.tensor(g))
    np.testing.assert_allclose(
        conv.max_pool2d_gradient(x, g, window, stride), tensor.grad.numpy(), atol=1e-12
    )


@pytest.mark.proves("eq-output-size")
@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 4), st.integers(0, 4))
def test_output_size_counts_the_places(size, kernel, stride, padding):
    if kernel > size + 2 * padding:
        with pytest.raises(ValueError, match="longer than the padded axis"):
            conv.output_size(size, kernel, stride, padding)
        return
    starts = [i for i in range(0, size + 2 * padding, stride) if i + kernel <= size + 2 * padding]
    assert conv.output_size(size, kernel, stride, padding) == len(starts)


@pytest.mark.parametrize("numbers", [(5, 0, 1, 0), (5, 3, 0, 0), (5, 3, 1, -1)])
def test_output_size_rejects_numbers_out_of_range(numbers):
    with pytest.raises(ValueError, match="at least 1"):
        conv.output_size(*numbers)


@settings(max_examples=30, derandomize=True, deadline=None)
@given(st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 10**6))
def test_convolution_commutes_with_shifts(down, right, seed):
    rng = np.random.default_rng(seed)
    x = np.zeros((1, 2, 20, 20))
    x[:, :, 7:13, 7:13] = rng.normal(size=(1, 2, 6, 6))
    w = rng.normal(size=(3, 2, 3, 3))
    moved = conv.conv2d(np.roll(x, (down, right), (2, 3)), w, padding=1)
    np.testing.assert_allclose(
        moved, np.roll(conv.conv2d(x, w, padding=1), (down, right), (2, 3)), atol=1e-12
    )


@settings(max_examples=30, derandomize=True, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2]), st.sampled_from([0, 1]))
def test_the_input_gradient_is_the_adjoint(seed, stride, padding):
    x, w, _ = example((6, 7), (3, 3), seed)
    g = np.random.default_rng(seed + 1).normal(size=conv.conv2d(x, w, None, stride, padding).shape)
    forward = (conv.conv2d(x, w, None, stride, padding) * g).sum()
    assert np.isclose(forward, (x * conv.conv2d_input_gradient(g, w, (6, 7), stride, padding)).sum())
    assert np.isclose(forward, (w * conv.conv2d_kernel_gradient(x, g, (3, 3), stride, padding)).sum())


@pytest.mark.proves("eq-receptive-field")
@pytest.mark.parametrize(
    "layers", [[(3, 1)], [(3, 1), (3, 1)], [(3, 1), (2, 2)] * 2, [(5, 2), (3, 2), (3, 1)], [(1, 1), (4, 3)]]
)
def test_receptive_field_is_what_one_output_really_sees(layers):
    x = torch.zeros(1, 1, 60, 60, dtype=torch.float64, requires_grad=True)
    y = x
    for kernel, stride in layers:
        y = F.conv2d(y, torch.ones(1, 1, kernel, kernel, dtype=torch.float64), stride=stride)
    y[0, 0, 0, 0].backward()
    seen = x.grad[0, 0].any(dim=0).sum().item()
    assert conv.receptive_field(layers) == seen


def test_convolution_is_not_flipped():
    x, w, _ = example((6, 6), (3, 3))
    flipped = conv.conv2d(x, w[:, :, ::-1, ::-1])
    assert not np.allclose(flipped, F.conv2d(torch.tensor(x), torch.tensor(w)).numpy())


def test_inputs_stay_as_they_were():
    x, w, b = example((6, 6), (3, 3))
    copies = [a.copy() for a in (x, w, b)]
    y = conv.conv2d(x, w, b, 2, 1)
    conv.conv2d_input_gradient(y, w, (6, 6), 2, 1)
    conv.conv2d_kernel_gradient(x, y, (3, 3), 2, 1)
    conv.max_pool2d(x)
    for array, copy in zip((x, w, b), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("x", "w", "b", "message"),
    [
        (np.zeros((4, 4)), np.zeros((1, 1, 3, 3)), None, "images must be"),
        (np.zeros((1, 2, 4, 4)), np.zeros((1, 1, 3, 3)), None, "kernel must be"),
        (np.zeros((1, 1, 4, 4)), np.zeros((3, 3)), None, "kernel must be"),
        (np.zeros((1, 1, 4, 4)), np.zeros((2, 1, 3, 3)), np.zeros(3), "bias must have"),
        (np.zeros((1, 1, 2, 4)), np.zeros((1, 1, 3, 3)), None, "longer than the padded axis"),
    ],
)
def test_bad_shapes_are_named(x, w, b, message):
    with pytest.raises(ValueError, match=message):
        conv.conv2d(x, w, b)


def test_gradients_reject_an_output_of_another_shape():
    x, w, _ = example((6, 6), (3, 3))
    wrong = np.zeros((2, 4, 6, 6))
    with pytest.raises(ValueError, match="output gradient must have"):
        conv.conv2d_input_gradient(wrong, w, (6, 6))
    with pytest.raises(ValueError, match="output gradient must have"):
        conv.conv2d_kernel_gradient(x, wrong, (3, 3))
    with pytest.raises(ValueError, match="output gradient must have"):
        conv.max_pool2d_gradient(x, np.zeros((2, 3, 2, 2)), 2)
