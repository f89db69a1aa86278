"""From samples to spectra and back: DFT, windows, frames, the short-time Fourier transform and its inverse.

Time-frequency arrays are `(frames, bins)`: a row is one moment, a column one frequency.
Derived in the chapter "From sound to mel and back".
"""

import numpy as np

# Below this the sum of squared windows counts as zero, so no division by it is trusted.
SMALLEST_WINDOW_SUM = 1e-11


def dft(x: np.ndarray) -> np.ndarray:
    """Return the discrete Fourier transform of a signal, by its definition: N * N multiplications.

    x: `(N,)`, real or complex. Returns `(N,)`, complex; bin k stands for k cycles in N samples.
    Raises: ValueError if x is empty or not one-dimensional.
    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., chapter 8.
    Equation: eq-dft
    """
    n = np.arange(_vector(x, "x").size)
    return np.exp(-2j * np.pi * np.outer(n, n) / n.size) @ x


def inverse_dft(spectrum: np.ndarray) -> np.ndarray:
    """Return the signal of a spectrum; the factor 1/N stands here and nowhere else.

    spectrum: `(N,)`. Returns `(N,)`, complex; the imaginary part is rounding if the signal was real.
    Raises: ValueError if the spectrum is empty or not one-dimensional.
    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., chapter 8.
    Equation: eq-inverse-dft
    """
    k = np.arange(_vector(spectrum, "spectrum").size)
    return np.exp(2j * np.pi * np.outer(k, k) / k.size) @ spectrum / k.size


def spectral_energy(spectrum: np.ndarray) -> float:
    """Return the energy of a signal, the sum of its squares, counted in its DFT (Parseval's relation).

    spectrum: `(N,)`, all N bins. Returns a float, in the squared unit of the signal.
    Raises: ValueError if the spectrum is empty or not one-dimensional.
    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., chapter 8.
    Equation: eq-parseval
    """
    return float(np.sum(np.abs(_vector(spectrum, "spectrum")) ** 2) / len(spectrum))


def hann(size: int) -> np.ndarray:
    """Return the periodic Hann window: sample number `size`, the next one, would be 0 again.

    size: samples. Returns `(size,)`, float64, between 0 and 1.
    Raises: ValueError if size is not a whole number of at least 2 (one sample alone would be 0).
    Source: Harris 1978, Proc. IEEE 66(1), Hanning window in its DFT-even form.
    Equation: eq-hann
    """
    n = np.arange(_count(size, "size", at_least=2))
    return 0.5 - 0.5 * np.cos(2 * np.pi * n / size)


def frame_count(samples: int, hop: int) -> int:
    """Return how many centred frames a signal has: one at sample 0 and one at every hop after it.

    Raises: ValueError if there are no samples or the hop is not positive.
    Source: the definition, as the chapter gives it.
    Equation: eq-frame-count
    """
    return 1 + _count(samples, "samples") // _count(hop, "hop")


def frames(x: np.ndarray, size: int, hop: int) -> np.ndarray:
    """Return a view of the pieces of a signal that are `size` long and start every `hop` samples.

    x: `(samples,)`. Returns `(1 + (samples - size) // hop, size)`, read-only.
    Raises: ValueError if size or hop is not positive, or x is shorter than one piece.
    Source: the definition, as the chapter gives it.
    Equation: eq-frames
    """
    _count(size, "size")
    _count(hop, "hop")
    if _vector(x, "x").size < size:
        raise ValueError(f"x has {x.size} samples, which is less than one frame of {size}; pad it first")
    return np.lib.stride_tricks.sliding_window_view(x, size)[::hop]


def stft(
    x: np.ndarray, window: np.ndarray, hop: int, n_fft: int | None = None, padding: str = "reflect"
) -> np.ndarray:
    """Return the short-time Fourier transform of a real signal, with frame t centred on sample t * hop.

    x: `(samples,)`; window: `(size,)`, put in the middle of n_fft points (default: size);
    padding: how the signal goes on past its ends, "reflect" or "constant" (zeros).
    Returns `(1 + samples // hop, n_fft // 2 + 1)`, complex (for odd n_fft: 1 + (samples - 1) // hop rows).
    Raises: ValueError on an empty or complex x, a window longer than n_fft, a hop that is not positive.
    Source: Griffin & Lim 1984, IEEE Trans. ASSP 32(2), section II, with the frame centred.
    Equation: eq-stft
    """
    window, n_fft = _fit_window(window, n_fft)
    if np.iscomplexobj(_vector(x, "x")):
        raise ValueError("x is complex; this transform keeps only the bins that a real signal needs")
    if padding not in ("reflect", "constant"):
        raise ValueError(f"padding is {padding!r}; expected 'reflect' or 'constant'")
    pieces = frames(np.pad(x, n_fft // 2, mode=padding), n_fft, hop)
    # "forward" divides by n_fft, so the window is multiplied by it: with its default, which divides by
    # nothing, NumPy 2 transforms float32 in double precision, several times slower.
    scaled = (window * n_fft).astype(np.result_type(x.dtype, np.float32))
    return np.fft.rfft(pieces * scaled, norm="forward")


def overlap_add(pieces: np.ndarray, hop: int) -> np.ndarray:
    """Return the sum of frames, each laid down `hop` samples after the one before.

    pieces: `(frames, size)`. Returns `((frames - 1) * hop + size,)`.
    Raises: ValueError if pieces is not two-dimensional or the hop is not positive.
    Source: Griffin & Lim 1984, IEEE Trans. ASSP 32(2), equation 6, numerator of the estimate.
    Equation: eq-overlap-add
    """
    _count(hop, "hop")
    if pieces.ndim != 2 or 0 in pieces.shape:
        raise ValueError(f"pieces has shape {pieces.shape}; expected (frames, size)")
    count, size = pieces.shape
    # Cut each frame into columns of one hop: column c of frame t lands on hop t + c of the result.
    columns = -(-size // hop)
    padded = np.zeros((count, columns * hop), pieces.dtype)
    padded[:, :size] = pieces
    padded = padded.reshape(count, columns, hop)
    total = np.zeros((count + columns - 1, hop), pieces.dtype)
    for c in range(columns):
        total[c : c + count] += padded[:, c]
    return total.reshape(-1)[: (count - 1) * hop + size]


def window_sum(window: np.ndarray, hop: int, count: int, n_fft: int | None = None) -> np.ndarray:
    """Return the sum of `count` squared windows laid `hop` apart: what weighted overlap-add divides by.

    window: `(size,)`, put in the middle of n_fft points (default: size).
    Returns `((count - 1) * hop + n_fft,)`.
    Raises: ValueError if the window is empty or longer than n_fft, or hop or count is not positive.
    Source: Griffin & Lim 1984, IEEE Trans. ASSP 32(2), equation 6, denominator of the estimate.
    Equation: eq-window-sum
    """
    window, n_fft = _fit_window(window, n_fft)
    return overlap_add(np.broadcast_to(window**2, (_count(count, "count"), n_fft)), hop)


def is_nola(window: np.ndarray, hop: int) -> bool:
    """Tell whether every sample lies under a non-zero window ("nonzero overlap-add"): no sample is lost.

    window: `(size,)`. Returns True if the squared windows, laid `hop` apart without end, never sum to 0.
    Raises: ValueError if the window is empty or the hop is not positive.
    Source: the definition, as the chapter gives it.
    Equation: eq-nola
    """
    return bool(_periodic_sum(window**2, hop).min() > SMALLEST_WINDOW_SUM)


def is_cola(window: np.ndarray, hop: int) -> bool:
    """Tell whether windows laid `hop` apart sum to one constant ("constant overlap-add").

    window: `(size,)`; pass its square to ask about analysis and synthesis windows together.
    Raises: ValueError if the window is empty or the hop is not positive.
    Source: the definition, as the chapter gives it.
    Equation: eq-cola
    """
    total = _periodic_sum(window, hop)
    return bool(np.ptp(total) <= 1e-10 * np.abs(total).max())


def inverse_stft(
    spectrum: np.ndarray, window: np.ndarray, hop: int, n_fft: int | None = None, length: int | None = None
) -> np.ndarray:
    """Return the signal whose STFT is nearest to `spectrum`: weighted overlap-add over squared windows.

    spectrum: `(frames, bins)`; window: `(size,)`; n_fft defaults to 2 * (bins - 1), an even number;
    length: samples wanted, default (frames - 1) * hop. Returns `(length,)`.
    The STFT of a signal gives that signal back exactly, its first and last samples included.
    Raises: ValueError if bins and n_fft disagree, or a wanted sample lies under no window (hop too large).
    Source: Griffin & Lim 1984, IEEE Trans. ASSP 32(2), equation 6, the least-squares estimate.
    Equation: eq-istft
    """
    if spectrum.ndim != 2 or 0 in spectrum.shape:
        raise ValueError(f"spectrum has shape {spectrum.shape}; expected (frames, bins)")
    count, bins = spectrum.shape
    window, n_fft = _fit_window(window, 2 * (bins - 1) if n_fft is None else n_fft)
    if bins != n_fft // 2 + 1:
        raise ValueError(f"spectrum has {bins} bins; expected n_fft // 2 + 1 = {n_fft // 2 + 1}")
    length = _count((count - 1) * hop if length is None else length, "length")
    wanted = slice(n_fft // 2, n_fft // 2 + length)
    divisor = window_sum(window, hop, count, n_fft)[wanted]
    uncovered = np.flatnonzero(divisor <= SMALLEST_WINDOW_SUM)
    if divisor.size < length or uncovered.size:
        first = uncovered[0] if uncovered.size else divisor.size
        raise ValueError(
            f"sample {first} of {length} lies under no window: {count} frames, hop {hop}, window of "
            f"{np.count_nonzero(window)} non-zero samples. "
            "Take a smaller hop, a longer window or a shorter length"
        )
    pieces = np.fft.irfft(spectrum, n_fft)
    return overlap_add(pieces * window.astype(pieces.dtype), hop)[wanted] / divisor.astype(pieces.dtype)


def _periodic_sum(window: np.ndarray, hop: int) -> np.ndarray:
    """Sum a window's samples that lie a whole number of hops apart, `(hop,)`."""
    total = np.zeros(_count(hop, "hop"))
    np.add.at(total, np.arange(_vector(window, "window").size) % hop, window)
    return total


def _fit_window(window: np.ndarray, n_fft: int | None) -> tuple[np.ndarray, int]:
    """Put the window in the middle of n_fft points, zeros around it."""
    size = _vector(window, "window").size
    n_fft = _count(size if n_fft is None else n_fft, "n_fft")
    if size > n_fft:
        raise ValueError(f"the window has {size} samples, more than n_fft = {n_fft}; enlarge n_fft")
    left = (n_fft - size) // 2
    return np.pad(window, (left, n_fft - size - left)), n_fft


def _vector(x: np.ndarray, name: str) -> np.ndarray:
    """Return x if it is a one-dimensional array with something in it."""
    if np.ndim(x) != 1 or np.size(x) == 0:
        raise ValueError(f"{name} has shape {np.shape(x)}; expected one dimension and at least one value")
    return np.asarray(x)


def _count(value: int, name: str, at_least: int = 1) -> int:
    """Return value if it is a whole number and large enough."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} is {value!r}; expected a whole number of at least {at_least}")
    return int(value)
