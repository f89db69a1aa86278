"""The convolutional expression classifier in Keras 3: the classes, arguments and numbers of the PyTorch one.

What differs between the frameworks is settled here: Keras keeps channels last; its batch normalisation counts
momentum the other way (0.9 where PyTorch says 0.1) and defaults to another epsilon; and the feature maps are
turned to channels first before they are flattened, so that the head's weights mean the same in both. One
difference stays: Keras stores the biased variance of a batch, PyTorch the unbiased one, n / (n - 1) times it.
"""

from collections.abc import Sequence
from itertools import pairwise

import keras
from keras import layers, ops

from deepsense_lib.errors import InputError


def normalize_images(images, floor: float = 0.05):
    """Give every image mean 0 and nearly unit spread, and put the channels last.

    Shapes: images `(batch, height, width)`, grey, or `(batch, height, width, 3)`, colour; uint8 0 to 255 or
    floating point 0 to 1. Returns `(batch, height, width, 1 or 3)`, float32 for uint8 and the same type for
    floats. The colours of an image share one mean and one spread, which keeps its hues.
    Raises: InputError for another shape.
    """
    images = ops.convert_to_tensor(images)
    check_images(tuple(images.shape))
    if not keras.backend.is_float_dtype(images.dtype):
        images = ops.cast(images, "float32") / 255
    axes = tuple(range(1, images.ndim))
    mean = ops.mean(images, axis=axes, keepdims=True)
    spread = ops.std(images, axis=axes, keepdims=True)
    normal = (images - mean) / (spread + floor)
    return normal[..., None] if normal.ndim == 3 else normal


class ConvBlock(layers.Layer):
    """Convolution, batch normalisation, ReLU, max pooling: half the size, more channels."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 3, **kwargs):
        super().__init__(**kwargs)
        self.in_channels = in_channels
        self.convolution = layers.Conv2D(
            out_channels,
            kernel,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name="convolution",
        )
        self.norm = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="norm")
        self.pool = layers.MaxPooling2D(2)

    def call(self, x, training: bool = False):
        """Map `(batch, height, width, in_channels)` to `(batch, height / 2, width / 2, out_channels)`."""
        return self.pool(ops.relu(self.norm(self.convolution(x), training=training)))


class ExpressionCNN(keras.Model):
    """Normalised images to one score for every class: a stack of blocks, dropout, a linear head.

    Source: LeCun et al. (1998), "Gradient-based learning applied to document recognition", Sec. II, with
    today's parts.

    `in_channels` is 1 for grey images and 3 for colour. Images of FER2013 have `size=48`.

    Raises: InputError when `size` cannot be halved once a block, `kernel` is even, or `classes` or
    `in_channels` cannot be.
    """

    def __init__(
        self,
        classes: int = 7,
        channels: Sequence[int] = (16, 32, 64, 128),
        size: int = 64,
        kernel: int = 3,
        dropout: float = 0.3,
        in_channels: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_sizes(channels, size, kernel, classes, in_channels)
        self.configuration = {
            "classes": classes,
            "channels": list(channels),
            "size": size,
            "kernel": kernel,
            "dropout": dropout,
            "in_channels": in_channels,
        }
        widths = [in_channels, *channels]
        self.blocks = [
            ConvBlock(i, o, kernel, name=f"blocks.{n}") for n, (i, o) in enumerate(pairwise(widths))
        ]
        self.dropout = layers.Dropout(dropout)
        self.head = layers.Dense(classes, kernel_initializer="zeros", name="head")
        self(ops.zeros((1, size, size, in_channels), dtype=self.variable_dtype))  # makes all variables

    def features(self, x, training: bool = False):
        """Map `(batch, size, size, in_channels)` to the last feature maps `(batch, side, side, channels)`."""
        for block in self.blocks:
            x = block(x, training=training)
        return x

    def call(self, x, training: bool = False):
        """Map normalised images `(batch, size, size, in_channels)` to scores `(batch, classes)`.

        Raises: InputError when the images have another size or number of channels.
        """
        size, colours = self.configuration["size"], self.configuration["in_channels"]
        check_input(tuple(x.shape), (size, size, colours), colours)
        maps = ops.transpose(self.features(x, training=training), (0, 3, 1, 2))
        flat = ops.reshape(maps, (-1, maps.shape[1] * maps.shape[2] * maps.shape[3]))
        return self.head(self.dropout(flat, training=training))


def check_images(shape: tuple) -> None:
    """Raise InputError unless the shape is that of stacked grey or colour images."""
    if len(shape) != 3 and not (len(shape) == 4 and shape[3] == 3):
        raise InputError(
            f"the images have the shape {shape}. Expected (batch, height, width) for grey images or (batch, "
            "height, width, 3) for colour, stacked, with the colours last. Put a single image in a batch of "
            "its own: images[None]."
        )


def check_input(shape: tuple, expected: tuple, in_channels: int) -> None:
    """Raise InputError unless a batch of normalised images has the shape that the network was made for."""
    if shape[1:] != expected:
        raise InputError(
            f"the images have the shape {shape}. Expected {('batch', *expected)}: this network reads "
            f"{'grey' if in_channels == 1 else 'colour'} images, in_channels={in_channels}. Resize them, and "
            "pass them through normalize_images, which puts the channels where they belong."
        )


def check_sizes(
    channels: Sequence[int], size: int, kernel: int, classes: int = 2, in_channels: int = 1
) -> None:
    """Raise InputError unless a network of these sizes can be made."""
    if classes < 2 or in_channels not in (1, 3):
        raise InputError(
            f"found classes={classes} and in_channels={in_channels}. Expected at least two classes, and 1 "
            "channel for grey images or 3 for colour."
        )
    if not channels or size % 2 ** len(channels) or size <= 0:
        raise InputError(
            f"{len(channels)} blocks cannot halve images of {size} pixels. Expected a size that "
            f"{2 ** len(channels)} divides, and at least one block."
        )
    if kernel < 1 or kernel % 2 == 0:
        raise InputError(
            f"the kernel is {kernel} pixels wide. Expected an odd number, so that it has a middle."
        )
