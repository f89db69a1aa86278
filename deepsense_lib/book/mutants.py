"""Wrong formulas, kept as mutants that the tests must reject. Never compute with them.

They live here and not in `formulas`, because nothing but chapters and tests may import `book`: the walls that
`tests/test_walls.py` keeps make sure that no model and no formula can pick one up. Each has the signature of
the right function that it stands for, and gives the right shapes, so that it is its numbers that betray it;
only `ten_classes` is betrayed by its shape, since that is its defect.
`deepsense_lib.book.errata` says which erratum each belongs to and which tests reject it.
"""

import numpy as np


def loss_that_stretches(x, reconstruction):
    """E1: compare things of different spaces by stretching the smaller one, and refuse nothing."""
    x, reconstruction = np.asarray(x, float), np.asarray(reconstruction, float)
    rows, columns = (max(a, b) for a, b in zip(x.shape, reconstruction.shape, strict=True))
    apart = np.resize(x, (rows, columns)) - np.resize(reconstruction, (rows, columns))
    return float((apart**2).sum(-1).mean())


def encoder_minus_decoder_gradients(x, encoder, decoder):
    """E2: gradients of the squared difference between encoder and transposed decoder; the data are unused."""
    apart = np.asarray(encoder, float) - np.asarray(decoder, float).T
    return 2 * apart, -2 * apart.T


def nll_of_strangers(prediction, target, deviation=1.0):
    """E3: every prediction is compared with every target, as if text and sound were drawn apart."""
    if not deviation > 0:
        raise ValueError(f"deviation is {deviation}; expected a positive number")
    prediction, target = np.ravel(prediction), np.ravel(target)
    error = (target[None, :] - prediction[:, None]) / deviation
    constant = target.size * np.log(deviation * np.sqrt(2 * np.pi))
    return float(0.5 * np.sum(error**2) / prediction.size + constant)


def log_likelihood_without_order(log_conditionals, sequence):
    """E4: no time axis. The symbols are scored as a bag, in the order of the alphabet."""
    if len(log_conditionals) != len(sequence):
        raise ValueError(
            f"{len(log_conditionals)} rows for {len(sequence)} symbols; expected one number for both"
        )
    return float(sum(row[symbol] for row, symbol in zip(log_conditionals, np.sort(sequence), strict=True)))


def stop_loss_over_padding(logits, target, mask, weight=1.0):
    """E4: no length. The padding is averaged in as if it were sound."""
    if not np.any(mask) or not weight > 0:
        raise ValueError("expected a mask that keeps a step, and a positive weight")
    z, y = np.asarray(logits, float), np.asarray(target, float)
    return float(np.mean(weight * y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)))


def squared_error_of_all(predictions, targets):
    """E5: one squared error over everything, as if samples were compared; loud places outweigh all others."""
    apart = [np.ravel(np.asarray(p, float) - t) for p, t in zip(predictions, targets, strict=True)]
    return float(np.mean(np.concatenate(apart) ** 2))


def softmax_without_mask(scores, mask=None):
    """E6: the sum runs over all symbols, those of the padding too."""
    scores = np.asarray(scores, float)
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def mean_of_all_places(weights, values):
    """E7: no query and no score, so that nothing can be chosen: every place weighs the same."""
    weights = np.asarray(weights, float)
    return np.full_like(weights, 1 / weights.shape[-1]) @ np.asarray(values)


def bilinear_map(x, w, b):
    """E8: y_ij = sum over k, l of x_kl w_ik w_jl, plus a bias for every pixel."""
    return np.einsum("kl,ik,jl->ij", x, w, w) + b


def bilinear_layer(x, w, bias=None, stride=1, padding=0):
    """E8 in the place of a convolution: the kernel's numbers fill the two matrices, the shapes are right."""
    strides, paddings = np.broadcast_to(stride, 2), [np.broadcast_to(side, 2) for side in _sides(padding)]
    x = np.pad(np.asarray(x, float), ((0, 0), (0, 0), *(tuple(side) for side in paddings)))
    size = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], w.shape[2:], strides, strict=True)]
    maps = np.zeros((len(x), len(w), *size))
    for o, filters in enumerate(np.asarray(w, float)):
        for c, kernel in enumerate(filters):
            rows, columns = (np.resize(kernel, (m, n)) for m, n in zip(size, x.shape[2:], strict=True))
            maps[:, o] += np.einsum("bkl,ik,jl->bij", x[:, c], rows, columns)
    return maps if bias is None else maps + np.asarray(bias)[:, None, None]


def _sides(padding):
    return (padding, padding) if np.ndim(padding) == 0 else padding


def no_activation(x):
    """E10: nothing between the layers, so that a stack of them is one linear map."""
    return np.asarray(x) * 1


def gradient_of_raw_scores(z, y):
    """E10: no softmax in the loss; the scores themselves are compared with the targets."""
    return (np.asarray(z, float) - np.asarray(y)) / len(z)


def lstm_without_its_cell(x, h, c, w, u, b, mask=None):
    """E13: the state is handed over twice, as h and as c; the cell never arrives."""
    c = h
    states, cells = [], []
    for t, row in enumerate(x):
        if mask is None or np.asarray(mask)[t]:
            i, f, g, o = np.split(w @ row + u @ h + b, 4)
            c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            h = np.tanh(c) / (1 + np.exp(-o))
        states.append(h)
        cells.append(c)
    return np.array(states).reshape(len(x), len(h)), np.array(cells).reshape(len(x), len(h))


def unshifted(frames, go=0.0):
    """E14: the decoder sees the very frame that it should say."""
    if len(frames) == 0:
        raise ValueError("no frame was given; expected at least one")
    return np.array(frames)


def score_without_scale(query, keys):
    """E17: the plain inner product where the scaled one is meant."""
    return np.asarray(keys) @ np.asarray(query)


def ten_classes(labels, classes, smoothing=0.0):
    """E19: ten outputs, whatever the number of classes is."""
    return (1 - smoothing) * np.eye(10)[np.asarray(labels)] + smoothing / 10


def one_region(scores, mask=None):
    """E25: everything was flattened into one place before the softmax, and one place weighs 1."""
    return np.ones(np.shape(scores))
