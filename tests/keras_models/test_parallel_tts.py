"""The Keras acoustic model against the PyTorch one: same weights, same outputs, same gradients."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.errors import InputError
from deepsense_lib.keras_models import parallel_tts as in_keras
from deepsense_lib.torch_models import parallel_tts as in_torch

SHAPES = [(1, 5, 1), (2, 7, 3), (3, 4, 2)]  # rows, phonemes of the longest row, decoder blocks


pytestmark = pytest.mark.usefixtures("double_precision")


def batch(rows: int, phonemes: int, seed: int = 0):
    """Symbols, word starts, durations, energy, pitch, voiced: rows of different lengths, padded."""
    rng = np.random.default_rng(seed)
    symbols = rng.integers(1, 12, (rows, phonemes))
    durations = rng.integers(1, 5, (rows, phonemes))
    for row in range(1, rows):
        symbols[row, phonemes - row :] = 0
        durations[row, phonemes - row :] = 0
    frames = durations.sum(1).max()
    real = np.arange(frames) < durations.sum(1)[:, None]
    voiced = rng.integers(0, 2, (rows, frames)) * real
    starts = rng.integers(0, 2, (rows, phonemes)) * (symbols > 0)
    return (
        symbols,
        starts,
        durations,
        rng.normal(size=symbols.shape) * (symbols > 0),
        rng.normal(size=real.shape) * real,
        voiced.astype(float),
    )


@functools.cache  # building a Keras model takes seconds; no test but the training one changes weights
def pair(blocks: int = 1, seed: int = 0):
    """A PyTorch and a Keras model with the same random weights, and the weights."""
    torch.manual_seed(seed)
    sizes = {"symbols": 12, "width": 8, "hidden": 12, "kernel": 3, "predictor_width": 6, "mels": 5}
    first = in_torch.ParallelTTS(**sizes, encoder_blocks=2, decoder_blocks=blocks).double().eval()
    for buffer in (first.mel_mean, first.mel_std, first.pitch_stats, first.energy_stats):
        buffer.copy_(torch.rand_like(buffer) + 0.5)
    second = in_keras.ParallelTTS(**sizes, encoder_blocks=2, decoder_blocks=blocks)
    second(*batch(1, 3))
    arrays = weights.to_arrays(first.state_dict())
    weights.into_keras(second, arrays)
    return first, second, arrays


def scalar(prediction, power):
    """A number that depends on all outputs: weighted sums of powers, the same in both frameworks."""
    return sum((k + 1) * power(part) for k, part in enumerate(prediction) if k != 1)


@pytest.mark.parametrize(("rows", "phonemes", "blocks"), SHAPES)
def test_outputs_are_equal(rows, phonemes, blocks):
    first, second, _ = pair(blocks, seed=blocks)
    inputs = batch(rows, phonemes, seed=phonemes)
    expected = first(*map(torch.from_numpy, inputs))
    found = second(*inputs)
    for name, a, b in zip(expected._fields, expected, found, strict=True):
        np.testing.assert_allclose(np.array(b), a.detach().numpy(), atol=1e-8, rtol=0, err_msg=name)


@pytest.mark.parametrize(("rows", "phonemes", "blocks"), SHAPES)
def test_gradients_are_equal(rows, phonemes, blocks, demand_equal_gradients):
    first, second, arrays = pair(blocks, seed=blocks)
    inputs = batch(rows, phonemes, seed=phonemes)
    scalar(first(*map(torch.from_numpy, inputs)), lambda x: (x**3).sum()).backward()

    def loss():
        return scalar(second(*inputs), lambda x: keras.ops.sum(x**3))

    demand_equal_gradients(first, second, arrays, loss, atol=1e-8, rtol=1e-8)


def test_weights_survive_the_round_trip(demand_round_trip):
    _, second, arrays = pair()
    demand_round_trip(second, arrays)


@pytest.mark.parametrize("knobs", [{}, {"speed": 1.7}, {"pitch_shift": -3.0}, {"energy": 2.0}])
def test_inference_is_equal(knobs):
    first, second, _ = pair()
    symbols, starts, *_ = batch(1, 9, seed=4)
    expected = first.infer(torch.from_numpy(symbols[0]), torch.from_numpy(starts[0]), **knobs)
    found = second.infer(symbols[0], starts[0], **knobs)
    for name, a, b in zip(expected._fields, expected, found, strict=True):
        np.testing.assert_allclose(np.array(b), a.numpy(), atol=1e-8, rtol=1e-10, err_msg=name)


def test_statistics_are_not_trained():
    _, second, _ = pair()
    trained = {weights.canonical_name(v.path) for v in second.trainable_variables}
    assert not trained & {"mel_mean", "mel_std", "pitch_stats", "energy_stats"}


def test_padding_changes_nothing():
    _, second, _ = pair()
    inputs = batch(2, 6, seed=1)
    together = second(*inputs)
    phonemes, frames = 5, int(inputs[2][1].sum())
    alone = second(*(x[1:, : frames if x.shape[1] == inputs[4].shape[1] else phonemes] for x in inputs))
    np.testing.assert_allclose(np.array(together.mel)[1, :frames], np.array(alone.mel)[0], atol=1e-12)
    np.testing.assert_array_equal(np.array(together.mel)[1, frames:], 0)


@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # the mel depends on no predictor
def test_keras_fit_lowers_the_loss():
    _, second, _ = pair.__wrapped__()
    inputs = batch(2, 6, seed=2)

    class Trained(keras.Model):
        """The model under a loss that Keras `fit` can minimise."""

        def __init__(self):
            super().__init__()
            self.inner = second

        def call(self, x, training=False):
            return self.inner(*x, training=training).mel

    model = Trained()
    model.compile(keras.optimizers.Adam(0.01), "mae", run_eagerly=True)
    target = np.random.default_rng(0).normal(size=np.array(second(*inputs).mel).shape)
    history = model.fit(inputs, target, epochs=5, verbose=0).history["loss"]
    assert history[-1] < 0.9 * history[0]


@pytest.mark.parametrize("knobs", [{"speed": 0.0}, {"pitch_shift": 40.0}, {"energy": float("nan")}])
def test_knobs_out_of_range_are_named(knobs):
    _, second, _ = pair()
    with pytest.raises(InputError, match=next(iter(knobs))):
        second.infer(np.array([1, 2]), np.array([0, 1]), **knobs)
