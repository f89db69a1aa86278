"""The Keras perceptron equals the PyTorch one in float64: scores, gradients, the whole way of a training."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.errors import InputError
from deepsense_lib.formulas import gradient as formulas
from deepsense_lib.formulas import optimisers as steps_of
from deepsense_lib.formulas.classification import cross_entropy_gradient, targets
from deepsense_lib.keras_models import gradient as in_keras
from deepsense_lib.torch_models import gradient as in_torch

pytestmark = pytest.mark.usefixtures("double_precision")
SIZES = [(3, 5, 2), (1, 1, 1), (8, 4, 7)]
BETAS = (0.875, 1 - 2.0**-10)  # float32 holds them exactly: Keras rounds its settings


def pair(sizes=(8, 6, 4), activation="tanh", seed=0):
    torch.manual_seed(seed)
    first = in_torch.Perceptron(*sizes, activation).double()
    for parameter in first.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    second = in_keras.Perceptron(*sizes, activation)
    arrays = weights.to_arrays(first.state_dict())
    weights.into_keras(second, arrays)
    return first, second, arrays


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("activation", formulas.ACTIVATIONS)
def test_scores_and_gradients_are_equal(sizes, activation, demand_equal_gradients, demand_round_trip):
    first, second, arrays = pair(sizes, activation)
    x = np.random.default_rng(1).normal(size=(5, sizes[0]))
    expected = first(torch.tensor(x))
    np.testing.assert_allclose(np.array(second(x)), expected.detach().numpy(), rtol=1e-11, atol=1e-13)
    (expected**3).sum().backward()
    demand_equal_gradients(
        first, second, arrays, lambda: keras.ops.sum(second(x) ** 3), rtol=1e-9, atol=1e-12
    )
    demand_round_trip(second, arrays)


def batches(count=25, inputs=8, classes=4):
    random = np.random.default_rng(2)
    for _ in range(count):
        yield random.normal(size=(10, inputs)), random.integers(0, classes, 10)


def numpys(arrays, activation, step_of):
    """Train by hand; `step_of(w, g, memory, step)` gives weights and memory."""
    parameters, memories = list(arrays.values()), [None] * 4
    for number, (x, labels) in enumerate(batches(), start=1):
        g = cross_entropy_gradient(formulas.perceptron(x, *parameters, activation), targets(labels, 4))
        gradients = formulas.perceptron_gradient(x, *parameters, g, activation)
        for k, gradient in enumerate(gradients):
            parameters[k], memories[k] = step_of(parameters[k], gradient, memories[k], number)
    return dict(zip(arrays, parameters, strict=True))


def torchs(model, make):
    optimiser = make(model.parameters())
    for x, labels in batches():
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(torch.tensor(x)), torch.tensor(labels)).backward()
        optimiser.step()
    return weights.to_arrays(model.state_dict())


def kerass(model, optimiser, shapes):
    model.compile(optimiser, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for x, labels in batches():
        model.train_on_batch(x, labels)
    return weights.from_keras(model, shapes)


def with_velocity(function):
    return lambda w, g, v, step: function(w, g, np.zeros_like(w) if v is None else v, 0.125, 0.875)


def with_moments(function, epsilon, decay=0.0):
    def step_of(w, g, memory, step):
        m, v = memory or (np.zeros_like(w), np.zeros_like(w))
        w = steps_of.decayed_weights(w, 0.03125, decay)
        w, m, v = function(w, g, m, v, step, 0.03125, BETAS, epsilon)
        return w, (m, v)

    return step_of


# Name -> our step as PyTorch counts, as Keras counts, PyTorch's optimiser, Keras's.
ADAM = {"betas": BETAS}
KERAS_ADAM = {"beta_1": BETAS[0], "beta_2": BETAS[1]}
WAYS = {
    "sgd": (
        lambda w, g, _, step: (steps_of.gradient_descent(w, g, 0.125), None),
        lambda w, g, _, step: (steps_of.gradient_descent(w, g, 0.125), None),
        lambda p: torch.optim.SGD(p, lr=0.125),
        lambda: keras.optimizers.SGD(0.125),
    ),
    "momentum": (
        with_velocity(steps_of.momentum),
        with_velocity(steps_of.momentum_rate_inside),
        lambda p: torch.optim.SGD(p, lr=0.125, momentum=0.875),
        lambda: keras.optimizers.SGD(0.125, momentum=0.875),
    ),
    "adam": (
        with_moments(steps_of.adam, 1e-8),
        with_moments(steps_of.adam_folded, 1e-7),
        lambda p: torch.optim.Adam(p, lr=0.03125, **ADAM),
        lambda: keras.optimizers.Adam(0.03125, **KERAS_ADAM),
    ),
    "adamw": (
        with_moments(steps_of.adam, 1e-8, 0.25),
        with_moments(steps_of.adam_folded, 1e-7, 0.25),
        lambda p: torch.optim.AdamW(p, lr=0.03125, weight_decay=0.25, **ADAM),
        lambda: keras.optimizers.AdamW(0.03125, weight_decay=0.25, **KERAS_ADAM),
    ),
}


@pytest.mark.parametrize("activation", formulas.ACTIVATIONS)
@pytest.mark.parametrize("way", WAYS)
def test_three_trainings_end_with_the_same_numbers(way, activation):
    as_torch, as_keras, torch_optimiser, keras_optimiser = WAYS[way]
    first, second, arrays = pair(activation=activation)
    ours, ours_keras = (numpys(arrays, activation, step_of) for step_of in (as_torch, as_keras))
    theirs = torchs(first, torch_optimiser)
    kerass_own = kerass(second, keras_optimiser(), {name: a.shape for name, a in arrays.items()})
    for name, start in arrays.items():
        assert np.abs(theirs[name] - start).max() > 0.05, "nothing was trained"
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-8, atol=1e-11, err_msg=name)
        np.testing.assert_allclose(ours_keras[name], kerass_own[name], rtol=1e-8, atol=1e-11, err_msg=name)
        # The two conventions differ by epsilon alone, so the frameworks agree, but less closely.
        np.testing.assert_allclose(theirs[name], kerass_own[name], atol=1e-3, err_msg=name)


def test_default_settings_of_adamw_give_other_numbers():
    first, second, arrays = pair()
    theirs = torchs(first, lambda p: torch.optim.AdamW(p, lr=0.03125))
    own = kerass(second, keras.optimizers.AdamW(0.03125), {name: a.shape for name, a in arrays.items()})
    assert max(np.abs(theirs[name] - own[name]).max() for name in arrays) > 1e-3


def test_the_start_is_that_of_the_torch_model():
    keras.utils.set_random_seed(0)
    model = in_keras.Perceptron(400, 300, 7, "relu")
    np.testing.assert_allclose(np.array(model.first.kernel).var(), 2 / 400, rtol=0.03)
    for variable in (model.first.bias, model.head.kernel, model.head.bias):
        assert not np.array(variable).any()


def test_dropout_acts_in_training_only():
    model = in_keras.Perceptron(4, 50, 3, dropout=0.5)
    model.head.kernel.assign(np.random.default_rng(0).normal(size=(50, 3)))
    x = np.random.default_rng(1).normal(size=(2, 4))
    assert not np.array_equal(model(x, training=True), model(x, training=True))
    np.testing.assert_array_equal(model(x), model(x))


@pytest.mark.parametrize("arguments", [{"hidden": 0}, {"activation": "gelu"}, {"dropout": 1.0}])
def test_bad_arguments_and_input_are_named(arguments):
    with pytest.raises(InputError, match="Expected"):
        in_keras.Perceptron(**{"inputs": 3, "hidden": 4, "outputs": 2, **arguments})
    with pytest.raises(InputError, match=r"Expected \(batch, 3\)"):
        in_keras.Perceptron(3, 4, 2)(np.zeros((2, 4)))
