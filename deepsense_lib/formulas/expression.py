"""The expression classifier of the faces chapter in NumPy: its forward pass, from the named arrays.

The arrays carry the names of `deepsense_lib.torch_models.convolution.ExpressionCNN`.
"""

from collections.abc import Mapping

import numpy as np

from deepsense_lib.formulas.classification import batch_norm_inference, linear, relu
from deepsense_lib.formulas.convolution import conv2d, max_pool2d


def expression_features(x, arrays: Mapping[str, np.ndarray], epsilon: float = 1e-5) -> np.ndarray:
    """Send images through the blocks: convolve, normalise, keep the positive part, keep the largest of four.

    Shapes: x `(batch, colours, height, width)`, normalised images; returns `(batch, channels,
    height / 2^blocks, width / 2^blocks)`.
    Raises: ValueError when the arrays hold no block, or the images have not the colours they are made for.
    Source: the definition, as the chapter gives it.
    Equation: eq-expression-features
    """
    names = sorted({int(name.split(".")[1]) for name in arrays if name.startswith("blocks.")})
    if not names:
        raise ValueError(
            "the arrays hold no 'blocks.0.convolution.weight': expected those of an ExpressionCNN"
        )
    expected = arrays["blocks.0.convolution.weight"].shape[1]
    if np.ndim(x) != 4 or np.shape(x)[1] != expected:
        raise ValueError(
            f"the images have the shape {np.shape(x)}: expected (batch, {expected}, height, width), "
            f"since the first kernels are made for {expected} colour{'s' * (expected > 1)}"
        )
    for n in names:
        kernel = arrays[f"blocks.{n}.convolution.weight"]
        gamma, beta, mean, variance = (
            arrays[f"blocks.{n}.norm.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        x = conv2d(x, kernel, padding=kernel.shape[-1] // 2)
        x = max_pool2d(relu(batch_norm_inference(x, gamma, beta, mean, variance, epsilon)))
    return x


def expression_scores(features, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Turn the last feature maps into one score for every class.

    Shapes: features `(batch, channels, height, width)`; returns `(batch, classes)`.
    Source: the definition, as the chapter gives it.
    Equation: eq-expression-scores
    """
    flat = np.reshape(features, (len(features), -1))
    return linear(flat, arrays["head.weight"], arrays["head.bias"])
