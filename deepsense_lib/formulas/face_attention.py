"""Attention over a face: pooling, gates, self-attention over patches, and maps compared with the truth.

Places are cells of a feature map or patches of an image, `(places, channels)`, one face at a time; feature
maps are `(channels, height, width)`. Derived in the chapter "Attention for faces".
"""

import math

import numpy as np

from deepsense_lib.formulas.attention import masked_softmax
from deepsense_lib.formulas.convolution import conv2d
from deepsense_lib.formulas.parallel_tts import gelu, layer_norm
from deepsense_lib.formulas.recurrent import sigmoid


def pooling_weights(h: np.ndarray, project: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the share of each place: softmax over k of w . tanh(V h_k).

    h: `(places, channels)`; project, V: `(hidden, channels)`; score, w: `(hidden,)`. Returns `(places,)`,
    positive, sum 1.
    Source: Ilse, Tomczak & Welling 2018 (arXiv 1802.04712), equation 8.
    Equation: eq-pooling-weights
    """
    return masked_softmax(np.tanh(h @ project.T) @ score)


def attention_pooling(h: np.ndarray, project: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the mean of all places under their weights, v.

    h: `(places, channels)`; project: `(hidden, channels)`; score: `(hidden,)`. Returns `(channels,)`.
    Source: Ilse, Tomczak & Welling 2018, equation 7.
    Equation: eq-attention-pooling
    """
    return pooling_weights(h, project, score) @ h


def attention_pooling_gradients(h, project, score, g) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients for the places, the projection and the score vector.

    h: `(places, channels)`; project: `(hidden, channels)`; score: `(hidden,)`; g: `(channels,)`, the
    gradient of the loss with respect to v. Returns arrays of the shapes of h, project and score.
    Source: the chain rule.
    Equation: eq-attention-pooling-gradients
    """
    t = np.tanh(h @ project.T)
    weights = masked_softmax(t @ score)
    gain = h @ g  # what more weight on a place would add to the loss
    s = weights * (gain - weights @ gain)
    inner = s[:, None] * score * (1 - t**2)  # (places, hidden)
    return np.outer(weights, g) + inner @ project, inner.T @ h, s @ t


def excitation_gates(x: np.ndarray, reduce: np.ndarray, expand: np.ndarray) -> np.ndarray:
    """Return a gate for each channel, from the means of all: sigma(W_2 relu(W_1 z)).

    x: `(channels, height, width)`; reduce, W_1: `(less, channels)`; expand, W_2: `(channels, less)`. Returns
    `(channels,)`, each from 0 to 1; they need not sum to anything.
    Source: Hu, Shen & Sun 2018 (arXiv 1709.01507), equations 2 and 3.
    Equation: eq-excitation-gates
    """
    return sigmoid(expand @ np.maximum(reduce @ x.mean((1, 2)), 0))


def channel_gates(x: np.ndarray, reduce: np.ndarray, expand: np.ndarray) -> np.ndarray:
    """Return a gate for each channel, from means and maxima through the same small net.

    Shapes as in `excitation_gates`.
    Source: Woo, Park, Lee & Kweon 2018 (arXiv 1807.06521), equation 2.
    Equation: eq-channel-gates
    """
    return sigmoid(sum(expand @ np.maximum(reduce @ z, 0) for z in (x.mean((1, 2)), x.max((1, 2)))))


def spatial_gates(x: np.ndarray, kernel: np.ndarray, bias: float = 0.0) -> np.ndarray:
    """Return a gate for each place, from the mean and the maximum over channels around it.

    x: `(channels, height, width)`; kernel: `(1, 2, window, window)`, window odd. Returns `(height, width)`,
    each from 0 to 1.
    Source: Woo, Park, Lee & Kweon 2018, equation 3.
    Equation: eq-spatial-gates
    """
    around = conv2d(np.stack([x.mean(0), x.max(0)])[None], kernel, padding=kernel.shape[-1] // 2)
    return sigmoid(around[0, 0] + bias)


def cut_patches(image: np.ndarray, patch: int) -> np.ndarray:
    """Cut an image into squares, row by row, and lay the pixels of each in a row.

    image: `(height, width)`, both multiples of patch. Returns `(patches, patch * patch)`.
    Raises: ValueError when the patches do not tile the image.
    Source: Dosovitskiy et al. 2021 (arXiv 2010.11929), section 3.1.
    Equation: eq-patches
    """
    height, width = np.shape(image)
    if patch < 1 or height % patch or width % patch:
        raise ValueError(f"patches of {patch} do not tile an image of {height} x {width}")
    tiles = np.reshape(image, (height // patch, patch, width // patch, patch))
    return tiles.transpose(0, 2, 1, 3).reshape(-1, patch * patch)


def self_attention_weights(x: np.ndarray, query, key, heads: int = 1) -> np.ndarray:
    """Return who looks at whom, for each head: softmax over j of q_i . k_j / sqrt(d).

    x: `(items, width)`; query, key: pairs of a matrix `(width, width)` and a bias `(width,)`. Returns
    `(heads, items, items)`; the row of item i sums to 1.
    Source: Vaswani et al. 2017 (arXiv 1706.03762), equation 1 and section 3.2.2.
    Equation: eq-self-attention-weights
    """
    q, k = (_split(x @ w.T + b, heads) for w, b in (query, key))
    return masked_softmax(q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1]))


def self_attention(x: np.ndarray, query, key, value, out, heads: int = 1) -> np.ndarray:
    """Return for each item the mean of all values under its weights; heads side by side, then mixed.

    x: `(items, width)`; the others: pairs of a matrix `(width, width)` and a bias `(width,)`. Returns
    `(items, width)`.
    Source: Vaswani et al. 2017, equation 1 and section 3.2.2.
    Equation: eq-self-attention
    """
    seen = self_attention_weights(x, query, key, heads) @ _split(x @ value[0].T + value[1], heads)
    return seen.transpose(1, 0, 2).reshape(x.shape) @ out[0].T + out[1]


def transformer_block(x: np.ndarray, arrays: dict[str, np.ndarray], heads: int) -> np.ndarray:
    """Send items through one block: each asks all others, then each is thought over alone.

    x: `(items, width)`; arrays: named as those of `TransformerBlock` in `torch_models`. Returns the same
    shape.
    Source: Dosovitskiy et al. 2021, equations 2 and 3.
    Equation: eq-transformer-block
    """

    def pair(name: str) -> tuple[np.ndarray, np.ndarray]:
        return arrays[f"{name}.weight"], arrays[f"{name}.bias"]

    maps = [pair(f"attention.{name}") for name in ("query", "key", "value", "out")]
    x = x + self_attention(layer_norm(x, *pair("norm")), *maps, heads)
    (widen, a), (narrow, b) = pair("widen"), pair("narrow")
    return x + gelu(layer_norm(x, *pair("inner_norm")) @ widen.T + a) @ narrow.T + b


def attention_rollout(weights: np.ndarray) -> np.ndarray:
    """Return which input each item of the last block has in it, if every block only averaged.

    weights: `(blocks, items, items)`, means over heads; rows sum to 1. Half of each block's output is what
    was there before. Returns `(items, items)`; rows sum to 1.
    Source: Abnar & Zuidema 2020 (arXiv 2005.00928), section 3.
    Equation: eq-attention-rollout
    """
    total = np.eye(weights.shape[-1])
    for block in weights:
        total = (0.5 * block + 0.5 * np.eye(len(block))) @ total
    return total


def mass_ratio(attention: np.ndarray, region: np.ndarray) -> float:
    """Return how much more attention lies in a region than its size would give: 1 is chance.

    attention: shares of places, not negative, sum 1; region: the same shape, true inside.
    Raises: ValueError if the region is empty.
    Source: the definition.
    Equation: eq-mass-ratio
    """
    region = np.asarray(region, bool)
    if not region.any():
        raise ValueError("the region is empty; expected at least one place")
    return float(np.asarray(attention)[region].sum() / region.mean())


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the correlation of the ranks of two maps, -1 to 1; equal values share their mean rank.

    a, b: arrays of the same size; 0 if one of them is constant.
    Source: Spearman 1904, "The proof and measurement of association between two things".
    Equation: eq-rank-correlation
    """
    first, second = (_ranks(np.ravel(values)) for values in (a, b))
    spread = math.sqrt((first @ first) * (second @ second))
    return float(first @ second / spread) if spread > 0 else 0.0


def total_variation(a: np.ndarray, b: np.ndarray) -> float:
    """Return how much weight must be moved to turn one map into another, 0 to 1.

    a, b: shares of the same places, sum 1.
    Source: Jain & Wallace 2019 (arXiv 1902.10186), section 3, who compare outputs by it.
    Equation: eq-total-variation
    """
    return float(np.abs(np.asarray(a) - np.asarray(b)).sum() / 2)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks less their mean; equal values share their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    mean = np.cumsum(count) - (count - 1) / 2
    return mean[place] - (len(values) + 1) / 2


def _split(x: np.ndarray, heads: int) -> np.ndarray:
    """`(items, width)` to `(heads, items, width / heads)`."""
    return x.reshape(len(x), heads, -1).transpose(1, 0, 2)
