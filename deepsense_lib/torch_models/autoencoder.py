"""Autoencoders of speech in PyTorch: acoustic frames to a short code and back.

An acoustic frame is all that the course's vocoder needs: 80 normalised log-mels, normalised pitch (0 where
there is no voice) and voicing. The code has one vector for `stride` frames. Its bottleneck is one of three:
"plain" keeps the vector, "gaussian" makes it a distribution (a variational autoencoder), "vector" replaces it
by entries of learned lists (vector quantisation, the code cut into `groups` parts with a list each).

Deviations from van den Oord et al. (2017, https://arxiv.org/abs/1711.00937): the code is cut into groups, and
entries that nothing has chosen for a while start anew at a vector of the batch, for on twenty minutes of
speech most of a list would die otherwise.
"""

from typing import NamedTuple

import torch
from torch import nn

from deepsense_lib.errors import InputError
from deepsense_lib.torch_models.parallel_tts import ConvNeXtBlock1d

KINDS = ("plain", "gaussian", "vector")


class LinearAutoencoder(nn.Module):
    """The smallest autoencoder: one dense layer to the code, one back, no bias and no curve.

    Source: Baldi & Hornik (1989), "Neural networks and principal component analysis".
    """

    def __init__(self, features: int, code: int):
        super().__init__()
        self.encoder = nn.Linear(features, code, bias=False)
        self.decoder = nn.Linear(code, features, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map centred rows (rows, features) to their reconstructions of the same shape."""
        return self.decoder(self.encoder(x))


class FrameEncoder(nn.Module):
    """Acoustic frames become one vector for every `stride` frames."""

    def __init__(
        self, features: int, width: int, hidden: int, kernel: int, blocks: int, stride: int, outputs: int
    ):
        super().__init__()
        self.stride = stride
        self.first = nn.Linear(features, width)
        self.blocks = nn.ModuleList(ConvNeXtBlock1d(width, hidden, kernel) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width * stride, outputs)

    def forward(self, frames: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map frames and their mask (batch, steps * stride, features or 1) to (batch, steps, outputs)."""
        x = self.first(frames)
        for block in self.blocks:
            x = block(x, mask)
        # Frames past the end are zeroed, so that the last code does not depend on how much was padded.
        x = self.norm(x) * mask
        return self.out(x.reshape(len(x), -1, self.stride * x.shape[-1]))


class FrameDecoder(nn.Module):
    """Every vector of the code becomes `stride` acoustic frames."""

    def __init__(
        self, code: int, width: int, hidden: int, kernel: int, blocks: int, stride: int, features: int
    ):
        super().__init__()
        self.stride = stride
        self.first = nn.Linear(code, width * stride)
        self.blocks = nn.ModuleList(ConvNeXtBlock1d(width, hidden, kernel) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, features)

    def forward(self, code: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map codes (batch, steps, code) to frames (batch, steps * stride, features), 0 off the mask."""
        x = self.first(code).reshape(len(code), code.shape[1] * self.stride, -1)
        for block in self.blocks:
            x = block(x, mask)
        return self.out(self.norm(x)) * mask


class Coded(NamedTuple):
    """A code and what it costs."""

    code: torch.Tensor  # (batch, steps, code): what the decoder sees
    cost: torch.Tensor  # (batch, steps): KL in nats, or the two VQ terms
    indices: torch.Tensor | None  # (batch, steps, groups): chosen entries, of "vector" only


class GaussianBottleneck(nn.Module):
    """The code is drawn from a Gaussian that the encoder names; the cost is its divergence from N(0, 1).

    Source: Kingma & Welling (2014, https://arxiv.org/abs/1312.6114), section 2.4 and appendix B.
    """

    def forward(self, x: torch.Tensor, noise: torch.Tensor | None = None) -> Coded:
        """Map means and log variances (batch, steps, 2 * code) to a drawn code.

        noise (batch, steps, code), standard normal, is drawn when it is not given. In evaluation mode
        nothing is drawn: the code is the mean.
        """
        mean, log_variance = x.chunk(2, -1)
        # Bounds keep exp() finite in float32; a trained model stays far inside them.
        log_variance = log_variance.clamp(-12.0, 6.0)
        code = mean
        if self.training or noise is not None:
            noise = torch.randn_like(mean) if noise is None else noise
            code = mean + (log_variance / 2).exp() * noise
        cost = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1)
        return Coded(code, cost, None)


class VectorQuantizer(nn.Module):
    """Each part of the code becomes the nearest of its learned vectors; gradients pass straight through.

    Source: van den Oord et al. (2017), section 3.1 and equation 3.
    """

    def __init__(self, groups: int, entries: int, width: int, commitment: float = 0.25):
        super().__init__()
        self.commitment = commitment
        self.codebook = nn.Parameter(torch.randn(groups, entries, width))
        # The share of recent choices that went to each entry; at the start all are alike.
        self.register_buffer("usage", torch.full((groups, entries), 1.0 / entries))

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> Coded:
        """Map (batch, steps, groups * width) to its quantised copy; mask (batch, steps) says what counts.

        In training, entries whose share of the choices fell below a hundredth of the even share start anew.
        """
        groups, _, width = self.codebook.shape
        parts = x.reshape(*x.shape[:2], groups, width)
        distance = (
            (parts**2).sum(-1, keepdim=True)
            - 2 * torch.einsum("btgw,gew->btge", parts, self.codebook)
            + (self.codebook**2).sum(-1)
        )
        indices = distance.argmin(-1)
        nearest = self.look_up(indices).reshape(parts.shape)
        cost = ((nearest - parts.detach()) ** 2).mean((-1, -2))
        cost = cost + self.commitment * ((nearest.detach() - parts) ** 2).mean((-1, -2))
        if self.training:
            with torch.no_grad():
                self.renew(parts, indices, mask)
        passed = parts + (nearest - parts).detach()
        return Coded(passed.reshape(x.shape), cost, indices)

    def look_up(self, indices: torch.Tensor) -> torch.Tensor:
        """Map chosen entries (batch, steps, groups) to codes (batch, steps, groups * width)."""
        found = [self.codebook[g][indices[..., g]] for g in range(len(self.codebook))]
        return torch.stack(found, -2).flatten(-2)

    def renew(self, parts: torch.Tensor, indices: torch.Tensor, mask: torch.Tensor | None) -> None:
        """Count the choices, and let entries that nobody chooses start anew at vectors of this batch."""
        keep = torch.ones(indices.shape[:2], dtype=torch.bool) if mask is None else mask > 0
        for g, book in enumerate(self.codebook):
            share = torch.bincount(indices[keep][:, g], minlength=len(book)) / keep.sum()
            self.usage[g].lerp_(share.to(self.usage), 0.02)
            dead = (self.usage[g] < 0.01 / len(book)).nonzero()[:, 0]
            if len(dead):
                seen = parts[keep][:, g]
                book[dead] = seen[torch.randint(len(seen), (len(dead),))]
                self.usage[g][dead] = 1.0 / len(book)


class Reconstruction(NamedTuple):
    """What the autoencoder says of a batch."""

    frames: torch.Tensor  # (batch, frames, features), normalised; padding is 0
    coded: Coded
    step_mask: torch.Tensor  # (batch, steps), 1 where a step holds a frame


class SpeechAutoencoder(nn.Module):
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
    ):
        super().__init__()
        if kind not in KINDS or stride < 1 or groups < 1 or code < 1 or code % groups:
            raise InputError(
                f"kind {kind!r}, stride {stride}, a code of {code} in {groups} groups were given; expected a "
                f"kind of {', '.join(KINDS)}, and whole numbers of 1 or more, the code a multiple of groups."
            )
        self.configuration = {
            "kind": kind,
            "code": code,
            "stride": stride,
            "groups": groups,
            "entries": entries,
            "width": width,
            "hidden": hidden,
            "kernel": kernel,
            "blocks": blocks,
            "mels": mels,
        }
        self.kind, self.stride = kind, stride
        outputs = 2 * code if kind == "gaussian" else code
        self.encoder = FrameEncoder(mels + 2, width, hidden, kernel, blocks, stride, outputs)
        self.decoder = FrameDecoder(code, width, hidden, kernel, blocks, stride, mels + 2)
        self.gaussian = GaussianBottleneck() if kind == "gaussian" else None
        self.quantizer = VectorQuantizer(groups, entries, code // groups) if kind == "vector" else None
        self.register_buffer("mel_mean", torch.zeros(mels))
        self.register_buffer("mel_std", torch.ones(mels))
        self.register_buffer("pitch_stats", torch.tensor([5.3, 0.2]))  # mean and deviation of ln F0

    def encode(
        self, frames: torch.Tensor, mask: torch.Tensor, noise: torch.Tensor | None = None
    ) -> tuple[Coded, torch.Tensor]:
        """Map normalised frames (batch, frames, mels + 2) to a code, and say which of its steps count.

        mask (batch, frames, 1) is 1 where there is a frame. The frames are filled up to whole steps.
        """
        short = -frames.shape[1] % self.stride
        frames = nn.functional.pad(frames * mask, (0, 0, 0, short))
        mask = nn.functional.pad(mask, (0, 0, 0, short))
        step_mask = mask[:, :: self.stride, 0]
        x = self.encoder(frames, mask)
        if self.kind == "gaussian":
            return self.gaussian(x, noise), step_mask
        if self.kind == "vector":
            return self.quantizer(x, step_mask), step_mask
        return Coded(x, torch.zeros_like(x[..., 0]), None), step_mask

    def forward(
        self, frames: torch.Tensor, mask: torch.Tensor, noise: torch.Tensor | None = None
    ) -> Reconstruction:
        """Map normalised frames (batch, frames, mels + 2) and their mask (batch, frames, 1) to frames."""
        coded, step_mask = self.encode(frames, mask, noise)
        wide = step_mask.repeat_interleave(self.stride, 1)[..., None]
        return Reconstruction(self.decoder(coded.code, wide)[:, : frames.shape[1]] * mask, coded, step_mask)

    @torch.no_grad()
    def code_of(self, log_mel: torch.Tensor, f0: torch.Tensor) -> Coded:
        """Code of one utterance: log-mel (frames, mels) and F0 in Hz (frames,), 0 where unvoiced.

        Raises: InputError when the two are not one utterance of the same length.
        """
        if log_mel.ndim != 2 or log_mel.shape != (len(f0), len(self.mel_mean)) or len(f0) == 0:
            raise InputError(
                f"a log-mel of shape {tuple(log_mel.shape)} and an F0 of shape {tuple(f0.shape)} were given; "
                f"expected (frames, {len(self.mel_mean)}) and (frames,). Give one utterance."
            )
        voiced = (f0 > 0).to(log_mel.dtype)
        pitch = (torch.log(torch.where(f0 > 0, f0, 1.0)) - self.pitch_stats[0]) / self.pitch_stats[1]
        mel = (log_mel - self.mel_mean) / self.mel_std
        frames = torch.cat([mel, (pitch * voiced)[:, None], voiced[:, None]], -1)[None]
        return self.encode(frames, torch.ones_like(frames[..., :1]))[0]

    @torch.no_grad()
    def speech_of(self, code: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-mel (steps * stride, mels) and F0 in Hz (steps * stride,) of one code (steps, code)."""
        wide = torch.ones(1, len(code) * self.stride, 1, dtype=code.dtype, device=code.device)
        frames = self.decoder(code[None], wide)[0]
        f0 = torch.exp(frames[:, -2] * self.pitch_stats[1] + self.pitch_stats[0])
        return frames[:, :-2] * self.mel_std + self.mel_mean, f0 * (frames[:, -1] > 0.5)
