"""The convolutional expression classifier in PyTorch: one class for every box of the chapter's figure.

Deviations from the classics: batch normalisation stands before ReLU as in Ioffe & Szegedy (2015), so the
convolutions need no bias; the head is one linear layer on the flattened maps, so every score splits exactly
into what each place gave to it (`evidence_map`); it starts at zero, so the first loss is log(classes).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deepsense_lib.errors import InputError


def normalize_images(images: Tensor, floor: float = 0.05) -> Tensor:
    """Give every image mean 0 and nearly unit spread, and put the channels behind the batch.

    Shapes: images `(batch, height, width)`, grey, or `(batch, height, width, 3)`, colour; uint8 0 to 255 or
    floating point 0 to 1. Returns `(batch, 1 or 3, height, width)`, float32 for uint8 and the same type for
    floats. The colours of an image share one mean and one spread, which keeps its hues.
    Raises: InputError for another shape.
    """
    check_images(tuple(images.shape))
    if not images.is_floating_point():
        images = images.to(torch.float32) / 255
    axes = tuple(range(1, images.ndim))
    mean = images.mean(dim=axes, keepdim=True)
    spread = images.std(dim=axes, keepdim=True, correction=0)
    normal = (images - mean) / (spread + floor)
    return normal[:, None] if normal.ndim == 3 else normal.permute(0, 3, 1, 2).contiguous()


class ConvBlock(nn.Module):
    """Convolution, batch normalisation, ReLU, max pooling: half the size, more channels."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 3):
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(out_channels, eps=1e-5, momentum=0.1)
        nn.init.kaiming_normal_(self.convolution.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, in_channels, height, width)` to `(batch, out_channels, height / 2, width / 2)`."""
        return F.max_pool2d(torch.relu(self.norm(self.convolution(x))), 2)


class ExpressionCNN(nn.Module):
    """Normalised images to one score for every class: a stack of blocks, dropout, a linear head.

    Source: LeCun et al. (1998), "Gradient-based learning applied to document recognition", Sec. II, with
    today's parts.

    `in_channels` is 1 for grey images and 3 for colour. Images of FER2013 have `size=48`.

    Raises: InputError when `size` cannot be halved once a block, `kernel` is even, or `classes` or
    `in_channels` cannot be.
    """

    def __init__(
        self,
        classes: int = 7,
        channels: Sequence[int] = (16, 32, 64, 128),
        size: int = 64,
        kernel: int = 3,
        dropout: float = 0.3,
        in_channels: int = 1,
    ):
        super().__init__()
        check_sizes(channels, size, kernel, classes, in_channels)
        self.configuration = {
            "classes": classes,
            "channels": list(channels),
            "size": size,
            "kernel": kernel,
            "dropout": dropout,
            "in_channels": in_channels,
        }
        widths = [in_channels, *channels]
        self.blocks = nn.ModuleList(ConvBlock(i, o, kernel) for i, o in pairwise(widths))
        side = size // 2 ** len(channels)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels[-1] * side * side, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def features(self, x: Tensor) -> Tensor:
        """Map `(batch, in_channels, size, size)` to the last feature maps `(batch, channels, side, side)`."""
        for block in self.blocks:
            x = block(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised images `(batch, in_channels, size, size)` to scores `(batch, classes)`.

        Raises: InputError when the images have another size or number of channels.
        """
        size, colours = self.configuration["size"], self.configuration["in_channels"]
        check_input(tuple(x.shape), (colours, size, size), colours)
        return self.head(self.dropout(self.features(x).flatten(1)))


def check_images(shape: tuple) -> None:
    """Raise InputError unless the shape is that of stacked grey or colour images."""
    if len(shape) != 3 and not (len(shape) == 4 and shape[3] == 3):
        raise InputError(
            f"the images have the shape {shape}. Expected (batch, height, width) for grey images or (batch, "
            "height, width, 3) for colour, stacked, with the colours last. Put a single image in a batch of "
            "its own: images[None]."
        )


def check_input(shape: tuple, expected: tuple, in_channels: int) -> None:
    """Raise InputError unless a batch of normalised images has the shape that the network was made for."""
    if shape[1:] != expected:
        raise InputError(
            f"the images have the shape {shape}. Expected {('batch', *expected)}: this network reads "
            f"{'grey' if in_channels == 1 else 'colour'} images, in_channels={in_channels}. Resize them, and "
            "pass them through normalize_images, which puts the channels where they belong."
        )


def check_sizes(
    channels: Sequence[int], size: int, kernel: int, classes: int = 2, in_channels: int = 1
) -> None:
    """Raise InputError unless a network of these sizes can be made."""
    if classes < 2 or in_channels not in (1, 3):
        raise InputError(
            f"found classes={classes} and in_channels={in_channels}. Expected at least two classes, and 1 "
            "channel for grey images or 3 for colour."
        )
    if not channels or size % 2 ** len(channels) or size <= 0:
        raise InputError(
            f"{len(channels)} blocks cannot halve images of {size} pixels. Expected a size that "
            f"{2 ** len(channels)} divides, and at least one block."
        )
    if kernel < 1 or kernel % 2 == 0:
        raise InputError(
            f"the kernel is {kernel} pixels wide. Expected an odd number, so that it has a middle."
        )
