"""Whether a classifier is as sure as it should be: reliability, its error, temperature. NumPy only."""

from typing import NamedTuple

import numpy as np

from deepsense_lib.errors import InputError


class Reliability(NamedTuple):
    """For each bin of confidence: mean confidence, accuracy (NaN where empty), number of pictures."""

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray


def softmax(scores) -> np.ndarray:
    """Turn scores `(n, classes)` into probabilities of the same shape."""
    scores = np.asarray(scores, float)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def negative_log_likelihood(scores, labels, temperature: float = 1.0) -> float:
    """Mean of -ln p of the true class, for scores divided by a temperature, in nats.

    Shapes: scores `(n, classes)`, labels `(n,)`.
    Raises: InputError for other shapes, labels without a column, or a temperature that is not positive.
    Source: Guo et al. (2017), "On calibration of modern neural networks", equation (9).
    Equation: eq-temperature.
    """
    scores, labels = _pair(scores, labels)
    if not temperature > 0:
        raise InputError(f"found a temperature of {temperature}, expected a positive number")
    scaled = scores / temperature
    top = scaled.max(axis=1)
    whole = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
    return float(np.mean(whole - scaled[np.arange(len(labels)), labels]))


def fit_temperature(scores, labels, low: float = 0.05, high: float = 20.0) -> float:
    """Find the temperature with the smallest negative log-likelihood, by golden-section search on ln T.

    In 1/T the function is convex, so in ln T it has one valley.
    Raises: InputError as `negative_log_likelihood`.
    """
    a, b, ratio = np.log(low), np.log(high), (np.sqrt(5) - 1) / 2

    def loss(x):
        return negative_log_likelihood(scores, labels, float(np.exp(x)))

    c, d = b - ratio * (b - a), a + ratio * (b - a)
    at_c, at_d = loss(c), loss(d)
    while b - a > 1e-6:
        if at_c < at_d:
            b, d, at_d = d, c, at_c
            c = b - ratio * (b - a)
            at_c = loss(c)
        else:
            a, c, at_c = c, d, at_d
            d = a + ratio * (b - a)
            at_d = loss(d)
    return float(np.exp((a + b) / 2))


def reliability(probabilities, labels, bins: int = 15) -> Reliability:
    """Sort pictures into bins of equal width by their largest probability.

    Shapes: probabilities `(n, classes)`, labels `(n,)`; returns three `(bins,)`. A bin holds its upper end.
    Raises: InputError for other shapes, rows that do not sum to 1, or less than one bin.
    """
    probabilities, labels = _pair(probabilities, labels)
    if bins < 1:
        raise InputError(f"found {bins} bins, expected at least 1")
    if probabilities.min() < 0 or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-4):
        raise InputError("found rows that are no probabilities; expected numbers from 0 that sum to 1")
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    places = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(places, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(places, weights=sure, minlength=bins) / count
        accuracy = np.bincount(places, weights=right, minlength=bins) / count
    return Reliability(confidence, accuracy, count)


def expected_calibration_error(probabilities, labels, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over the bins, weighted by their pictures; 0 is best.

    Raises: InputError as `reliability`.
    Source: Naeini, Cooper, Hauskrecht (2015); Guo et al. (2017), equation (3).
    Equation: eq-calibration-error.
    """
    confidence, accuracy, count = reliability(probabilities, labels, bins)
    used = count > 0
    gaps = np.abs(confidence[used] - accuracy[used])
    return float((gaps * count[used]).sum() / count.sum())


def brier_score(probabilities, labels) -> float:
    """Mean squared distance between the probabilities and the truth as a one-hot row, 0 (best) to 2.

    Raises: InputError as `reliability`.
    Source: Brier (1950), "Verification of forecasts expressed in terms of probability", equation (2).
    Equation: eq-brier.
    """
    reliability(probabilities, labels, 1)
    probabilities, labels = _pair(probabilities, labels)
    truth = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def risk_coverage(probabilities, labels) -> tuple[np.ndarray, np.ndarray]:
    """Give (coverage, risk): the share of errors among the surest k of n pictures, for k = 1 to n.

    Raises: InputError as `reliability`.
    Source: El-Yaniv, Wiener (2010), "On the foundations of noise-free selective classification".
    Equation: eq-risk-coverage.
    """
    reliability(probabilities, labels, 1)
    probabilities, labels = _pair(probabilities, labels)
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    wrong = (probabilities.argmax(axis=1) != labels)[order]
    k = np.arange(1, len(labels) + 1)
    return k / len(labels), np.cumsum(wrong) / k


def _pair(table, labels) -> tuple[np.ndarray, np.ndarray]:
    table, labels = np.asarray(table, float), np.asarray(labels)
    whole = np.issubdtype(labels.dtype, np.integer)
    if table.ndim != 2 or labels.shape != table.shape[:1] or labels.size == 0 or not whole:
        raise InputError(
            f"found a table of shape {table.shape} and labels {labels.dtype} of shape {labels.shape}; "
            "expected (n, classes) and n whole numbers, n at least 1"
        )
    if labels.min() < 0 or labels.max() >= table.shape[1]:
        raise InputError(
            f"found labels from {labels.min()} to {labels.max()}, expected 0 to {table.shape[1] - 1}"
        )
    return table, labels
