"""Griffin-Lim: find the phase that was thrown away, by alternating projections.

Every function takes `window`, `hop`, `n_fft` and `length` as in `spectrum.inverse_stft`. The signal is
continued with zeros past its ends, since then the inverse STFT is an exact projection at the ends too.
Derived in the chapter "From sound to mel and back".
"""

from collections.abc import Callable

import numpy as np

from deepsense_lib.formulas.spectrum import inverse_stft, stft, window_sum


def squared_norm(spectrum: np.ndarray, n_fft: int) -> float:
    """Return the sum of |X|^2 over all n_fft bins, from the n_fft // 2 + 1 that are kept.

    spectrum: `(frames, bins)`. Bins whose mirror image was dropped count twice.
    Raises: ValueError if bins and n_fft disagree.
    Source: the definition, as the chapter gives it.
    Equation: eq-squared-norm
    """
    if spectrum.shape[-1] != n_fft // 2 + 1:
        raise ValueError(
            f"spectrum has {spectrum.shape[-1]} bins; expected n_fft // 2 + 1 = {n_fft // 2 + 1}"
        )
    twice = np.full(spectrum.shape[-1], 2.0)
    twice[0] = 1
    if n_fft % 2 == 0:
        twice[-1] = 1
    return float(np.sum(np.abs(spectrum) ** 2 * twice))


def spectral_convergence(magnitude: np.ndarray, target: np.ndarray) -> float:
    """Return ||magnitude - target|| / ||target||: 0 is perfect, 1 is as bad as silence.

    magnitude, target: `(frames, bins)`, not negative. Returns a float without unit.
    Raises: ValueError if the shapes differ or the target is all zero.
    Source: Arik, Jun & Diamos 2018, arXiv:1808.06719, the spectral convergence loss.
    Equation: eq-spectral-convergence
    """
    if magnitude.shape != target.shape:
        raise ValueError(f"shapes {magnitude.shape} and {target.shape}: expected equal")
    size = np.linalg.norm(target)
    if not size > 0:
        raise ValueError("the target is all zero; nothing can be compared with it")
    return float(np.linalg.norm(magnitude - target) / size)


def project_magnitude(spectrum: np.ndarray, magnitude: np.ndarray) -> np.ndarray:
    """Return the nearest spectrum that has the wanted magnitude: keep each phase, replace each length.

    spectrum: `(frames, bins)`, complex; magnitude: the same shape, not negative. Where the spectrum is 0
    every phase is equally near, and phase 0 is taken.
    Raises: ValueError if the shapes differ.
    Source: Perraudin, Balazs & Sondergaard 2013, Proc. WASPAA, projection onto C_2.
    Equation: eq-project-magnitude
    """
    if spectrum.shape != magnitude.shape:
        raise ValueError(f"spectrum {spectrum.shape} and magnitude {magnitude.shape}: expected equal shapes")
    size = np.abs(spectrum)
    zero = size == 0
    if zero.any():
        return np.where(zero, magnitude, spectrum * (magnitude / np.where(zero, 1, size)))
    return spectrum * (magnitude / size)


def project_consistent(
    spectrum: np.ndarray, window: np.ndarray, hop: int, n_fft: int, length: int
) -> np.ndarray:
    """Return the nearest spectrum that some signal really has: go to samples and come back.

    spectrum: `(frames, bins)`. Returns the same shape.
    Raises: ValueError as `inverse_stft`.
    Source: Perraudin, Balazs & Sondergaard 2013, Proc. WASPAA, projection onto C_1.
    Equation: eq-project-consistent
    """
    return stft(inverse_stft(spectrum, window, hop, n_fft, length), window, hop, n_fft, "constant")


def inconsistency(x: np.ndarray, magnitude: np.ndarray, window: np.ndarray, hop: int, n_fft: int) -> float:
    """Return the squared distance between |STFT x| and the wanted magnitude, over all n_fft bins.

    x: `(samples,)`; magnitude: `(frames, bins)`. This is what Griffin-Lim never increases.
    Raises: ValueError if x and the magnitude do not fit together.
    Source: Griffin & Lim 1984, IEEE Trans. ASSP 32(2), section III, the distance of magnitudes.
    Equation: eq-inconsistency
    """
    return squared_norm(np.abs(stft(x, window, hop, n_fft, "constant")) - magnitude, n_fft)


def inconsistency_gradient(
    x: np.ndarray, magnitude: np.ndarray, window: np.ndarray, hop: int, n_fft: int
) -> np.ndarray:
    """Return the derivative of `inconsistency` by each sample.

    x: `(samples,)`; magnitude: `(frames, bins)`. Returns `(samples,)`.
    Griffin-Lim's step is x - gradient / (2 n_fft window_sum): gradient descent with a step for each sample.
    Raises: ValueError if x and the magnitude do not fit together.
    Source: the definition, as the chapter gives it.
    Equation: eq-inconsistency-gradient
    """
    spectrum = stft(x, window, hop, n_fft, "constant")
    residual = spectrum - project_magnitude(spectrum, magnitude)
    overlaps = window_sum(window, hop, len(spectrum), n_fft)[n_fft // 2 : n_fft // 2 + x.size]
    return 2 * n_fft * overlaps * inverse_stft(residual, window, hop, n_fft, x.size)


def griffin_lim(
    magnitude: np.ndarray,
    window: np.ndarray,
    hop: int,
    n_fft: int | None = None,
    iterations: int = 32,
    phase: np.ndarray | None = None,
    length: int | None = None,
    watch: Callable[[np.ndarray], None] | None = None,
) -> np.ndarray:
    """Return samples whose STFT magnitude comes near the wanted one, by alternating projections.

    magnitude: `(frames, bins)`, not negative; phase: where to start, radians, the same shape (default 0);
    length: samples, default (frames - 1) * hop; watch: called with the spectrum, P_C1(P_C2(c)), of every
    iteration. Returns `(length,)`, in the precision of `magnitude`. No iteration increases `inconsistency`.
    Raises: ValueError if the magnitude is negative or not finite, iterations negative, or as `inverse_stft`.
    Source: Griffin & Lim 1984, IEEE Trans. ASSP 32(2), section III.
    Equation: eq-griffin-lim
    """
    return fast_griffin_lim(magnitude, window, hop, n_fft, iterations, 0.0, phase, length, watch)


def fast_griffin_lim(
    magnitude: np.ndarray,
    window: np.ndarray,
    hop: int,
    n_fft: int | None = None,
    iterations: int = 32,
    momentum: float = 0.99,
    phase: np.ndarray | None = None,
    length: int | None = None,
    watch: Callable[[np.ndarray], None] | None = None,
) -> np.ndarray:
    """Return samples as `griffin_lim` does, but after every step go a little further the same way.

    momentum: how much further, 0 (plain Griffin-Lim) to about 1; the other arguments as in `griffin_lim`.
    Returns `(length,)`.
    Raises: ValueError as `griffin_lim`, or if the momentum is negative.
    Source: Perraudin, Balazs & Sondergaard 2013, Proc. WASPAA, "A fast Griffin-Lim algorithm".
    Equation: eq-fast-griffin-lim
    """
    _check(magnitude, iterations, momentum)
    n_fft = 2 * (magnitude.shape[1] - 1) if n_fft is None else n_fft
    length = (len(magnitude) - 1) * hop if length is None else length
    start = np.zeros_like(magnitude) if phase is None else phase
    spectrum = project_magnitude(
        np.exp(1j * start).astype(np.result_type(magnitude, np.complex64)), magnitude
    )
    before = None
    for _ in range(iterations):
        consistent = project_consistent(project_magnitude(spectrum, magnitude), window, hop, n_fft, length)
        spectrum = consistent if before is None else consistent + momentum * (consistent - before)
        before = consistent
        if watch is not None:
            watch(consistent)
    return inverse_stft(project_magnitude(spectrum, magnitude), window, hop, n_fft, length)


def _check(magnitude: np.ndarray, iterations: int, momentum: float) -> None:
    """Refuse what cannot be a magnitude spectrogram or a number of steps."""
    if magnitude.ndim != 2 or 0 in magnitude.shape:
        raise ValueError(f"magnitude has shape {magnitude.shape}; expected (frames, bins)")
    if not (np.isfinite(magnitude).all() and magnitude.min() >= 0):
        raise ValueError("magnitude holds negative or non-finite values; expected numbers of 0 or more")
    if iterations < 0 or not momentum >= 0:
        raise ValueError(f"iterations {iterations}, momentum {momentum}: expected both to be 0 or more")
