"""A discriminator of spectrograms in PyTorch: it learns to tell a vocoder's output from recordings.

Source: Jang et al. (2021), UnivNet (https://arxiv.org/abs/2106.07889), section 2.3, with fewer channels and
more strides, so that it costs no more than the vocoder that it judges.
"""

import torch
from torch import nn

RESOLUTIONS = ((1024, 200), (512, 100), (256, 50))  # FFT length, hop


class SpectrogramDiscriminator(nn.Module):
    """Convolutions over the log magnitude at one resolution."""

    def __init__(self, n_fft: int, hop: int, channels: int = 8):
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        plan = [
            (1, channels, (3, 9), (1, 2)),
            (channels, 2 * channels, (3, 9), (2, 2)),
            (2 * channels, 4 * channels, (3, 5), (2, 2)),
            (4 * channels, 4 * channels, (3, 5), (1, 2)),
        ]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, k, s, padding=(k[0] // 2, k[1] // 2)) for a, b, k, s in plan
        )
        self.out = nn.Conv2d(4 * channels, 1, 3, padding=1)
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(self, samples: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Map samples (batch, samples) to scores (batch, 1, frames', bins') and each layer's features."""
        spectrum = torch.stft(samples, self.n_fft, self.hop, window=self.window, return_complex=True)
        x = torch.log(spectrum.abs().clamp(min=1e-4)).transpose(1, 2)[:, None] / 3
        features = []
        for convolution in self.convolutions:
            x = nn.functional.leaky_relu(convolution(x), 0.1)
            features.append(x)
        return self.out(x), features


class MultiResolutionDiscriminator(nn.Module):
    """One spectrogram discriminator for each resolution."""

    def __init__(self, channels: int = 8):
        super().__init__()
        self.parts = nn.ModuleList(SpectrogramDiscriminator(n, hop, channels) for n, hop in RESOLUTIONS)

    def forward(self, samples: torch.Tensor, part: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Map samples (batch, samples) to the scores and features of one resolution."""
        return self.parts[part](samples)


def judge_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """What the discriminator minimises: scores of recordings to 1, scores of generated speech to 0.

    Source: Mao et al. (2017), least squares GAN (https://arxiv.org/abs/1611.04076), equation 2.
    """
    return ((1 - real) ** 2).mean() + (fake**2).mean()


def fool_loss(fake: torch.Tensor) -> torch.Tensor:
    """What the vocoder minimises: scores of its output to 1."""
    return ((1 - fake) ** 2).mean()


def feature_loss(real: list[torch.Tensor], fake: list[torch.Tensor]) -> torch.Tensor:
    """Mean distance of the discriminator's features of recordings and generated speech, layer by layer.

    Each layer is divided by the size of its features, so that no layer decides alone.

    Source: Kumar et al. (2019), MelGAN (https://arxiv.org/abs/1910.06711), equation 3.
    """
    distances = [
        (a.detach() - b).abs().mean() / a.detach().abs().mean().clamp(min=1e-3)
        for a, b in zip(real, fake, strict=True)
    ]
    return sum(distances) / len(distances)
