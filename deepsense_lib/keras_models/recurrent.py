"""The long short-term memory in Keras 3: the same classes, arguments and numbers as the PyTorch version."""

import keras
from keras import layers, ops


class ForgetOne(keras.initializers.Initializer):
    """Zeros, and ones for the forget gate, the second quarter."""

    def __call__(self, shape, dtype=None):
        """Give the bias (4 width,)."""
        width = shape[0] // 4
        return ops.concatenate(
            [ops.full((n * width,), value, dtype) for n, value in ((1, 0), (1, 1), (2, 0))]
        )


class LSTMCell(layers.Layer):
    """One step: four gates from the input and the state, in the order input, forget, candidate, output."""

    def __init__(self, inputs: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.inputs, self.width = inputs, width
        self.input_dense = layers.Dense(4 * width, bias_initializer=ForgetOne(), name="input")
        self.state_dense = layers.Dense(
            4 * width, use_bias=False, kernel_initializer="orthogonal", name="state"
        )

    def build(self, *shapes):
        """Make the weights now: a sequence uses the parts one by one and never calls the whole cell."""
        self.input_dense.build((None, self.inputs))
        self.state_dense.build((None, self.width))

    def call(self, x, h, c):
        """Map an input (batch, inputs) and a state to the next state."""
        return self.step(self.input_dense(x), h, c)

    def step(self, driven, h, c):
        """The same for an input that has gone through the input layer already, (batch, 4 width)."""
        i, f, g, o = ops.split(driven + self.state_dense(h), 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        return ops.sigmoid(o) * ops.tanh(c), c


class LSTM(layers.Layer):
    """A cell that runs over a sequence."""

    def __init__(self, inputs: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.cell = LSTMCell(inputs, width, name="cell")
        self.supports_masking = True

    def build(self, *shapes):
        """Make the weights of the cell, below its own name."""
        self.cell.build()

    def compute_mask(self, x, previous_mask=None):
        """Hand no mask on: the states of padding are those of the last true step."""
        return None

    def call(self, x, state=None, mask=None):
        """Map (batch, time, inputs) to all states (batch, time, width) and the state after the last step.

        Where the mask (batch, time) is 0 the state is carried on, so padding changes nothing.
        """
        if state is None:
            zero = ops.zeros((ops.shape(x)[0], self.width), dtype=x.dtype)
            state = (zero, zero)
        driven, outputs = self.cell.input_dense(x), []
        for t in range(x.shape[1]):
            new = self.cell.step(driven[:, t], *state)
            if mask is not None:
                keep = mask[:, t, None] > 0
                new = tuple(ops.where(keep, a, b) for a, b in zip(new, state, strict=True))
            state = new
            outputs.append(state[0])
        return ops.stack(outputs, axis=1), state
