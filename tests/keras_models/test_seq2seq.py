"""The Keras LSTM and sequence model against the PyTorch ones: same weights, same outputs, same gradients."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.errors import InputError
from deepsense_lib.keras_models import recurrent as recurrent_in_keras
from deepsense_lib.keras_models import seq2seq as in_keras
from deepsense_lib.torch_models import recurrent as recurrent_in_torch
from deepsense_lib.torch_models import seq2seq as in_torch

SHAPES = [(1, 3, 4, 2), (2, 5, 6, 2), (3, 4, 9, 3)]  # rows, phonemes, frames, reduction


pytestmark = pytest.mark.usefixtures("double_precision")


def batch(rows: int, phonemes: int, frames: int, seed: int = 0):
    """Symbols, mel, pitch, voiced; rows of different lengths, padded."""
    rng = np.random.default_rng(seed)
    symbols = rng.integers(1, 12, (rows, phonemes))
    for row in range(1, rows):
        symbols[row, phonemes - row :] = 0
    voiced = rng.integers(0, 2, (rows, frames)).astype(float)
    return symbols, rng.normal(size=(rows, frames, 5)), rng.normal(size=(rows, frames)), voiced


@functools.cache
def pair(reduction: int = 2):
    """A PyTorch and a Keras model with the same random weights, and the weights."""
    torch.manual_seed(reduction)
    sizes = {"symbols": 12, "width": 7, "prenet_width": 4, "mels": 5, "reduction": reduction}
    first = in_torch.Seq2SeqTTS(**sizes).double().eval()
    for buffer in (first.mel_mean, first.mel_std, first.pitch_stats):
        buffer.copy_(torch.rand_like(buffer) + 0.5)
    second = in_keras.Seq2SeqTTS(**sizes)
    second(*batch(1, 2, reduction))
    arrays = weights.to_arrays(first.state_dict())
    weights.into_keras(second, arrays)
    return first, second, arrays


@pytest.mark.parametrize("masked", [False, True])
def test_the_lstm_is_keras_own_and_pytorchs(masked):
    torch.manual_seed(0)
    ours_torch = recurrent_in_torch.LSTM(3, 4).double()
    ours, own = recurrent_in_keras.LSTM(3, 4, name="lstm"), keras.layers.LSTM(4, return_sequences=True)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 6, 3))
    mask = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]]) if masked else None
    ours(x), own(x)
    state = weights.to_arrays(ours_torch.state_dict())
    by_name = {weights.canonical_name(f"model/{v.path.split('/', 1)[1]}"): v for v in ours.weights}
    for name, variable in by_name.items():
        variable.assign(state[name].T)
    own.set_weights([state["cell.input.weight"].T, state["cell.state.weight"].T, state["cell.input.bias"]])
    found = np.array(ours(x, mask=mask)[0])
    theirs = np.array(own(x, mask=None if mask is None else mask.astype(bool)))
    torchs = ours_torch(torch.tensor(x), mask=None if mask is None else torch.tensor(mask))[0]
    np.testing.assert_allclose(found, torchs.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(found, theirs, atol=1e-10)


def test_a_new_cell_remembers():
    cell = recurrent_in_keras.LSTMCell(3, 5)
    cell(np.zeros((1, 3)), np.zeros((1, 5)), np.zeros((1, 5)))
    bias = np.array(cell.input_dense.bias).reshape(4, 5)
    np.testing.assert_array_equal(bias, [[0] * 5, [1] * 5, [0] * 5, [0] * 5])


@pytest.mark.parametrize(("rows", "phonemes", "frames", "reduction"), SHAPES)
def test_outputs_are_equal(rows, phonemes, frames, reduction):
    first, second, _ = pair(reduction)
    inputs = batch(rows, phonemes, frames, seed=frames)
    expected, found = first(*map(torch.from_numpy, inputs)), second(*inputs)
    for name, a, b in zip(expected._fields, expected, found, strict=True):
        np.testing.assert_allclose(np.array(b), a.detach().numpy(), atol=1e-10, rtol=0, err_msg=name)


@pytest.mark.parametrize(("rows", "phonemes", "frames", "reduction"), SHAPES)
def test_gradients_are_equal(rows, phonemes, frames, reduction, demand_equal_gradients):
    first, second, arrays = pair(reduction)
    inputs = batch(rows, phonemes, frames, seed=phonemes)
    first.zero_grad()
    sum((k + 1) * (p**3).sum() for k, p in enumerate(first(*map(torch.from_numpy, inputs)))).backward()

    def loss():
        return sum((k + 1) * keras.ops.sum(p**3) for k, p in enumerate(second(*inputs)))

    demand_equal_gradients(first, second, arrays, loss, atol=1e-9, rtol=1e-9)


def test_weights_survive_the_round_trip(demand_round_trip):
    _, second, arrays = pair()
    demand_round_trip(second, arrays)


def test_free_running_is_equal():
    first, second, _ = pair()
    symbols = batch(1, 5, 2)[0][0]
    expected, found = first.infer(torch.from_numpy(symbols), limit=20), second.infer(symbols, limit=20)
    np.testing.assert_allclose(np.array(found.log_mel), expected.log_mel.numpy(), atol=1e-8)
    np.testing.assert_allclose(np.array(found.f0), expected.f0.numpy(), atol=1e-6)
    assert found.stopped == expected.stopped


def test_bad_input_is_refused():
    _, second, _ = pair()
    symbols, mel, pitch, voiced = batch(1, 3, 4)
    with pytest.raises(InputError, match="multiple of the reduction, 2"):
        second(symbols, mel[:, :3], pitch[:, :3], voiced[:, :3])
    with pytest.raises(InputError, match="one row"):
        second.infer(symbols)
