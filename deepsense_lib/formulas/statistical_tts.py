"""Statistical speech: Gaussians of frames and of their slopes, and the smooth curve that suits them best.

Curves are `(frames, width)`; each column stands for itself. Derived in the chapter "Speech before deep
learning".
"""

import numpy as np

STATIC, SLOPE, BEND = (1.0,), (-0.5, 0.0, 0.5), (1.0, -2.0, 1.0)
WINDOWS = (STATIC, SLOPE, BEND)  # the frame itself, its first and its second difference


def window_matrix(frames: int, window: tuple[float, ...]) -> np.ndarray:
    """Return the matrix that turns a curve into its differences: row t holds the window around frame t.

    frames: at least 1; window: an odd number of weights. Beyond its ends a curve goes on as it ends.
    Returns `(frames, frames)`.
    Raises: ValueError if there is no frame, or the number of weights is even.
    Source: Tokuda et al. 2000, Proc. ICASSP, the windows of delta and delta-delta; the ends are our choice.
    Equation: eq-delta-windows
    """
    if frames < 1 or len(window) % 2 == 0:
        raise ValueError(f"{frames} frames, {len(window)} weights; expected at least 1, and an odd number")
    W, half = np.zeros((frames, frames)), len(window) // 2
    for offset, weight in zip(range(-half, half + 1), window, strict=True):
        np.add.at(W, (np.arange(frames), np.clip(np.arange(frames) + offset, 0, frames - 1)), weight)
    return W


def observations(curve: np.ndarray, windows=WINDOWS) -> np.ndarray:
    """Return a curve beside its differences: o = W c.

    curve: `(frames, width)`. Returns `(windows, frames, width)`.
    Raises: ValueError if the curve is not two-dimensional.
    Source: Tokuda et al. 2000, Proc. ICASSP, the relation o = W c.
    Equation: eq-observations
    """
    curve = np.asarray(curve, float)
    if curve.ndim != 2:
        raise ValueError(f"the curve has shape {curve.shape}; expected (frames, width)")
    found = []
    for window in windows:
        half = len(window) // 2
        padded = np.pad(curve, ((half, half), (0, 0)), mode="edge")
        found.append(sum(w * padded[k : k + len(curve)] for k, w in enumerate(window)))
    return np.stack(found)


def log_likelihood(curve: np.ndarray, mean: np.ndarray, variance: np.ndarray, windows=WINDOWS) -> float:
    """Return ln p(W c | mean, variance): how well a curve and its differences suit the Gaussians.

    curve: `(frames, width)`; mean, variance: `(windows, frames, width)`, variances above 0.
    Raises: ValueError if shapes disagree or a variance is not positive.
    Source: Tokuda et al. 2000, Proc. ICASSP, the objective of parameter generation for a given state
    sequence.
    Equation: eq-curve-likelihood
    """
    o = observations(curve, windows)
    _gaussians(mean, variance, o.shape)
    return float(-0.5 * np.sum(np.log(2 * np.pi * variance) + (o - mean) ** 2 / variance))


def mlpg(mean: np.ndarray, variance: np.ndarray, windows=WINDOWS) -> np.ndarray:
    """Return the most likely curve by the normal equations, written out with whole matrices.

    mean, variance: `(windows, frames, width)`; variances above 0. Returns `(frames, width)`.
    Raises: ValueError if shapes disagree or a variance is not positive.
    Source: Tokuda et al. 2000, Proc. ICASSP, the linear system of case 1 (known state sequence).
    Equation: eq-mlpg
    """
    mean, variance = _gaussians(mean, variance)
    matrices = [window_matrix(mean.shape[1], w) for w in windows]
    curve = np.zeros(mean.shape[1:])
    for column in range(mean.shape[2]):
        precision = 1 / variance[:, :, column]
        left = sum(W.T @ (p[:, None] * W) for W, p in zip(matrices, precision, strict=True))
        right = sum(W.T @ (p * m) for W, p, m in zip(matrices, precision, mean[:, :, column], strict=True))
        curve[:, column] = np.linalg.solve(left, right)
    return curve


def mlpg_banded(mean: np.ndarray, variance: np.ndarray, windows=WINDOWS) -> np.ndarray:
    """Return the same curve in a time that grows with the frames, not with their cube: a band, factored.

    mean, variance: as in `mlpg`. The matrix of the normal equations is 0 beyond two places from its diagonal;
    Cholesky's factor L is so too, and all columns are done at once. Returns `(frames, width)`.
    Raises: ValueError as `mlpg`.
    Source: Tokuda et al. 2000, Proc. ICASSP; Golub & Van Loan, Matrix Computations, band Cholesky.
    Equation: eq-mlpg-band
    """
    mean, variance = _gaussians(mean, variance)
    band, right = normal_band(mean, 1 / variance, windows)
    half, frames = len(band) - 1, len(right)
    L = np.zeros_like(band)  # L[k, t] is the factor's element in row t + k, column t
    y = np.zeros_like(right)
    for t in range(frames):
        for k in range(min(half, frames - 1 - t) + 1):
            done = sum(L[j + k, t - j] * L[j, t - j] for j in range(1, min(half - k, t) + 1))
            rest = band[k, t] - done
            L[k, t] = np.sqrt(rest) if k == 0 else rest / L[0, t]
        y[t] = (right[t] - sum(L[j, t - j] * y[t - j] for j in range(1, min(half, t) + 1))) / L[0, t]
    curve = np.zeros_like(right)
    for t in range(frames - 1, -1, -1):
        later = sum(L[j, t] * curve[t + j] for j in range(1, min(half, frames - 1 - t) + 1))
        curve[t] = (y[t] - later) / L[0, t]
    return curve


def normal_band(mean: np.ndarray, precision: np.ndarray, windows=WINDOWS) -> tuple[np.ndarray, np.ndarray]:
    """Return both sides of the normal equations, W' P W and W' P mean, of the first only its band.

    mean, precision: `(windows, frames, width)`. Returns `(half + 1, frames, width)`, where [k, t] is the
    element in row t + k and column t, and `(frames, width)`.
    Raises: ValueError if the shapes disagree.
    Source: Tokuda et al. 2000, Proc. ICASSP, the two sides of the linear system.
    Equation: eq-normal-band
    """
    if np.shape(mean) != np.shape(precision) or len(mean) != len(windows):
        raise ValueError(
            f"mean {np.shape(mean)}, precision {np.shape(precision)}; expected one for each window"
        )
    frames = mean.shape[1]
    band = np.zeros((max(len(w) for w in windows), frames, mean.shape[2]))
    right = np.zeros(mean.shape[1:])
    t = np.arange(frames)
    for window, m, p in zip(windows, mean, precision, strict=True):
        half = len(window) // 2
        places = [np.clip(t + offset, 0, frames - 1) for offset in range(-half, half + 1)]
        for a, i in zip(window, places, strict=True):
            np.add.at(right, i, a * p * m)
            for b, j in zip(window, places, strict=True):
                below = i >= j
                np.add.at(band, (i[below] - j[below], j[below]), a * b * p[below])
    return band, right


def global_variance(curve: np.ndarray) -> np.ndarray:
    """Return the variance of each column over one utterance: small where a curve has been smoothed away.

    curve: `(frames, width)`. Returns `(width,)`.
    Raises: ValueError if there is no frame.
    Source: Toda & Tokuda 2007, IEICE Trans. Inf. & Syst. E90-D(5), the definition of global variance.
    Equation: eq-global-variance
    """
    curve = np.asarray(curve, float)
    if curve.ndim != 2 or not len(curve):
        raise ValueError(
            f"the curve has shape {curve.shape}; expected (frames, width) with at least one frame"
        )
    return ((curve - curve.mean(0)) ** 2).mean(0)


def scale_variance(curve: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return a curve with the wanted global variance: stretched about its mean, column by column.

    curve: `(frames, width)`; wanted: `(width,)`, 0 or more. A constant column stays as it is.
    Raises: ValueError if a wanted variance is negative.
    Source: Silen et al. 2012, Proc. Interspeech, variance scaling.
    Equation: eq-variance-scaling
    """
    wanted = np.asarray(wanted, float)
    if np.any(wanted < 0):
        raise ValueError("a wanted variance is negative; expected 0 or more")
    found = global_variance(curve)
    factor = np.sqrt(np.where(found > 0, wanted / np.where(found > 0, found, 1), 1))
    return (curve - curve.mean(0)) * factor + curve.mean(0)


def state_durations(mean: np.ndarray, variance: np.ndarray, total: float) -> np.ndarray:
    """Return the most likely durations that add up to `total`: the uncertain ones give way first.

    mean, variance: `(states,)`, variances above 0; total in the unit of the means. Returns `(states,)`, real
    numbers.
    Raises: ValueError if shapes disagree or a variance is not positive.
    Source: Yoshimura et al. 1998, Proc. ICSLP, the state durations for a given total.
    Equation: eq-state-durations
    """
    mean, variance = np.asarray(mean, float), np.asarray(variance, float)
    if mean.shape != variance.shape or mean.ndim != 1 or not np.all(variance > 0):
        raise ValueError(
            f"means {mean.shape}, variances {variance.shape}; expected equal shapes, variances above 0"
        )
    return mean + (total - mean.sum()) / variance.sum() * variance


def _gaussians(mean, variance, shape=None) -> tuple[np.ndarray, np.ndarray]:
    mean, variance = np.asarray(mean, float), np.asarray(variance, float)
    if mean.ndim != 3 or mean.shape != variance.shape or (shape is not None and mean.shape != shape):
        raise ValueError(
            f"mean {mean.shape}, variance {variance.shape}; expected (windows, frames, width) both"
        )
    if not np.all(variance > 0):
        raise ValueError("a variance is not positive; floor the variances before")
    return mean, variance
