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
    """Give every grey image mean 0 and nearly unit spread, and add the channel axis.

    Shapes: images `(batch, height, width)`, uint8 0 to 255 or floating point 0 to 1; returns
    `(batch, 1, height, width)`, float32 for uint8 and the same type for floats.
    Raises: InputError for another number of axes.
    """
    if images.ndim != 3:
        raise InputError(
            f"the images have the shape {tuple(images.shape)}. Expected (batch, height, width): grey images, "
            "stacked. Put a single image in a batch of its own: images[None]."
        )
    if not images.is_floating_point():
        images = images.to(torch.float32) / 255
    mean = images.mean(dim=(1, 2), keepdim=True)
    spread = images.std(dim=(1, 2), keepdim=True, correction=0)
    return ((images - mean) / (spread + floor))[:, None]


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
    """Normalised grey images to one score for every class: a stack of blocks, dropout, a linear head.

    Source: LeCun et al. (1998), "Gradient-based learning applied to document recognition", Sec. II, with
    today's parts.

    Raises: InputError when `size` cannot be halved once a block, or `kernel` is even.
    """

    def __init__(
        self,
        classes: int = 7,
        channels: Sequence[int] = (16, 32, 64, 128),
        size: int = 64,
        kernel: int = 3,
        dropout: float = 0.3,
    ):
        super().__init__()
        check_sizes(channels, size, kernel)
        self.configuration = {
            "classes": classes,
            "channels": list(channels),
            "size": size,
            "kernel": kernel,
            "dropout": dropout,
        }
        widths = [1, *channels]
        self.blocks = nn.ModuleList(ConvBlock(i, o, kernel) for i, o in pairwise(widths))
        side = size // 2 ** len(channels)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels[-1] * side * side, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def features(self, x: Tensor) -> Tensor:
        """Map `(batch, 1, size, size)` to the last feature maps `(batch, channels, side, side)`."""
        for block in self.blocks:
            x = block(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised images `(batch, 1, size, size)` to scores `(batch, classes)`.

        Raises: InputError when the images have another size or number of channels.
        """
        expected = (1, self.configuration["size"], self.configuration["size"])
        if tuple(x.shape[1:]) != expected:
            raise InputError(
                f"the images have the shape {tuple(x.shape)}. Expected {('batch', *expected)}. Resize them, "
                "and pass them through normalize_images, which adds the channel axis."
            )
        return self.head(self.dropout(self.features(x).flatten(1)))


def check_sizes(channels: Sequence[int], size: int, kernel: int) -> None:
    """Raise InputError unless `size` can be halved once for every block and the kernel has a middle."""
    if not channels or size % 2 ** len(channels) or size <= 0:
        raise InputError(
            f"{len(channels)} blocks cannot halve images of {size} pixels. Expected a size that "
            f"{2 ** len(channels)} divides, and at least one block."
        )
    if kernel < 1 or kernel % 2 == 0:
        raise InputError(
            f"the kernel is {kernel} pixels wide. Expected an odd number, so that it has a middle."
        )
