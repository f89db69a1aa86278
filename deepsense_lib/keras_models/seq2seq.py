"""Sequence-to-sequence speech in Keras 3: the same classes, arguments and numbers as the PyTorch version.

See there for the sources. A layer must be told here whether it trains. The input layer of a cell is called
`input_dense`, since every Keras layer has an attribute `input` of its own; its variables keep the short name.
"""

import math
from typing import Any, NamedTuple

import keras
from keras import layers, ops

from deepsense_lib.errors import InputError
from deepsense_lib.keras_models.recurrent import LSTM

EXTRA = 2  # numbers of a frame behind the mels: pitch and voicing
LIMIT = 400  # frames after which `infer` gives up


class SummaryEncoder(layers.Layer):
    """Symbols become the state of an LSTM that has read them all."""

    def __init__(self, symbols: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.symbol = layers.Embedding(symbols, width, name="symbol")
        self.lstm = LSTM(width, width, name="lstm")

    def call(self, symbols):
        """Map symbols (batch, phonemes), 0 is padding, to the final state."""
        mask = ops.cast(symbols != 0, self.compute_dtype)
        return self.lstm(self.symbol(symbols), mask=mask)[1]


class Prenet(layers.Layer):
    """A narrow layer with dropout in front of the decoder: it must not copy the last frame blindly."""

    def __init__(self, inputs: int, width: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(width, name="dense")
        self.dropout = layers.Dropout(dropout)

    def call(self, x, training: bool = False):
        """Map (..., inputs) to (..., width)."""
        return self.dropout(ops.relu(self.dense(x)), training=training)


class Prediction(NamedTuple):
    """What the model says about a batch, in normalised units."""

    mel: Any  # (batch, frames, mels)
    pitch: Any  # (batch, frames), means nothing where unvoiced
    voicing: Any  # (batch, frames), logits
    stop: Any  # (batch, steps), logits


class Speech(NamedTuple):
    """What `infer` returns for one utterance, in physical units."""

    log_mel: Any  # (frames, mels), natural logarithm
    f0: Any  # (frames,), Hz, 0 where unvoiced
    stopped: bool  # whether the model ended by itself


class Seq2SeqTTS(keras.Model):
    """Phonemes to log-mel, pitch and voicing through one vector."""

    def __init__(
        self,
        symbols: int,
        width: int = 256,
        prenet_width: int = 64,
        reduction: int = 4,
        mels: int = 80,
        dropout: float = 0.5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.configuration = {
            "symbols": symbols,
            "width": width,
            "prenet_width": prenet_width,
            "reduction": reduction,
            "mels": mels,
            "dropout": dropout,
        }
        self.mels, self.reduction = mels, reduction
        self.encoder = SummaryEncoder(symbols, width, name="encoder")
        self.prenet = Prenet(mels + EXTRA, prenet_width, dropout, name="prenet")
        self.decoder = LSTM(prenet_width + width, width, name="decoder")
        self.frames = layers.Dense(reduction * (mels + EXTRA), name="frames")
        self.stop = layers.Dense(1, name="stop")
        self.mel_mean = self._statistic("mel_mean", [0.0] * mels)
        self.mel_std = self._statistic("mel_std", [1.0] * mels)
        self.pitch_stats = self._statistic("pitch_stats", [math.log(200.0), 0.2])

    def _statistic(self, name: str, values: list[float]):
        """A weight that no optimiser moves, like a buffer in PyTorch."""
        start = keras.initializers.Constant(values)
        return self.add_weight(name=name, shape=(len(values),), initializer=start, trainable=False)

    def decode(self, previous, summary, state, training: bool = False):
        """Go some steps: previous frames (batch, steps, mels + 2), one a step, and the summary of the text.

        Returns frames (batch, steps * reduction, mels + 2), stop logits (batch, steps), and the next state.
        """
        batch, steps = previous.shape[0], previous.shape[1]
        repeated = ops.repeat(summary[:, None], steps, axis=1)
        seen = ops.concatenate([self.prenet(previous, training=training), repeated], axis=-1)
        x, state = self.decoder(seen, state)
        frames = ops.reshape(self.frames(x), (batch, steps * self.reduction, self.mels + EXTRA))
        return frames, self.stop(x)[..., 0], state

    def call(self, symbols, mel, pitch, voiced, training: bool = False):
        """Predict every frame from the true ones before it (teacher forcing); shapes as in PyTorch.

        Raises: InputError if the number of frames is not a multiple of the reduction.
        """
        if mel.shape[1] % self.reduction:
            raise InputError(
                f"{mel.shape[1]} frames were given; expected a multiple of the reduction, {self.reduction}. "
                "Pad the batch."
            )
        state = self.encoder(symbols)
        truth = ops.concatenate([mel, (pitch * voiced)[..., None], voiced[..., None]], axis=-1)
        last = truth[:, self.reduction - 1 :: self.reduction]
        previous = ops.concatenate([ops.zeros_like(last[:, :1]), last[:, :-1]], axis=1)
        frames, stop, _ = self.decode(previous, state[0], state, training)
        return Prediction(frames[..., : self.mels], frames[..., -2], frames[..., -1], stop)

    def infer(self, symbols, limit: int = LIMIT) -> Speech:
        """Speak one utterance: symbols (phonemes,); each step sees what the model itself said before.

        Ends when the stop token says so, or after `limit` frames.
        Raises: InputError when the symbols are not one non-empty row.
        """
        symbols = ops.convert_to_tensor(symbols)
        if symbols.ndim != 1 or symbols.shape[0] == 0:
            raise InputError(
                f"symbols of shape {tuple(symbols.shape)} were given; expected one row, (phonemes,). "
                "Speak one utterance at a time."
            )
        state = self.encoder(symbols[None])
        summary, said, stopped = state[0], [], False
        previous = ops.zeros((1, 1, self.mels + EXTRA), dtype=self.compute_dtype)
        while not stopped and len(said) * self.reduction < limit:
            frames, stop, state = self.decode(previous, summary, state)
            voiced = ops.cast(frames[..., -1:] > 0, frames.dtype)
            frames = ops.concatenate([frames[..., :-2], frames[..., -2:-1] * voiced, voiced], axis=-1)
            said.append(frames[0])
            previous, stopped = frames[:, -1:], bool(stop[0, -1] > 0)
        frames = ops.concatenate(said, axis=0)
        f0 = ops.exp(frames[:, -2] * self.pitch_stats[1] + self.pitch_stats[0]) * frames[:, -1]
        return Speech(frames[:, : self.mels] * self.mel_std + self.mel_mean, f0, stopped)
