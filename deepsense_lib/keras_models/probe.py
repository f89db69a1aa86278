"""A compiled Keras model as a subject of `deepsense_lib.evaluation.probe`."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf


class Subject:
    """Answers for a compiled model: what it gives, its loss, its gradients, and how it learns.

    model: compiled, with one output; also: further layers that belong to the listing, whether the model uses
    them or not.
    """

    def __init__(self, model: keras.Model, also: Sequence[keras.Layer] = ()):
        self.model = model
        known = {id(variable) for variable in model.trainable_variables}
        more = [v for layer in also for v in layer.trainable_variables if id(v) not in known]
        self.variables = [*model.trainable_variables, *more]

    def output(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Give the output as in use: dropout off, stored statistics."""
        return keras.ops.convert_to_numpy(self._forward(inputs))

    def loss(self, inputs: Sequence[np.ndarray], target: np.ndarray) -> float:
        """Give the loss as in use."""
        return float(self._loss(inputs, target))

    def gradients(self, inputs: Sequence[np.ndarray], target: np.ndarray) -> dict[str, np.ndarray]:
        """Give the gradient of the loss by the path of each parameter; zeros where none arrives."""
        with tf.GradientTape() as tape:
            loss = self._loss(inputs, target)
        found = tape.gradient(loss, [variable.value for variable in self.variables])
        return {
            variable.path: np.zeros(variable.shape) if g is None else np.array(tf.convert_to_tensor(g))
            for variable, g in zip(self.variables, found, strict=True)
        }

    def learn(self, inputs: Sequence[np.ndarray], target: np.ndarray, steps: int) -> None:
        """Take optimiser steps on this one batch."""
        for _ in range(steps):
            self.model.train_on_batch(self._given(inputs), target)

    def _given(self, inputs: Sequence[np.ndarray]):
        return inputs[0] if len(inputs) == 1 else list(inputs)

    def _forward(self, inputs: Sequence[np.ndarray]):
        return self.model(self._given(inputs), training=False)

    def _loss(self, inputs: Sequence[np.ndarray], target: np.ndarray):
        return self.model.compute_loss(y=keras.ops.convert_to_tensor(target), y_pred=self._forward(inputs))
