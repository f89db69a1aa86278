"""A voice without recursion: length regulation, prosody, masked losses, ConvNeXt block, harmonic source.

Sequences are `(time, width)`: a row is one phoneme or one frame. Masks are 1 where there is input and 0 in
the padding. Derived in the chapter "A voice in three minutes".
"""

import math

import numpy as np

# A magnitude below this counts as this much before its logarithm is taken.
SMALLEST_MAGNITUDE = 1e-5


# ---- who decides which frame belongs to which phoneme ----


def expansion_matrix(durations: np.ndarray) -> np.ndarray:
    """Return the matrix that repeats each phoneme for as many frames as it lasts.

    durations: `(phonemes,)`, whole frames, 0 or more. Returns `(frames, phonemes)`, 0 or 1; row t has its
    single 1 in the column of the phoneme that frame t belongs to, and column n sums to the duration of n.
    Raises: ValueError if the durations are not a row of whole numbers of 0 or more.
    Source: Ren et al. 2019, FastSpeech (arXiv 1905.09263), section 3.2, written as a matrix.
    Equation: eq-expansion-matrix
    """
    ends = np.cumsum(_durations(durations))
    frames = np.arange(ends[-1] if len(ends) else 0)[:, None]
    return ((frames >= ends - durations) & (frames < ends)).astype(float)


def length_regulate(states: np.ndarray, durations: np.ndarray) -> np.ndarray:
    """Return the state of each frame: the state of its phoneme.

    states: `(phonemes, width)`; durations: `(phonemes,)`, whole frames. Returns `(frames, width)`.
    Raises: ValueError if the two do not have the same number of phonemes.
    Source: Ren et al. 2019, FastSpeech, equation 1.
    Equation: eq-length-regulation
    """
    _same_length(states, durations, "states", "durations")
    return expansion_matrix(durations) @ states


def length_regulate_gradient(gradient: np.ndarray, durations: np.ndarray) -> np.ndarray:
    """Return the gradient at the phonemes: each adds up the gradients of its frames.

    gradient: `(frames, width)`, of the loss with respect to the frames. Returns `(phonemes, width)`.
    Raises: ValueError if the durations do not sum to the number of frames.
    Source: the chain rule on equation eq-length-regulation.
    Equation: eq-length-regulation-gradient
    """
    matrix = expansion_matrix(durations)
    _same_length(gradient, matrix, "gradient", "sum of the durations")
    return matrix.T @ gradient


def durations_at_speed(log_durations: np.ndarray, speed: float = 1.0) -> np.ndarray:
    """Return whole durations for predicted logarithms, spoken `speed` times as fast; none vanishes.

    log_durations: `(phonemes,)`, natural logarithm of frames. Returns `(phonemes,)`, int64, at least 1.
    Raises: ValueError if the speed is not positive and finite.
    Source: Ren et al. 2019, FastSpeech, section 3.2 (its alpha is 1 / speed).
    Equation: eq-duration-control
    """
    if not 0 < speed < math.inf:
        raise ValueError(f"speed is {speed}; expected a positive number")
    return np.maximum(1, np.round(np.exp(log_durations) / speed)).astype(np.int64)


# ---- pitch and energy ----


def phoneme_average(values: np.ndarray, durations: np.ndarray, keep: np.ndarray | None = None) -> np.ndarray:
    """Return the mean of each phoneme's frames, over the frames to keep; 0 where none is kept.

    values: `(frames,)`; durations: `(phonemes,)`; keep: `(frames,)`, 0 or 1, for instance voicing (default
    all). Returns `(phonemes,)`.
    Raises: ValueError if the durations do not sum to the number of frames.
    Source: Lancucki 2021, FastPitch (arXiv 2006.06873): pitch averaged over each input symbol.
    Equation: eq-phoneme-average
    """
    matrix = expansion_matrix(durations)
    _same_length(values, matrix, "values", "sum of the durations")
    keep = np.ones(len(values)) if keep is None else np.asarray(keep, float)
    return matrix.T @ (np.where(keep > 0, values, 0.0) * keep) / np.maximum(matrix.T @ keep, 1)


def normalize_pitch(f0: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """Return pitch as the network sees it: standardised ln F0, and 0, the mean, where unvoiced.

    f0: `(frames,)`, Hz, 0 where unvoiced; mean, deviation: of ln F0 over the voiced frames of the voice.
    Raises: ValueError if the deviation is not positive.
    Source: Ren et al. 2021, FastSpeech 2 (arXiv 2006.04558): pitch in the logarithmic scale, standardised.
    Equation: eq-pitch-normalization
    """
    if not deviation > 0:
        raise ValueError(f"deviation is {deviation}; expected a positive number")
    voiced = np.asarray(f0) > 0
    return np.where(voiced, (np.log(np.where(voiced, f0, 1.0)) - mean) / deviation, 0.0)


def shift_pitch(f0: np.ndarray, semitones: float) -> np.ndarray:
    """Return F0 higher by so many semitones, twelve to the octave; unvoiced frames stay 0.

    f0: `(frames,)`, Hz. Returns `(frames,)`, Hz.
    Source: the equal-tempered scale (the definition of the semitone).
    Equation: eq-pitch-shift
    """
    return np.asarray(f0) * 2.0 ** (semitones / 12)


# ---- losses over what is not padding ----


def masked_mean(values: np.ndarray, mask: np.ndarray) -> float:
    """Return the mean over the positions where the mask is 1.

    values: any shape; mask: a shape that broadcasts to it, 0 or 1. What stands in the padding never counts,
    not even NaN. Raises: ValueError if the mask keeps nothing.
    Source: the definition of the mean over a subset.
    Equation: eq-masked-mean
    """
    mask = np.broadcast_to(np.asarray(mask, float), np.shape(values))
    if not mask.any():
        raise ValueError("the mask keeps no position; expected at least one 1")
    return float(np.sum(np.where(mask > 0, values, 0.0)) / np.sum(mask))


def mel_loss(prediction: np.ndarray, target: np.ndarray, mask: np.ndarray) -> float:
    """Return the mean absolute error of log-mels over true frames and all bands.

    prediction, target: `(batch, frames, mels)`; mask: `(batch, frames)`.
    Source: Ren et al. 2021, FastSpeech 2 (arXiv 2006.04558): mean absolute error of mel-spectrograms.
    Equation: eq-mel-loss
    """
    return masked_mean(np.abs(prediction - target), np.asarray(mask)[..., None])


def duration_loss(log_durations: np.ndarray, durations: np.ndarray, mask: np.ndarray) -> float:
    """Return the mean squared error of log durations over true phonemes.

    log_durations: predicted, `(batch, phonemes)`; durations: true, whole frames, 0 counts as 1.
    Source: Ren et al. 2019, FastSpeech, section 3.3 (the logarithm makes the target more Gaussian).
    Equation: eq-duration-loss
    """
    return masked_mean((log_durations - np.log(np.maximum(durations, 1))) ** 2, mask)


# ---- the ConvNeXt block ----


def depthwise_convolution(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the convolution over time of each channel with its own kernel, at the same length.

    x: `(time, width)`, taken as 0 outside; kernel: `(width, size)`, size odd; bias: `(width,)`.
    Raises: ValueError if the size is even or the widths differ.
    Source: Liu et al. 2022, ConvNeXt (arXiv 2201.03545), section 2.3, here over time.
    Equation: eq-depthwise-convolution
    """
    size = kernel.shape[1]
    if size % 2 == 0 or kernel.shape[0] != x.shape[1]:
        raise ValueError(f"kernel has shape {kernel.shape}; expected ({x.shape[1]}, an odd number)")
    padded = np.pad(x, ((size // 2, size // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=0)  # (time, width, size)
    return np.einsum("twk,wk->tw", windows, kernel) + bias


def layer_norm(x: np.ndarray, gain: np.ndarray, bias: np.ndarray, epsilon: float = 1e-5) -> np.ndarray:
    """Return each row with mean 0 and deviation 1, then scaled and shifted for each channel.

    x: `(time, width)`; gain, bias: `(width,)`. Keras adds another epsilon, 1e-3, unless it is told.
    Source: Ba, Kiros & Hinton 2016, Layer Normalization (arXiv 1607.06450), section 3.
    Equation: eq-layer-norm
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    return gain * centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon) + bias


def gelu(x: np.ndarray) -> np.ndarray:
    """Return x times the chance that a standard normal number lies below x.

    Source: Hendrycks & Gimpel 2016, Gaussian Error Linear Units (arXiv 1606.08415), the exact form.
    Equation: eq-gelu
    """
    erf = np.vectorize(math.erf, otypes=[float])
    return 0.5 * x * (1 + erf(np.asarray(x) / math.sqrt(2)))


def convnext_block(x: np.ndarray, mask: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Return x plus a scaled correction that looks at the neighbours in time, then at each position alone.

    x: `(time, width)`; mask: `(time,)`; weights under the names of the PyTorch block: `depthwise.weight`
    `(width, 1, size)`, `norm.weight`, `expand.weight` `(hidden, width)`, `contract.weight`, their biases,
    and `scale` `(width,)`.
    Source: Liu et al. 2022, ConvNeXt (arXiv 2201.03545), figure 4; layer scale: Touvron et al. 2021
    (arXiv 2103.17239).
    Equation: eq-convnext-block
    """
    w = weights
    y = depthwise_convolution(x * mask[:, None], w["depthwise.weight"][:, 0], w["depthwise.bias"])
    y = layer_norm(y, w["norm.weight"], w["norm.bias"])
    y = gelu(y @ w["expand.weight"].T + w["expand.bias"])
    return x + w["scale"] * (y @ w["contract.weight"].T + w["contract.bias"])


# ---- the vocoder's source and its loss ----


def harmonic_phase(f0: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the phase of the fundamental, the sum of F0 over time.

    f0: `(samples,)`, Hz at each sample. Returns `(samples,)`, radians, in [0, 2 pi).
    Source: Wang et al. 2019, neural source-filter models (arXiv 1904.12088), the source module.
    Equation: eq-harmonic-phase
    """
    return 2 * np.pi * np.remainder(np.cumsum(np.asarray(f0, float) / sample_rate), 1.0)


def harmonic_sum(phase: np.ndarray, harmonics: np.ndarray | int) -> np.ndarray:
    """Return cos(phase) + cos(2 phase) + ... up to the given harmonic, in closed form.

    phase: `(samples,)`, radians; harmonics: whole numbers, one for all or `(samples,)`.
    Source: the Dirichlet kernel (the sum of a geometric series of exp(i phase)).
    Equation: eq-harmonic-sum
    """
    half = np.asarray(phase, float) / 2
    bottom = np.sin(half)
    near_zero = np.abs(bottom) < 1e-9  # there the quotient tends to the number of its terms
    quotient = np.sin((2 * harmonics + 1) * half) / np.where(near_zero, 1.0, bottom)
    return (np.where(near_zero, 2.0 * harmonics + 1, quotient) - 1) / 2


def stft_loss(prediction: np.ndarray, target: np.ndarray) -> float:
    """Return spectral convergence plus the mean absolute difference of the log magnitudes.

    prediction, target: STFT magnitudes `(frames, bins)`, 0 or more.
    Raises: ValueError if the shapes differ or the target is silent throughout.
    Source: Yamamoto et al. 2020, Parallel WaveGAN (arXiv 1910.11480), multi-resolution STFT loss.
    Equation: eq-stft-loss
    """
    if np.shape(prediction) != np.shape(target):
        raise ValueError(
            f"magnitudes of shapes {np.shape(prediction)} and {np.shape(target)}; expected one shape"
        )
    size = np.linalg.norm(target)
    if size == 0:
        raise ValueError("the target is silent; expected a magnitude above 0 somewhere")
    logs = [np.log(np.maximum(m, SMALLEST_MAGNITUDE)) for m in (prediction, target)]
    return float(np.linalg.norm(target - prediction) / size + np.mean(np.abs(logs[0] - logs[1])))


def multi_resolution_stft_loss(predictions: list[np.ndarray], targets: list[np.ndarray]) -> float:
    """Return the mean STFT loss over several window lengths, so that no single grid can be gamed.

    predictions, targets: for each resolution, magnitudes `(frames, bins)`.
    Raises: ValueError if the lists are empty or of different length.
    Source: Yamamoto et al. 2020, Parallel WaveGAN (arXiv 1910.11480), multi-resolution STFT loss.
    Equation: eq-multi-resolution-loss
    """
    if not predictions:
        raise ValueError("no resolution was given; expected at least one")
    return sum(stft_loss(p, t) for p, t in zip(predictions, targets, strict=True)) / len(predictions)


def _durations(durations: np.ndarray) -> np.ndarray:
    durations = np.asarray(durations)
    if durations.ndim != 1 or durations.dtype.kind not in "iu" or (durations < 0).any():
        raise ValueError(f"durations are {durations!r}; expected a row of whole numbers of 0 or more")
    return durations


def _same_length(a: np.ndarray, b: np.ndarray, name_a: str, name_b: str) -> None:
    if len(a) != len(b):
        raise ValueError(f"{name_a}: {len(a)}, {name_b}: {len(b)}; expected one number for both")
