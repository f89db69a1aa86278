"""Linear prediction: each sample from the ones before it, and what that says about the throat.

A predictor is `(order + 1,)`, a[0] = 1, and its error is e[n] = x[n] + a[1] x[n-1] + ... + a[p] x[n-p].
Derived in the chapter "Speech before deep learning".
"""

from typing import NamedTuple

import numpy as np


class Prediction(NamedTuple):
    """What Levinson and Durbin's recursion finds."""

    predictor: np.ndarray  # (order + 1,), the first is 1
    reflection: np.ndarray  # (order,), each of them strictly between -1 and 1
    error: float  # energy that is left of r[0]


class Formants(NamedTuple):
    """Resonances that were read from a predictor, the lowest first, Hz."""

    frequency: np.ndarray
    bandwidth: np.ndarray


def autocorrelation(x: np.ndarray, order: int) -> np.ndarray:
    """Return r[k], the sum of x[n] x[n + k] over all n, for lags 0 to order; the signal is 0 outside.

    x: `(samples,)`. Returns `(order + 1,)`.
    Raises: ValueError if the order is negative or x is not longer than it.
    Source: Makhoul 1975, Proc. IEEE 63(4), the autocorrelation method.
    Equation: eq-lpc-autocorrelation
    """
    x = np.asarray(x, float)
    if x.ndim != 1 or not 0 <= order < len(x):
        raise ValueError(
            f"x has shape {x.shape}, order {order}; expected (samples,) with more than order samples"
        )
    return np.array([x[: len(x) - k] @ x[k:] for k in range(order + 1)])


def normal_equations(r: np.ndarray) -> np.ndarray:
    """Return the predictor with the smallest squared error, by solving the normal equations as they stand.

    r: `(order + 1,)`, autocorrelation. Returns `(order + 1,)`.
    Raises: ValueError if r[0] is not positive (silence cannot be predicted).
    Source: Makhoul 1975, Proc. IEEE 63(4), the normal equations of the autocorrelation method.
    Equation: eq-lpc-normal-equations
    """
    r = _positive(r)
    order = len(r) - 1
    R = r[np.abs(np.subtract.outer(np.arange(order), np.arange(order)))]
    return np.concatenate([[1.0], np.linalg.solve(R, -r[1:])]) if order else np.ones(1)


def levinson_durbin(r: np.ndarray) -> Prediction:
    """Solve the same equations in order * order steps, growing the predictor by one coefficient at a time.

    r: `(order + 1,)`, autocorrelation.
    Raises: ValueError if r[0] is not positive, or r is no autocorrelation (the error would turn negative).
    Source: Durbin 1960, Rev. Int. Stat. Inst. 28(3); Makhoul 1975, Proc. IEEE 63(4).
    Equation: eq-levinson-durbin
    """
    r = _positive(r)
    a, error, reflection = np.ones(1), r[0], []
    for m in range(1, len(r)):
        k = -(a @ r[m:0:-1]) / error
        a = np.append(a, 0.0)
        a = a + k * a[::-1]
        error *= 1 - k**2
        reflection.append(k)
        if not error > 0:
            raise ValueError(f"the error is {error} at order {m}: r is not the autocorrelation of a signal")
    return Prediction(a, np.array(reflection), float(error))


def reflection_coefficients(predictor: np.ndarray) -> np.ndarray:
    """Return the reflection coefficients of any predictor: Levinson and Durbin's recursion backwards.

    predictor: `(order + 1,)`, the first is 1. Returns `(order,)`; all lie strictly between -1 and 1 exactly
    if the all-pole filter is stable.
    Raises: ValueError if the first coefficient is not 1, or the recursion meets a coefficient of 1 or -1.
    Source: Markel & Gray 1976, Linear Prediction of Speech, the step-down procedure.
    Equation: eq-step-down
    """
    a = np.asarray(predictor, float)
    if a.ndim != 1 or not len(a) or a[0] != 1:
        raise ValueError(f"the predictor begins with {a[:1]}; expected (order + 1,) beginning with 1")
    found = []
    while len(a) > 1:
        k = a[-1]
        if abs(k) == 1:
            raise ValueError("a reflection coefficient is 1 or -1: the filter is at the edge of stability")
        found.append(k)
        a = ((a - k * a[::-1]) / (1 - k**2))[:-1]
    return np.array(found[::-1])


def prediction_error(x: np.ndarray, predictors: np.ndarray, hop: int = 0) -> np.ndarray:
    """Return the residual: what the predictor could not foretell of each sample.

    x: `(samples,)`; predictors: `(order + 1,)`, or `(frames, order + 1)`, where row t is in charge from
    sample t * hop on and the last one to the end. Returns `(samples,)`.
    Raises: ValueError if there are several predictors and the hop is not positive.
    Source: Makhoul 1975, Proc. IEEE 63(4), the inverse filter A(z).
    Equation: eq-lpc-residual
    """
    x, rows = np.asarray(x, float), _rows(predictors, len(x), hop)
    order = rows.shape[1] - 1
    past = np.lib.stride_tricks.sliding_window_view(np.pad(x, (order, 0)), order + 1)[:, ::-1]
    return np.einsum("nk,nk->n", past, rows)


def all_pole(excitation: np.ndarray, predictors: np.ndarray, hop: int = 0) -> np.ndarray:
    """Return the signal that has this residual: each is predicted from those made so far, and corrected.

    excitation: `(samples,)`; predictors, hop: as in `prediction_error`. Returns `(samples,)`.
    Raises: ValueError as `prediction_error`.
    Source: Atal & Hanauer 1971, J. Acoust. Soc. Am. 50(2), synthesis by the recursive filter 1/A(z).
    Equation: eq-all-pole
    """
    excitation = np.asarray(excitation, float)
    rows = _rows(predictors, len(excitation), hop)[:, 1:]
    order = rows.shape[1]
    made = np.zeros(order + len(excitation))
    backwards = rows[:, ::-1]
    for n, value in enumerate(excitation.tolist()):
        made[order + n] = value - backwards[n] @ made[n : n + order]
    return made[order:]


def lpc_envelope(predictor: np.ndarray, gain: float, points: int) -> np.ndarray:
    """Return the spectral envelope gain / |A| from 0 Hz to half the sample rate.

    predictor: `(order + 1,)`; gain: the size of the excitation. Returns `(points,)`, magnitudes.
    Raises: ValueError if there are fewer than two points.
    Source: Makhoul 1975, Proc. IEEE 63(4), the all-pole model spectrum.
    Equation: eq-lpc-envelope
    """
    if points < 2:
        raise ValueError(f"{points} points; expected at least 2")
    angle = np.linspace(0, np.pi, points)
    return gain / np.abs(np.exp(-1j * np.outer(angle, np.arange(len(predictor)))) @ predictor)


def formants_of_roots(predictor: np.ndarray, sample_rate: float) -> Formants:
    """Return frequency and bandwidth of every pair of complex roots of a predictor, the lowest first.

    predictor: `(order + 1,)`. Broad pairs shape the slope of the spectrum and are no formants: the caller
    chooses.
    Raises: ValueError if a coefficient is not finite.
    Source: Atal & Hanauer 1971, J. Acoust. Soc. Am. 50(2), formants from the roots of the predictor.
    Equation: eq-lpc-formants
    """
    if not np.isfinite(predictor).all():
        raise ValueError("a coefficient is NaN or infinite; expected finite numbers")
    roots = np.roots(predictor)
    roots = roots[roots.imag > 0]
    frequency = np.angle(roots) * sample_rate / (2 * np.pi)
    bandwidth = -np.log(np.abs(roots)) * sample_rate / np.pi
    order = np.argsort(frequency)
    return Formants(frequency[order], bandwidth[order])


def _positive(r: np.ndarray) -> np.ndarray:
    r = np.asarray(r, float)
    if r.ndim != 1 or not len(r) or not r[0] > 0:
        raise ValueError(
            f"r begins with {r[:1]}; expected (order + 1,) with a positive r[0]: silence has none"
        )
    return r


def _rows(predictors: np.ndarray, samples: int, hop: int) -> np.ndarray:
    """Give each sample its predictor, `(samples, order + 1)`."""
    predictors = np.asarray(predictors, float)
    if predictors.ndim == 1:
        return np.broadcast_to(predictors, (samples, len(predictors)))
    if hop < 1:
        raise ValueError(f"hop is {hop}; expected a positive number of samples with several predictors")
    return predictors[np.minimum(np.arange(samples) // hop, len(predictors) - 1)]
