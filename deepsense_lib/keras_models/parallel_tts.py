"""The parallel acoustic model in Keras 3: the same classes, arguments and numbers as the PyTorch version.

What differs between the frameworks is settled here: a layer normalisation adds 1e-5 (Keras' own default is
1e-3), GELU is exact in float64 too, convolutions take (batch, time, channels) without a transposition, and
a layer must be told whether it trains. See the PyTorch version for the sources and the deviations.
"""

import math
from typing import Any, NamedTuple

import keras
from keras import layers, ops

from deepsense_lib.errors import InputError


def layer_norm(name: str) -> layers.LayerNormalization:
    """Layer normalisation over the last axis with PyTorch's epsilon."""
    return layers.LayerNormalization(epsilon=1e-5, name=name)


def gelu(x):
    """Exact GELU: Keras' own, on TensorFlow, rounds the square root of 2 to float32 even for float64."""
    return 0.5 * x * (1.0 + ops.erf(x * math.sqrt(0.5)))


class ConvNeXtBlock1d(layers.Layer):
    """Residual block: depthwise convolution over time, then two dense layers at each position."""

    def __init__(self, width: int, hidden: int, kernel: int = 7, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.depthwise = layers.DepthwiseConv1D(kernel, padding="same", name="depthwise")
        self.norm = layer_norm("norm")
        self.expand = layers.Dense(hidden, name="expand")
        self.contract = layers.Dense(width, name="contract")
        self.dropout = layers.Dropout(dropout)

    def build(self, x_shape):
        """Add the layer scale; the parts build themselves when they are first called."""
        start = keras.initializers.Constant(0.1)
        self.scale = self.add_weight(shape=(x_shape[-1],), initializer=start, name="scale")

    def call(self, x, mask, training: bool = False):
        """Map (batch, time, width) to the same shape; mask (batch, time, 1) is 1 where there is input."""
        y = self.norm(self.depthwise(x * mask))
        y = self.contract(gelu(self.expand(y)))
        return x + self.dropout(self.scale * y, training=training)


class PhonemeEncoder(layers.Layer):
    """Symbols and word starts become context-dependent states."""

    def __init__(
        self, symbols: int, width: int, hidden: int, kernel: int, blocks: int, dropout: float, **kwargs
    ):
        super().__init__(**kwargs)
        self.symbol = layers.Embedding(symbols, width, name="symbol")
        self.word_start = layers.Embedding(2, width, name="word_start")
        self.dropout = layers.Dropout(dropout)
        self.blocks = [
            ConvNeXtBlock1d(width, hidden, kernel, dropout, name=f"blocks.{i}") for i in range(blocks)
        ]

    def call(self, symbols, word_starts, mask, training: bool = False):
        """Map symbols and word starts (batch, phonemes) to states (batch, phonemes, width)."""
        x = self.dropout(self.symbol(symbols) + self.word_start(word_starts), training=training)
        for block in self.blocks:
            x = block(x, mask, training=training)
        return x * mask


class VariancePredictor(layers.Layer):
    """Two convolutions and a dense layer that predict prosody at each position."""

    def __init__(
        self, width: int, hidden: int, kernel: int = 3, outputs: int = 1, dropout: float = 0.3, **kwargs
    ):
        super().__init__(**kwargs)
        self.first = layers.Conv1D(hidden, kernel, padding="same", name="first")
        self.first_norm = layer_norm("first_norm")
        self.second = layers.Conv1D(hidden, kernel, padding="same", name="second")
        self.second_norm = layer_norm("second_norm")
        self.out = layers.Dense(outputs, name="out")
        self.dropout = layers.Dropout(dropout)

    def call(self, x, mask, training: bool = False):
        """Map (batch, time, width) to (batch, time, outputs); positions off the mask are 0."""
        for convolution, norm in ((self.first, self.first_norm), (self.second, self.second_norm)):
            x = self.dropout(norm(ops.relu(convolution(x * mask))), training=training)
        return self.out(x) * mask


class LengthRegulator(layers.Layer):
    """Each state is repeated for as many frames as its phoneme lasts."""

    def call(self, states, durations, frames: int | None = None):
        """Map states (batch, phonemes, width) and whole durations (batch, phonemes) to frames.

        Returns the repeated states (batch, frames, width), the frame mask (batch, frames, 1), and where each
        frame lies in its phoneme (batch, frames, 3), as the PyTorch version does.
        """
        ends = ops.cumsum(durations, axis=1)
        if frames is None:
            frames = int(ops.max(ends[:, -1]))
        time = ops.cast(ops.arange(frames), ends.dtype)[None, :, None]
        ended = ops.sum(ops.cast(time >= ends[:, None, :], "int32"), axis=-1)
        index = ops.minimum(ended, ops.shape(durations)[1] - 1)
        mask = ops.cast(time < ends[:, -1:, None], states.dtype)
        length = ops.take_along_axis(durations, index, axis=1)
        start = ops.cast(ops.take_along_axis(ends - durations, index, axis=1), states.dtype)
        length = ops.cast(ops.maximum(length, 1), states.dtype)
        gone = (ops.cast(time[..., 0], states.dtype) - start + 0.5) / length
        place = ops.stack([gone, ops.sin(math.pi * gone), ops.log(length)], axis=-1)
        repeated = ops.take_along_axis(states, index[..., None], axis=1)
        return repeated * mask, mask, place * mask


class MelDecoder(layers.Layer):
    """Frame states become log-mel frames."""

    def __init__(
        self, width: int, hidden: int, kernel: int, blocks: int, mels: int, dropout: float, **kwargs
    ):
        super().__init__(**kwargs)
        self.blocks = [
            ConvNeXtBlock1d(width, hidden, kernel, dropout, name=f"blocks.{i}") for i in range(blocks)
        ]
        self.norm = layer_norm("norm")
        self.out = layers.Dense(mels, name="out")

    def call(self, x, mask, training: bool = False):
        """Map frame states (batch, frames, width) to normalised log-mels (batch, frames, mels)."""
        for block in self.blocks:
            x = block(x, mask, training=training)
        return self.out(self.norm(x)) * mask


class Prediction(NamedTuple):
    """What the model says about a batch, all in normalised units; padding is 0."""

    mel: Any  # (batch, frames, mels)
    frame_mask: Any  # (batch, frames, 1)
    log_durations: Any  # (batch, phonemes)
    energy: Any  # (batch, phonemes)
    pitch: Any  # (batch, frames), means nothing where unvoiced
    voicing: Any  # (batch, frames), logits


class Speech(NamedTuple):
    """What `infer` returns for one utterance, in physical units."""

    log_mel: Any  # (frames, mels), natural logarithm
    f0: Any  # (frames,), Hz, 0 where unvoiced
    durations: Any  # (phonemes,), frames


class ParallelTTS(keras.Model):
    """Phonemes to log-mel and F0: encoder, variance predictors, length regulator, decoder."""

    def __init__(
        self,
        symbols: int,
        width: int = 192,
        hidden: int = 576,
        kernel: int = 7,
        encoder_blocks: int = 4,
        decoder_blocks: int = 6,
        predictor_width: int = 128,
        mels: int = 80,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.configuration = {
            "symbols": symbols,
            "width": width,
            "hidden": hidden,
            "kernel": kernel,
            "encoder_blocks": encoder_blocks,
            "decoder_blocks": decoder_blocks,
            "predictor_width": predictor_width,
            "mels": mels,
            "dropout": dropout,
        }
        self.encoder = PhonemeEncoder(symbols, width, hidden, kernel, encoder_blocks, dropout, name="encoder")
        self.duration = VariancePredictor(width, predictor_width, name="duration")
        self.energy = VariancePredictor(width, predictor_width, name="energy")
        self.pitch = VariancePredictor(width, predictor_width, kernel=5, outputs=2, name="pitch")
        self.energy_embedding = layers.Dense(width, name="energy_embedding")
        self.pitch_embedding = layers.Dense(width, name="pitch_embedding")
        self.place_embedding = layers.Dense(width, name="place_embedding")
        self.regulator = LengthRegulator(name="regulator")
        self.decoder = MelDecoder(width, hidden, kernel, decoder_blocks, mels, dropout, name="decoder")
        self.mel_mean = self._statistic("mel_mean", [0.0] * mels)
        self.mel_std = self._statistic("mel_std", [1.0] * mels)
        self.pitch_stats = self._statistic("pitch_stats", [math.log(200.0), 0.2])
        self.energy_stats = self._statistic("energy_stats", [0.0, 1.0])

    def _statistic(self, name: str, values: list[float]):
        """A weight that no optimiser moves, like a buffer in PyTorch."""
        start = keras.initializers.Constant(values)
        return self.add_weight(name=name, shape=(len(values),), initializer=start, trainable=False)

    def encode(self, symbols, word_starts, training: bool = False):
        """Give states (batch, phonemes, width), their mask, log durations and energies (batch, phonemes)."""
        mask = ops.cast(symbols != 0, self.compute_dtype)[..., None]
        states = self.encoder(symbols, word_starts, mask, training=training)
        seen = ops.stop_gradient(states)
        log_durations = self.duration(seen, mask, training=training)[..., 0]
        return states, mask, log_durations, self.energy(seen, mask, training=training)[..., 0]

    def regulate(self, states, durations, energy, frames: int | None = None, training: bool = False):
        """Give frame states (batch, frames, width), their mask, pitch and voicing logit (batch, frames)."""
        states = states + self.energy_embedding(energy[..., None])
        states, mask, place = self.regulator(states, durations, frames=frames)
        states = states + self.place_embedding(place)
        own = self.pitch(ops.stop_gradient(states), mask, training=training)
        return states, mask, own[..., 0], own[..., 1]

    def decode(self, states, mask, pitch, voiced, training: bool = False):
        """Give normalised log-mels (batch, frames, mels) for pitch and 0/1 voicing (batch, frames)."""
        states = states + self.pitch_embedding(ops.stack([pitch * voiced, voiced], axis=-1))
        return self.decoder(states, mask, training=training)

    def call(self, symbols, word_starts, durations, energy, pitch, voiced, training: bool = False):
        """Predict with the true prosody given (teacher forcing), as in training; shapes as in PyTorch."""
        states, _, log_durations, own_energy = self.encode(symbols, word_starts, training)
        states, mask, own_pitch, voicing = self.regulate(
            states, durations, energy, pitch.shape[1], training=training
        )
        mel = self.decode(states, mask, pitch, voiced, training)
        return Prediction(mel, mask, log_durations, own_energy, own_pitch, voicing)

    def infer(
        self, symbols, word_starts, speed: float = 1.0, pitch_shift: float = 0.0, energy: float = 1.0
    ) -> Speech:
        """Speak one utterance: symbols and word starts (phonemes,) to log-mel, F0 and durations.

        speed divides the durations, pitch_shift is in semitones, energy is a factor of the amplitude.

        Raises: InputError when a knob is out of range or the symbols are not one non-empty row.
        """
        check_knobs(speed, pitch_shift, energy)
        symbols, word_starts = ops.convert_to_tensor(symbols), ops.convert_to_tensor(word_starts)
        if symbols.ndim != 1 or symbols.shape[0] == 0 or symbols.shape != word_starts.shape:
            raise InputError(
                f"symbols of shape {tuple(symbols.shape)} and word starts of shape "
                f"{tuple(word_starts.shape)} were given; expected two rows of one length, (phonemes,). "
                "Speak one utterance at a time."
            )
        states, _, log_durations, own_energy = self.encode(symbols[None], word_starts[None])
        durations = ops.cast(ops.maximum(ops.round(ops.exp(log_durations) / speed), 1), "int32")
        own_energy = own_energy + math.log(energy) / self.energy_stats[1]
        states, mask, pitch, voicing = self.regulate(states, durations, own_energy)
        pitch = pitch + pitch_shift * math.log(2) / 12 / self.pitch_stats[1]
        voiced = ops.cast(voicing > 0, pitch.dtype)
        mel = self.decode(states, mask, pitch, voiced)[0] * self.mel_std + self.mel_mean
        f0 = ops.exp(pitch * self.pitch_stats[1] + self.pitch_stats[0]) * voiced
        return Speech(mel, f0[0], durations[0])


def check_knobs(speed: float, pitch_shift: float, energy: float) -> None:
    """Refuse control values that the model was not made for.

    Raises: InputError naming the knob, the value found and the range.
    """
    ranges = {
        "speed": (speed, 0.25, 4.0),
        "pitch_shift": (pitch_shift, -12.0, 12.0),
        "energy": (energy, 0.1, 10.0),
    }
    for name, (value, low, high) in ranges.items():
        if not low <= value <= high:
            raise InputError(
                f"{name} is {value}; expected a number from {low} to {high}. Choose one of those."
            )
