"""Attention in Keras 3: the same classes, arguments and numbers as the PyTorch version, with its sources."""

from typing import Any, NamedTuple

import keras
from keras import layers, ops

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.attention import prior_filter


class Memory(NamedTuple):
    """What the encoder left of a batch of texts."""

    values: Any  # (batch, symbols, width), what is averaged
    keys: Any  # (batch, symbols, size), what queries are compared with
    mask: Any  # (batch, symbols), 1 where there is a symbol


class Attended(NamedTuple):
    """What attention remembers from step to step."""

    weights: Any  # (batch, symbols), of the last step; each row sums to 1
    total: Any  # (batch, symbols), the sum over all steps so far


class Attention(layers.Layer):
    """What all kinds have in common; `score` is what tells them apart."""

    def __init__(self, query_width: int, width: int, size: int, **kwargs):
        super().__init__(**kwargs)
        self.query_width, self.width, self.size = query_width, width, size
        self.query = layers.Dense(size, name="query")
        self.key = layers.Dense(size, use_bias=False, name="key")

    def build(self, *shapes):
        """Make the weights now: `prepare` uses a part of them before the first call."""
        self.query.build((None, self.query_width))
        self.key.build((None, self.width))
        self.built = True

    def prepare(self, values, mask) -> Memory:
        """Project the encoder's states (batch, symbols, width) to keys, once for all steps."""
        return Memory(values, self.key(values), mask)

    def start(self, memory: Memory) -> Attended:
        """Before the first step all weight lies on the first symbol, and nothing has been read."""
        none = ops.zeros_like(memory.mask)
        return Attended(ops.concatenate([ops.ones_like(none[:, :1]), none[:, 1:]], axis=1), none)

    def score(self, query, memory: Memory, before: Attended):
        """Map queries (batch, query_width) to scores (batch, symbols), before mask and softmax."""
        raise NotImplementedError

    def call(self, query, memory: Memory, before: Attended):
        """Map queries (batch, query_width) to contexts (batch, width) and the weights behind them."""
        scores = ops.where(memory.mask > 0, self.score(query, memory, before), -float("inf"))
        weights = ops.softmax(scores, axis=-1)
        context = ops.matmul(weights[:, None], memory.values)[:, 0]
        return context, Attended(weights, before.total + weights)


class AdditiveAttention(Attention):
    """A small net compares query and key: v . tanh(W q + V k)."""

    def __init__(self, query_width: int, width: int, size: int, **kwargs):
        super().__init__(query_width, width, size, **kwargs)
        self.v = layers.Dense(1, use_bias=False, name="v")

    def build(self, *shapes):
        """See `Attention.build`."""
        super().build()
        self.v.build((None, self.size))

    def score(self, query, memory: Memory, before: Attended):
        """See `Attention.score`."""
        return self.v(ops.tanh(self.query(query)[:, None] + memory.keys))[..., 0]


class DotAttention(Attention):
    """Query and key are compared by their inner product, divided by sqrt(size) where `scaled`."""

    def __init__(self, query_width: int, width: int, size: int, scaled: bool = True, **kwargs):
        super().__init__(query_width, width, size, **kwargs)
        self.scale = size**-0.5 if scaled else 1.0

    def score(self, query, memory: Memory, before: Attended):
        """See `Attention.score`."""
        return self.scale * ops.matmul(memory.keys, self.query(query)[..., None])[..., 0]


class LocationSensitiveAttention(AdditiveAttention):
    """Additive attention that also sees where it looked: filters over the last and the summed weights."""

    def __init__(
        self, query_width: int, width: int, size: int, filters: int = 16, kernel: int = 31, **kwargs
    ):
        super().__init__(query_width, width, size, **kwargs)
        self.filters = filters
        self.convolution = layers.Conv1D(filters, kernel, padding="same", use_bias=False, name="convolution")
        self.location = layers.Dense(size, use_bias=False, name="location")

    def build(self, *shapes):
        """See `Attention.build`."""
        super().build()
        self.convolution.build((None, None, 2))
        self.location.build((None, self.filters))

    def score(self, query, memory: Memory, before: Attended):
        """See `Attention.score`."""
        seen = self.location(self.convolution(ops.stack([before.weights, before.total], axis=-1)))
        return self.v(ops.tanh(self.query(query)[:, None] + memory.keys + seen))[..., 0]


class DynamicConvolutionAttention(Attention):
    """Attention that sees no text, only where it looked: it moves the last weights by filters."""

    def __init__(
        self,
        query_width: int,
        width: int,
        size: int,
        filters: int = 8,
        kernel: int = 21,
        prior: tuple[int, float, float] = (10, 0.5, 1.5),
        **kwargs,
    ):
        super().__init__(query_width, width, size, **kwargs)
        if kernel % 2 == 0:
            raise InputError(f"the kernel is {kernel}; expected an odd number, so that it has a middle.")
        del self.key  # what the symbols are plays no part
        self.kernel, self.filters = kernel, filters
        self.static = layers.Dense(filters, use_bias=False, name="static")
        self.make_filters = layers.Dense(filters * kernel, use_bias=False, name="make_filters")
        self.from_static = layers.Dense(size, use_bias=False, name="from_static")
        self.from_dynamic = layers.Dense(size, name="from_dynamic")
        self.v = layers.Dense(1, use_bias=False, name="v")
        self.prior_arguments = prior

    def build(self, *shapes):
        """See `Attention.build`."""
        self.query.build((None, self.query_width))
        widths = {
            self.static: self.kernel,
            self.make_filters: self.size,
            self.from_static: self.filters,
            self.from_dynamic: self.filters,
            self.v: self.size,
        }
        for layer, width in widths.items():
            layer.build((None, width))
        reach, a, b = self.prior_arguments
        start = keras.initializers.Constant(prior_filter(reach, a, b).tolist())
        self.prior = self.add_weight(name="prior", shape=(reach + 1,), initializer=start, trainable=False)
        self.built = True

    def prepare(self, values, mask) -> Memory:
        """The keys are empty: nothing of the text is compared."""
        return Memory(values, values[..., :0], mask)

    def score(self, query, memory: Memory, before: Attended):
        """See `Attention.score`."""
        half, reach = self.kernel // 2, self.prior.shape[0] - 1
        around = windows(before.weights, half, half)
        made = ops.reshape(self.make_filters(ops.tanh(self.query(query))), (-1, self.filters, self.kernel))
        dynamic = ops.matmul(around, ops.transpose(made, (0, 2, 1)))
        features = self.from_static(self.static(around)) + self.from_dynamic(dynamic)
        ahead = ops.matmul(windows(before.weights, reach, 0), ops.flip(self.prior, axis=0)[:, None])[..., 0]
        return self.v(ops.tanh(features))[..., 0] + ops.log(ops.maximum(ahead, 1e-6))


def windows(rows, left: int, right: int):
    """What stands around each place of rows (batch, n), zeros outside: (batch, n, left + 1 + right)."""
    padded, n = ops.pad(rows, ((0, 0), (left, right))), rows.shape[1]
    return ops.stack([padded[:, k : k + n] for k in range(left + 1 + right)], axis=-1)


KINDS = {
    "additive": AdditiveAttention,
    "dot": DotAttention,
    "location": LocationSensitiveAttention,
    "dynamic": DynamicConvolutionAttention,
}
