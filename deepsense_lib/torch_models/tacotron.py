"""Speech with attention in PyTorch: a decoder reads the text symbol by symbol while it speaks.

The plan is Tacotron 2 (Shen et al., 2018, https://arxiv.org/abs/1712.05884), figure 1: encoder, prenet,
attention, two decoder LSTMs, stop token, postnet. From Tacotron (Wang et al., 2017,
https://arxiv.org/abs/1703.10135) comes the reduction factor. Three deviations, made because the model learns
from twenty minutes of speech on one CPU core: ConvNeXt blocks (Liu et al., 2022,
https://arxiv.org/abs/2201.03545) stand in for convolutions with batch normalisation and a bidirectional LSTM
in the encoder, and for the convolutions of the postnet; all widths are smaller; a frame is the log-mel, pitch
and voicing, so that the vocoder of the course can say it.
"""

import math
from typing import NamedTuple

import torch
from torch import nn

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.stability import PLAIN, Rules, ends, window_mask
from deepsense_lib.torch_models.attention import KINDS, Attended, Memory
from deepsense_lib.torch_models.parallel_tts import ConvNeXtBlock1d, PhonemeEncoder
from deepsense_lib.torch_models.recurrent import LSTMCell, State
from deepsense_lib.torch_models.seq2seq import EXTRA, Prenet

LIMIT = 1600  # frames after which `infer` gives up


class Prediction(NamedTuple):
    """What the model says about a batch, in normalised units."""

    mel: torch.Tensor  # (batch, frames, mels), as the decoder says it
    refined: torch.Tensor  # (batch, frames, mels), after the postnet
    pitch: torch.Tensor  # (batch, frames), means nothing where unvoiced
    voicing: torch.Tensor  # (batch, frames), logits
    stop: torch.Tensor  # (batch, steps), logits
    alignment: torch.Tensor  # (batch, steps, symbols), each row sums to 1


class Speech(NamedTuple):
    """What `infer` returns for one utterance, in physical units."""

    log_mel: torch.Tensor  # (frames, mels), natural logarithm
    f0: torch.Tensor  # (frames,), Hz, 0 where unvoiced
    alignment: torch.Tensor  # (steps, symbols)
    stopped: bool  # whether the model ended by itself
    stop: torch.Tensor  # (steps,), probabilities of the stop token


class DecoderState(NamedTuple):
    """What the decoder carries from step to step."""

    attention_rnn: State
    context: torch.Tensor  # (batch, width)
    attended: Attended
    decoder_rnn: State


class AttentionDecoder(nn.Module):
    """One step: the last frame moves a first LSTM, it asks the attention, a second LSTM speaks.

    Source: Shen et al. (2018), section 2.2.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        rnn: int,
        attention: str,
        outputs: int,
        size: int = 128,
        options: dict | None = None,
    ):
        super().__init__()
        self.attention_rnn = LSTMCell(inputs + width, rnn)
        self.attention = KINDS[attention](rnn, width, size, **(options or {}))
        self.decoder_rnn = LSTMCell(rnn + width, rnn)
        self.frames = nn.Linear(rnn + width, outputs)
        self.stop = nn.Linear(rnn + width, 1)
        self.rnn = rnn

    def start(self, memory: Memory) -> DecoderState:
        """The state before the first step."""
        zero = memory.values.new_zeros(len(memory.values), self.rnn)
        context = torch.zeros_like(memory.values[:, 0])
        return DecoderState((zero, zero), context, self.attention.start(memory), (zero, zero))

    def forward(
        self, seen: torch.Tensor, memory: Memory, state: DecoderState
    ) -> tuple[torch.Tensor, torch.Tensor, DecoderState]:
        """Map what the prenet gives (batch, inputs) to frames (batch, outputs) and stop logits (batch,)."""
        first = self.attention_rnn(torch.cat([seen, state.context], -1), state.attention_rnn)
        context, attended = self.attention(first[0], memory, state.attended)
        second = self.decoder_rnn(torch.cat([first[0], context], -1), state.decoder_rnn)
        told = torch.cat([second[0], context], -1)
        return self.frames(told), self.stop(told)[..., 0], DecoderState(first, context, attended, second)


class Postnet(nn.Module):
    """Adds what a single step cannot know: it sees the frames on both sides.

    Source: Shen et al. (2018), section 2.2, with ConvNeXt blocks.
    """

    def __init__(self, mels: int, width: int, blocks: int):
        super().__init__()
        self.widen = nn.Linear(mels, width)
        self.blocks = nn.ModuleList(ConvNeXtBlock1d(width, 2 * width, 5) for _ in range(blocks))
        self.narrow = nn.Linear(width, mels)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, mel: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map mels (batch, frames, mels) to the same shape; mask (batch, frames, 1) is 1 for sound."""
        x = self.widen(mel)
        for block in self.blocks:
            x = block(x, mask)
        return mel + self.narrow(x)


class Tacotron(nn.Module):
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
    ):
        super().__init__()
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
        self.encoder = PhonemeEncoder(symbols, width, hidden, kernel, encoder_blocks, encoder_dropout)
        self.prenet = nn.Sequential(
            Prenet(mels + EXTRA, prenet_width, dropout), Prenet(prenet_width, prenet_width, dropout)
        )
        self.decoder = AttentionDecoder(
            prenet_width, width, rnn, attention, reduction * (mels + EXTRA), options=attention_options
        )
        self.postnet = Postnet(mels, postnet_width, postnet_blocks)
        self.register_buffer("mel_mean", torch.zeros(mels))
        self.register_buffer("mel_std", torch.ones(mels))
        self.register_buffer("pitch_stats", torch.tensor([math.log(200.0), 0.2]))  # of ln F0

    def read(self, symbols: torch.Tensor, word_starts: torch.Tensor) -> Memory:
        """Map symbols and word starts (batch, phonemes), symbol 0 is padding, to what attention reads."""
        mask = (symbols != 0).to(self.mel_mean.dtype)
        states = self.encoder(symbols, word_starts, mask[..., None])
        return self.decoder.attention.prepare(states, mask)

    def forward(
        self,
        symbols: torch.Tensor,
        word_starts: torch.Tensor,
        mel: torch.Tensor,
        pitch: torch.Tensor,
        voiced: torch.Tensor,
        mask: torch.Tensor,
    ) -> Prediction:
        """Predict every frame from the true ones before it (teacher forcing).

        symbols and word_starts (batch, phonemes); mel (batch, frames, mels), pitch, voiced and mask (batch,
        frames), normalised, the number of frames a multiple of the reduction.
        Raises: InputError if it is not.
        """
        if mel.shape[1] % self.reduction:
            raise InputError(
                f"{mel.shape[1]} frames were given; expected a multiple of the reduction, {self.reduction}. "
                "Pad the batch."
            )
        memory = self.read(symbols, word_starts)
        truth = torch.cat([mel, (pitch * voiced)[..., None], voiced[..., None]], -1)
        # Step t sees the last frame of step t - 1: shifted right by one step, a go frame of zeros in front.
        last = truth[:, self.reduction - 1 :: self.reduction]
        seen = self.prenet(torch.cat([torch.zeros_like(last[:, :1]), last[:, :-1]], 1))
        state, said, stops, alignment = self.decoder.start(memory), [], [], []
        for t in range(seen.shape[1]):
            frames, stop, state = self.decoder(seen[:, t], memory, state)
            said.append(frames)
            stops.append(stop)
            alignment.append(state.attended.weights)
        frames = torch.stack(said, 1).reshape(len(mel), mel.shape[1], self.mels + EXTRA)
        spoken = frames[..., : self.mels]
        return Prediction(
            spoken,
            self.postnet(spoken, mask[..., None]),
            frames[..., -2],
            frames[..., -1],
            torch.stack(stops, 1),
            torch.stack(alignment, 1),
        )

    @torch.no_grad()
    def infer(
        self,
        symbols: torch.Tensor,
        word_starts: torch.Tensor,
        limit: int = LIMIT,
        dropout_seed: int | None = 0,
        rules: Rules = PLAIN,
    ) -> Speech:
        """Speak one utterance: symbols and word starts (phonemes,); each step sees what was said before.

        Ends when the stop token says so, or after `limit` frames; `rules` may say otherwise, and may keep
        the attention in a window. The dropout of the prenet stays on, as in Tacotron 2, with a seed of its
        own; None switches it off.
        Equation: eq-stop-rule, eq-attention-window.
        Raises: InputError when the symbols and word starts are not two non-empty rows of one length.
        """
        if symbols.ndim != 1 or len(symbols) == 0 or symbols.shape != word_starts.shape:
            raise InputError(
                f"symbols of shape {tuple(symbols.shape)} and word starts of shape "
                f"{tuple(word_starts.shape)} were given; expected two rows of one length, (phonemes,). "
                "Speak one utterance at a time."
            )
        memory = self.read(symbols[None], word_starts[None])
        state, said, alignment, stopped = self.decoder.start(memory), [], [], False
        stops, places, mask = [], [], memory.mask
        previous, training = self.mel_mean.new_zeros(1, self.mels + EXTRA), self.training
        with torch.random.fork_rng(devices=[]):
            if dropout_seed is not None:
                torch.manual_seed(dropout_seed)
            self.prenet.train(dropout_seed is not None)
            while not stopped and len(said) * self.reduction < limit:
                if rules.window is not None:
                    near = window_mask(len(symbols), places[-1] if places else 0, *rules.window)
                    memory = memory._replace(mask=mask * mask.new_tensor(near))
                frames, stop, state = self.decoder(self.prenet(previous), memory, state)
                frames = frames.reshape(self.reduction, self.mels + EXTRA)
                voiced = (frames[:, -1:] > 0).to(frames.dtype)
                frames = torch.cat([frames[:, :-2], frames[:, -2:-1] * voiced, voiced], -1)
                said.append(frames)
                alignment.append(state.attended.weights[0])
                stops.append(torch.sigmoid(stop[0]))
                places.append(int(alignment[-1].argmax()))
                previous, stopped = frames[-1:], ends(float(stops[-1]), places, len(symbols), rules)
            self.prenet.train(training)
        frames = torch.cat(said)
        mel = self.postnet(frames[None, :, : self.mels], frames.new_ones(1, len(frames), 1))[0]
        f0 = torch.exp(frames[:, -2] * self.pitch_stats[1] + self.pitch_stats[0]) * frames[:, -1]
        mel = mel * self.mel_std + self.mel_mean
        return Speech(mel, f0, torch.stack(alignment), stopped, torch.stack(stops))
