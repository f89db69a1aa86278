"""Attention in a convolutional classifier of faces, in Keras 3: the numbers of the PyTorch version.

Classes, arguments and sources are those of `torch_models/face_attention.py`. What differs: channels come
last, so a gate of a channel is multiplied along the last axis, and places are flattened row by row as there.
"""

from collections.abc import Sequence
from itertools import pairwise

import keras
from keras import layers, ops

from deepsense_lib.errors import InputError
from deepsense_lib.keras_models.convolution import ConvBlock, ExpressionCNN, check_input, check_sizes


class AttentionPooling(layers.Layer):
    """The mean of what stands at all places, under weights that a small net gives to each place."""

    def __init__(self, channels: int, hidden: int = 64, **kwargs):
        super().__init__(**kwargs)
        self.channels, self.hidden = channels, hidden
        self.project = layers.Dense(hidden, use_bias=False, name="project")
        self.score = layers.Dense(1, use_bias=False, name="score")

    def build(self, *shapes):
        """Make the weights now: `weigh` may be asked before the first call."""
        self.project.build((None, None, self.channels))
        self.score.build((None, None, self.hidden))
        self.built = True

    def weigh(self, h):
        """Map places `(batch, places, channels)` to weights `(batch, places)`; each row sums to 1."""
        return ops.softmax(self.score(ops.tanh(self.project(h)))[..., 0], axis=1)

    def call(self, h):
        """Map places `(batch, places, channels)` to their weighted mean `(batch, channels)`."""
        return ops.einsum("bk,bkc->bc", self.weigh(h), h)


class SqueezeExcitation(layers.Layer):
    """One gate for every channel, from the means of all channels."""

    def __init__(self, channels: int, reduction: int = 8, **kwargs):
        super().__init__(**kwargs)
        check_reduction(channels, reduction)
        self.channels, self.less = channels, channels // reduction
        self.reduce = layers.Dense(self.less, use_bias=False, name="reduce")
        self.expand = layers.Dense(channels, use_bias=False, name="expand")

    def build(self, *shapes):
        """Make the weights now: the gates may be asked before the first call."""
        self.reduce.build((None, self.channels))
        self.expand.build((None, self.less))
        self.built = True

    def gates(self, x):
        """Map feature maps `(batch, height, width, channels)` to gates `(batch, channels)` from 0 to 1."""
        return ops.sigmoid(self.expand(ops.relu(self.reduce(ops.mean(x, axis=(1, 2))))))

    def call(self, x):
        """Map `(batch, height, width, channels)` to the same shape: every channel times its gate."""
        return x * self.gates(x)[:, None, None]


class CBAM(layers.Layer):
    """A gate for every channel, then a gate for every place."""

    def __init__(self, channels: int, reduction: int = 8, window: int = 7, **kwargs):
        super().__init__(**kwargs)
        check_reduction(channels, reduction)
        check_window(window)
        self.channels, self.less = channels, channels // reduction
        self.reduce = layers.Dense(self.less, use_bias=False, name="reduce")
        self.expand = layers.Dense(channels, use_bias=False, name="expand")
        self.place = layers.Conv2D(1, window, padding="same", name="place")

    def build(self, *shapes):
        """Make the weights now: the gates may be asked before the first call."""
        self.reduce.build((None, self.channels))
        self.expand.build((None, self.less))
        self.place.build((None, None, None, 2))
        self.built = True

    def channel_gates(self, x):
        """Map feature maps `(batch, height, width, channels)` to gates `(batch, channels)` from 0 to 1."""
        mean, largest = ops.mean(x, axis=(1, 2)), ops.max(x, axis=(1, 2))
        return ops.sigmoid(sum(self.expand(ops.relu(self.reduce(z))) for z in (mean, largest)))

    def spatial_gates(self, x):
        """Map feature maps `(batch, height, width, channels)` to gates `(batch, height, width)`."""
        maps = ops.stack([ops.mean(x, axis=-1), ops.max(x, axis=-1)], axis=-1)
        return ops.sigmoid(self.place(maps))[..., 0]

    def call(self, x):
        """Map `(batch, height, width, channels)` to the same shape, gated twice."""
        x = x * self.channel_gates(x)[:, None, None]
        return x * self.spatial_gates(x)[..., None]


class CBAMBlock(ConvBlock):
    """A block of `ExpressionCNN`, with gates on what it gives."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, reduction: int, window: int, **kwargs
    ):
        super().__init__(in_channels, out_channels, kernel, **kwargs)
        self.attention = CBAM(out_channels, reduction, window, name="attention")

    def call(self, x, training: bool = False):
        """Map `(batch, height, width, in_channels)` to `(batch, height / 2, width / 2, out_channels)`."""
        return self.attention(super().call(x, training=training))


class FullSizeBlock(ConvBlock):
    """A block of `ExpressionCNN` without pooling: as many places as it was given."""

    def call(self, x, training: bool = False):
        """Map `(batch, height, width, in_channels)` to `(batch, height, width, out_channels)`."""
        return ops.relu(self.norm(self.convolution(x), training=training))


class CBAMExpressionCNN(ExpressionCNN):
    """The expression classifier with gates for channels and places in every block.

    Raises: InputError as `ExpressionCNN` does, and when `reduction` or `window` do not fit.
    """

    def __init__(
        self,
        classes: int = 7,
        channels: Sequence[int] = (16, 32, 64, 128),
        size: int = 64,
        kernel: int = 3,
        dropout: float = 0.3,
        reduction: int = 8,
        window: int = 7,
        in_channels: int = 1,
        **kwargs,
    ):
        keras.Model.__init__(self, **kwargs)  # the plain classifier would make blocks of its own
        check_sizes(channels, size, kernel, classes, in_channels)
        self.configuration = {
            "classes": classes,
            "channels": list(channels),
            "size": size,
            "kernel": kernel,
            "dropout": dropout,
            "in_channels": in_channels,
            "reduction": reduction,
            "window": window,
        }
        self.blocks = [
            CBAMBlock(i, o, kernel, reduction, window, name=f"blocks.{n}")
            for n, (i, o) in enumerate(pairwise([in_channels, *channels]))
        ]
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Dense(classes, kernel_initializer="zeros", name="head")
        self(ops.zeros((1, size, size, in_channels), dtype=self.variable_dtype))  # makes all variables

    def attention_maps(self, x) -> list:
        """Return each block's gates of places, `(batch, side, side)`, for images `(batch, size, size, 1)`."""
        maps = []
        for block in self.blocks:
            x, gate = ConvBlock.call(block, x), block.attention
            x = x * gate.channel_gates(x)[:, None, None]
            maps.append(gate.spatial_gates(x))
            x = x * maps[-1][..., None]
        return maps


class PoolingExpressionCNN(ExpressionCNN):
    """The expression classifier with attention pooling: the head sees one mean over all places.

    Raises: InputError as `ExpressionCNN` does.
    """

    def __init__(
        self,
        classes: int = 7,
        channels: Sequence[int] = (16, 32, 64, 128),
        size: int = 64,
        kernel: int = 3,
        dropout: float = 0.3,
        hidden: int = 64,
        in_channels: int = 1,
        **kwargs,
    ):
        keras.Model.__init__(self, **kwargs)  # the plain classifier would make a head of its own
        check_sizes(channels, size, kernel, classes, in_channels)
        self.configuration = {
            "classes": classes,
            "channels": list(channels),
            "size": size,
            "kernel": kernel,
            "dropout": dropout,
            "in_channels": in_channels,
            "hidden": hidden,
        }
        widths = [in_channels, *channels]
        kinds = [ConvBlock] * (len(channels) - 1) + [FullSizeBlock]
        self.blocks = [
            kind(i, o, kernel, name=f"blocks.{n}")
            for n, (kind, (i, o)) in enumerate(zip(kinds, pairwise(widths), strict=True))
        ]
        self.pooling = AttentionPooling(channels[-1], hidden, name="pooling")
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Dense(classes, kernel_initializer="zeros", name="head")
        self(ops.zeros((1, size, size, in_channels), dtype=self.variable_dtype))  # makes all variables

    def places(self, x, training: bool = False):
        """Map `(batch, size, size, in_channels)` to what stands at each place, `(batch, places, width)`."""
        maps = self.features(x, training=training)
        return ops.reshape(maps, (-1, maps.shape[1] * maps.shape[2], maps.shape[3]))

    def call(self, x, training: bool = False):
        """Map normalised images `(batch, size, size, in_channels)` to scores `(batch, classes)`.

        Raises: InputError when the images have another size or number of channels.
        """
        size, colours = self.configuration["size"], self.configuration["in_channels"]
        check_input(tuple(x.shape), (size, size, colours), colours)
        pooled = self.pooling(self.places(x, training=training))
        return self.head(self.dropout(pooled, training=training))

    def attention_maps(self, x) -> list:
        """Return the weights of the places, one map `(batch, side, side)` that sums to 1, in a list."""
        weights = self.pooling.weigh(self.places(x))
        side = int(weights.shape[1] ** 0.5)
        return [ops.reshape(weights, (-1, side, side))]


def check_images(x, size: int) -> None:
    """Raise InputError unless these are normalised grey images `(batch, size, size, 1)`."""
    if tuple(x.shape[1:]) != (size, size, 1):
        raise InputError(
            f"the images have the shape {tuple(x.shape)}. Expected {('batch', size, size, 1)}. Resize them, "
            "and pass them through normalize_images, which adds the channel axis."
        )


def check_reduction(channels: int, reduction: int) -> None:
    """Raise InputError unless the gates' small net keeps at least one number."""
    if not 1 <= reduction <= channels:
        raise InputError(
            f"the gates reduce {channels} channels by the factor {reduction}. Expected a factor from 1 to "
            f"{channels}, so that at least one number is left."
        )


def check_window(window: int) -> None:
    """Raise InputError unless the window of the gates of places has a middle."""
    if window < 1 or window % 2 == 0:
        raise InputError(
            f"the gates of places see a window of {window}. Expected an odd number, so that it has a middle."
        )
