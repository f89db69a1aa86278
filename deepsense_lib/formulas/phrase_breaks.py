"""Where a speaker pauses: a probability from features of the place, its loss, and how good it is."""

from collections.abc import Sequence

import numpy as np

from deepsense_lib.formulas.recurrent import sigmoid


def break_probability(features: np.ndarray, weights: np.ndarray, bias: float) -> np.ndarray:
    """Return the probability of a pause at each place, `(places,)`.

    features: (places, features); weights: (features,).

    Source: Cox (1958), The regression analysis of binary sequences.
    Equation: eq-break-probability
    """
    return sigmoid(np.asarray(features, dtype=float) @ np.asarray(weights, dtype=float) + bias)


def break_loss(probability: np.ndarray, paused: np.ndarray, weights: np.ndarray, penalty: float) -> float:
    """Return the mean surprise at what the speaker did, in nats, and a price for large weights.

    probability: (places,); paused: (places,), 1 where there was a pause, else 0; penalty: at least 0.

    Source: Cox (1958) for the likelihood; Hoerl & Kennard (1970) for the penalty.
    Equation: eq-break-loss
    """
    paused = np.asarray(paused) > 0
    said = np.where(paused, probability, 1 - np.asarray(probability))
    return float(-np.mean(np.log(np.maximum(said, 1e-300))) + penalty / 2 * np.sum(np.square(weights)))


def break_gradient(
    features: np.ndarray, paused: np.ndarray, weights: np.ndarray, bias: float, penalty: float
) -> tuple[np.ndarray, float]:
    """Return the gradients of the loss with respect to the weights and to the bias.

    Source: Cox (1958), the score equations.
    Equation: eq-break-gradient
    """
    features = np.asarray(features, dtype=float)
    missed = break_probability(features, weights, bias) - np.asarray(paused, dtype=float)
    return features.T @ missed / len(features) + penalty * np.asarray(weights), float(missed.mean())


def f1(truth: Sequence, found: Sequence) -> float:
    """Return the harmonic mean of precision and recall of what was found; 0 when nothing right was found.

    truth, found: (places,), true or 1 where there is one.
    Raises ValueError for different lengths.

    Source: van Rijsbergen (1979), Information Retrieval, chapter 7, with equal weights.
    Equation: eq-f1
    """
    truth, found = np.asarray(truth) > 0, np.asarray(found) > 0
    if truth.shape != found.shape:
        raise ValueError(
            f"truth of shape {truth.shape} and {found.shape} that were found; expected the same."
        )
    right = np.sum(truth & found)
    return float(2 * right / (truth.sum() + found.sum())) if right else 0.0


def tone_level(f0: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return pitch on the scale of tone letters: 0 at a speaker's lowest, 5 at the highest, by the logarithm.

    f0: Hz, above 0; low and high: the ends of the speaker's range in Hz. Levels 1 to 5 are the whole numbers
    that a level lies below: 4.2 is level 5.
    Raises ValueError unless 0 < low < high.

    Source: Chao (1930), A system of tone-letters, for the five levels; on a logarithmic scale this is what
    the phonetics of Chinese calls the T-value.
    Equation: eq-tone-level
    """
    if not 0 < low < high:
        raise ValueError(f"the range is {low} to {high} Hz; expected 0 < low < high.")
    return 5 * np.log(np.asarray(f0, dtype=float) / low) / np.log(high / low)
