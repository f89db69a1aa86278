"""Sequence-to-sequence speech in PyTorch: an encoder LSTM reads all phonemes into one state, a decoder
LSTM speaks from it. No attention: whatever the sentence says must fit into that state.

The plan is Sutskever, Vinyals & Le (2014, https://arxiv.org/abs/1409.3215) with the decoder inputs of Cho et
al. (2014, https://arxiv.org/abs/1406.1078): the summary is the first state and an input of every step. From
Tacotron (Wang et al., 2017, https://arxiv.org/abs/1703.10135) come the prenet with dropout, the reduction
factor (several frames a step) and the go frame; from Tacotron 2 (Shen et al., 2018,
https://arxiv.org/abs/1712.05884) the stop token. A frame is the log-mel, pitch and voicing, so that the
vocoder of the course can say it.
"""

import math
from typing import NamedTuple

import torch
from torch import nn

from deepsense_lib.errors import InputError
from deepsense_lib.torch_models.recurrent import LSTM, State

EXTRA = 2  # numbers of a frame behind the mels: pitch and voicing
LIMIT = 400  # frames after which `infer` gives up


class SummaryEncoder(nn.Module):
    """Symbols become the state of an LSTM that has read them all."""

    def __init__(self, symbols: int, width: int):
        super().__init__()
        self.symbol = nn.Embedding(symbols, width)
        self.lstm = LSTM(width, width)

    def forward(self, symbols: torch.Tensor) -> State:
        """Map symbols (batch, phonemes), 0 is padding, to the final state."""
        return self.lstm(self.symbol(symbols), mask=(symbols != 0).to(self.symbol.weight.dtype))[1]


class Prenet(nn.Module):
    """A narrow layer with dropout in front of the decoder: it must not copy the last frame blindly."""

    def __init__(self, inputs: int, width: int, dropout: float):
        super().__init__()
        self.dense = nn.Linear(inputs, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., inputs) to (..., width)."""
        return self.dropout(torch.relu(self.dense(x)))


class Prediction(NamedTuple):
    """What the model says about a batch, in normalised units."""

    mel: torch.Tensor  # (batch, frames, mels)
    pitch: torch.Tensor  # (batch, frames), means nothing where unvoiced
    voicing: torch.Tensor  # (batch, frames), logits
    stop: torch.Tensor  # (batch, steps), logits


class Speech(NamedTuple):
    """What `infer` returns for one utterance, in physical units."""

    log_mel: torch.Tensor  # (frames, mels), natural logarithm
    f0: torch.Tensor  # (frames,), Hz, 0 where unvoiced
    stopped: bool  # whether the model ended by itself


class Seq2SeqTTS(nn.Module):
    """Phonemes to log-mel, pitch and voicing through one vector."""

    def __init__(
        self,
        symbols: int,
        width: int = 256,
        prenet_width: int = 64,
        reduction: int = 4,
        mels: int = 80,
        dropout: float = 0.5,
    ):
        super().__init__()
        self.configuration = {
            "symbols": symbols,
            "width": width,
            "prenet_width": prenet_width,
            "reduction": reduction,
            "mels": mels,
            "dropout": dropout,
        }
        self.mels, self.reduction = mels, reduction
        self.encoder = SummaryEncoder(symbols, width)
        self.prenet = Prenet(mels + EXTRA, prenet_width, dropout)
        self.decoder = LSTM(prenet_width + width, width)
        self.frames = nn.Linear(width, reduction * (mels + EXTRA))
        self.stop = nn.Linear(width, 1)
        self.register_buffer("mel_mean", torch.zeros(mels))
        self.register_buffer("mel_std", torch.ones(mels))
        self.register_buffer("pitch_stats", torch.tensor([math.log(200.0), 0.2]))  # of ln F0

    def decode(self, previous: torch.Tensor, summary: torch.Tensor, state: State) -> tuple:
        """Go some steps: previous frames (batch, steps, mels + 2), one a step, and the summary of the text.

        Returns frames (batch, steps * reduction, mels + 2), stop logits (batch, steps), and the next state.
        """
        steps = previous.shape[1]
        repeated = summary[:, None].expand(-1, steps, -1)
        x, state = self.decoder(torch.cat([self.prenet(previous), repeated], -1), state)
        frames = self.frames(x).reshape(len(x), steps * self.reduction, self.mels + EXTRA)
        return frames, self.stop(x)[..., 0], state

    def forward(
        self, symbols: torch.Tensor, mel: torch.Tensor, pitch: torch.Tensor, voiced: torch.Tensor
    ) -> Prediction:
        """Predict every frame from the true ones before it (teacher forcing).

        symbols (batch, phonemes), 0 is padding; mel (batch, frames, mels), pitch and voiced (batch, frames),
        normalised, the number of frames a multiple of the reduction.
        Raises: InputError if it is not.
        """
        if mel.shape[1] % self.reduction:
            raise InputError(
                f"{mel.shape[1]} frames were given; expected a multiple of the reduction, {self.reduction}. "
                "Pad the batch."
            )
        state = self.encoder(symbols)
        truth = torch.cat([mel, (pitch * voiced)[..., None], voiced[..., None]], -1)
        # Step t sees the last frame of step t - 1: shifted right by one step, a go frame of zeros in front.
        last = truth[:, self.reduction - 1 :: self.reduction]
        previous = torch.cat([torch.zeros_like(last[:, :1]), last[:, :-1]], 1)
        frames, stop, _ = self.decode(previous, state[0], state)
        return Prediction(frames[..., : self.mels], frames[..., -2], frames[..., -1], stop)

    @torch.no_grad()
    def infer(self, symbols: torch.Tensor, limit: int = LIMIT) -> Speech:
        """Speak one utterance: symbols (phonemes,); each step sees what the model itself said before.

        Ends when the stop token says so, or after `limit` frames.
        Raises: InputError when the symbols are not one non-empty row.
        """
        if symbols.ndim != 1 or len(symbols) == 0:
            raise InputError(
                f"symbols of shape {tuple(symbols.shape)} were given; expected one row, (phonemes,). "
                "Speak one utterance at a time."
            )
        state = self.encoder(symbols[None])
        summary, said, stopped = state[0], [], False
        previous = self.mel_mean.new_zeros(1, 1, self.mels + EXTRA)
        while not stopped and len(said) * self.reduction < limit:
            frames, stop, state = self.decode(previous, summary, state)
            voiced = (frames[..., -1:] > 0).to(frames.dtype)
            frames = torch.cat([frames[..., :-2], frames[..., -2:-1] * voiced, voiced], -1)
            said.append(frames[0])
            previous, stopped = frames[:, -1:], bool(stop[0, -1] > 0)
        frames = torch.cat(said)
        f0 = torch.exp(frames[:, -2] * self.pitch_stats[1] + self.pitch_stats[0]) * frames[:, -1]
        return Speech(frames[:, : self.mels] * self.mel_std + self.mel_mean, f0, stopped)
