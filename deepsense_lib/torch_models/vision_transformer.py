"""A small vision transformer in PyTorch: patches that ask each other, one class for every box of the figure.

Deviations from the paper: the head sees the mean of all patches unless a class token is asked for; the inner
layers are twice as wide as the outer ones, not four times; the head starts at zero, so the first loss is
log(classes). Two stems make items of an image: one linear map of each patch, as in the paper, or a few
convolutions that halve.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deepsense_lib.errors import InputError
from deepsense_lib.torch_models.face_attention import check_images, zero_head

SUMMARIES = ("mean", "token")
STEMS = ("patch", "convolution")


def cut_patches(images: Tensor, patch: int) -> Tensor:
    """Cut images `(batch, height, width)` into squares, row by row: `(batch, patches, patch * patch)`."""
    count, height, width = images.shape
    tiles = images.reshape(count, height // patch, patch, width // patch, patch)
    return tiles.transpose(2, 3).reshape(count, -1, patch * patch)


class SelfAttention(nn.Module):
    """Every item asks all items: softmax of scaled inner products, in several heads side by side.

    Source: Vaswani et al. (2017), "Attention is all you need", Eq. 1 and Sec. 3.2.2.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        check_heads(width, heads)
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def weigh(self, x: Tensor) -> Tensor:
        """Map items `(batch, items, width)` to weights `(batch, heads, items, items)`; each row sums to 1."""
        query, key = self._split(self.query(x)), self._split(self.key(x))
        return torch.softmax(query @ key.transpose(2, 3) / math.sqrt(query.shape[-1]), dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Map items `(batch, items, width)` to the same shape."""
        return self.out((self.weigh(x) @ self._split(self.value(x))).transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """`(batch, items, width)` to `(batch, heads, items, width / heads)`."""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class TransformerBlock(nn.Module):
    """Items ask each other, then each is thought over alone; both are added to what was there.

    Source: Dosovitskiy et al. (2021), "An image is worth 16x16 words", Eq. 2 and 3.
    """

    def __init__(self, width: int, heads: int, inner: int, dropout: float = 0.0):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-5)
        self.attention = SelfAttention(width, heads)
        self.inner_norm = nn.LayerNorm(width, eps=1e-5)
        self.widen = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map items `(batch, items, width)` to the same shape."""
        x = x + self.dropout(self.attention(self.norm(x)))
        return x + self.dropout(self.narrow(F.gelu(self.widen(self.inner_norm(x)))))


class ConvolutionStem(nn.Module):
    """As many halving convolutions as make one item of a patch; neighbours share what they see.

    Source: Xiao et al. (2021), "Early convolutions help transformers see better", section 3.
    """

    def __init__(self, patch: int, width: int):
        super().__init__()
        channels = stem_channels(patch, width)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, o, 3, stride=2, padding=1, bias=False) for i, o in pairwise(channels)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for o in channels[1:])

    def forward(self, x: Tensor) -> Tensor:
        """Map images `(batch, 1, size, size)` to items `(batch, patches, width)`, row by row."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = torch.relu(norm(convolution(x)))
        return x.flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    """An image as a set of patches that ask each other; places are learned numbers added to each patch.

    Source: Dosovitskiy et al. (2021), "An image is worth 16x16 words", Eq. 1 to 4.

    Raises: InputError when patches do not tile the image, heads not the width, or `summary` or `stem` is
    unknown or does not fit.
    """

    def __init__(
        self,
        classes: int = 7,
        size: int = 64,
        patch: int = 8,
        width: int = 96,
        depth: int = 4,
        heads: int = 4,
        ratio: int = 2,
        dropout: float = 0.1,
        summary: str = "mean",
        stem: str = "patch",
    ):
        super().__init__()
        check_vision(size, patch, width, heads, summary, stem)
        self.configuration = {
            "classes": classes,
            "size": size,
            "patch": patch,
            "width": width,
            "depth": depth,
            "heads": heads,
            "ratio": ratio,
            "dropout": dropout,
            "summary": summary,
            "stem": stem,
        }
        items = (size // patch) ** 2 + (summary == "token")
        if stem == "patch":
            self.embed = nn.Linear(patch * patch, width)
        else:
            self.stem = ConvolutionStem(patch, width)
        self.positions = nn.Parameter(0.02 * torch.randn(items, width))
        if summary == "token":
            self.token = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(
            TransformerBlock(width, heads, ratio * width, dropout) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width, eps=1e-5)
        self.head = zero_head(width, classes)

    def items(self, x: Tensor) -> Tensor:
        """Map images `(batch, 1, size, size)` to what enters the first block, `(batch, items, width)`."""
        check_images(x, self.configuration["size"])
        patch, summary = self.configuration["patch"], self.configuration["summary"]
        stem = self.configuration["stem"]
        items = self.embed(cut_patches(x[:, 0], patch)) if stem == "patch" else self.stem(x)
        if summary == "token":
            items = torch.cat([self.token.expand(items.shape[0], 1, -1), items], dim=1)
        return items + self.positions

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised images `(batch, 1, size, size)` to scores `(batch, classes)`.

        Raises: InputError when the images have another size or number of channels.
        """
        items = self.items(x)
        for block in self.blocks:
            items = block(items)
        items = self.norm(items)
        return self.head(items.mean(dim=1) if self.configuration["summary"] == "mean" else items[:, 0])

    @torch.no_grad()
    def attention_weights(self, x: Tensor) -> list[Tensor]:
        """Return each block's weights, `(batch, heads, items, items)`: row asks, column is asked."""
        items, found = self.items(x), []
        for block in self.blocks:
            found.append(block.attention.weigh(block.norm(items)))
            items = block(items)
        return found

    @torch.no_grad()
    def attention_maps(self, x: Tensor) -> list[Tensor]:
        """Return, for each block, the share of weight that each patch got, `(batch, side, side)`; sums to 1.

        With a class token it is what the token asks, without the part that it gives to itself.
        """
        token = self.configuration["summary"] == "token"
        side = self.configuration["size"] // self.configuration["patch"]
        maps = []
        for weights in self.attention_weights(x):
            mean = weights.mean(dim=1)
            got = mean[:, 0, 1:] if token else mean.mean(dim=1)
            maps.append((got / got.sum(dim=1, keepdim=True)).unflatten(1, (side, side)))
        return maps


def stem_channels(patch: int, width: int) -> list[int]:
    """Return the channels before and after each halving: 1, width / 4, width / 2, width for patches of 8."""
    halvings = patch.bit_length() - 1
    return [1, *(max(1, width >> (halvings - 1 - n)) for n in range(halvings))]


def check_vision(size: int, patch: int, width: int, heads: int, summary: str, stem: str = "patch") -> None:
    """Raise InputError when patches do not tile the image, heads not the width, or a word is unknown."""
    if patch < 1 or size < 1 or size % patch:
        raise InputError(
            f"patches of {patch} pixels do not tile images of {size}. Expected a patch that divides the size."
        )
    check_heads(width, heads)
    if summary not in SUMMARIES:
        raise InputError(f"the summary is {summary!r}. Expected one of {', '.join(SUMMARIES)}.")
    if stem not in STEMS:
        raise InputError(f"the stem is {stem!r}. Expected one of {', '.join(STEMS)}.")
    if stem == "convolution" and (patch < 2 or patch & (patch - 1)):
        raise InputError(
            f"convolutions that halve cannot make patches of {patch} pixels. Expected 2, 4, 8 or 16."
        )


def check_heads(width: int, heads: int) -> None:
    """Raise InputError unless the heads share the width evenly."""
    if heads < 1 or width < 1 or width % heads:
        raise InputError(
            f"{heads} heads cannot share a width of {width} evenly. Expected a number that divides it."
        )
