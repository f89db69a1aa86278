"""What the parity tests share: double precision, and the comparison of gradients and weights."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest

from deepsense_lib import weights


@pytest.fixture
def double_precision():
    """Let Keras compute in float64 for one test."""
    # Both: once any code has set a policy, it no longer follows floatx.
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


@pytest.fixture(scope="session")
def demand_equal_gradients():
    """Give a function that compares the gradients of a Keras model with those that a PyTorch model holds."""
    import tensorflow as tf

    def demand(first, second, arrays, loss, **tolerance):
        with tf.GradientTape() as tape:
            value = loss()
        found = tape.gradient(value, [v.value for v in second.trainable_variables])
        expected = {name: p.grad.numpy() for name, p in first.named_parameters()}
        assert len(found) == len(expected)
        for variable, gradient in zip(second.trainable_variables, found, strict=True):
            name = weights.canonical_name(variable.path)
            dense = np.array(tf.convert_to_tensor(gradient))  # embeddings give sparse slices
            back = weights.to_torch_layout(name, dense, variable.path, arrays[name].shape)
            np.testing.assert_allclose(back, expected[name], err_msg=name, **tolerance)

    return demand


@pytest.fixture(scope="session")
def demand_round_trip():
    """Give a function that demands the same arrays back from a Keras model that was filled with them."""

    def demand(second, arrays):
        back = weights.from_keras(second, {name: array.shape for name, array in arrays.items()})
        assert back.keys() == arrays.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(back[name], array, err_msg=name)

    return demand
