"""Autoencoders of faces in PyTorch: a convolutional one, and one that completes pictures from a few patches.

Both encoders are those of a classifier, so what was learned without labels moves into it with `transfer`:
the blocks of `ExpressionCNN`, and the blocks of `VisionTransformer`.

Deviations from the classics: the code of the convolutional one is nested (Rippel et al. 2014,
https://arxiv.org/abs/1402.0915): its first numbers alone make a coarser face, so one model shows what 16, 64
and 256 numbers can keep. The masked one is a hundredth of the paper's size, and all its places are learned
numbers, where the paper has fixed sines and cosines.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from deepsense_lib.errors import InputError
from deepsense_lib.torch_models.convolution import ConvBlock, ExpressionCNN, check_sizes
from deepsense_lib.torch_models.face_attention import check_images
from deepsense_lib.torch_models.vision_transformer import (
    TransformerBlock,
    VisionTransformer,
    check_vision,
    cut_patches,
)


class UpBlock(nn.Module):
    """Transposed convolution, batch normalisation, ReLU: twice the size, fewer channels."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        # A kernel of 4 with stride 2 covers every pixel equally often, so no chessboard is built in.
        self.convolution = nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels, eps=1e-5, momentum=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(batch, in_channels, height, width)` to `(batch, out_channels, 2 height, 2 width)`."""
        return torch.relu(self.norm(self.convolution(x)))


class FaceAutoencoder(nn.Module):
    """Normalised grey images to a code of a few numbers, and back to images.

    Source: Masci et al. (2011), "Stacked convolutional auto-encoders for hierarchical feature extraction",
    with today's parts.

    Raises: InputError when `size` cannot be halved once a block, `kernel` is even, or the code is empty.
    """

    def __init__(
        self,
        code: int = 256,
        channels: Sequence[int] = (16, 32, 64, 128),
        size: int = 64,
        kernel: int = 3,
        narrow: int = 32,
    ):
        super().__init__()
        check_sizes(channels, size, kernel)
        if code < 1 or narrow < 1:
            raise InputError(f"code {code} and narrow {narrow} were given. Expected at least 1 for both.")
        self.configuration = {
            "code": code,
            "channels": list(channels),
            "size": size,
            "kernel": kernel,
            "narrow": narrow,
        }
        self.side = size // 2 ** len(channels)
        maps = narrow * self.side * self.side
        self.blocks = nn.ModuleList(ConvBlock(i, o, kernel) for i, o in pairwise([1, *channels]))
        self.narrow = nn.Conv2d(channels[-1], narrow, 1)
        self.to_code = nn.Linear(maps, code)
        self.from_code = nn.Linear(code, maps)
        self.widen = nn.Conv2d(narrow, channels[-1], 1)
        self.ups = nn.ModuleList(UpBlock(i, o) for i, o in pairwise(channels[::-1]))
        self.out = nn.ConvTranspose2d(channels[0], 1, 4, stride=2, padding=1)

    def features(self, x: Tensor) -> Tensor:
        """Map `(batch, 1, size, size)` to the last feature maps `(batch, channels, side, side)`."""
        for block in self.blocks:
            x = block(x)
        return x

    def encode(self, x: Tensor) -> Tensor:
        """Map normalised images `(batch, 1, size, size)` to codes `(batch, code)`.

        Raises: InputError when the images have another size or number of channels.
        """
        check_images(x, self.configuration["size"])
        return self.to_code(self.narrow(self.features(x)).flatten(1))

    def decode(self, code: Tensor) -> Tensor:
        """Map codes `(batch, code)` to images `(batch, 1, size, size)`."""
        x = self.from_code(code).unflatten(1, (-1, self.side, self.side))
        x = torch.relu(self.widen(x))
        for block in self.ups:
            x = block(x)
        return self.out(x)

    def forward(self, x: Tensor, keep: Tensor | int | None = None) -> Tensor:
        """Map normalised images to their reconstructions, both `(batch, 1, size, size)`.

        keep: how many numbers of the code the decoder may see, one for all images or `(batch,)`; all if None.
        """
        code = self.encode(x)
        return self.decode(code if keep is None else keep_first(code, keep))


def keep_first(code: Tensor, keep: Tensor | int) -> Tensor:
    """Replace all but the first `keep` numbers of codes `(batch, code)` by 0; keep: one or `(batch,)`."""
    keep = torch.as_tensor(keep, device=code.device).reshape(-1, 1)
    return code * (torch.arange(code.shape[1], device=code.device) < keep)


class MaskedAutoencoder(nn.Module):
    """Some patches of a face to all of its patches: the encoder sees the visible ones and nothing else.

    Source: He et al. (2022), "Masked autoencoders are scalable vision learners", Sec. 3.

    Raises: InputError when patches do not tile the image, or heads not a width.
    """

    def __init__(
        self,
        size: int = 64,
        patch: int = 8,
        width: int = 96,
        depth: int = 4,
        heads: int = 4,
        ratio: int = 2,
        decoder_width: int = 48,
        decoder_depth: int = 1,
    ):
        super().__init__()
        check_vision(size, patch, width, heads, "mean")
        check_vision(size, patch, decoder_width, heads, "mean")
        self.configuration = {
            "size": size,
            "patch": patch,
            "width": width,
            "depth": depth,
            "heads": heads,
            "ratio": ratio,
            "decoder_width": decoder_width,
            "decoder_depth": decoder_depth,
        }
        self.patches = (size // patch) ** 2
        self.embed = nn.Linear(patch * patch, width)
        self.positions = nn.Parameter(0.02 * torch.randn(self.patches, width))
        self.blocks = nn.ModuleList(TransformerBlock(width, heads, ratio * width) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-5)
        self.to_decoder = nn.Linear(width, decoder_width)
        self.hidden = nn.Parameter(0.02 * torch.randn(decoder_width))
        self.decoder_positions = nn.Parameter(0.02 * torch.randn(self.patches, decoder_width))
        self.decoder_blocks = nn.ModuleList(
            TransformerBlock(decoder_width, heads, ratio * decoder_width) for _ in range(decoder_depth)
        )
        self.decoder_norm = nn.LayerNorm(decoder_width, eps=1e-5)
        self.out = nn.Linear(decoder_width, patch * patch)

    def encode(self, x: Tensor, visible: Tensor) -> Tensor:
        """Map normalised images and the numbers of their visible patches `(batch, seen)` to items.

        Shapes: x `(batch, 1, size, size)`; returns `(batch, seen, width)`, in the order of `visible`.
        Raises: InputError when the images have another size or number of channels.
        """
        check_images(x, self.configuration["size"])
        patches = gather(cut_patches(x[:, 0], self.configuration["patch"]), visible)
        items = self.embed(patches) + self.positions[visible]
        for block in self.blocks:
            items = block(items)
        return self.norm(items)

    def decode(self, items: Tensor, visible: Tensor) -> Tensor:
        """Map encoded items `(batch, seen, width)` to all patches `(batch, patches, patch * patch)`."""
        seen = self.to_decoder(items)
        everywhere = self.hidden.expand(
            seen.shape[0], self.patches, -1
        )  # len() would fix the batch for export
        full = everywhere.scatter(1, visible[..., None].expand_as(seen), seen) + self.decoder_positions
        for block in self.decoder_blocks:
            full = block(full)
        return self.out(self.decoder_norm(full))

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """Map images `(batch, 1, size, size)` and visible patches `(batch, seen)` to all patches."""
        return self.decode(self.encode(x, visible), visible)


def gather(patches: Tensor, chosen: Tensor) -> Tensor:
    """Pick patches `(batch, patches, numbers)` by their numbers `(batch, chosen)`, row by row."""
    return patches.gather(1, chosen[..., None].expand(-1, -1, patches.shape[2]))


def draw_visible(count: int, patches: int, mask_ratio: float = 0.75) -> Tensor:
    """Draw which patches stay visible, every set equally probable: sorted numbers `(count, seen)`.

    Raises: InputError unless at least one patch is masked and at least one is seen.
    """
    seen = patches - round(mask_ratio * patches)
    if not 0 < seen < patches:
        raise InputError(
            f"a mask ratio of {mask_ratio} leaves {seen} of {patches} patches. Expected at least one to be "
            "seen and at least one to be masked: a ratio between 0 and 1, such as 0.75."
        )
    return torch.rand(count, patches).argsort(1)[:, :seen].sort(1).values


def masked_loss(predicted: Tensor, patches: Tensor, visible: Tensor) -> Tensor:
    """Mean squared error over the pixels of masked patches; what was seen does not count.

    Shapes: predicted, patches `(batch, patches, numbers)`; visible `(batch, seen)`.
    """
    masked = torch.ones(patches.shape[:2], dtype=predicted.dtype, device=predicted.device)
    masked = masked.scatter(1, visible, 0.0)[..., None]
    return ((predicted - patches) ** 2 * masked).sum() / (masked.sum() * patches.shape[2])


def transfer(
    autoencoder: FaceAutoencoder | MaskedAutoencoder, classes: int = 7, dropout: float | None = None
) -> ExpressionCNN | VisionTransformer:
    """Return a new classifier with a copy of the encoder, and a head that knows nothing yet.

    dropout: that of the classifier; its usual one if None.
    """
    kept = {} if dropout is None else {"dropout": dropout}
    if isinstance(autoencoder, FaceAutoencoder):
        names = ("channels", "size", "kernel")
        model_class, parts = ExpressionCNN, ("blocks",)
    else:
        names = ("size", "patch", "width", "depth", "heads", "ratio")
        model_class, parts = VisionTransformer, ("embed", "positions", "blocks", "norm")
    kept |= {name: autoencoder.configuration[name] for name in names}
    model = model_class(classes=classes, **kept).to(next(autoencoder.parameters()))
    copied = {k: v for k, v in autoencoder.state_dict().items() if k.split(".")[0] in parts}
    model.load_state_dict(model.state_dict() | copied)
    return model
