"""Where the frameworks' conventions differ, and the wrong formula that the book takes apart."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from deepsense_lib.book.mutants import bilinear_map
from deepsense_lib.formulas import convolution as conv

keras = pytest.importorskip("keras")


def keras_conv2d(x, w, stride, padding):
    """Carry the layouts across: Keras keeps channels last, and the kernel as (height, width, in, out)."""
    y = keras.ops.conv(x.transpose(0, 2, 3, 1), w.transpose(2, 3, 1, 0), strides=stride, padding=padding)
    return keras.ops.convert_to_numpy(y).transpose(0, 3, 1, 2)


@pytest.mark.proves("eq-same-padding")
@pytest.mark.parametrize("size", [5, 6, 8, 9])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_is_that_of_tensorflow(size, kernel, stride):
    rng = np.random.default_rng(size * 100 + kernel * 10 + stride)
    x, w = rng.normal(size=(2, 3, size, size)), rng.normal(size=(4, 3, kernel, kernel))
    sides = conv.same_padding(size, kernel, stride)
    ours = conv.conv2d(x, w, None, stride, (sides, sides))
    np.testing.assert_allclose(ours, keras_conv2d(x, w, stride, "same"), rtol=1e-10, atol=1e-12)
    assert ours.shape[2] == -(-size // stride)


@pytest.mark.parametrize("stride", [1, 2])
def test_valid_padding_equals_keras(stride):
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=(2, 3, 7, 8)), rng.normal(size=(4, 3, 3, 2))
    np.testing.assert_allclose(
        conv.conv2d(x, w, None, stride), keras_conv2d(x, w, stride, "valid"), rtol=1e-10
    )


def test_same_at_stride_two_is_not_padding_one():
    rng = np.random.default_rng(6)
    x, w = rng.normal(size=(1, 1, 8, 8)), rng.normal(size=(1, 1, 3, 3))
    same = keras_conv2d(x, w, 2, "same")
    padding_one = F.conv2d(torch.tensor(x), torch.tensor(w), stride=2, padding=1).numpy()
    assert conv.same_padding(8, 3, 2) == (0, 1)
    assert same.shape == padding_one.shape
    assert np.abs(same - padding_one).max() > 0.5
    # Padding one row below and one column to the right makes PyTorch agree.
    padded = F.pad(torch.tensor(x), (0, 1, 0, 1))
    np.testing.assert_allclose(F.conv2d(padded, torch.tensor(w), stride=2).numpy(), same, rtol=1e-10)


# --- the wrong formula: a sum over the whole image with one matrix used twice ----------------------


@pytest.fixture
def wrong():
    rng = np.random.default_rng(7)
    return rng.normal(size=(8, 8)), rng.normal(size=(8, 8)), rng.normal(size=(8, 8))


def test_the_wrong_formula_is_a_product_of_matrices(wrong):
    x, w, b = wrong
    np.testing.assert_allclose(bilinear_map(x, w, b), w @ x @ w.T + b, rtol=1e-12)


def test_each_of_its_outputs_sees_the_whole_image(wrong):
    _, w, _ = wrong
    seen = np.outer(w[0], w[0])  # derivative of y_00 with respect to every pixel
    assert np.count_nonzero(seen) == 64
    kernel = np.random.default_rng(8).normal(size=(1, 1, 3, 3))
    g = np.zeros((1, 1, 6, 6))
    g[0, 0, 0, 0] = 1
    assert np.count_nonzero(conv.conv2d_input_gradient(g, kernel, (8, 8))) == 9


def test_its_kernels_have_rank_one_and_a_laplacian_has_two(wrong):
    _, w, _ = wrong
    assert all(np.linalg.matrix_rank(np.outer(w[i], w[j])) == 1 for i in range(8) for j in range(8))
    assert np.linalg.matrix_rank(np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])) == 2


def test_it_does_not_commute_with_shifts_as_a_convolution_must(wrong):
    _, w, b = wrong
    x = np.zeros((8, 8))
    x[3:5, 3:5] = [[1, 2], [3, 4]]
    moved = bilinear_map(np.roll(x, 1, 1), w, 0 * b)
    assert not np.allclose(moved[1:7, 2:7], bilinear_map(x, w, 0 * b)[1:7, 1:6])


def test_it_fails_the_comparison_that_conv2d_passes(wrong):
    x, w, _ = wrong
    theirs = F.conv2d(torch.tensor(x)[None, None], torch.tensor(w[:3, :3])[None, None])[0, 0].numpy()
    np.testing.assert_allclose(conv.conv2d(x[None, None], w[None, None, :3, :3])[0, 0], theirs, rtol=1e-10)
    assert not np.allclose(bilinear_map(x, w, 0)[:6, :6], theirs)
