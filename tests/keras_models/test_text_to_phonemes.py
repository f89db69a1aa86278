"""The Keras letter-to-sound model against the PyTorch one: same weights, outputs, gradients, same words."""

import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.errors import InputError
from deepsense_lib.keras_models import text_to_phonemes as in_keras
from deepsense_lib.torch_models import text_to_phonemes as in_torch

CHUNKS = ["", "AA1", "B", "K", "K S", "T"]
CASES = [["a"], ["box", "at"], ["tobacco", "to", "cab"]]

pytestmark = pytest.mark.usefixtures("double_precision")


def batch(words, seed: int = 0):
    letters = in_keras.encode_letters(words)
    return letters, np.random.default_rng(seed).integers(0, len(CHUNKS), letters.shape)


@functools.cache
def pair():
    """A PyTorch and a Keras model with the same random weights, and the weights."""
    torch.manual_seed(0)
    sizes = {"chunks": CHUNKS, "embedding": 5, "reader_width": 6, "width": 7}
    first = in_torch.LetterToSound(**sizes).double().eval()
    torch.nn.init.normal_(first.output.weight)
    second = in_keras.LetterToSound(**sizes)
    second(*batch(["ab"]))
    arrays = weights.to_arrays(first.state_dict())
    weights.into_keras(second, arrays)
    return first, second, arrays


@pytest.mark.parametrize("words", CASES, ids=len)
def test_outputs_are_equal(words):
    first, second, _ = pair()
    letters, chunks = batch(words)
    np.testing.assert_array_equal(letters, in_torch.encode_letters(words).numpy())
    expected = first(torch.from_numpy(letters), torch.from_numpy(chunks)).detach().numpy()
    np.testing.assert_allclose(np.array(second(letters, chunks)), expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("words", CASES, ids=len)
def test_gradients_are_equal(words, demand_equal_gradients):
    first, second, arrays = pair()
    letters, chunks = batch(words, seed=1)
    first.zero_grad()
    (first(torch.from_numpy(letters), torch.from_numpy(chunks)) ** 3).sum().backward()
    demand_equal_gradients(
        first, second, arrays, lambda: keras.ops.sum(second(letters, chunks) ** 3), atol=1e-9, rtol=1e-9
    )


def test_weights_survive_the_round_trip(demand_round_trip):
    _, second, arrays = pair()
    demand_round_trip(second, arrays)


def test_a_new_model_says_that_all_chunks_are_alike():
    letters, chunks = batch(["box"])
    assert not np.array(in_keras.LetterToSound(CHUNKS, 5, 6, 7)(letters, chunks)).any()


@pytest.mark.parametrize("beam", [1, 3])
def test_both_say_the_same(beam):
    first, second, _ = pair()
    for word in ("box", "tobacco", "a"):
        assert first.infer(word, beam) == second.infer(word, beam)


def test_bad_input_is_refused():
    _, second, _ = pair()
    letters, chunks = batch(["box"])
    with pytest.raises(InputError, match="one chunk a letter"):
        second(letters, chunks[:, :2])
    with pytest.raises(InputError, match="beam is 0"):
        second.infer("box", beam=0)
    for bad in (["A"], [""], []):
        with pytest.raises(InputError, match="expected at least one"):
            in_keras.encode_letters(bad)
