"""Attention and Tacotron in Keras against PyTorch: same weights, same outputs, same gradients."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.errors import InputError
from deepsense_lib.formulas.stability import Rules
from deepsense_lib.keras_models import attention as attention_in_keras
from deepsense_lib.keras_models import tacotron as in_keras
from deepsense_lib.torch_models import attention as attention_in_torch
from deepsense_lib.torch_models import tacotron as in_torch

KINDS = ("additive", "dot", "location", "dynamic")
SHAPES = [(1, 3, 4), (2, 5, 6), (3, 14, 8)]  # rows, phonemes, frames


pytestmark = pytest.mark.usefixtures("double_precision")


def batch(rows: int, phonemes: int, frames: int, seed: int = 0):
    """Symbols, word starts, mel, pitch, voiced, mask; rows of different lengths, padded."""
    rng = np.random.default_rng(seed)
    symbols, mask = rng.integers(1, 12, (rows, phonemes)), np.ones((rows, frames))
    for row in range(1, rows):
        symbols[row, phonemes - row :] = 0
        mask[row, frames - row :] = 0
    voiced = rng.integers(0, 2, (rows, frames)).astype(float)
    mel, pitch = rng.normal(size=(rows, frames, 5)), rng.normal(size=(rows, frames))
    return symbols, rng.integers(0, 2, (rows, phonemes)), mel, pitch, voiced, mask


@functools.cache
def pair(attention: str):
    """A PyTorch and a Keras model with the same random weights, and the weights."""
    torch.manual_seed(0)
    sizes = {"symbols": 12, "width": 6, "hidden": 8, "kernel": 3, "encoder_blocks": 2, "rnn": 7}
    sizes |= {"prenet_width": 4, "reduction": 2, "postnet_width": 6, "postnet_blocks": 2, "mels": 5}
    sizes |= {"attention": attention}
    first = in_torch.Tacotron(**sizes).double().eval()
    for tensor in (first.mel_mean, first.mel_std, first.pitch_stats, first.postnet.narrow.weight.data):
        tensor.copy_(torch.rand_like(tensor) + 0.5)
    second = in_keras.Tacotron(**sizes)
    second(*batch(1, 2, 2))
    arrays = weights.to_arrays(first.state_dict())
    weights.into_keras(second, arrays)
    return first, second, arrays


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("symbols", [1, 4, 33])
def test_one_step_of_attention_is_equal(kind, symbols):
    torch.manual_seed(symbols)
    first = attention_in_torch.KINDS[kind](3, 4, 5).double()
    second = attention_in_keras.KINDS[kind](3, 4, 5, name="attention")
    second.build()
    state = weights.to_arrays(first.state_dict())
    for variable in second.weights:
        name = weights.canonical_name(variable.path)
        array = state[name.removeprefix("attention.")]
        variable.assign(weights.to_keras_layout(name, array, variable.path, tuple(variable.shape)))
    rng = np.random.default_rng(symbols)
    query, values = rng.normal(size=(2, 3)), rng.normal(size=(2, symbols, 4))
    mask = np.ones((2, symbols))
    mask[1, max(1, symbols - 2) :] = 0
    last = mask / mask.sum(1, keepdims=True)
    given = (torch.tensor(values), torch.tensor(mask))
    before = attention_in_torch.Attended(torch.tensor(last), torch.tensor(2 * last))
    expected, after = first(torch.tensor(query), first.prepare(*given), before)
    memory = second.prepare(keras.ops.convert_to_tensor(values), keras.ops.convert_to_tensor(mask))
    before = attention_in_keras.Attended(*map(keras.ops.convert_to_tensor, (last, 2 * last)))
    found, found_after = second(keras.ops.convert_to_tensor(query), memory, before)
    np.testing.assert_allclose(np.array(found), expected.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(np.array(found_after.weights), after.weights.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(np.array(found_after.total), after.total.detach().numpy(), atol=1e-10)


@pytest.mark.parametrize("attention", KINDS)
@pytest.mark.parametrize(("rows", "phonemes", "frames"), SHAPES)
def test_outputs_are_equal(attention, rows, phonemes, frames):
    first, second, _ = pair(attention)
    inputs = batch(rows, phonemes, frames, seed=frames)
    expected, found = first(*map(torch.from_numpy, inputs)), second(*inputs)
    for name, a, b in zip(expected._fields, expected, found, strict=True):
        np.testing.assert_allclose(np.array(b), a.detach().numpy(), atol=1e-9, rtol=0, err_msg=name)


@pytest.mark.parametrize("attention", KINDS)
def test_gradients_are_equal(attention, demand_equal_gradients):
    first, second, arrays = pair(attention)
    inputs = batch(2, 5, 6)
    first.zero_grad()
    sum((k + 1) * (p**3).sum() for k, p in enumerate(first(*map(torch.from_numpy, inputs)))).backward()

    def loss():
        return sum((k + 1) * keras.ops.sum(p**3) for k, p in enumerate(second(*inputs)))

    demand_equal_gradients(first, second, arrays, loss, atol=1e-8, rtol=1e-7)


@pytest.mark.parametrize("attention", KINDS)
def test_weights_survive_the_round_trip(attention, demand_round_trip):
    _, second, arrays = pair(attention)
    demand_round_trip(second, arrays)


@pytest.mark.parametrize("attention", KINDS)
def test_free_running_is_equal(attention):
    first, second, _ = pair(attention)
    symbols, starts = (x[0] for x in batch(1, 5, 2)[:2])
    expected = first.infer(torch.from_numpy(symbols), torch.from_numpy(starts), limit=20, dropout_seed=None)
    found = second.infer(symbols, starts, limit=20, dropout_seed=None)
    np.testing.assert_allclose(np.array(found.log_mel), expected.log_mel.numpy(), atol=1e-7)
    np.testing.assert_allclose(np.array(found.alignment), expected.alignment.numpy(), atol=1e-8)
    assert found.stopped == expected.stopped


@pytest.mark.parametrize("attention", KINDS)
@pytest.mark.parametrize(
    "rules",
    [
        Rules(threshold=1.0, window=(0, 1)),
        Rules(threshold=1.0, rest=3, window=(1, 2)),
        Rules(threshold=0.3, to_the_end=True),
    ],
)
def test_free_running_under_rules_is_equal(attention, rules):
    first, second, _ = pair(attention)
    symbols, starts = (x[0] for x in batch(1, 5, 2)[:2])
    options = {"limit": 24, "dropout_seed": None, "rules": rules}
    expected = first.infer(torch.from_numpy(symbols), torch.from_numpy(starts), **options)
    found = second.infer(symbols, starts, **options)
    assert found.stopped == expected.stopped
    for name in ("log_mel", "alignment", "stop"):
        a, b = np.array(getattr(found, name)), getattr(expected, name).numpy()
        np.testing.assert_allclose(a, b, atol=1e-7, err_msg=name)


def test_dropout_at_inference_has_a_seed():
    _, second, _ = pair("location")
    symbols, starts = (x[0] for x in batch(1, 5, 2)[:2])
    one, again, other = (
        np.array(second.infer(symbols, starts, limit=8, dropout_seed=s).log_mel)[:2] for s in (0, 0, 5)
    )
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 1e-6


def test_bad_input_is_refused():
    _, second, _ = pair("dot")
    symbols, starts, mel, pitch, voiced, mask = batch(1, 3, 4)
    with pytest.raises(InputError, match="multiple of the reduction, 2"):
        second(symbols, starts, mel[:, :3], pitch[:, :3], voiced[:, :3], mask[:, :3])
    with pytest.raises(InputError, match="two rows of one length"):
        second.infer(symbols, starts)
    with pytest.raises(InputError, match="additive, dot, location, dynamic"):
        in_keras.Tacotron(12, attention="global")
    with pytest.raises(InputError, match="odd number"):
        attention_in_keras.DynamicConvolutionAttention(3, 4, 5, kernel=4)
