"""A small vision transformer in Keras 3: the classes, arguments and numbers of the PyTorch version.

Sources are named there. What differs: Keras divides by the deviation with another epsilon unless it is told,
and its own `MultiHeadAttention` keeps three-dimensional kernels, so the attention is written out here too.
"""

from itertools import pairwise

import keras
from keras import layers, ops

from deepsense_lib.errors import InputError
from deepsense_lib.keras_models.face_attention import check_images

SUMMARIES = ("mean", "token")
STEMS = ("patch", "convolution")


def cut_patches(images, patch: int):
    """Cut images `(batch, height, width)` into squares, row by row: `(batch, patches, patch * patch)`."""
    _, height, width = images.shape
    tiles = ops.reshape(images, (-1, height // patch, patch, width // patch, patch))
    patches = (height // patch) * (width // patch)
    return ops.reshape(ops.transpose(tiles, (0, 1, 3, 2, 4)), (-1, patches, patch * patch))


class SelfAttention(layers.Layer):
    """Every item asks all items: softmax of scaled inner products, in several heads side by side."""

    def __init__(self, width: int, heads: int, **kwargs):
        super().__init__(**kwargs)
        check_heads(width, heads)
        self.width, self.heads = width, heads
        self.query, self.key, self.value, self.out = (
            layers.Dense(width, name=name) for name in ("query", "key", "value", "out")
        )

    def build(self, *shapes):
        """Make the weights now: `weigh` may be asked before the first call."""
        for layer in (self.query, self.key, self.value, self.out):
            layer.build((None, None, self.width))
        self.built = True

    def weigh(self, x):
        """Map items `(batch, items, width)` to weights `(batch, heads, items, items)`; each row sums to 1."""
        query, key = self._split(self.query(x)), self._split(self.key(x))
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / (self.width // self.heads) ** 0.5
        return ops.softmax(scores, axis=-1)

    def call(self, x):
        """Map items `(batch, items, width)` to the same shape."""
        seen = ops.matmul(self.weigh(x), self._split(self.value(x)))
        return self.out(ops.reshape(ops.transpose(seen, (0, 2, 1, 3)), (-1, x.shape[1], self.width)))

    def _split(self, x):
        """`(batch, items, width)` to `(batch, heads, items, width / heads)`."""
        apart = ops.reshape(x, (-1, x.shape[1], self.heads, self.width // self.heads))
        return ops.transpose(apart, (0, 2, 1, 3))


class TransformerBlock(layers.Layer):
    """Items ask each other, then each is thought over alone; both are added to what was there."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.width, self.inner = width, inner
        self.norm = layers.LayerNormalization(epsilon=1e-5, name="norm")
        self.attention = SelfAttention(width, heads, name="attention")
        self.inner_norm = layers.LayerNormalization(epsilon=1e-5, name="inner_norm")
        self.widen = layers.Dense(inner, name="widen")
        self.narrow = layers.Dense(width, name="narrow")
        self.dropout = layers.Dropout(dropout)

    def build(self, *shapes):
        """Make the weights now, so that weights can be carried over before the first call."""
        shape = (None, None, self.width)
        for layer in (self.norm, self.attention, self.inner_norm, self.widen):
            layer.build(shape)
        self.narrow.build((None, None, self.inner))
        self.built = True

    def call(self, x, training: bool = False):
        """Map items `(batch, items, width)` to the same shape."""
        x = x + self.dropout(self.attention(self.norm(x)), training=training)
        thought = self.narrow(ops.gelu(self.widen(self.inner_norm(x)), approximate=False))
        return x + self.dropout(thought, training=training)


class ConvolutionStem(layers.Layer):
    """As many halving convolutions as make one item of a patch; neighbours share what they see.

    "Same" padding would put its zeros after the image only, so they are put on both sides by hand.
    """

    def __init__(self, patch: int, width: int, **kwargs):
        super().__init__(**kwargs)
        channels = stem_channels(patch, width)
        self.width, self.inputs = width, channels[:-1]
        self.pad = layers.ZeroPadding2D(1)
        self.convolutions = [
            layers.Conv2D(o, 3, strides=2, use_bias=False, name=f"convolutions.{n}")
            for n, (_, o) in enumerate(pairwise(channels))
        ]
        self.norms = [
            layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"norms.{n}")
            for n in range(len(channels) - 1)
        ]

    def build(self, *shapes):
        """Make the weights now, so that weights can be carried over before the first call."""
        for convolution, norm, inputs in zip(self.convolutions, self.norms, self.inputs, strict=True):
            convolution.build((None, None, None, inputs))
            norm.build((None, None, None, convolution.filters))
        self.built = True

    def call(self, x, training: bool = False):
        """Map images `(batch, size, size, 1)` to items `(batch, patches, width)`, row by row."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = ops.relu(norm(convolution(self.pad(x)), training=training))
        return ops.reshape(x, (-1, x.shape[1] * x.shape[2], self.width))


class VisionTransformer(keras.Model):
    """An image as a set of patches that ask each other; places are learned numbers added to each patch.

    Raises: InputError when patches do not tile the image, heads not the width, or `summary` or `stem` is
    unknown or does not fit.
    """

    def __init__(
        self,
        classes: int = 7,
        size: int = 64,
        patch: int = 8,
        width: int = 96,
        depth: int = 4,
        heads: int = 4,
        ratio: int = 2,
        dropout: float = 0.1,
        summary: str = "mean",
        stem: str = "patch",
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_vision(size, patch, width, heads, summary, stem)
        self.configuration = {
            "classes": classes,
            "size": size,
            "patch": patch,
            "width": width,
            "depth": depth,
            "heads": heads,
            "ratio": ratio,
            "dropout": dropout,
            "summary": summary,
            "stem": stem,
        }
        items = (size // patch) ** 2 + (summary == "token")
        if stem == "patch":
            self.embed = layers.Dense(width, name="embed")
        else:
            self.stem = ConvolutionStem(patch, width, name="stem")
        normal = keras.initializers.RandomNormal(stddev=0.02)
        self.positions = self.add_weight(shape=(items, width), initializer=normal, name="positions")
        if summary == "token":
            self.token = self.add_weight(shape=(width,), initializer="zeros", name="token")
        self.blocks = [
            TransformerBlock(width, heads, ratio * width, dropout, name=f"blocks.{n}") for n in range(depth)
        ]
        self.norm = layers.LayerNormalization(epsilon=1e-5, name="norm")
        self.head = layers.Dense(classes, kernel_initializer="zeros", name="head")
        self(ops.zeros((1, size, size, 1), dtype=self.variable_dtype))  # makes all variables

    def items(self, x, training: bool = False):
        """Map images `(batch, size, size, 1)` to what enters the first block, `(batch, items, width)`."""
        check_images(x, self.configuration["size"])
        if self.configuration["stem"] == "patch":
            items = self.embed(cut_patches(x[..., 0], self.configuration["patch"]))
        else:
            items = self.stem(x, training=training)
        if self.configuration["summary"] == "token":
            token = ops.zeros_like(items[:, :1]) + self.token
            items = ops.concatenate([token, items], axis=1)
        return items + self.positions

    def call(self, x, training: bool = False):
        """Map normalised images `(batch, size, size, 1)` to scores `(batch, classes)`.

        Raises: InputError when the images have another size or number of channels.
        """
        items = self.items(x, training)
        for block in self.blocks:
            items = block(items, training=training)
        items = self.norm(items)
        return self.head(ops.mean(items, axis=1) if self.configuration["summary"] == "mean" else items[:, 0])

    def attention_weights(self, x) -> list:
        """Return each block's weights, `(batch, heads, items, items)`: row asks, column is asked."""
        items, found = self.items(x), []
        for block in self.blocks:
            found.append(block.attention.weigh(block.norm(items)))
            items = block(items)
        return found

    def attention_maps(self, x) -> list:
        """Return, for each block, the share of weight that each patch got, `(batch, side, side)`; sums to 1.

        With a class token it is what the token asks, without the part that it gives to itself.
        """
        token = self.configuration["summary"] == "token"
        side = self.configuration["size"] // self.configuration["patch"]
        maps = []
        for weights in self.attention_weights(x):
            mean = ops.mean(weights, axis=1)
            got = mean[:, 0, 1:] if token else ops.mean(mean, axis=1)
            maps.append(ops.reshape(got / ops.sum(got, axis=1, keepdims=True), (-1, side, side)))
        return maps


def stem_channels(patch: int, width: int) -> list[int]:
    """Return the channels before and after each halving: 1, width / 4, width / 2, width for patches of 8."""
    halvings = patch.bit_length() - 1
    return [1, *(max(1, width >> (halvings - 1 - n)) for n in range(halvings))]


def check_vision(size: int, patch: int, width: int, heads: int, summary: str, stem: str = "patch") -> None:
    """Raise InputError when patches do not tile the image, heads not the width, or a word is unknown."""
    if patch < 1 or size < 1 or size % patch:
        raise InputError(
            f"patches of {patch} pixels do not tile images of {size}. Expected a patch that divides the size."
        )
    check_heads(width, heads)
    if summary not in SUMMARIES:
        raise InputError(f"the summary is {summary!r}. Expected one of {', '.join(SUMMARIES)}.")
    if stem not in STEMS:
        raise InputError(f"the stem is {stem!r}. Expected one of {', '.join(STEMS)}.")
    if stem == "convolution" and (patch < 2 or patch & (patch - 1)):
        raise InputError(
            f"convolutions that halve cannot make patches of {patch} pixels. Expected 2, 4, 8 or 16."
        )


def check_heads(width: int, heads: int) -> None:
    """Raise InputError unless the heads share the width evenly."""
    if heads < 1 or width < 1 or width % heads:
        raise InputError(
            f"{heads} heads cannot share a width of {width} evenly. Expected a number that divides it."
        )
