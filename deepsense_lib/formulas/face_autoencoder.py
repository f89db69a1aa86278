"""Autoencoders for faces: the way back from maps to pictures, masked patches, probes of what a code holds.

Images are stacked as `(batch, channels, height, width)`, patches as `(batch, patches, numbers)`, codes as
`(rows, code)`. Derived in the chapter "Autoencoders for faces".
"""

import numpy as np

from deepsense_lib.formulas.classification import cross_entropy, cross_entropy_gradient
from deepsense_lib.formulas.convolution import conv2d, conv2d_input_gradient, conv2d_kernel_gradient


def pointwise(x, w, b=None) -> np.ndarray:
    """Mix the channels of every pixel by one matrix: a dense layer on the last axis, a 1 x 1 convolution.

    Shapes: x `(..., channels)`, w `(channels, units)`, b `(units,)` or None; returns `(..., units)`.
    Raises: ValueError when the channels of x and w differ.
    Source: Lin, Chen & Yan 2014 (arXiv 1312.4400), section 3.1.
    Equation: eq-pointwise
    """
    x, w = np.asarray(x), np.asarray(w)
    if x.shape[-1] != w.shape[0]:
        raise ValueError(f"x has {x.shape[-1]} channels and w is for {w.shape[0]}; expected the same number")
    return x @ w if b is None else x @ w + np.asarray(b)


def transposed_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Return how many pixels an axis has after a transposed convolution.

    Raises: ValueError when nothing would be left.
    Source: Dumoulin & Visin 2016 (arXiv 1603.07285), section 4.
    Equation: eq-transposed-size
    """
    pixels = (size - 1) * stride + kernel - 2 * padding
    if pixels < 1:
        raise ValueError(
            f"{size} places, kernel {kernel}, stride {stride} and padding {padding} leave {pixels} pixels; "
            "expected at least 1. Use less padding."
        )
    return pixels


def transposed_conv2d(x, w, b=None, stride: int = 1, padding: int = 0) -> np.ndarray:
    """Let every place paint its kernel, times its value, into a larger picture: convolution's adjoint.

    Shapes: x `(batch, filters, height, width)`, w `(filters, channels, kernel, kernel)`: the kernel of the
    convolution from channels to filters that this undoes in shape; b `(channels,)` or None. Returns
    `(batch, channels, out_height, out_width)`, each side as in `transposed_size`.
    Raises: ValueError when shapes do not fit.
    Source: Dumoulin & Visin 2016 (arXiv 1603.07285), section 4.
    Equation: eq-transposed-conv2d
    """
    x, w = np.asarray(x, float), np.asarray(w, float)
    if x.ndim != 4 or w.ndim != 4 or x.shape[1] != w.shape[0]:
        raise ValueError(
            f"x has the shape {x.shape} and w {w.shape}; expected (batch, filters, height, width) and "
            "(filters, channels, kernel, kernel) with the same number of filters"
        )
    size = tuple(
        transposed_size(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:], strict=True)
    )
    y = conv2d_input_gradient(x, w, size, stride, padding)
    return y if b is None else y + np.asarray(b)[:, None, None]


def transposed_conv2d_gradients(
    x, w, g, stride: int = 1, padding: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of a transposed convolution: its input's, its kernel's, its bias'.

    Shapes: x and w as in `transposed_conv2d`, g as what it returns; the gradients as x, w and `(channels,)`.
    Source: the chain rule; the adjoint of the adjoint is the convolution itself.
    Equation: eq-transposed-conv2d-gradients
    """
    x, w, g = (np.asarray(a, float) for a in (x, w, g))
    kernel = conv2d_kernel_gradient(g, x, w.shape[2:], stride, padding)
    return conv2d(g, w, None, stride, padding), kernel, g.sum((0, 2, 3))


def join_patches(patches, height: int, width: int) -> np.ndarray:
    """Put patches, cut row by row, together again.

    Shapes: patches `(batch, patches, patch * patch)`; returns `(batch, height, width)`.
    Raises: ValueError when the patches are not squares that tile such a picture.
    Source: He et al. 2022 (arXiv 2111.06377), section 3; the inverse of cutting.
    Equation: eq-join-patches
    """
    patches = np.asarray(patches)
    side = round(patches.shape[-1] ** 0.5)
    fits = side * side == patches.shape[-1] and side and height % side == 0 and width % side == 0
    if patches.ndim != 3 or not fits or patches.shape[1] * side * side != height * width:
        raise ValueError(
            f"patches of the shape {patches.shape} do not tile {height} x {width} pixels; expected "
            "(batch, patches, patch * patch) with height * width numbers a picture"
        )
    tiles = patches.reshape(len(patches), height // side, width // side, side, side)
    return tiles.swapaxes(2, 3).reshape(len(patches), height, width)


def masked_reconstruction(predicted, patches, masked) -> float:
    """Return the mean squared error over the pixels of masked patches.

    Shapes: predicted, patches `(batch, patches, numbers)`; masked `(batch, patches)`, True where hidden.
    Raises: ValueError when shapes differ or nothing is masked.
    Source: He et al. 2022 (arXiv 2111.06377), section 3, "Reconstruction target".
    Equation: eq-masked-reconstruction
    """
    predicted, patches, masked = _masked(predicted, patches, masked)
    return float(((predicted - patches)[masked] ** 2).mean())


def masked_reconstruction_gradient(predicted, patches, masked) -> np.ndarray:
    """Return the gradient of the masked error with respect to the prediction; 0 on what was visible.

    Shapes: as in `masked_reconstruction`; returns the shape of `predicted`.
    Raises: ValueError when shapes differ or nothing is masked.
    Source: derived in the chapter from eq-masked-reconstruction.
    Equation: eq-masked-reconstruction-gradient
    """
    predicted, patches, masked = _masked(predicted, patches, masked)
    return 2 * (predicted - patches) * masked[..., None] / (masked.sum() * patches.shape[-1])


def probe_loss(code, targets, w, b, penalty: float = 0.0) -> float:
    """Return the loss of a linear probe: cross-entropy of one linear layer on a frozen code, plus a penalty.

    Shapes: code `(rows, code)`, targets `(rows, classes)` as from `classification.targets`, w
    `(code, classes)`, b `(classes,)`. The penalty is on the squared weights, not on b.
    Source: Alain & Bengio 2017 (arXiv 1610.01644), section 3, with a penalty.
    Equation: eq-probe-loss
    """
    w = np.asarray(w, float)
    return cross_entropy(pointwise(code, w, b), targets) + 0.5 * penalty * float((w**2).sum())


def probe_gradients(code, targets, w, b, penalty: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of the probe's loss with respect to w and b; the code gets none, it is frozen.

    Shapes: as in `probe_loss`; returns `(code, classes)` and `(classes,)`.
    Source: derived in the chapter from eq-probe-loss.
    Equation: eq-probe-gradients
    """
    code, w = np.asarray(code, float), np.asarray(w, float)
    by_scores = cross_entropy_gradient(pointwise(code, w, b), targets)
    return code.T @ by_scores + penalty * w, by_scores.sum(0)


def between_share(code, groups) -> float:
    """Return the share of a code's variance that lies between groups, corrected for chance.

    Shapes: code `(rows, code)`, groups `(rows,)` of any labels. 1 when all of a group have one code, 0 on
    average when the groups mean nothing (it can then be slightly negative).
    Raises: ValueError unless there are at least two groups, and more rows than groups.
    Source: Kelley 1935 (doi 10.1073/pnas.21.9.554), epsilon squared.
    Equation: eq-between-share
    """
    code = np.asarray(code, float)
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    rows, count = len(code), len(names)
    if not 1 < count < rows:
        raise ValueError(f"{rows} rows fall into {count} groups; expected at least 2 groups and more rows")
    means = np.stack([code[group == k].mean(0) for k in range(count)])
    within = ((code - means[group]) ** 2).sum() / (rows - count)
    total = ((code - code.mean(0)) ** 2).sum() / (rows - 1)
    return float(1 - within / total)


def _masked(predicted, patches, masked) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    predicted, patches = np.asarray(predicted, float), np.asarray(patches, float)
    masked = np.asarray(masked, bool)
    if predicted.shape != patches.shape or masked.shape != patches.shape[:2]:
        raise ValueError(
            f"the prediction has the shape {predicted.shape}, the patches {patches.shape} and the mask "
            f"{masked.shape}; expected (batch, patches, numbers) twice and (batch, patches)"
        )
    if not masked.any():
        raise ValueError("no patch is masked; expected at least one, since only those count")
    return predicted, patches, masked
