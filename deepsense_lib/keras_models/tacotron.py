"""Speech with attention in Keras 3: the same classes, arguments and numbers as the PyTorch version.

See there for the sources and the deviations. A layer must be told here whether it trains; the prenet may be
told apart from the rest, because its dropout stays on when the model speaks.
"""

import math
from typing import Any, NamedTuple

import keras
from keras import layers, ops

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.stability import PLAIN, Rules, ends, window_mask
from deepsense_lib.keras_models.attention import KINDS, Memory
from deepsense_lib.keras_models.parallel_tts import ConvNeXtBlock1d, PhonemeEncoder
from deepsense_lib.keras_models.recurrent import LSTMCell
from deepsense_lib.keras_models.seq2seq import EXTRA, Prenet

LIMIT = 1600  # frames after which `infer` gives up


class Prediction(NamedTuple):
    """What the model says about a batch, in normalised units."""

    mel: Any  # (batch, frames, mels), as the decoder says it
    refined: Any  # (batch, frames, mels), after the postnet
    pitch: Any  # (batch, frames), means nothing where unvoiced
    voicing: Any  # (batch, frames), logits
    stop: Any  # (batch, steps), logits
    alignment: Any  # (batch, steps, symbols), each row sums to 1


class Speech(NamedTuple):
    """What `infer` returns for one utterance, in physical units."""

    log_mel: Any  # (frames, mels), natural logarithm
    f0: Any  # (frames,), Hz, 0 where unvoiced
    alignment: Any  # (steps, symbols)
    stopped: bool  # whether the model ended by itself
    stop: Any  # (steps,), probabilities of the stop token


class DecoderState(NamedTuple):
    """What the decoder carries from step to step."""

    attention_rnn: Any  # h and c, each (batch, rnn)
    context: Any  # (batch, width)
    attended: Any  # weights and their sum, each (batch, symbols)
    decoder_rnn: Any  # h and c, each (batch, rnn)


class AttentionDecoder(layers.Layer):
    """One step: the last frame moves a first LSTM, it asks the attention, a second LSTM speaks."""

    def __init__(
        self,
        inputs: int,
        width: int,
        rnn: int,
        attention: str,
        outputs: int,
        size: int = 128,
        options: dict | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.attention_rnn = LSTMCell(inputs + width, rnn, name="attention_rnn")
        self.attention = KINDS[attention](rnn, width, size, **(options or {}), name="attention")
        self.decoder_rnn = LSTMCell(rnn + width, rnn, name="decoder_rnn")
        self.frames = layers.Dense(outputs, name="frames")
        self.stop = layers.Dense(1, name="stop")
        self.rnn, self.width = rnn, width

    def build(self, *shapes):
        """Make the weights now: the attention prepares the text before the first step."""
        for part in (self.attention_rnn, self.attention, self.decoder_rnn):
            part.build()
            part.built = True
        for dense in (self.frames, self.stop):
            dense.build((None, self.rnn + self.width))
        self.built = True

    def start(self, memory: Memory) -> DecoderState:
        """The state before the first step."""
        zero = ops.zeros((memory.values.shape[0], self.rnn), dtype=memory.values.dtype)
        context = ops.zeros_like(memory.values[:, 0])
        return DecoderState((zero, zero), context, self.attention.start(memory), (zero, zero))

    def call(self, seen, memory: Memory, state: DecoderState):
        """Map what the prenet gives (batch, inputs) to frames (batch, outputs) and stop logits (batch,)."""
        first = self.attention_rnn(ops.concatenate([seen, state.context], axis=-1), *state.attention_rnn)
        context, attended = self.attention(first[0], memory, state.attended)
        second = self.decoder_rnn(ops.concatenate([first[0], context], axis=-1), *state.decoder_rnn)
        told = ops.concatenate([second[0], context], axis=-1)
        return self.frames(told), self.stop(told)[..., 0], DecoderState(first, context, attended, second)


class Postnet(layers.Layer):
    """Adds what a single step cannot know: it sees the frames on both sides."""

    def __init__(self, mels: int, width: int, blocks: int, **kwargs):
        super().__init__(**kwargs)
        self.widen = layers.Dense(width, name="widen")
        self.blocks = [ConvNeXtBlock1d(width, 2 * width, 5, name=f"blocks.{i}") for i in range(blocks)]
        self.narrow = layers.Dense(mels, kernel_initializer="zeros", name="narrow")

    def call(self, mel, mask, training: bool = False):
        """Map mels (batch, frames, mels) to the same shape; mask (batch, frames, 1) is 1 for sound."""
        x = self.widen(mel)
        for block in self.blocks:
            x = block(x, mask, training=training)
        return mel + self.narrow(x)


class Tacotron(keras.Model):
    """Phonemes to log-mel, pitch and voicing through attention."""

    def __init__(
        self,
        symbols: int,
        width: int = 192,
        hidden: int = 384,
        kernel: int = 7,
        encoder_blocks: int = 4,
        rnn: int = 256,
        prenet_width: int = 128,
        attention: str = "dynamic",
        reduction: int = 3,
        postnet_width: int = 128,
        postnet_blocks: int = 3,
        mels: int = 80,
        dropout: float = 0.5,
        encoder_dropout: float = 0.1,
        attention_options: dict | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if attention not in KINDS:
            raise InputError(f"the attention '{attention}' is unknown. Expected one of: {', '.join(KINDS)}.")
        self.configuration = {
            "symbols": symbols,
            "width": width,
            "hidden": hidden,
            "kernel": kernel,
            "encoder_blocks": encoder_blocks,
            "rnn": rnn,
            "prenet_width": prenet_width,
            "attention": attention,
            "reduction": reduction,
            "postnet_width": postnet_width,
            "postnet_blocks": postnet_blocks,
            "mels": mels,
            "dropout": dropout,
            "encoder_dropout": encoder_dropout,
            "attention_options": attention_options,
        }
        self.mels, self.reduction = mels, reduction
        self.encoder = PhonemeEncoder(
            symbols, width, hidden, kernel, encoder_blocks, encoder_dropout, name="encoder"
        )
        self.prenet = [
            Prenet(mels + EXTRA, prenet_width, dropout, name="prenet.0"),
            Prenet(prenet_width, prenet_width, dropout, name="prenet.1"),
        ]
        outputs = reduction * (mels + EXTRA)
        self.decoder = AttentionDecoder(
            prenet_width, width, rnn, attention, outputs, options=attention_options, name="decoder"
        )
        self.postnet = Postnet(mels, postnet_width, postnet_blocks, name="postnet")
        self.mel_mean = self._statistic("mel_mean", [0.0] * mels)
        self.mel_std = self._statistic("mel_std", [1.0] * mels)
        self.pitch_stats = self._statistic("pitch_stats", [math.log(200.0), 0.2])

    def _statistic(self, name: str, values: list[float]):
        """A weight that no optimiser moves, like a buffer in PyTorch."""
        start = keras.initializers.Constant(values)
        return self.add_weight(name=name, shape=(len(values),), initializer=start, trainable=False)

    def read(self, symbols, word_starts, training: bool = False) -> Memory:
        """Map symbols and word starts (batch, phonemes), symbol 0 is padding, to what attention reads."""
        mask = ops.cast(symbols != 0, self.compute_dtype)
        states = self.encoder(symbols, word_starts, mask[..., None], training=training)
        if not self.decoder.built:
            self.decoder.build()
        return self.decoder.attention.prepare(states, mask)

    def see(self, frames, training: bool = False):
        """Map frames (..., mels + 2) to what the prenet lets through."""
        for layer in self.prenet:
            frames = layer(frames, training=training)
        return frames

    def call(self, symbols, word_starts, mel, pitch, voiced, mask, training: bool = False):
        """Predict every frame from the true ones before it (teacher forcing); shapes as in PyTorch.

        Raises: InputError if the number of frames is not a multiple of the reduction.
        """
        if mel.shape[1] % self.reduction:
            raise InputError(
                f"{mel.shape[1]} frames were given; expected a multiple of the reduction, {self.reduction}. "
                "Pad the batch."
            )
        memory = self.read(symbols, word_starts, training)
        truth = ops.concatenate([mel, (pitch * voiced)[..., None], voiced[..., None]], axis=-1)
        last = truth[:, self.reduction - 1 :: self.reduction]
        seen = self.see(ops.concatenate([ops.zeros_like(last[:, :1]), last[:, :-1]], axis=1), training)
        state, said, stops, alignment = self.decoder.start(memory), [], [], []
        for t in range(seen.shape[1]):
            frames, stop, state = self.decoder(seen[:, t], memory, state)
            said.append(frames)
            stops.append(stop)
            alignment.append(state.attended.weights)
        frames = ops.reshape(ops.stack(said, axis=1), (mel.shape[0], mel.shape[1], self.mels + EXTRA))
        spoken = frames[..., : self.mels]
        return Prediction(
            spoken,
            self.postnet(spoken, mask[..., None], training=training),
            frames[..., -2],
            frames[..., -1],
            ops.stack(stops, axis=1),
            ops.stack(alignment, axis=1),
        )

    def infer(
        self,
        symbols,
        word_starts,
        limit: int = LIMIT,
        dropout_seed: int | None = 0,
        rules: Rules = PLAIN,
    ) -> Speech:
        """Speak one utterance: symbols and word starts (phonemes,); each step sees what was said before.

        Ends when the stop token says so, or after `limit` frames; `rules` may say otherwise, and may keep
        the attention in a window. The dropout of the prenet stays on, with a seed of its own (its draws are
        not PyTorch's); None switches it off.
        Raises: InputError when the symbols and word starts are not two non-empty rows of one length.
        """
        symbols, word_starts = ops.convert_to_tensor(symbols), ops.convert_to_tensor(word_starts)
        if symbols.ndim != 1 or symbols.shape[0] == 0 or symbols.shape != word_starts.shape:
            raise InputError(
                f"symbols of shape {tuple(symbols.shape)} and word starts of shape "
                f"{tuple(word_starts.shape)} were given; expected two rows of one length, (phonemes,). "
                "Speak one utterance at a time."
            )
        if dropout_seed is not None:
            for number, layer in enumerate(self.prenet):
                if layer.dropout.rate > 0:
                    layer.dropout.seed_generator.state.assign([dropout_seed, number])
        memory = self.read(symbols[None], word_starts[None])
        state, said, alignment, stopped = self.decoder.start(memory), [], [], False
        stops, places, mask = [], [], memory.mask
        previous = ops.zeros((1, self.mels + EXTRA), dtype=self.compute_dtype)
        while not stopped and len(said) * self.reduction < limit:
            if rules.window is not None:
                near = window_mask(symbols.shape[0], places[-1] if places else 0, *rules.window)
                memory = memory._replace(mask=mask * ops.cast(near, mask.dtype))
            frames, stop, state = self.decoder(self.see(previous, dropout_seed is not None), memory, state)
            frames = ops.reshape(frames, (self.reduction, self.mels + EXTRA))
            voiced = ops.cast(frames[:, -1:] > 0, frames.dtype)
            frames = ops.concatenate([frames[:, :-2], frames[:, -2:-1] * voiced, voiced], axis=-1)
            said.append(frames)
            alignment.append(state.attended.weights[0])
            stops.append(ops.sigmoid(stop[0]))
            places.append(int(ops.argmax(alignment[-1])))
            previous, stopped = frames[-1:], ends(float(stops[-1]), places, symbols.shape[0], rules)
        frames = ops.concatenate(said, axis=0)
        mask = ops.ones((1, frames.shape[0], 1), dtype=frames.dtype)
        mel = self.postnet(frames[None, :, : self.mels], mask)[0]
        f0 = ops.exp(frames[:, -2] * self.pitch_stats[1] + self.pitch_stats[0]) * frames[:, -1]
        mel = mel * self.mel_std + self.mel_mean
        return Speech(mel, f0, ops.stack(alignment), stopped, ops.stack(stops))
