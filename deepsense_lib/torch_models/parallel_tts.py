"""A parallel acoustic model in PyTorch: phonemes in, log-mel frames and F0 out, no recursion over time.

The plan is FastSpeech 2 (Ren et al., 2021, https://arxiv.org/abs/2006.04558), figure 1: encoder, variance
predictors, length regulator, decoder. Four deviations, all made because the model must learn from twenty
minutes of speech on one CPU core: ConvNeXt blocks (Liu et al., 2022, https://arxiv.org/abs/2201.03545) stand
in for self-attention; energy is one number for each phoneme; pitch is one number for each frame, with a
voicing flag, instead of a wavelet spectrum; each frame is told where it lies within its phoneme.
"""

import math
from typing import NamedTuple

import torch
from torch import nn

from deepsense_lib.errors import InputError


class ConvNeXtBlock1d(nn.Module):
    """Residual block: depthwise convolution over time, then two dense layers at each position.

    Source: Liu et al. (2022), figure 4, in one dimension; the scale is the layer scale of its section 2.6.
    """

    def __init__(self, width: int, hidden: int, kernel: int = 7, dropout: float = 0.0):
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, hidden)
        self.contract = nn.Linear(hidden, width)
        self.scale = nn.Parameter(torch.full((width,), 0.1))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map (batch, time, width) to the same shape; mask (batch, time, 1) is 1 where there is input."""
        # Padding is zeroed before the convolution: a short row then sees what it would see alone.
        y = self.depthwise((x * mask).transpose(1, 2)).transpose(1, 2)
        y = self.contract(nn.functional.gelu(self.expand(self.norm(y))))
        return x + self.dropout(self.scale * y)


class PhonemeEncoder(nn.Module):
    """Symbols and word starts become context-dependent states."""

    def __init__(self, symbols: int, width: int, hidden: int, kernel: int, blocks: int, dropout: float):
        super().__init__()
        self.symbol = nn.Embedding(symbols, width)
        self.word_start = nn.Embedding(2, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(ConvNeXtBlock1d(width, hidden, kernel, dropout) for _ in range(blocks))

    def forward(self, symbols: torch.Tensor, word_starts: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map symbols and word starts (batch, phonemes) to states (batch, phonemes, width)."""
        x = self.dropout(self.symbol(symbols) + self.word_start(word_starts))
        for block in self.blocks:
            x = block(x, mask)
        return x * mask


class VariancePredictor(nn.Module):
    """Two convolutions and a dense layer that predict prosody at each position.

    Source: Ren et al. (2021), section 2.3 and figure 1c.
    """

    def __init__(self, width: int, hidden: int, kernel: int = 3, outputs: int = 1, dropout: float = 0.3):
        super().__init__()
        self.first = nn.Conv1d(width, hidden, kernel, padding=kernel // 2)
        self.first_norm = nn.LayerNorm(hidden)
        self.second = nn.Conv1d(hidden, hidden, kernel, padding=kernel // 2)
        self.second_norm = nn.LayerNorm(hidden)
        self.out = nn.Linear(hidden, outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map (batch, time, width) to (batch, time, outputs); positions off the mask are 0."""
        for convolution, norm in ((self.first, self.first_norm), (self.second, self.second_norm)):
            x = convolution((x * mask).transpose(1, 2)).transpose(1, 2)
            x = self.dropout(norm(torch.relu(x)))
        return self.out(x) * mask


class LengthRegulator(nn.Module):
    """Each state is repeated for as many frames as its phoneme lasts.

    Source: Ren et al. (2019), FastSpeech, equation 1 (https://arxiv.org/abs/1905.09263).
    """

    def forward(
        self, states: torch.Tensor, durations: torch.Tensor, frames: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Map states (batch, phonemes, width) and whole durations (batch, phonemes) to frames.

        Returns the repeated states (batch, frames, width), the frame mask (batch, frames, 1), and where each
        frame lies in its phoneme (batch, frames, 3): the part gone by, a hump that is 1 in the middle of the
        phoneme, and the logarithm of the phoneme's length.
        """
        ends = durations.cumsum(1)
        if frames is None:
            frames = int(ends[:, -1].max())
        time = torch.arange(frames, device=durations.device)[None, :, None]
        # Frame t belongs to the phoneme whose number is the count of phonemes that ended at t or before.
        index = (time >= ends[:, None, :]).sum(-1).clamp(max=durations.shape[1] - 1)
        mask = (time < ends[:, -1:, None]).to(states.dtype)
        length = durations.gather(1, index).clamp(min=1).to(states.dtype)
        start = (ends - durations).gather(1, index)
        gone = (time[..., 0] - start + 0.5) / length
        place = torch.stack([gone, torch.sin(math.pi * gone), torch.log(length)], -1)
        repeated = states.gather(1, index[..., None].expand(-1, -1, states.shape[-1]))
        return repeated * mask, mask, place * mask


class MelDecoder(nn.Module):
    """Frame states become log-mel frames."""

    def __init__(self, width: int, hidden: int, kernel: int, blocks: int, mels: int, dropout: float):
        super().__init__()
        self.blocks = nn.ModuleList(ConvNeXtBlock1d(width, hidden, kernel, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, mels)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map frame states (batch, frames, width) to normalised log-mels (batch, frames, mels)."""
        for block in self.blocks:
            x = block(x, mask)
        return self.out(self.norm(x)) * mask


class Prediction(NamedTuple):
    """What the model says about a batch, all in normalised units; padding is 0."""

    mel: torch.Tensor  # (batch, frames, mels)
    frame_mask: torch.Tensor  # (batch, frames, 1)
    log_durations: torch.Tensor  # (batch, phonemes)
    energy: torch.Tensor  # (batch, phonemes)
    pitch: torch.Tensor  # (batch, frames), means nothing where unvoiced
    voicing: torch.Tensor  # (batch, frames), logits


class Speech(NamedTuple):
    """What `infer` returns for one utterance, in physical units."""

    log_mel: torch.Tensor  # (frames, mels), natural logarithm
    f0: torch.Tensor  # (frames,), Hz, 0 where unvoiced
    durations: torch.Tensor  # (phonemes,), frames


class ParallelTTS(nn.Module):
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
    ):
        super().__init__()
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
        self.encoder = PhonemeEncoder(symbols, width, hidden, kernel, encoder_blocks, dropout)
        self.duration = VariancePredictor(width, predictor_width)
        self.energy = VariancePredictor(width, predictor_width)
        self.pitch = VariancePredictor(width, predictor_width, kernel=5, outputs=2)
        self.energy_embedding = nn.Linear(1, width)
        self.pitch_embedding = nn.Linear(2, width)
        self.place_embedding = nn.Linear(3, width)
        self.regulator = LengthRegulator()
        self.decoder = MelDecoder(width, hidden, kernel, decoder_blocks, mels, dropout)
        # Statistics of the training voice: the network works on numbers of mean 0 and deviation 1.
        self.register_buffer("mel_mean", torch.zeros(mels))
        self.register_buffer("mel_std", torch.ones(mels))
        self.register_buffer("pitch_stats", torch.tensor([math.log(200.0), 0.2]))  # of ln F0
        self.register_buffer("energy_stats", torch.tensor([0.0, 1.0]))  # of the mean log-mel of a phoneme

    def encode(
        self, symbols: torch.Tensor, word_starts: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Give states (batch, phonemes, width), their mask, log durations and energies (batch, phonemes)."""
        mask = (symbols != 0).to(self.mel_mean.dtype)[..., None]
        states = self.encoder(symbols, word_starts, mask)
        # The predictors learn from the states without bending them: the mel loss alone shapes the encoder.
        seen = states.detach()
        return states, mask, self.duration(seen, mask)[..., 0], self.energy(seen, mask)[..., 0]

    def regulate(
        self, states: torch.Tensor, durations: torch.Tensor, energy: torch.Tensor, frames: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Give frame states (batch, frames, width), their mask, pitch and voicing logit (batch, frames)."""
        states = states + self.energy_embedding(energy[..., None])
        states, mask, place = self.regulator(states, durations, frames)
        states = states + self.place_embedding(place)
        pitch, voicing = self.pitch(states.detach(), mask).unbind(-1)
        return states, mask, pitch, voicing

    def decode(
        self, states: torch.Tensor, mask: torch.Tensor, pitch: torch.Tensor, voiced: torch.Tensor
    ) -> torch.Tensor:
        """Give normalised log-mels (batch, frames, mels) for pitch and 0/1 voicing (batch, frames)."""
        states = states + self.pitch_embedding(torch.stack([pitch * voiced, voiced], -1))
        return self.decoder(states, mask)

    def forward(
        self,
        symbols: torch.Tensor,
        word_starts: torch.Tensor,
        durations: torch.Tensor,
        energy: torch.Tensor,
        pitch: torch.Tensor,
        voiced: torch.Tensor,
    ) -> Prediction:
        """Predict with the true prosody given (teacher forcing), as in training.

        symbols, word_starts, durations: whole numbers (batch, phonemes), symbol 0 is padding and lasts 0;
        energy (batch, phonemes); pitch and voiced (batch, frames), all normalised.
        """
        states, _, log_durations, own_energy = self.encode(symbols, word_starts)
        states, mask, own_pitch, voicing = self.regulate(states, durations, energy, pitch.shape[1])
        mel = self.decode(states, mask, pitch, voiced)
        return Prediction(mel, mask, log_durations, own_energy, own_pitch, voicing)

    @torch.no_grad()
    def infer(
        self,
        symbols: torch.Tensor,
        word_starts: torch.Tensor,
        speed: float = 1.0,
        pitch_shift: float = 0.0,
        energy: float = 1.0,
    ) -> Speech:
        """Speak one utterance: symbols and word starts (phonemes,) to log-mel, F0 and durations.

        speed divides the durations, pitch_shift is in semitones, energy is a factor of the amplitude.

        Raises: InputError when a knob is out of range or the symbols are not one non-empty row.
        """
        check_knobs(speed, pitch_shift, energy)
        if symbols.ndim != 1 or len(symbols) == 0 or symbols.shape != word_starts.shape:
            raise InputError(
                f"symbols of shape {tuple(symbols.shape)} and word starts of shape "
                f"{tuple(word_starts.shape)} were given; expected two rows of one length, (phonemes,). "
                "Speak one utterance at a time."
            )
        states, _, log_durations, own_energy = self.encode(symbols[None], word_starts[None])
        durations = torch.round(torch.exp(log_durations) / speed).clamp(min=1).long()
        own_energy = own_energy + math.log(energy) / self.energy_stats[1]
        states, mask, pitch, voicing = self.regulate(states, durations, own_energy)
        pitch = pitch + pitch_shift * math.log(2) / 12 / self.pitch_stats[1]
        voiced = (voicing > 0).to(pitch.dtype)
        mel = self.decode(states, mask, pitch, voiced)[0] * self.mel_std + self.mel_mean
        f0 = torch.exp(pitch * self.pitch_stats[1] + self.pitch_stats[0]) * voiced
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
