"""Autoencoders of faces in Keras 3: the classes, arguments and numbers of the PyTorch ones.

What differs is settled here: channels come last, and feature maps are turned to channels first before they
are flattened, so that the weights of the code mean the same in both. For sources and deviations see the
PyTorch version.
"""

from collections.abc import Sequence
from itertools import pairwise

import keras
from keras import layers, ops

from deepsense_lib.errors import InputError
from deepsense_lib.keras_models.convolution import ConvBlock, ExpressionCNN, check_sizes
from deepsense_lib.keras_models.face_attention import check_images
from deepsense_lib.keras_models.vision_transformer import (
    TransformerBlock,
    VisionTransformer,
    check_vision,
    cut_patches,
)


class UpBlock(layers.Layer):
    """Transposed convolution, batch normalisation, ReLU: twice the size, fewer channels."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs):
        super().__init__(**kwargs)
        # With a kernel of 4 and stride 2, "same" cuts one row from each side, as padding 1 does in PyTorch.
        self.convolution = layers.Conv2DTranspose(
            out_channels, 4, strides=2, padding="same", use_bias=False, name="convolution"
        )
        self.norm = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="norm")

    def call(self, x, training: bool = False):
        """Map `(batch, height, width, in_channels)` to `(batch, 2 height, 2 width, out_channels)`."""
        return ops.relu(self.norm(self.convolution(x), training=training))


class FaceAutoencoder(keras.Model):
    """Normalised grey images to a code of a few numbers, and back to images.

    Raises: InputError when `size` cannot be halved once a block, `kernel` is even, or the code is empty.
    """

    def __init__(
        self,
        code: int = 256,
        channels: Sequence[int] = (16, 32, 64, 128),
        size: int = 64,
        kernel: int = 3,
        narrow: int = 32,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_sizes(channels, size, kernel)
        if code < 1 or narrow < 1:
            raise InputError(f"code {code} and narrow {narrow} were given. Expected at least 1 for both.")
        self.configuration = {
            "code": code,
            "channels": list(channels),
            "size": size,
            "kernel": kernel,
            "narrow": narrow,
        }
        self.side = size // 2 ** len(channels)
        self.blocks = [
            ConvBlock(i, o, kernel, name=f"blocks.{n}") for n, (i, o) in enumerate(pairwise([1, *channels]))
        ]
        self.narrow = layers.Conv2D(narrow, 1, name="narrow")
        self.to_code = layers.Dense(code, name="to_code")
        self.from_code = layers.Dense(narrow * self.side * self.side, name="from_code")
        self.widen = layers.Conv2D(channels[-1], 1, name="widen")
        self.ups = [UpBlock(i, o, name=f"ups.{n}") for n, (i, o) in enumerate(pairwise(channels[::-1]))]
        self.out = layers.Conv2DTranspose(1, 4, strides=2, padding="same", name="out")
        self(ops.zeros((1, size, size, 1), dtype=self.variable_dtype))  # makes all variables

    def features(self, x, training: bool = False):
        """Map `(batch, size, size, 1)` to the last feature maps `(batch, side, side, channels)`."""
        for block in self.blocks:
            x = block(x, training=training)
        return x

    def encode(self, x, training: bool = False):
        """Map normalised images `(batch, size, size, 1)` to codes `(batch, code)`.

        Raises: InputError when the images have another size or number of channels.
        """
        check_images(x, self.configuration["size"])
        maps = ops.transpose(self.narrow(self.features(x, training=training)), (0, 3, 1, 2))
        return self.to_code(ops.reshape(maps, (-1, maps.shape[1] * self.side * self.side)))

    def decode(self, code, training: bool = False):
        """Map codes `(batch, code)` to images `(batch, size, size, 1)`."""
        maps = ops.reshape(self.from_code(code), (-1, self.narrow.filters, self.side, self.side))
        x = ops.relu(self.widen(ops.transpose(maps, (0, 2, 3, 1))))
        for block in self.ups:
            x = block(x, training=training)
        return self.out(x)

    def call(self, x, keep=None, training: bool = False):
        """Map normalised images to their reconstructions, both `(batch, size, size, 1)`.

        keep: how many numbers of the code the decoder may see, one for all images or `(batch,)`; all if None.
        """
        code = self.encode(x, training=training)
        return self.decode(code if keep is None else keep_first(code, keep), training=training)


def keep_first(code, keep):
    """Replace all but the first `keep` numbers of codes `(batch, code)` by 0; keep: one or `(batch,)`."""
    keep = ops.reshape(ops.convert_to_tensor(keep), (-1, 1))
    return code * ops.cast(ops.arange(code.shape[1], dtype=keep.dtype) < keep, code.dtype)


class MaskedAutoencoder(keras.Model):
    """Some patches of a face to all of its patches: the encoder sees the visible ones and nothing else.

    Raises: InputError when patches do not tile the image, or heads not a width.
    """

    def __init__(
        self,
        size: int = 64,
        patch: int = 8,
        width: int = 96,
        depth: int = 4,
        heads: int = 4,
        ratio: int = 2,
        decoder_width: int = 48,
        decoder_depth: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_vision(size, patch, width, heads, "mean")
        check_vision(size, patch, decoder_width, heads, "mean")
        self.configuration = {
            "size": size,
            "patch": patch,
            "width": width,
            "depth": depth,
            "heads": heads,
            "ratio": ratio,
            "decoder_width": decoder_width,
            "decoder_depth": decoder_depth,
        }
        self.patches = (size // patch) ** 2
        self.embed = layers.Dense(width, name="embed")
        self.positions = self.learned("positions", self.patches, width)
        self.blocks = [
            TransformerBlock(width, heads, ratio * width, name=f"blocks.{n}") for n in range(depth)
        ]
        self.norm = layers.LayerNormalization(epsilon=1e-5, name="norm")
        self.to_decoder = layers.Dense(decoder_width, name="to_decoder")
        self.hidden = self.learned("hidden", decoder_width)
        self.decoder_positions = self.learned("decoder_positions", self.patches, decoder_width)
        self.decoder_blocks = [
            TransformerBlock(decoder_width, heads, ratio * decoder_width, name=f"decoder_blocks.{n}")
            for n in range(decoder_depth)
        ]
        self.decoder_norm = layers.LayerNormalization(epsilon=1e-5, name="decoder_norm")
        self.out = layers.Dense(patch * patch, name="out")
        self(ops.zeros((1, size, size, 1), dtype=self.variable_dtype), ops.zeros((1, 2), dtype="int32"))

    def learned(self, name: str, *shape: int):
        """A learned array that starts near zero."""
        start = keras.initializers.RandomNormal(stddev=0.02)
        return self.add_weight(shape=shape, initializer=start, name=name)

    def encode(self, x, visible):
        """Map normalised images and the numbers of their visible patches `(batch, seen)` to items.

        Shapes: x `(batch, size, size, 1)`; returns `(batch, seen, width)`, in the order of `visible`.
        Raises: InputError when the images have another size or number of channels.
        """
        check_images(x, self.configuration["size"])
        patches = gather(cut_patches(x[..., 0], self.configuration["patch"]), visible)
        items = self.embed(patches) + ops.take(self.positions, visible, axis=0)
        for block in self.blocks:
            items = block(items)
        return self.norm(items)

    def decode(self, items, visible):
        """Map encoded items `(batch, seen, width)` to all patches `(batch, patches, patch * patch)`."""
        seen = self.to_decoder(items)
        # Each place takes the item that stands there, or what is learned for hidden ones.
        place = ops.cast(ops.one_hot(visible, self.patches), seen.dtype)  # (batch, seen, patches)
        shown = ops.sum(place, axis=1)[..., None]
        full = ops.einsum("bsp,bsw->bpw", place, seen) + (1 - shown) * self.hidden + self.decoder_positions
        for block in self.decoder_blocks:
            full = block(full)
        return self.out(self.decoder_norm(full))

    def call(self, x, visible):
        """Map images `(batch, size, size, 1)` and visible patches `(batch, seen)` to all patches."""
        return self.decode(self.encode(x, visible), visible)


def gather(patches, chosen):
    """Pick patches `(batch, patches, numbers)` by their numbers `(batch, chosen)`, row by row."""
    return ops.take_along_axis(patches, ops.convert_to_tensor(chosen)[..., None], axis=1)


def draw_visible(count: int, patches: int, mask_ratio: float = 0.75, seed=None):
    """Draw which patches stay visible, every set equally probable: sorted numbers `(count, seen)`.

    Raises: InputError unless at least one patch is masked and at least one is seen.
    """
    seen = patches - round(mask_ratio * patches)
    if not 0 < seen < patches:
        raise InputError(
            f"a mask ratio of {mask_ratio} leaves {seen} of {patches} patches. Expected at least one to be "
            "seen and at least one to be masked: a ratio between 0 and 1, such as 0.75."
        )
    return ops.sort(ops.argsort(keras.random.uniform((count, patches), seed=seed), axis=1)[:, :seen], axis=1)


def masked_loss(predicted, patches, visible):
    """Mean squared error over the pixels of masked patches; what was seen does not count.

    Shapes: predicted, patches `(batch, patches, numbers)`; visible `(batch, seen)`.
    """
    shown = ops.sum(ops.one_hot(visible, patches.shape[1]), axis=1)[..., None]
    masked = 1 - ops.cast(shown, predicted.dtype)
    return ops.sum((predicted - patches) ** 2 * masked) / (ops.sum(masked) * patches.shape[2])


def transfer(
    autoencoder: FaceAutoencoder | MaskedAutoencoder, classes: int = 7, dropout: float | None = None
) -> ExpressionCNN | VisionTransformer:
    """Return a new classifier with a copy of the encoder, and a head that knows nothing yet.

    dropout: that of the classifier; its usual one if None.
    """
    kept = {} if dropout is None else {"dropout": dropout}
    if isinstance(autoencoder, FaceAutoencoder):
        names = ("channels", "size", "kernel")
        model = ExpressionCNN(classes=classes, **kept, **{n: autoencoder.configuration[n] for n in names})
        parts = zip(model.blocks, autoencoder.blocks, strict=True)
    else:
        names = ("size", "patch", "width", "depth", "heads", "ratio")
        model = VisionTransformer(classes=classes, **kept, **{n: autoencoder.configuration[n] for n in names})
        model.positions.assign(autoencoder.positions)
        pairs = [(getattr(model, n), getattr(autoencoder, n)) for n in ("embed", "norm")]
        parts = [*pairs, *zip(model.blocks, autoencoder.blocks, strict=True)]
    for ours, theirs in parts:
        for variable, value in zip(ours.weights, theirs.weights, strict=True):
            variable.assign(value)
    return model
