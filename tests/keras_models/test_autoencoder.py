"""Autoencoders in Keras against PyTorch: same weights, same outputs, same gradients."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest
import torch
from keras import ops

from deepsense_lib import weights
from deepsense_lib.errors import InputError
from deepsense_lib.keras_models import autoencoder as in_keras
from deepsense_lib.torch_models import autoencoder as in_torch

SMALL = {"code": 4, "groups": 2, "entries": 7, "width": 8, "hidden": 12, "kernel": 3, "blocks": 2, "mels": 5}
SHAPES = [(1, 1), (2, 6), (3, 9)]  # rows, frames

pytestmark = pytest.mark.usefixtures("double_precision")


def batch(rows: int, length: int, seed: int = 0):
    """Frames and mask (rows of different lengths), and noise for a code of half as many steps."""
    rng = np.random.default_rng(seed)
    mask = np.ones((rows, length, 1))
    for row in range(1, rows):
        mask[row, length - row :] = 0
    return rng.normal(size=(rows, length, 7)), mask, rng.normal(size=(rows, -(-length // 2), 4))


@functools.cache
def pair(kind: str):
    """A PyTorch and a Keras model with the same random weights, and the weights."""
    torch.manual_seed(0)
    first = in_torch.SpeechAutoencoder(kind, **SMALL).double().eval()
    first.mel_mean += 1.0
    second = in_keras.SpeechAutoencoder(kind, **SMALL)
    second(*batch(1, 2)[:2])
    arrays = weights.to_arrays(first.state_dict())
    weights.into_keras(second, arrays)
    return first, second, arrays


@pytest.mark.parametrize("kind", in_torch.KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("noisy", [False, True])
def test_outputs_are_equal(kind, shape, noisy):
    first, second, _ = pair(kind)
    x, mask, noise = batch(*shape)
    noise = noise if noisy and kind == "gaussian" else None
    one = first(torch.tensor(x), torch.tensor(mask), None if noise is None else torch.tensor(noise))
    two = second(x, mask, noise)
    pairs = [(one.frames, two.frames), (one.coded.code, two.coded.code), (one.coded.cost, two.coded.cost)]
    for a, b in [*pairs, (one.step_mask, two.step_mask)]:
        np.testing.assert_allclose(np.array(b), a.detach().numpy(), rtol=1e-9, atol=1e-11)
    if kind == "vector":
        np.testing.assert_array_equal(np.array(two.coded.indices), one.coded.indices)


@pytest.mark.parametrize("kind", in_torch.KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_equal(kind, shape, demand_equal_gradients):
    first, second, arrays = pair(kind)
    x, mask, noise = batch(*shape, seed=1)
    noise = noise if kind == "gaussian" else None
    first.zero_grad()
    said = first(torch.tensor(x), torch.tensor(mask), None if noise is None else torch.tensor(noise))
    ((said.frames - torch.tensor(x)) ** 2).sum().add(said.coded.cost.sum()).backward()

    def loss():
        found = second(x, mask, noise)
        return ops.sum((found.frames - x) ** 2) + ops.sum(found.coded.cost)

    demand_equal_gradients(first, second, arrays, loss, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("kind", in_torch.KINDS)
def test_weights_come_back(kind, demand_round_trip):
    _, second, arrays = pair(kind)
    demand_round_trip(second, arrays)


def test_linear_autoencoders_agree(demand_equal_gradients, demand_round_trip):
    torch.manual_seed(0)
    first, second = in_torch.LinearAutoencoder(5, 2).double(), in_keras.LinearAutoencoder(5, 2)
    x = np.random.default_rng(0).normal(size=(9, 5))
    second(x)
    arrays = weights.to_arrays(first.state_dict())
    weights.into_keras(second, arrays)
    np.testing.assert_allclose(np.array(second(x)), first(torch.tensor(x)).detach().numpy(), rtol=1e-10)
    ((first(torch.tensor(x)) - torch.tensor(x)) ** 2).mean().backward()
    demand_equal_gradients(first, second, arrays, lambda: ops.mean((second(x) - x) ** 2), rtol=1e-9)
    demand_round_trip(second, arrays)


def test_training_draws_and_evaluation_does_not():
    _, second, _ = pair("gaussian")
    x, mask, _ = batch(2, 6)
    still = [np.array(second(x, mask).frames) for _ in range(2)]
    drawn = [np.array(second(x, mask, training=True).frames) for _ in range(2)]
    np.testing.assert_array_equal(*still)
    assert not np.allclose(*drawn)


def test_dead_entries_start_anew_as_in_pytorch():
    keras.utils.set_random_seed(0)
    layer = in_keras.VectorQuantizer(1, 4, 2)
    rng = np.random.default_rng(0)
    x = np.concatenate([np.zeros((1, 20, 2)), np.ones((1, 20, 2))], 1) + 0.01 * rng.normal(size=(1, 40, 2))
    mask = np.ones((1, 40))
    x[:, 30:], mask[:, 30:] = 99.0, 0
    layer(x, mask)
    layer.codebook.assign([[[0.0, 0], [1, 1], [50, 50], [-50, 50]]])
    for _ in range(400):
        layer(x, mask, training=True)
    assert np.abs(np.array(layer.codebook)).max() < 2
    assert (np.array(layer.usage) > 0.0025).all()
    kept = np.array(layer.codebook)
    layer(x, mask)
    np.testing.assert_array_equal(np.array(layer.codebook), kept)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="kind 'gauss'"):
        in_keras.SpeechAutoencoder("gauss")
