"""A light neural vocoder in PyTorch: log-mel and F0 in, samples out.

A network at frame rate predicts the magnitude and the phase of an STFT, and the inverse STFT does the rest
(Kaneko et al., 2022, iSTFTNet, https://arxiv.org/abs/2203.02395; Siuzdak, 2023, Vocos,
https://arxiv.org/abs/2306.00814). The phase is predicted as a turn away from the phase of a source of
harmonics and noise that follows F0 (Wang et al., 2019, https://arxiv.org/abs/1904.12088), so that the network
need not count the periods itself: that is what makes half an hour of training on one core enough.
"""

import math

import torch
from torch import nn

from deepsense_lib.errors import InputError
from deepsense_lib.torch_models.parallel_tts import ConvNeXtBlock1d


class HarmonicSource(nn.Module):
    """A pulse train of cosines at the multiples of F0, with noise; noise alone where there is no voice."""

    def __init__(
        self, sample_rate: int = 16000, hop: int = 200, lowest: float = 60.0, highest: float = 7900.0
    ):
        super().__init__()
        self.sample_rate, self.hop, self.lowest, self.highest = sample_rate, hop, lowest, highest

    def forward(self, f0: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Map F0 in Hz (batch, frames) and noise (batch, samples) to samples (batch, (frames - 1) * hop)."""
        samples = (f0.shape[1] - 1) * self.hop
        voiced = self.upsample((f0 > 0).to(f0.dtype), samples).round()
        f = torch.where(voiced > 0, self.upsample(self.fill(f0), samples).clamp(min=self.lowest), self.lowest)
        # Phases are wrapped at each step in float64: float32 loses the fine pitch within seconds.
        half = math.pi * torch.remainder(torch.cumsum(f.double() / self.sample_rate, 1), 1.0).to(f.dtype)
        harmonics = torch.floor(self.highest / f)
        # The Dirichlet kernel: cos(x) + cos(2x) + ... + cos(Nx) = (sin((2N+1)x/2) / sin(x/2) - 1) / 2.
        bottom = torch.sin(half)
        safe = torch.where(bottom.abs() < 1e-4, torch.ones_like(bottom), bottom)
        ratio = torch.where(
            bottom.abs() < 1e-4, 2 * harmonics + 1, torch.sin((2 * harmonics + 1) * half) / safe
        )
        pulses = (ratio - 1) / 2 / torch.sqrt(harmonics + 1)
        return 0.3 * pulses * voiced + noise * (0.03 + 0.1 * (1 - voiced))

    @staticmethod
    def upsample(x: torch.Tensor, samples: int) -> torch.Tensor:
        """Interpolate (batch, frames) linearly to (batch, samples); frame k lies at sample k * hop."""
        return nn.functional.interpolate(x[:, None], samples + 1, mode="linear", align_corners=True)[
            :, 0, :-1
        ]

    @staticmethod
    def fill(f0: torch.Tensor) -> torch.Tensor:
        """Let unvoiced frames (batch, frames) take the F0 of a voiced neighbour: no glide to 0 is heard."""
        before = torch.roll(f0, 1, 1)
        after = torch.roll(f0, -1, 1)
        before[:, 0] = 0
        after[:, -1] = 0
        return torch.where(f0 > 0, f0, torch.maximum(before, after))


class SpectrumNetwork(nn.Module):
    """The trained part: features at frame rate become log magnitudes and phase turns."""

    def __init__(self, features: int, width: int, hidden: int, kernel: int, blocks: int, bins: int):
        super().__init__()
        self.first = nn.Conv1d(features, width, 7, padding=3)
        self.first_norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(ConvNeXtBlock1d(width, hidden, kernel) for _ in range(blocks))
        self.last_norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 2 * bins)
        nn.init.normal_(self.out.weight, std=0.01)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map features (batch, frames, features) to log magnitude and phase turn (batch, frames, bins)."""
        x = self.first_norm(self.first(features.transpose(1, 2)).transpose(1, 2))
        mask = torch.ones_like(x[..., :1])
        for block in self.blocks:
            x = block(x, mask)
        magnitude, turn = self.out(self.last_norm(x)).chunk(2, -1)
        return (3 * magnitude - 2).clamp(max=6), 3 * turn


class Vocoder(nn.Module):
    """Log-mel and F0 to samples: harmonic source, spectrum network, inverse STFT."""

    def __init__(
        self,
        mels: int = 80,
        width: int = 192,
        hidden: int = 576,
        kernel: int = 7,
        blocks: int = 6,
        n_fft: int = 1024,
        hop: int = 200,
        window: int = 800,
        sample_rate: int = 16000,
    ):
        super().__init__()
        self.configuration = {
            "mels": mels,
            "width": width,
            "hidden": hidden,
            "kernel": kernel,
            "blocks": blocks,
            "n_fft": n_fft,
            "hop": hop,
            "window": window,
            "sample_rate": sample_rate,
        }
        self.n_fft, self.hop, self.window_length = n_fft, hop, window
        bins = n_fft // 2 + 1
        self.source = HarmonicSource(sample_rate, hop)
        self.network = SpectrumNetwork(mels + bins + 1, width, hidden, kernel, blocks, bins)
        self.register_buffer("mel_mean", torch.zeros(mels))
        self.register_buffer("mel_std", torch.ones(mels))
        self.register_buffer("window", torch.hann_window(window), persistent=False)

    def forward(
        self, log_mel: torch.Tensor, f0: torch.Tensor, noise: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Map log-mels (batch, frames, mels) and F0 (batch, frames) to samples (batch, (frames - 1) * hop).

        noise (batch, samples), standard normal, is drawn anew when it is not given.
        """
        if noise is None:
            noise = torch.randn(f0.shape[0], (f0.shape[1] - 1) * self.hop, dtype=f0.dtype, device=f0.device)
        excitation = self.stft(self.source(f0, noise))
        magnitude, turn = self.network(self.features(log_mel, f0, excitation))
        spectrum = torch.polar(magnitude.exp(), turn + torch.angle(excitation))
        return torch.istft(
            spectrum.transpose(1, 2),
            self.n_fft,
            self.hop,
            self.window_length,
            self.window,
            length=noise.shape[1],
        )

    def features(self, log_mel: torch.Tensor, f0: torch.Tensor, excitation: torch.Tensor) -> torch.Tensor:
        """Join normalised mels, the source's log magnitude and voicing: (batch, frames, mels + bins + 1)."""
        mel = (log_mel - self.mel_mean) / self.mel_std
        voiced = (f0 > 0).to(mel.dtype)[..., None]
        return torch.cat([mel, torch.log(excitation.abs() + 1e-3) / 2, voiced], -1)

    def stft(self, samples: torch.Tensor) -> torch.Tensor:
        """Complex STFT (batch, frames, bins) of samples (batch, samples)."""
        return torch.stft(
            samples, self.n_fft, self.hop, self.window_length, self.window, return_complex=True
        ).transpose(1, 2)

    @torch.no_grad()
    def infer(self, log_mel: torch.Tensor, f0: torch.Tensor, seed: int = 0) -> torch.Tensor:
        """Map one log-mel (frames, mels) and F0 (frames,) to samples (frames * hop,); a seed, a sound.

        Raises: InputError when the two do not have the same number of frames, or fewer than two frames.
        """
        if log_mel.ndim != 2 or f0.shape != log_mel.shape[:1] or len(f0) < 2:
            raise InputError(
                f"a log-mel of shape {tuple(log_mel.shape)} and an F0 of shape {tuple(f0.shape)} were given; "
                "expected (frames, mels) and (frames,) with at least two frames. Give one utterance."
            )
        # One more frame at the end, so that the last frame's half window is heard too.
        log_mel = torch.cat([log_mel, log_mel[-1:]])[None]
        f0 = torch.cat([f0, f0[-1:]])[None]
        noise = torch.randn(1, (f0.shape[1] - 1) * self.hop, generator=torch.Generator().manual_seed(seed))
        return self(log_mel, f0, noise.to(log_mel))[0]
