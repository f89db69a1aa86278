"""Descriptions of grey pictures made by hand: local binary patterns, oriented gradients, Gabor waves.

Chapter: "Faces before deep learning". Images are `(height, width)`, rows downwards.
"""

import numpy as np


def local_binary_pattern(x, points: int = 8, radius: float = 1.0, on_grid: bool = True) -> np.ndarray:
    """Ask each neighbour on a circle whether it is at least as bright; read the answers as a binary number.

    Shapes: x `(height, width)`; returns int64 of that shape, 0 to 2^points - 1. Neighbour p lies at the angle
    360 p / points, counter-clockwise from the right. With `on_grid` it is rounded to the nearest pixel, else
    interpolated between four pixels. Outside the image everything is 0.
    Raises: ValueError when x is no image, or points or radius are not positive.
    Source: Ojala, Pietikainen, Maenpaa (2002), "Multiresolution gray-scale and rotation invariant texture
    classification with local binary patterns", Sec. 2.1.
    Equation: eq-lbp
    """
    x = _image(x)
    if points < 1 or radius <= 0:
        raise ValueError(f"found {points} points and the radius {radius}; expected both positive")
    edge = int(np.ceil(radius)) + 1
    padded = np.pad(x, edge)
    codes = np.zeros(x.shape, np.int64)
    for p in range(points):
        angle = 2 * np.pi * p / points
        down, right = np.round(-radius * np.sin(angle), 5), np.round(radius * np.cos(angle), 5)
        if on_grid:
            down, right = np.round(down), np.round(right)
        neighbour = _shifted(padded, x.shape, edge, down, right)
        codes += (neighbour >= x).astype(np.int64) << p
    return codes


def uniform_pattern(codes, points: int = 8) -> np.ndarray:
    """Number the patterns that change at most twice around the circle; all others share the last number.

    Shapes: codes any shape, 0 to 2^points - 1; returns int64 of that shape, 0 to points (points - 1) + 2:
    for 8 points 59 numbers. 0 is all darker; then, for each count of brighter neighbours, its turns; then
    all brighter.
    Raises: ValueError for codes that are out of range.
    Source: Ojala et al. (2002), Sec. 2.3, for the changes; Ahonen, Hadid, Pietikainen (2006), "Face
    description with local binary patterns", for one number a pattern.
    Equation: eq-lbp-uniform
    """
    codes = np.asarray(codes)
    if codes.dtype.kind not in "iu" or codes.min(initial=0) < 0 or codes.max(initial=0) >= 1 << points:
        raise ValueError(f"expected whole numbers from 0 to {(1 << points) - 1}")
    bits = np.arange(1 << points)[:, None] >> np.arange(points) & 1  # every pattern as a row
    changes = (bits != np.roll(bits, -1, axis=1)).sum(1)
    ones = bits.sum(1)
    # The run of ones starts where a one follows a zero; counted backwards, as scikit-image does.
    begin = ((bits == 1) & (np.roll(bits, 1, axis=1) == 0)).argmax(1)
    number = 1 + (ones - 1) * points + (-begin) % points
    number = np.where(ones == 0, 0, np.where(ones == points, points * (points - 1) + 1, number))
    return np.where(changes <= 2, number, points * (points - 1) + 2)[codes]


def image_gradient(x) -> tuple[np.ndarray, np.ndarray]:
    """Subtract the neighbour above from the one below, and the left one from the right one.

    Shapes: x `(height, width)`; returns (downwards, to the right), each of that shape; 0 on the border.
    Raises: ValueError when x is no image.
    Source: Dalal, Triggs (2005), "Histograms of oriented gradients for human detection", Sec. 6.2.
    Equation: eq-image-gradient
    """
    x = _image(x)
    down, right = np.zeros(x.shape), np.zeros(x.shape)
    down[1:-1] = x[2:] - x[:-2]
    right[:, 1:-1] = x[:, 2:] - x[:, :-2]
    return down, right


def orientation_histogram(down, right, cell: int = 8, bins: int = 9) -> np.ndarray:
    """Let each pixel vote with its gradient's length for its direction, in square cells.

    Shapes: down, right `(height, width)`; returns `(height // cell, width // cell, bins)`, votes per pixel.
    Directions of 0 to 180 degrees: a dark-to-bright edge counts as bright-to-dark.
    Raises: ValueError when an image is smaller than a cell.
    Source: Dalal, Triggs (2005), Sec. 6.3, without interpolation between bins and cells.
    Equation: eq-hog-cell
    """
    down, right = np.asarray(down, float), np.asarray(right, float)
    rows, columns = down.shape[0] // cell, down.shape[1] // cell
    if not rows or not columns:
        raise ValueError(f"the image {down.shape} is smaller than a cell of {cell} pixels")
    length = np.hypot(down, right)
    degrees = np.rad2deg(np.arctan2(down, right)) % 180
    bin_of = np.minimum((degrees * bins / 180).astype(int), bins - 1)
    histogram = np.zeros((rows, columns, bins))
    i, j = np.mgrid[: rows * cell, : columns * cell]
    np.add.at(histogram, (i // cell, j // cell, bin_of[i, j]), length[i, j])
    return histogram / cell**2


def normalize_blocks(histogram, block: int = 2, clip: float = 0.2, epsilon: float = 1e-5) -> np.ndarray:
    """Divide each group of neighbouring cells by its length, cut off what is large, divide again.

    Shapes: histogram `(rows, columns, bins)`; returns `(rows - block + 1, columns - block + 1, block, block,
    bins)`: each cell occurs in several blocks, each time divided by another length.
    Raises: ValueError when there are fewer cells than a block needs.
    Source: Dalal, Triggs (2005), Sec. 6.4, the scheme L2-Hys.
    Equation: eq-hog-block
    """
    histogram = np.asarray(histogram, float)
    if min(histogram.shape[:2]) < block:
        raise ValueError(f"found {histogram.shape[:2]} cells; a block needs {block} x {block}")
    blocks = np.lib.stride_tricks.sliding_window_view(histogram, (block, block), (0, 1))
    blocks = np.moveaxis(blocks, 2, -1)  # (rows, columns, block, block, bins)
    for last in (False, True):
        size = np.sqrt((blocks**2).sum((2, 3, 4), keepdims=True) + epsilon**2)
        blocks = blocks / size if last else np.minimum(blocks / size, clip)
    return blocks


def soft_votes(length, degrees, cell: int = 8, bins: int = 9) -> np.ndarray:
    """Split every pixel's vote in a block of 2 x 2 cells between the nearest cells and directions.

    Shapes: length, degrees `(2 cell, 2 cell)` of one block; returns `(2, 2, bins)`, (cell down, cell right).
    A pixel at the edge of two cells votes half for each, one half way between two directions likewise;
    pixels far from the block's centre count less (a Gaussian with deviation `cell` / 2).
    Raises: ValueError when the block is not of that size.
    Source: Dalal, Triggs (2005), Sec. 6.3 and 6.4; weights as in OpenCV's HOGDescriptor.
    Equation: eq-hog-soft
    """
    length, degrees = np.asarray(length, float), np.asarray(degrees, float)
    if length.shape != (2 * cell, 2 * cell) or degrees.shape != length.shape:
        raise ValueError(f"found a block of {length.shape}; expected ({2 * cell}, {2 * cell})")
    steps = np.arange(2 * cell)
    near = np.exp(-((steps - cell) ** 2) / (2 * (cell / 2) ** 2))
    place = (steps + 0.5) / cell - 0.5
    share = np.maximum(0, 1 - np.abs(place - np.arange(2)[:, None]))  # (cells, pixels) along one axis
    middle = degrees * bins / 180 - 0.5
    lower = np.floor(middle)
    direction = np.zeros((bins, *length.shape))
    i, j = np.indices(length.shape)
    np.add.at(direction, (lower.astype(int) % bins, i, j), length * (1 - (middle - lower)))
    np.add.at(direction, ((lower.astype(int) + 1) % bins, i, j), length * (middle - lower))
    return np.einsum("bij,ui,vj,i,j->uvb", direction, share, share, near, near, optimize=True)


def gabor_kernel(
    wavelength: float, degrees: float, sigma: float, ratio: float = 1.0, phase: float = 0.0, half: int = 10
) -> np.ndarray:
    """Multiply a wave by a Gaussian: a stripe detector of one width and direction.

    wavelength and sigma in pixels; `degrees`: the direction in which the wave runs, 0 to the right, 90
    downwards; ratio: sigma along the stripes is sigma / ratio; phase in radians. Returns
    `(2 half + 1, 2 half + 1)`, not normalised.
    Raises: ValueError when wavelength, sigma or ratio are not positive.
    Source: Daugman (1985), "Uncertainty relation for resolution in space, spatial frequency, and orientation
    optimized by two-dimensional visual cortical filters"; names as in OpenCV's getGaborKernel.
    Equation: eq-gabor
    """
    if min(wavelength, sigma, ratio) <= 0:
        raise ValueError(f"found {wavelength}, {sigma}, {ratio}; expected positive numbers")
    down, right = np.mgrid[-half : half + 1, -half : half + 1].astype(float)
    angle = np.deg2rad(degrees)
    along, across = (
        right * np.cos(angle) + down * np.sin(angle),
        -right * np.sin(angle) + down * np.cos(angle),
    )
    envelope = np.exp(-(along**2 + (ratio * across) ** 2) / (2 * sigma**2))
    return envelope * np.cos(2 * np.pi * along / wavelength + phase)


def gabor_energy(x, wavelength: float, degrees: float, sigma: float, half: int = 10) -> np.ndarray:
    """Say how strongly stripes are present at each pixel, wherever their bright lines lie.

    Shapes: x `(height, width)`; returns that shape. The root of the squared answers of a cosine and a sine
    wave; the mean of the cosine kernel is taken away, so that even light gives nothing. The image is
    continued by mirroring.
    Raises: ValueError when x is no image, or smaller than the mirror needs.
    Source: Daugman (1985); Lyons et al. (1998), "Coding facial expressions with Gabor wavelets", Sec. 2.
    Equation: eq-gabor-energy
    """
    x = _image(x)
    if min(x.shape) <= half:
        raise ValueError(f"the image {x.shape} is too small for kernels of {2 * half + 1} pixels")
    even = gabor_kernel(wavelength, degrees, sigma, half=half)
    odd = gabor_kernel(wavelength, degrees, sigma, phase=-np.pi / 2, half=half)
    weight = gabor_kernel(1e9, degrees, sigma, half=half)  # the envelope alone
    even = even - weight * even.sum() / weight.sum()
    padded = np.pad(x, half, mode="reflect")
    size = tuple(s + 2 * half for s in padded.shape)
    wave = np.fft.rfft2(padded, size)
    answers = [
        np.fft.irfft2(wave * np.fft.rfft2(kernel[::-1, ::-1], size), size)[
            2 * half : 2 * half + x.shape[0], 2 * half : 2 * half + x.shape[1]
        ]
        for kernel in (even, odd)
    ]
    return np.hypot(*answers)


def _image(x) -> np.ndarray:
    x = np.asarray(x, float)
    if x.ndim != 2 or min(x.shape) < 3:
        raise ValueError(f"found an array {x.shape}; expected a grey image of at least 3 x 3 pixels")
    return x


def _shifted(padded, shape, edge: int, down: float, right: float) -> np.ndarray:
    """The image seen `down` rows and `right` columns further, between pixels by linear interpolation."""
    # The shares are those of the places in the whole image, whose last digits decide ties as in scikit-image.
    rows, columns = np.arange(shape[0])[:, None] + down, np.arange(shape[1]) + right
    r, c = np.floor(rows), np.floor(columns)
    dr, dc = rows - r, columns - c
    r0, r1, c0, c1 = (np.asarray(n, int) + edge for n in (r, np.ceil(rows), c, np.ceil(columns)))
    top = (1 - dc) * padded[r0, c0] + dc * padded[r0, c1]
    bottom = (1 - dc) * padded[r1, c0] + dc * padded[r1, c1]
    return (1 - dr) * top + dr * bottom
