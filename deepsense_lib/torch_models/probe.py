"""A PyTorch model as a subject of `deepsense_lib.evaluation.probe`."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Subject:
    """Answers for a model: what it gives, its loss, its gradients, and how it learns.

    model: takes the inputs one by one and gives one tensor; loss: from output and target to a number;
    also: further modules that belong to the listing, whether the model uses them or not; rate: of Adam.
    """

    def __init__(self, model: nn.Module, loss: Loss, also: Sequence[nn.Module] = (), rate: float = 1e-2):
        self.model, self.criterion = model, loss
        self.parts = nn.ModuleDict({"model": model} | {f"also{n}": part for n, part in enumerate(also)})
        self.optimiser = torch.optim.Adam(self.parts.parameters(), lr=rate)

    def output(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Give the output as in use: dropout off, stored statistics."""
        with torch.no_grad():
            return self._forward(inputs, training=False).numpy()

    def loss(self, inputs: Sequence[np.ndarray], target: np.ndarray) -> float:
        """Give the loss as in use."""
        with torch.no_grad():
            return float(self.criterion(self._forward(inputs, training=False), torch.as_tensor(target)))

    def gradients(self, inputs: Sequence[np.ndarray], target: np.ndarray) -> dict[str, np.ndarray]:
        """Give the gradient of the loss by the name of each parameter; zeros where none arrives."""
        named = dict(self.parts.named_parameters())
        if not named:
            return {}
        loss = self.criterion(self._forward(inputs, training=False), torch.as_tensor(target))
        found = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
        return {
            name.removeprefix("model."): (torch.zeros_like(parameter) if g is None else g).numpy()
            for (name, parameter), g in zip(named.items(), found, strict=True)
        }

    def learn(self, inputs: Sequence[np.ndarray], target: np.ndarray, steps: int) -> None:
        """Take optimiser steps on this one batch."""
        for _ in range(steps):
            self.optimiser.zero_grad()
            self.criterion(self._forward(inputs, training=True), torch.as_tensor(target)).backward()
            self.optimiser.step()

    def _forward(self, inputs: Sequence[np.ndarray], training: bool) -> torch.Tensor:
        before = self.model.training
        self.model.train(training)
        try:
            return self.model(*map(torch.as_tensor, inputs))
        finally:
            self.model.train(before)
