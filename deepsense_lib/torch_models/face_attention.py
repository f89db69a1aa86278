"""Attention in a convolutional classifier of faces, in PyTorch: pooling by attention, and gates.

Two kinds of numbers are called attention, and this file keeps them apart. Weights are shares: a softmax
over places, they sum to 1 (`AttentionPooling`). Gates are valves: a sigmoid each, they lie between 0 and 1
and sum to anything (`SqueezeExcitation`, `CBAM`). Everything else is as in `ExpressionCNN`: the same blocks,
the same input, a head that starts at zero, so the first loss is log(classes).

Deviations from the papers: the gates stand behind max pooling, where a map has a quarter of the places, and
the small nets that make channel gates have no bias. The vision transformer is in `vision_transformer.py`.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from deepsense_lib.errors import InputError
from deepsense_lib.torch_models.convolution import ConvBlock, ExpressionCNN, check_input


class AttentionPooling(nn.Module):
    """The mean of what stands at all places, under weights that a small net gives to each place.

    Source: Ilse, Tomczak & Welling (2018), "Attention-based deep multiple instance learning", Eq. 7 and 8.
    """

    def __init__(self, channels: int, hidden: int = 64):
        super().__init__()
        self.project = nn.Linear(channels, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)

    def weigh(self, h: Tensor) -> Tensor:
        """Map places `(batch, places, channels)` to weights `(batch, places)`; each row sums to 1."""
        return torch.softmax(self.score(torch.tanh(self.project(h)))[..., 0], dim=1)

    def forward(self, h: Tensor) -> Tensor:
        """Map places `(batch, places, channels)` to their weighted mean `(batch, channels)`."""
        return torch.einsum("bk,bkc->bc", self.weigh(h), h)


class SqueezeExcitation(nn.Module):
    """One gate for every channel, from the means of all channels.

    Source: Hu, Shen & Sun (2018), "Squeeze-and-excitation networks", Eq. 2 to 4.
    """

    def __init__(self, channels: int, reduction: int = 8):
        super().__init__()
        check_reduction(channels, reduction)
        self.reduce = nn.Linear(channels, channels // reduction, bias=False)
        self.expand = nn.Linear(channels // reduction, channels, bias=False)

    def gates(self, x: Tensor) -> Tensor:
        """Map feature maps `(batch, channels, height, width)` to gates `(batch, channels)` from 0 to 1."""
        return torch.sigmoid(self.expand(torch.relu(self.reduce(x.mean(dim=(2, 3))))))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, channels, height, width)` to the same shape: every channel times its gate."""
        return x * self.gates(x)[:, :, None, None]


class CBAM(nn.Module):
    """A gate for every channel, then a gate for every place.

    Source: Woo, Park, Lee & Kweon (2018), "CBAM: Convolutional block attention module", Eq. 1 to 3.
    """

    def __init__(self, channels: int, reduction: int = 8, window: int = 7):
        super().__init__()
        check_reduction(channels, reduction)
        check_window(window)
        self.reduce = nn.Linear(channels, channels // reduction, bias=False)
        self.expand = nn.Linear(channels // reduction, channels, bias=False)
        self.place = nn.Conv2d(2, 1, window, padding=window // 2)

    def channel_gates(self, x: Tensor) -> Tensor:
        """Map feature maps `(batch, channels, height, width)` to gates `(batch, channels)` from 0 to 1."""
        mean, largest = x.mean(dim=(2, 3)), x.amax(dim=(2, 3))
        return torch.sigmoid(sum(self.expand(torch.relu(self.reduce(z))) for z in (mean, largest)))

    def spatial_gates(self, x: Tensor) -> Tensor:
        """Map feature maps `(batch, channels, height, width)` to gates `(batch, height, width)`."""
        return torch.sigmoid(self.place(torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1)))[:, 0]

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, channels, height, width)` to the same shape, gated twice."""
        x = x * self.channel_gates(x)[:, :, None, None]
        return x * self.spatial_gates(x)[:, None]


class CBAMBlock(ConvBlock):
    """A block of `ExpressionCNN`, with gates on what it gives."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, reduction: int, window: int):
        super().__init__(in_channels, out_channels, kernel)
        self.attention = CBAM(out_channels, reduction, window)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, in_channels, height, width)` to `(batch, out_channels, height / 2, width / 2)`."""
        return self.attention(super().forward(x))


class FullSizeBlock(ConvBlock):
    """A block of `ExpressionCNN` without pooling: as many places as it was given."""

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, in_channels, height, width)` to `(batch, out_channels, height, width)`."""
        return torch.relu(self.norm(self.convolution(x)))


class CBAMExpressionCNN(ExpressionCNN):
    """The expression classifier with gates for channels and places in every block.

    Raises: InputError as `ExpressionCNN` does, and when `reduction` or `window` do not fit.
    """

    def __init__(
        self,
        classes: int = 7,
        channels: Sequence[int] = (16, 32, 64, 128),
        size: int = 64,
        kernel: int = 3,
        dropout: float = 0.3,
        reduction: int = 8,
        window: int = 7,
        in_channels: int = 1,
    ):
        super().__init__(classes, channels, size, kernel, dropout, in_channels)
        self.configuration |= {"reduction": reduction, "window": window}
        self.blocks = nn.ModuleList(
            CBAMBlock(i, o, kernel, reduction, window) for i, o in pairwise([in_channels, *channels])
        )

    @torch.no_grad()
    def attention_maps(self, x: Tensor) -> list[Tensor]:
        """Return each block's gates of places, `(batch, side, side)`, for images `(batch, 1, size, size)`."""
        maps = []
        for block in self.blocks:
            x, gate = ConvBlock.forward(block, x), block.attention
            x = x * gate.channel_gates(x)[:, :, None, None]
            maps.append(gate.spatial_gates(x))
            x = x * maps[-1][:, None]
        return maps


class PoolingExpressionCNN(ExpressionCNN):
    """The expression classifier with attention pooling: the head sees one mean over all places.

    The last block does not halve, so there are 8 x 8 places where the plain classifier has 4 x 4.

    Raises: InputError as `ExpressionCNN` does.
    """

    def __init__(
        self,
        classes: int = 7,
        channels: Sequence[int] = (16, 32, 64, 128),
        size: int = 64,
        kernel: int = 3,
        dropout: float = 0.3,
        hidden: int = 64,
        in_channels: int = 1,
    ):
        super().__init__(classes, channels, size, kernel, dropout, in_channels)
        self.configuration |= {"hidden": hidden}
        self.blocks[-1] = FullSizeBlock([in_channels, *channels][-2], channels[-1], kernel)
        self.pooling = AttentionPooling(channels[-1], hidden)
        self.head = zero_head(channels[-1], classes)

    def places(self, x: Tensor) -> Tensor:
        """Map `(batch, in_channels, size, size)` to what stands at each place, `(batch, places, width)`."""
        return self.features(x).flatten(2).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised images `(batch, in_channels, size, size)` to scores `(batch, classes)`.

        Raises: InputError when the images have another size or number of channels.
        """
        size, colours = self.configuration["size"], self.configuration["in_channels"]
        check_input(tuple(x.shape), (colours, size, size), colours)
        return self.head(self.dropout(self.pooling(self.places(x))))

    @torch.no_grad()
    def attention_maps(self, x: Tensor) -> list[Tensor]:
        """Return the weights of the places, one map `(batch, side, side)` that sums to 1, in a list."""
        weights = self.pooling.weigh(self.places(x))
        side = math.isqrt(weights.shape[1])
        return [weights.unflatten(1, (side, side))]


def check_images(x: Tensor, size: int) -> None:
    """Raise InputError unless these are normalised grey images `(batch, 1, size, size)`."""
    if tuple(x.shape[1:]) != (1, size, size):
        raise InputError(
            f"the images have the shape {tuple(x.shape)}. Expected {('batch', 1, size, size)}. Resize them, "
            "and pass them through normalize_images, which adds the channel axis."
        )


def zero_head(inputs: int, classes: int) -> nn.Linear:
    """Return a linear layer that starts at zero: all classes equally probable, the loss is log(classes)."""
    head = nn.Linear(inputs, classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head


def check_reduction(channels: int, reduction: int) -> None:
    """Raise InputError unless the gates' small net keeps at least one number."""
    if not 1 <= reduction <= channels:
        raise InputError(
            f"the gates reduce {channels} channels by the factor {reduction}. Expected a factor from 1 to "
            f"{channels}, so that at least one number is left."
        )


def check_window(window: int) -> None:
    """Raise InputError unless the window of the gates of places has a middle."""
    if window < 1 or window % 2 == 0:
        raise InputError(
            f"the gates of places see a window of {window}. Expected an odd number, so that it has a middle."
        )
