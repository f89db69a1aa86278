"""Pitch-synchronous overlap-add: a voice cut into its periods and laid down anew, higher, lower, longer.

Signals are `(samples,)`; a mark is the number of a sample. Derived in the chapter "Speech before deep
learning".
"""

import numpy as np

UNVOICED_SECONDS = 0.005  # marks where there is no pitch


def chao_f0(levels: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return F0 for tone levels on Chao's five-step scale: equal steps are equal ratios.

    levels: any shape, 1 (lowest) to 5 (highest); low, high: the speaker's range, Hz. Returns the same shape,
    Hz.
    Raises: ValueError if the range is not positive.
    Source: the scale of Chao 1930, Le Maitre Phonetique 45; equal ratios are our reading of "equal steps".
    Equation: eq-chao-scale
    """
    if not 0 < low <= high:
        raise ValueError(f"low {low}, high {high}; expected 0 < low <= high, in Hz")
    return low * (high / low) ** ((np.asarray(levels, float) - 1) / 4)


def pitch_marks(f0: np.ndarray, hop: int, samples: int, sample_rate: float) -> np.ndarray:
    """Return marks one period apart, from the first sample to the last that fits.

    f0: `(frames,)`, Hz at samples 0, hop, 2 hop ...; 0 where unvoiced, where marks are 5 ms apart.
    Returns `(marks,)`, whole numbers, rising.
    Raises: ValueError if there is no frame, or a value is negative or above half the sample rate.
    Source: the definition; marks as in Moulines & Charpentier 1990, Speech Communication 9(5-6).
    Equation: eq-pitch-marks
    """
    f0 = np.asarray(f0, float)
    if f0.ndim != 1 or not len(f0) or not (np.all(f0 >= 0) and np.all(f0 <= sample_rate / 2)):
        raise ValueError(f"f0 of shape {f0.shape}; expected at least one frame, 0 to {sample_rate / 2} Hz")
    periods = np.where(f0 > 0, sample_rate / np.maximum(f0, 1e-9), UNVOICED_SECONDS * sample_rate)
    marks, place = [], 0.0
    while round(place) < samples:
        marks.append(round(place))
        place += max(1.0, periods[min(round(place / hop), len(f0) - 1)])
    return np.array(marks)


def synthesis_marks(marks: np.ndarray, pitch=1.0, duration=1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return where the periods go, and which period goes there.

    marks: `(marks,)`, at least two; pitch, duration: factors, numbers or `(marks,)`; 2 is an octave higher,
    or twice as long. Returns new marks and the number of the old mark for each, `(new marks,)` both.
    Raises: ValueError if there are fewer than two marks, they do not rise, or a factor is not positive.
    Source: Moulines & Charpentier 1990, Speech Communication 9(5-6), mapping of synthesis to analysis marks.
    Equation: eq-synthesis-marks
    """
    marks = np.asarray(marks)
    pitch, duration = (np.broadcast_to(np.asarray(f, float), marks.shape) for f in (pitch, duration))
    if len(marks) < 2 or np.any(np.diff(marks) <= 0) or not (np.all(pitch > 0) and np.all(duration > 0)):
        raise ValueError(f"{len(marks)} marks; expected at least two, rising, and positive factors")
    periods = np.diff(marks, append=2 * marks[-1] - marks[-2])
    warped = marks[0] + np.concatenate([[0.0], np.cumsum(periods[:-1] * duration[:-1])])
    places, chosen, place = [], [], float(marks[0])
    while place <= warped[-1] + 0.5:
        nearest = int(np.argmin(np.abs(warped - place)))
        places.append(round(place))
        chosen.append(nearest)
        place += max(1.0, periods[nearest] / pitch[nearest])
    return np.array(places), np.array(chosen)


def psola(x: np.ndarray, marks: np.ndarray, pitch=1.0, duration=1.0) -> np.ndarray:
    """Return a signal with other pitch and duration: cut at the marks, fade, lay down at the new marks, add.

    x: `(samples,)`; marks, pitch, duration: as in `synthesis_marks`, the marks within x. A grain rises from
    the mark before to its mark and falls to the next, with Hann slopes that add to 1, so factors of 1 give x
    back.
    Returns `(new samples,)`.
    Raises: ValueError as `synthesis_marks`, or if a mark lies outside the signal.
    Source: Moulines & Charpentier 1990, Speech Communication 9(5-6), TD-PSOLA.
    Equation: eq-psola
    """
    x, marks = np.asarray(x, float), np.asarray(marks)
    if len(marks) and not (marks.min() >= 0 and marks.max() < len(x)):
        raise ValueError(
            f"marks from {marks.min()} to {marks.max()} in {len(x)} samples; expected them inside"
        )
    places, chosen = synthesis_marks(marks, pitch, duration)
    tail = len(x) - marks[-1]  # what follows the last mark stays as it is
    y = np.zeros(places[-1] + tail)
    for number, (place, i) in enumerate(zip(places, chosen, strict=True)):
        first, last = number == 0, number == len(places) - 1
        left = marks[i] - marks[i - 1] if i > 0 else 0
        rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(left) / max(left, 1))
        if first:
            left, rise = min(marks[i], place), np.ones(min(marks[i], place))
        right = tail if last and i == len(marks) - 1 else marks[min(i + 1, len(marks) - 1)] - marks[i]
        fall = np.ones(right) if last else 0.5 + 0.5 * np.cos(np.pi * np.arange(right) / max(right, 1))
        grain = x[marks[i] - left : marks[i] + right] * np.concatenate([rise, fall])
        start = place - left
        begin, end = max(start, 0), min(start + len(grain), len(y))
        y[begin:end] += grain[begin - start : end - start]
    return y


def cross_fade(a: np.ndarray, b: np.ndarray, overlap: int) -> np.ndarray:
    """Return two signals joined, the end of one fading out while the start of the other fades in.

    a, b: `(samples,)`; overlap: samples that they share. Returns `(len(a) + len(b) - overlap,)`; where both
    are equal in the overlap, the sum is what they are.
    Raises: ValueError if the overlap is negative or longer than one of them.
    Source: the definition.
    Equation: eq-cross-fade
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if not 0 <= overlap <= min(len(a), len(b)):
        raise ValueError(f"overlap {overlap} of {len(a)} and {len(b)} samples; expected 0 to the shorter one")
    if overlap == 0:
        return np.concatenate([a, b])
    share = (np.arange(overlap) + 0.5) / overlap
    middle = a[-overlap:] * (1 - share) + b[:overlap] * share
    return np.concatenate([a[:-overlap], middle, b[overlap:]])
