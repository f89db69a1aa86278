"""The small perceptron of the chapter "Learning by gradient" in PyTorch.

The hidden weights start with LeCun's variance for tanh and He's for ReLU. The head starts at zero, so the
first loss of a classifier is log(classes), and a regression first answers 0, the mean of its scaled targets.
"""

import math

import torch
from torch import Tensor, nn

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.gradient import ACTIVATIONS, he_variance, lecun_variance


class Perceptron(nn.Module):
    """One hidden layer: a linear map, tanh or ReLU, dropout, a linear head.

    Source: Rumelhart, Hinton, Williams (1986), "Learning representations by back-propagating errors".

    Raises: InputError when a width is below 1, the activation is unknown or dropout is not in [0, 1).
    """

    def __init__(
        self, inputs: int, hidden: int, outputs: int, activation: str = "tanh", dropout: float = 0.0
    ):
        super().__init__()
        check_arguments(inputs, hidden, outputs, activation, dropout)
        self.configuration = {
            "inputs": inputs,
            "hidden": hidden,
            "outputs": outputs,
            "activation": activation,
            "dropout": dropout,
        }
        self.first = nn.Linear(inputs, hidden)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, outputs)
        nn.init.normal_(self.first.weight, std=math.sqrt(first_variance(inputs, activation)))
        for tensor in (self.first.bias, self.head.weight, self.head.bias):
            nn.init.zeros_(tensor)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, inputs)` to scores `(batch, outputs)`.

        Raises: InputError when x has another shape.
        """
        expected = self.configuration["inputs"]
        if x.ndim != 2 or x.shape[1] != expected:
            raise InputError(
                f"the input has the shape {tuple(x.shape)}. Expected (batch, {expected}). Flatten images; "
                "put a single row in a batch of its own: x[None]."
            )
        z = self.first(x)
        a = torch.tanh(z) if self.configuration["activation"] == "tanh" else torch.relu(z)
        return self.head(self.dropout(a))


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
