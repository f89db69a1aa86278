"""A recogniser of phones in PyTorch: log-mel frames in, the phones that it hears out.

It serves as a judge of synthetic speech, so it must hear what was said and not guess what would be likely.
Therefore it has no recurrence and no language model: each decision sees a third of a second either side.
"""

import torch
from torch import nn

from deepsense_lib.errors import InputError
from deepsense_lib.torch_models.parallel_tts import ConvNeXtBlock1d

# Phones without stress, in the order of the outputs; output 0 is CTC's blank.
PHONES = tuple(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH "
    "UH UW V W Y Z".split()
)
BLANK = 0
SILENCE = -11.5  # log-mel of digital silence, used as padding


def merge(path: list[int]) -> list[int]:
    """Turn a CTC path into labels: repeats become one, then blanks go.

    Source: Graves et al., Connectionist temporal classification, ICML 2006, section 3.1, the map B.
    """
    changed = [label for before, label in zip([None, *path], path, strict=False) if label != before]
    return [label for label in changed if label != BLANK]


class PhoneRecogniser(nn.Module):
    """Log-mel frames become logits of blank and phones, at every second frame.

    Source: the loss is Graves et al. (2006); the blocks are Liu et al. (2022), in one dimension.
    """

    def __init__(self, mels: int = 80, width: int = 160, blocks: int = 5, dropout: float = 0.1):
        super().__init__()
        self.configuration = {"mels": mels, "width": width, "blocks": blocks, "dropout": dropout}
        self.register_buffer("mel_mean", torch.zeros(mels))
        self.register_buffer("mel_std", torch.ones(mels))
        self.enter = nn.Conv1d(mels, width, 5, stride=2, padding=2)
        self.norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(ConvNeXtBlock1d(width, 3 * width, 5, dropout) for _ in range(blocks))
        self.leave = nn.LayerNorm(width)
        self.out = nn.Linear(width, 1 + len(PHONES))

    def forward(self, log_mel: torch.Tensor, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map log-mels (batch, frames, mels) of the given lengths (batch,) to logits and their lengths.

        Returns logits (batch, ceil(frames / 2), 1 + phones) and how many of them count (batch,).
        """
        # How loud an utterance is says nothing about its phones, so its mean level is taken out.
        mask = (torch.arange(log_mel.shape[1], device=log_mel.device) < frames[:, None])[..., None]
        x = log_mel - self.mel_mean
        level = (x * mask).sum((1, 2), keepdim=True) / (mask.sum((1, 2), keepdim=True) * x.shape[2])
        x = self.enter(((x - level) / self.mel_std * mask).transpose(1, 2)).transpose(1, 2)
        lengths = (frames + 1) // 2
        mask = (torch.arange(x.shape[1], device=x.device) < lengths[:, None])[..., None].to(x.dtype)
        x = self.norm(x)
        for block in self.blocks:
            x = block(x, mask)
        return self.out(self.leave(x)), lengths

    @torch.no_grad()
    def transcribe(self, log_mel) -> tuple[str, ...]:
        """Return the phones heard in log-mel frames (frames, mels), without stress and silence.

        The best label is taken at every step, and the path is merged.

        Raises:
            InputError: the frames have another shape.
        """
        mels = len(self.mel_mean)
        x = torch.as_tensor(log_mel, dtype=self.mel_mean.dtype, device=self.mel_mean.device)
        if x.ndim != 2 or x.shape[1] != mels or len(x) == 0:
            raise InputError(
                f"log-mel has the shape {tuple(x.shape)}, expected (frames, {mels}) with at least one frame. "
                "Use deepsense_lib.speech.features.log_mel."
            )
        self.eval()
        logits, _ = self(x[None], torch.tensor([len(x)], device=x.device))
        return tuple(PHONES[label - 1] for label in merge(logits[0].argmax(-1).tolist()))
