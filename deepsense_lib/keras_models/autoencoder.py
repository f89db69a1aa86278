"""Autoencoders of speech in Keras 3: the same classes, arguments and numbers as the PyTorch version.

What differs is settled here: drawing a code and renewing dead entries depend on `training`, which a layer
must be told. See the PyTorch version for the sources and the deviations. What is done to one utterance
outside the network (`code_of`, `speech_of`) stands there alone.
"""

from typing import Any, NamedTuple

import keras
from keras import layers, ops

from deepsense_lib.errors import InputError
from deepsense_lib.keras_models.parallel_tts import ConvNeXtBlock1d, layer_norm

KINDS = ("plain", "gaussian", "vector")


class LinearAutoencoder(keras.Model):
    """The smallest autoencoder: one dense layer to the code, one back, no bias and no curve."""

    def __init__(self, features: int, code: int, **kwargs):
        super().__init__(**kwargs)
        self.encoder = layers.Dense(code, use_bias=False, name="encoder")
        self.decoder = layers.Dense(features, use_bias=False, name="decoder")

    def call(self, x):
        """Map centred rows (rows, features) to their reconstructions of the same shape."""
        return self.decoder(self.encoder(x))


class FrameEncoder(layers.Layer):
    """Acoustic frames become one vector for every `stride` frames."""

    def __init__(
        self,
        features: int,
        width: int,
        hidden: int,
        kernel: int,
        blocks: int,
        stride: int,
        outputs: int,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.stride = stride
        self.first = layers.Dense(width, name="first")
        self.blocks = [ConvNeXtBlock1d(width, hidden, kernel, name=f"blocks.{i}") for i in range(blocks)]
        self.norm = layer_norm("norm")
        self.out = layers.Dense(outputs, name="out")

    def call(self, frames, mask):
        """Map frames and their mask (batch, steps * stride, features or 1) to (batch, steps, outputs)."""
        x = self.first(frames)
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x) * mask
        return self.out(ops.reshape(x, (ops.shape(x)[0], -1, self.stride * x.shape[-1])))


class FrameDecoder(layers.Layer):
    """Every vector of the code becomes `stride` acoustic frames."""

    def __init__(
        self,
        code: int,
        width: int,
        hidden: int,
        kernel: int,
        blocks: int,
        stride: int,
        features: int,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.width = width
        self.first = layers.Dense(width * stride, name="first")
        self.blocks = [ConvNeXtBlock1d(width, hidden, kernel, name=f"blocks.{i}") for i in range(blocks)]
        self.norm = layer_norm("norm")
        self.out = layers.Dense(features, name="out")

    def call(self, code, mask):
        """Map codes (batch, steps, code) to frames (batch, steps * stride, features), 0 off the mask."""
        x = ops.reshape(self.first(code), (ops.shape(code)[0], -1, self.width))
        for block in self.blocks:
            x = block(x, mask)
        return self.out(self.norm(x)) * mask


class Coded(NamedTuple):
    """A code and what it costs."""

    code: Any  # (batch, steps, code): what the decoder sees
    cost: Any  # (batch, steps): KL in nats, or the two VQ terms
    indices: Any  # (batch, steps, groups): chosen entries, of "vector" only


class GaussianBottleneck(layers.Layer):
    """The code is drawn from a Gaussian that the encoder names; the cost is its divergence from N(0, 1)."""

    def call(self, x, noise=None, training: bool = False):
        """Map means and log variances (batch, steps, 2 * code) to a drawn code.

        noise (batch, steps, code), standard normal, is drawn when it is not given. Without `training`
        nothing is drawn: the code is the mean.
        """
        mean, log_variance = ops.split(x, 2, axis=-1)
        log_variance = ops.clip(log_variance, -12.0, 6.0)
        code = mean
        if training or noise is not None:
            noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype) if noise is None else noise
            code = mean + ops.exp(log_variance / 2) * noise
        cost = 0.5 * ops.sum(mean**2 + ops.exp(log_variance) - 1 - log_variance, axis=-1)
        return Coded(code, cost, None)


class VectorQuantizer(layers.Layer):
    """Each part of the code becomes the nearest of its learned vectors; gradients pass straight through."""

    def __init__(self, groups: int, entries: int, width: int, commitment: float = 0.25, **kwargs):
        super().__init__(**kwargs)
        self.groups, self.entries, self.width, self.commitment = groups, entries, width, commitment

    def build(self, x_shape):
        """Add the lists, and the share of recent choices that went to each entry."""
        normal = keras.initializers.RandomNormal(stddev=1.0)
        shape = (self.groups, self.entries)
        self.codebook = self.add_weight(shape=(*shape, self.width), initializer=normal, name="codebook")
        even = keras.initializers.Constant(1.0 / self.entries)
        self.usage = self.add_weight(shape=shape, initializer=even, trainable=False, name="usage")

    def call(self, x, mask=None, training: bool = False):
        """Map (batch, steps, groups * width) to its quantised copy; mask (batch, steps) says what counts.

        With `training`, entries whose share of the choices fell below a hundredth of the even share start
        anew.
        """
        shape = ops.shape(x)
        parts = ops.reshape(x, (shape[0], shape[1], self.groups, self.width))
        distance = (
            ops.sum(parts**2, -1, keepdims=True)
            - 2 * ops.einsum("btgw,gew->btge", parts, self.codebook)
            + ops.sum(ops.convert_to_tensor(self.codebook) ** 2, -1)
        )
        indices = ops.argmin(distance, -1)
        nearest = ops.reshape(self.look_up(indices), ops.shape(parts))
        still = ops.stop_gradient
        cost = ops.mean((nearest - still(parts)) ** 2, (-1, -2))
        cost = cost + self.commitment * ops.mean((still(nearest) - parts) ** 2, (-1, -2))
        if training:
            self.renew(parts, indices, mask)
        passed = parts + still(nearest - parts)
        return Coded(ops.reshape(passed, shape), cost, indices)

    def look_up(self, indices):
        """Map chosen entries (batch, steps, groups) to codes (batch, steps, groups * width)."""
        found = [ops.take(self.codebook[g], indices[..., g], axis=0) for g in range(self.groups)]
        return ops.concatenate(found, -1)

    def renew(self, parts, indices, mask) -> None:
        """Count the choices, and let entries that nobody chooses start anew at vectors of this batch."""
        shape = ops.shape(indices)
        keep = ops.ones(shape[:2], parts.dtype) if mask is None else ops.cast(mask, parts.dtype)
        chosen = ops.one_hot(indices, self.entries, dtype=parts.dtype) * keep[..., None, None]
        share = ops.sum(chosen, (0, 1)) / ops.sum(keep)
        usage = self.usage + 0.02 * (share - self.usage)
        dead = usage < 0.01 / self.entries
        # As many draws as entries, of steps that count; only those of dead entries are used.
        odds = ops.log(ops.maximum(ops.reshape(keep, (1, -1)), 1e-30))
        rows = keras.random.categorical(odds, self.groups * self.entries)
        rows = ops.reshape(rows, (self.groups, self.entries))
        flat = ops.reshape(parts, (-1, self.groups, self.width))
        fresh = ops.stack([ops.take(flat[:, g], rows[g], axis=0) for g in range(self.groups)])
        self.codebook.assign(ops.where(dead[..., None], fresh, self.codebook))
        self.usage.assign(ops.where(dead, 1.0 / self.entries, usage))


class Reconstruction(NamedTuple):
    """What the autoencoder says of a batch."""

    frames: Any  # (batch, frames, features), normalised; padding is 0
    coded: Coded
    step_mask: Any  # (batch, steps), 1 where a step holds a frame


def _pitch_of_a_voice(shape, dtype):
    """Mean and deviation of ln F0 before any voice is known, as in the PyTorch version."""
    return ops.convert_to_tensor([5.3, 0.2], dtype)


class SpeechAutoencoder(keras.Model):
    """Acoustic frames to a code and back, with one of three bottlenecks.

    Raises: InputError for an unknown kind, a stride below 1, or a code that its groups do not divide.
    """

    def __init__(
        self,
        kind: str = "plain",
        code: int = 32,
        stride: int = 2,
        groups: int = 1,
        entries: int = 256,
        width: int = 128,
        hidden: int = 384,
        kernel: int = 7,
        blocks: int = 3,
        mels: int = 80,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if kind not in KINDS or stride < 1 or groups < 1 or code < 1 or code % groups:
            raise InputError(
                f"kind {kind!r}, stride {stride}, a code of {code} in {groups} groups were given; expected a "
                f"kind of {', '.join(KINDS)}, and whole numbers of 1 or more, the code a multiple of groups."
            )
        self.kind, self.stride = kind, stride
        outputs = 2 * code if kind == "gaussian" else code
        sizes = (width, hidden, kernel, blocks, stride)
        self.encoder = FrameEncoder(mels + 2, *sizes, outputs, name="encoder")
        self.decoder = FrameDecoder(code, *sizes, mels + 2, name="decoder")
        if kind == "gaussian":
            self.gaussian = GaussianBottleneck(name="gaussian")
        if kind == "vector":
            self.quantizer = VectorQuantizer(groups, entries, code // groups, name="quantizer")
        self.mel_mean = self.add_weight(shape=(mels,), initializer="zeros", trainable=False, name="mel_mean")
        self.mel_std = self.add_weight(shape=(mels,), initializer="ones", trainable=False, name="mel_std")
        self.pitch_stats = self.add_weight(
            shape=(2,), initializer=_pitch_of_a_voice, trainable=False, name="pitch_stats"
        )

    def encode(self, frames, mask, noise=None, training: bool = False):
        """Map normalised frames (batch, frames, mels + 2) to a code, and say which of its steps count.

        mask (batch, frames, 1) is 1 where there is a frame. The frames are filled up to whole steps.
        """
        fill = ((0, 0), (0, -frames.shape[1] % self.stride), (0, 0))
        frames, mask = ops.pad(frames * mask, fill), ops.pad(mask, fill)
        step_mask = mask[:, :: self.stride, 0]
        x = self.encoder(frames, mask)
        if self.kind == "gaussian":
            return self.gaussian(x, noise, training=training), step_mask
        if self.kind == "vector":
            return self.quantizer(x, step_mask, training=training), step_mask
        return Coded(x, ops.zeros_like(x[..., 0]), None), step_mask

    def call(self, frames, mask, noise=None, training: bool = False):
        """Map normalised frames (batch, frames, mels + 2) and their mask (batch, frames, 1) to frames."""
        coded, step_mask = self.encode(frames, mask, noise, training)
        wide = ops.repeat(step_mask, self.stride, axis=1)[..., None]
        decoded = self.decoder(coded.code, wide)[:, : frames.shape[1]] * mask
        return Reconstruction(decoded, coded, step_mask)
