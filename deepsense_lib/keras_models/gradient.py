"""The small perceptron of the chapter "Learning by gradient" in Keras 3: the numbers of the PyTorch one.

Keras keeps the weights of a dense layer turned, `(inputs, outputs)`. Its own first weights would be Glorot's,
uniform; here they are given, so that both frameworks draw from one distribution.
"""

import math

import keras
from keras import layers, ops

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.gradient import ACTIVATIONS, he_variance, lecun_variance


class Perceptron(keras.Model):
    """One hidden layer: a linear map, tanh or ReLU, dropout, a linear head.

    Source: Rumelhart, Hinton, Williams (1986), "Learning representations by back-propagating errors".

    Raises: InputError when a width is below 1, the activation is unknown or dropout is not in [0, 1).
    """

    def __init__(
        self, inputs: int, hidden: int, outputs: int, activation: str = "tanh", dropout: float = 0.0, **kwargs
    ):
        super().__init__(**kwargs)
        check_arguments(inputs, hidden, outputs, activation, dropout)
        self.configuration = {
            "inputs": inputs,
            "hidden": hidden,
            "outputs": outputs,
            "activation": activation,
            "dropout": dropout,
        }
        deviation = math.sqrt(first_variance(inputs, activation))
        self.first = layers.Dense(
            hidden, kernel_initializer=keras.initializers.RandomNormal(stddev=deviation), name="first"
        )
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Dense(outputs, kernel_initializer="zeros", name="head")
        self(ops.zeros((1, inputs), dtype=self.variable_dtype))  # makes all variables

    def call(self, x, training: bool = False):
        """Map `(batch, inputs)` to scores `(batch, outputs)`.

        Raises: InputError when x has another shape.
        """
        expected = self.configuration["inputs"]
        if len(x.shape) != 2 or x.shape[1] != expected:
            raise InputError(
                f"the input has the shape {tuple(x.shape)}. Expected (batch, {expected}). Flatten images; "
                "put a single row in a batch of its own: x[None]."
            )
        z = self.first(x)
        a = ops.tanh(z) if self.configuration["activation"] == "tanh" else ops.relu(z)
        return self.head(self.dropout(a, training=training))


def first_variance(inputs: int, activation: str) -> float:
    """Return the variance of the first weights of the hidden layer."""
    return lecun_variance(inputs) if activation == "tanh" else he_variance(inputs)


def check_arguments(inputs: int, hidden: int, outputs: int, activation: str, dropout: float) -> None:
    """Raise InputError unless a perceptron can be made of these."""
    if min(inputs, hidden, outputs) < 1:
        raise InputError(f"the widths are {inputs}, {hidden}, {outputs}. Expected at least 1 of each.")
    if activation not in ACTIVATIONS:
        raise InputError(f"the activation is {activation!r}. Expected one of {', '.join(ACTIVATIONS)}.")
    if not 0 <= dropout < 1:
        raise InputError(f"dropout is {dropout}. Expected a share from 0 to below 1.")
