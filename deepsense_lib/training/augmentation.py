"""Random changes of face images that leave the expression as it is.

Every function takes grey images `(batch, height, width)`, floating point 0 to 1, and returns new ones;
`mirror` takes colour images `(batch, height, width, 3)` as well. The random numbers come from torch's global
generator, which the training loop seeds for every step.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def mirror(images: Tensor) -> Tensor:
    """Turn half of the images, drawn at random, left to right."""
    chosen = torch.rand(len(images), *(1 for _ in images.shape[1:])) < 0.5
    return torch.where(chosen, images.flip(2), images)


def move(images: Tensor, shift: float = 0.05, turn: float = 0.07, squeeze: float = 0.1) -> Tensor:
    """Shift, turn and stretch each image a little; what comes in from outside repeats the border.

    `shift` is a share of the image's half width, `turn` in radians, `squeeze` a share of width and of height,
    separately; all three are standard deviations.
    """
    count = len(images)
    angle = torch.randn(count) * turn
    wide, high = (1 + torch.randn(2, count) * squeeze).clamp(0.6, 1.6)
    across, down = torch.randn(2, count) * shift
    rows = [
        torch.stack([wide * angle.cos(), -wide * angle.sin(), across], dim=1),
        torch.stack([high * angle.sin(), high * angle.cos(), down], dim=1),
    ]
    grid = F.affine_grid(torch.stack(rows, dim=1), [count, 1, *images.shape[1:]], align_corners=False)
    moved = F.grid_sample(images[:, None], grid.to(images), padding_mode="border", align_corners=False)
    return moved[:, 0]


def relight(images: Tensor, slope: float = 0.5, gamma: float = 0.2) -> Tensor:
    """Let a light from a random side fall on each image, and bend its scale of greys.

    The brightness is multiplied by exp(slope * random * position), so one side grows dark as the other grows
    bright; then greys are raised to exp(gamma * random). Both are standard deviations.
    """
    count, height, width = images.shape
    across = torch.linspace(-1, 1, width) * torch.randn(count, 1, 1) * slope
    down = torch.linspace(-1, 1, height)[:, None] * torch.randn(count, 1, 1) * slope / 2
    bent = images.clamp(min=1e-3) ** torch.exp(torch.randn(count, 1, 1) * gamma)
    return (bent * torch.exp(across + down)).clamp(0, 1)


def cover(images: Tensor, share: float = 0.3, largest: float = 0.5) -> Tensor:
    """Cover a share of the images with a flat rectangle of a random grey, up to `largest` of each side.

    Source: DeVries, Taylor (2017), "Improved regularization of convolutional neural networks with cutout".
    """
    count, height, width = images.shape
    size = 0.15 + torch.rand(2, count, 1, 1) * (largest - 0.15)
    corner = torch.rand(2, count, 1, 1) * (1 - size)
    y = (torch.arange(height)[:, None] + 0.5) / height
    x = (torch.arange(width) + 0.5) / width
    inside = (y >= corner[0]) & (y < corner[0] + size[0]) & (x >= corner[1]) & (x < corner[1] + size[1])
    chosen = torch.rand(count, 1, 1) < share
    return torch.where(inside & chosen, torch.rand(count, 1, 1), images)


# What a recipe can ask for by name.
AUGMENTATIONS = {
    "none": (),
    "mirror": (mirror,),
    "all": (mirror, move, relight, cover),
}


def augment(images: Tensor, name: str) -> Tensor:
    """Apply the changes of one name of `AUGMENTATIONS`, in order."""
    for change in AUGMENTATIONS[name]:
        images = change(images)
    return images
