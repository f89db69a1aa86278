"""The pitch of a recording in every frame, by Praat's autocorrelation method."""

import numpy as np

RATE = 16000
HOP = 200  # samples in a frame


def f0(samples: np.ndarray, low: float = 75.0, high: float = 500.0) -> np.ndarray:
    """Return F0 in Hz at every frame centre, 0 where unvoiced, float32 ``(1 + samples // 200,)``.

    Frames that are an octave off their surroundings are moved by that octave; voiced stretches of fewer
    than three frames are dropped.

    Source: Boersma 1993, Accurate short-term analysis of the fundamental frequency.
    """
    import parselmouth

    frames = 1 + len(samples) // HOP
    # The analysis window is three periods of the lowest pitch; Praat leaves the edges out.
    edge = int(3 / low * RATE) + HOP
    sound = parselmouth.Sound(np.pad(samples.astype(np.float64), edge), RATE)
    track = sound.to_pitch_ac(time_step=HOP / RATE / 2, pitch_floor=low, pitch_ceiling=high)
    times = (np.arange(frames) * HOP + edge) / RATE
    contour = np.nan_to_num([track.get_value_at_time(t) for t in times])
    return without_islands(without_octave_errors(contour)).astype(np.float32)


def without_octave_errors(contour: np.ndarray, reach: int = 40) -> np.ndarray:
    """Move frames by an octave where that brings them close to the median of `reach` frames either side."""
    moved = contour.copy()
    for t in np.flatnonzero(contour):
        near = contour[max(0, t - reach) : t + reach + 1]
        ratio = contour[t] / np.median(near[near > 0])
        if ratio > 1.7:
            moved[t] /= 2
        elif ratio < 0.58:
            moved[t] *= 2
    return moved


def without_islands(contour: np.ndarray, shortest: int = 3) -> np.ndarray:
    """Make voiced stretches of fewer than `shortest` frames unvoiced."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], contour > 0, [0]])))
    kept = contour.copy()
    for start, end in edges.reshape(-1, 2):
        if end - start < shortest:
            kept[start:end] = 0
    return kept
