"""Attention: scores, weights, their mean, what keeps them monotone, and how an alignment is measured.

One text at a time: keys are `(symbols, size)`, a query is `(size,)`, weights are `(symbols,)` and an
alignment is `(steps, symbols)`. Derived in the chapter "Attention".
"""

import math

import numpy as np


def masked_softmax(scores: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Return weights that are positive and sum to 1 over the symbols that the mask keeps, 0 elsewhere.

    scores: `(..., symbols)`; mask: the same shape or one that broadcasts to it, 1 keeps; default all.
    Raises: ValueError if a row keeps nothing.
    Source: Vaswani et al. 2017 (arXiv 1706.03762), section 3.2.3: masked scores are minus infinity.
    Equation: eq-masked-softmax
    """
    scores = np.asarray(scores, float)
    keep = np.broadcast_to(np.ones(1) if mask is None else np.asarray(mask), scores.shape) > 0
    if not keep.any(-1).all():
        raise ValueError("a row of the mask keeps no symbol; expected at least one, weights must sum to 1")
    scores = np.where(keep, scores, -np.inf)
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def softmax_jacobian(weights: np.ndarray) -> np.ndarray:
    """Return the derivative of softmax with respect to its scores, diag(a) - a a^T.

    weights: `(symbols,)`, what softmax gave. Returns `(symbols, symbols)`, symmetric; rows sum to 0. Where
    all weight lies on one symbol it is 0, and nothing is learned.
    Source: the quotient rule.
    Equation: eq-softmax-jacobian
    """
    weights = np.asarray(weights, float)
    return np.diag(weights) - np.outer(weights, weights)


def context(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the mean of the values under the weights.

    weights: `(symbols,)` or `(steps, symbols)`; values: `(symbols, width)`.
    Source: Bahdanau, Cho & Bengio 2015 (arXiv 1409.0473), equation 5.
    Equation: eq-context
    """
    return np.asarray(weights) @ np.asarray(values)


def additive_score(query, keys, w, u, b, v) -> np.ndarray:
    """Return v . tanh(W q + b + U k_n) for every symbol n.

    query: `(inputs,)`; keys: `(symbols, width)`; w: `(size, inputs)`; u: `(size, width)`; b, v: `(size,)`.
    Returns `(symbols,)`.
    Source: Bahdanau, Cho & Bengio 2015, section A.1.2, with a bias.
    Equation: eq-additive-score
    """
    return np.tanh(w @ query + b + keys @ u.T) @ v


def dot_score(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the inner product of the query with every key.

    query: `(size,)`; keys: `(symbols, size)`. Returns `(symbols,)`.
    Source: Luong, Pham & Manning 2015 (arXiv 1508.04025), equation 8.
    Equation: eq-dot-score
    """
    return keys @ query


def scaled_dot_score(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the inner products divided by the square root of the size, so that their variance is 1.

    query: `(size,)`; keys: `(symbols, size)`. Returns `(symbols,)`.
    Source: Vaswani et al. 2017, equation 1.
    Equation: eq-scaled-dot-score
    """
    return dot_score(query, keys) / math.sqrt(keys.shape[-1])


def dot_variance(size: int, query_variance: float = 1.0, key_variance: float = 1.0) -> float:
    """Return the variance of an inner product of independent numbers of mean 0.

    Source: Vaswani et al. 2017, footnote 4, for variances of 1.
    Equation: eq-dot-variance
    """
    return size * query_variance * key_variance


def location_score(query, keys, last, total, w, u, b, v, filters, mix) -> np.ndarray:
    """Return additive scores that also see where the attention was: filters over past weights.

    last, total: `(symbols,)`, weights of the last step and the sum of all; filters: `(count, 2, taps)`, taps
    odd, over both rows; mix: `(size, count)`; the rest as in `additive_score`. Returns `(symbols,)`.
    Raises: ValueError if the number of taps is even.
    Source: Chorowski et al. 2015 (arXiv 1506.07503), equation 9; sums: Shen et al. 2018, section 2.2.
    Equation: eq-location-score
    """
    around = np.stack([_around(row, filters.shape[-1]) for row in (last, total)], 1)  # (symbols, 2, taps)
    seen = np.einsum("nrk,crk->nc", around, filters)
    return np.tanh(w @ query + b + keys @ u.T + seen @ mix.T) @ v


def prior_filter(reach: int, a: float, b: float) -> np.ndarray:
    """Return the beta-binomial probabilities of moving ahead by 0, 1, ... symbols in one step.

    reach: the largest move. Returns `(reach + 1,)`, sums to 1, of mean reach * a / (a + b).
    Raises: ValueError if reach is negative, or a or b is not positive.
    Source: Battenberg et al. 2020 (arXiv 1910.10288).
    Equation: eq-prior-filter
    """
    if reach < 0 or not (a > 0 and b > 0):
        raise ValueError(f"reach {reach}, a {a}, b {b}; expected reach of 0 or more, positive a and b")

    def beta(x: float, y: float) -> float:
        return math.exp(math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y))

    moves = range(reach + 1)
    return np.array([math.comb(reach, k) * beta(k + a, reach - k + b) / beta(a, b) for k in moves])


def dynamic_convolution_score(last, static, dynamic, from_static, from_dynamic, b, v, prior) -> np.ndarray:
    """Return scores that come from the last weights alone, moved by filters.

    last: `(symbols,)`; static, dynamic: `(count, taps)`, taps odd, learned, and made from the query;
    from_static, from_dynamic: `(size, count)`; b, v: `(size,)`; prior: `(reach + 1,)` as from
    `prior_filter`. Its logarithm is cut at 1e-6. Returns `(symbols,)`.
    Raises: ValueError if the number of taps is even.
    Source: Battenberg et al. 2020 (arXiv 1910.10288).
    Equation: eq-dynamic-convolution-score
    """
    around = _around(last, static.shape[-1])
    hidden = np.tanh(around @ static.T @ from_static.T + around @ dynamic.T @ from_dynamic.T + b)
    ahead = np.convolve(last, prior)[: len(last)]  # only from the left: nothing moves back
    return hidden @ v + np.log(np.maximum(ahead, 1e-6))


def monotonic_weights(last: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return where a reader stands who walks on from where it stood, and stops at each symbol with a chance.

    last: `(symbols,)`, where it stood at the last step; stop: `(symbols,)`, the chance to stop at a symbol
    that is reached. Returns `(symbols,)`; its sum is at most that of `last`: who never stops is lost.
    Source: Raffel et al. 2017 (arXiv 1704.00784), equations 8 and 9.
    Equation: eq-monotonic-weights
    """
    weights, arrived = np.zeros(len(last)), 0.0
    for n in range(len(last)):
        arrived += last[n]
        weights[n] = stop[n] * arrived
        arrived *= 1 - stop[n]
    return weights


def guide(symbols: int, steps: int, spread: float = 0.2) -> np.ndarray:
    """Return what a weight costs by its distance from the diagonal, between 0 and 1.

    Returns `(steps, symbols)`; spread: the deviation, as a share of the whole, that is nearly free.
    Raises: ValueError if there is no symbol or step, or the spread is not positive.
    Source: Tachibana, Uenoyama & Aihara 2018 (arXiv 1710.08969), section 4.1.
    Equation: eq-guide
    """
    if symbols < 1 or steps < 1 or not spread > 0:
        raise ValueError(f"symbols {symbols}, steps {steps}, spread {spread}; expected all to be positive")
    gap = np.arange(symbols)[None] / symbols - np.arange(steps)[:, None] / steps
    return 1 - np.exp(-(gap**2) / (2 * spread**2))


def guided_loss(alignment: np.ndarray, spread: float = 0.2) -> float:
    """Return the mean cost of a step of an alignment under the guide.

    alignment: `(steps, symbols)`, rows sum to 1.
    Source: Tachibana, Uenoyama & Aihara 2018, section 4.1 (there the mean over all weights).
    Equation: eq-guided-loss
    """
    steps, symbols = np.shape(alignment)
    return float((alignment * guide(symbols, steps, spread)).sum(1).mean())


def focus_rate(alignment: np.ndarray) -> float:
    """Return the mean over steps of the largest weight: 1 if each step looks at one symbol.

    alignment: `(steps, symbols)`.
    Source: Ren et al. 2019, FastSpeech (arXiv 1905.09263), section 3.3.
    Equation: eq-focus-rate
    """
    return float(np.max(alignment, axis=1).mean())


def coverage(alignment: np.ndarray, enough: float = 0.5) -> float:
    """Return the share of symbols that got, over all steps together, at least a weight of `enough`.

    alignment: `(steps, symbols)`. A symbol that is skipped is not covered.
    Source: after the coverage of Tu et al. 2016 (arXiv 1601.04811), as a share.
    Equation: eq-coverage
    """
    return float(np.mean(np.sum(alignment, axis=0) >= enough))


def monotonicity(alignment: np.ndarray, slack: int = 0) -> float:
    """Return the share of moves from step to step in which the symbol with most weight does not go back.

    alignment: `(steps, symbols)`; slack: how many symbols back are forgiven. 1 for a single step.
    Source: the definition.
    Equation: eq-monotonicity
    """
    places = np.argmax(alignment, axis=1)
    return 1.0 if len(places) < 2 else float(np.mean(np.diff(places) >= -slack))


def _around(row: np.ndarray, taps: int) -> np.ndarray:
    """The numbers around each place of a row, zeros outside: (symbols, taps)."""
    if taps % 2 == 0:
        raise ValueError(f"a filter has {taps} taps; expected an odd number, so that it has a middle")
    return np.lib.stride_tricks.sliding_window_view(np.pad(row, taps // 2), taps)
