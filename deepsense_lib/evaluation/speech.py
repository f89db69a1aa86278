"""Measures of speech: was it understood, does it sound alike, is its melody right, is it fast enough.

Nothing here needs a framework. Frames are rows; F0 is in Hz with 0 or NaN where there is no voice.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from deepsense_lib.errors import InputError

# ------------------------------------------------------------------ was it understood


def edit_distance(reference: Sequence, hypothesis: Sequence) -> int:
    """Count the fewest insertions, deletions and substitutions that turn one sequence into the other.

    Source: Wagner and Fischer, The string-to-string correction problem, Journal of the ACM 21 (1974).
    Equation: eq-edit-distance.
    """
    previous = list(range(len(hypothesis) + 1))
    for row, expected in enumerate(reference, start=1):
        current = [row]
        for column, found in enumerate(hypothesis, start=1):
            substitute = previous[column - 1] + (expected != found)
            current.append(min(substitute, previous[column] + 1, current[-1] + 1))
        previous = current
    return previous[-1]


def error_rate(references: Sequence[Sequence], hypotheses: Sequence[Sequence]) -> float:
    """Divide the edits of all pairs by the length of all references; it can exceed 1.

    This is the figure for a set of sentences. The mean of the sentences' own rates is another number,
    in which a short sentence weighs as much as a long one.

    Raises:
        InputError: the lists differ in length, or the references are empty.
    Equation: eq-error-rate.
    """
    if len(references) != len(hypotheses):
        raise InputError(
            f"there are {len(references)} references and {len(hypotheses)} hypotheses, expected as many of "
            "each. Give one hypothesis a sentence, empty where nothing was heard."
        )
    length = sum(map(len, references))
    if not length:
        raise InputError("the references are empty, expected at least one word to compare with.")
    return sum(map(edit_distance, references, hypotheses)) / length


def judged(text: str) -> str:
    """Write a text as judges compare it: lower case, no accents, no marks, single spaces.

    Apostrophes stay inside words. Digits stay digits: write numbers out with `speech.text.normalize`
    before you compare, on both sides, or "5" and "five" count as different.
    """
    plain = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return " ".join(word.strip("'") for word in re.findall(r"[^\W_]+(?:'[^\W_]+)*", plain))


def character_error_rate(
    references: str | Sequence[str],
    hypotheses: str | Sequence[str],
    prepare: Callable[[str], str] = judged,
) -> float:
    """Give the character error rate (CER) of one sentence or of a list, spaces counted.

    Raises:
        InputError: the lists differ in length, or the references are empty.
    """
    return error_rate(*_prepared(references, hypotheses, prepare))


def word_error_rate(
    references: str | Sequence[str],
    hypotheses: str | Sequence[str],
    prepare: Callable[[str], str] = judged,
) -> float:
    """Give the word error rate (WER) of one sentence or of a list.

    Raises:
        InputError: the lists differ in length, or the references are empty.
    """
    expected, found = _prepared(references, hypotheses, prepare)
    return error_rate([text.split() for text in expected], [text.split() for text in found])


def _prepared(references, hypotheses, prepare) -> tuple[list[str], list[str]]:
    """Make lists of prepared texts."""
    sides = []
    for texts in (references, hypotheses):
        texts = [texts] if isinstance(texts, str) else list(texts)
        if not all(isinstance(text, str) for text in texts):
            raise InputError("expected a text or a list of texts on both sides.")
        sides.append([prepare(text) for text in texts])
    return sides[0], sides[1]


# ------------------------------------------------------------------ does it sound alike


def mel_cepstrum(log_mel: np.ndarray, coefficients: int = 24) -> np.ndarray:
    """Turn natural-log mel magnitudes ``(frames, mels)`` into cepstra ``(frames, coefficients + 1)``.

    Column d is ``2 / mels * sum_k log_mel[k] * cos(pi * d * (k + 1/2) / mels)``, and half of that for
    d = 0: the amplitudes of the cosines whose sum is the log spectrum. (The orthonormal DCT differs
    by ``sqrt(mels / 2)``, and would make every distortion in dB as much too large.)

    Raises:
        InputError: not a finite matrix, or more coefficients than bands.
    Equation: eq-mel-cepstrum.
    """
    log_mel = _matrix(log_mel, "log_mel")
    mels = log_mel.shape[1]
    if not 1 <= coefficients < mels:
        raise InputError(f"{coefficients} coefficients of {mels} mel bands, expected 1 to {mels - 1}.")
    order = np.arange(coefficients + 1)
    cosines = np.cos(np.pi * np.outer(np.arange(mels) + 0.5, order) / mels)
    return log_mel @ cosines * np.where(order, 2, 1) / mels


def mel_cepstral_distortion(reference: np.ndarray, hypothesis: np.ndarray, coefficients: int = 24) -> float:
    """Give the distance of two log-mel spectrograms ``(frames, mels)`` in dB, after time alignment.

    For each pair of frames ``10 / ln 10 * sqrt(2 * sum_{d >= 1} (c_d - c'_d)**2)``: the root mean square
    difference of the two log spectra in dB, smoothed to `coefficients` cosines, loudness (c_0) left
    out. It is averaged over the path of `dtw`. Only figures with equal features, number of
    coefficients and alignment can be compared.

    Raises:
        InputError: not two finite matrices with the same number of bands.

    Source: Kubichek, Mel-cepstral distance measure for objective speech quality assessment, IEEE
    Pacific Rim Conference on Communications, Computers and Signal Processing (1993).
    Equation: eq-mel-cepstral-distortion.
    """
    reference, hypothesis = _matrix(reference, "reference"), _matrix(hypothesis, "hypothesis")
    if reference.shape[1] != hypothesis.shape[1]:
        raise InputError(
            f"the spectrograms have {reference.shape[1]} and {hypothesis.shape[1]} bands, expected the same."
        )
    ours = mel_cepstrum(reference, coefficients)[:, 1:]
    theirs = mel_cepstrum(hypothesis, coefficients)[:, 1:]
    distances = np.sqrt(((ours[:, None] - theirs[None]) ** 2).sum(axis=2))
    _, path = dtw(distances)
    return float(10 / np.log(10) * np.sqrt(2) * distances[path[:, 0], path[:, 1]].mean())


def dtw(costs: np.ndarray) -> tuple[float, np.ndarray]:
    """Find the cheapest path through ``(rows, columns)`` costs, from the first cell to the last.

    Each step goes one down, one right, or both (dynamic time warping); the cost of a path is the sum
    over its cells. Cells are filled along anti-diagonals, which depend only on the two before.

    Returns:
        The cost, and the path as int64 ``(steps, 2)`` of rows and columns.

    Raises:
        InputError: not a finite matrix.

    Source: Sakoe and Chiba, Dynamic programming algorithm optimization for spoken word recognition,
    IEEE Transactions on Acoustics, Speech, and Signal Processing 26 (1978), without slope weights.
    Equation: eq-dtw.
    """
    costs = _matrix(costs, "costs")
    rows, columns = costs.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(2, rows + columns + 1):
        row = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        column = diagonal - row
        before = np.minimum(total[row - 1, column], total[row, column - 1])
        total[row, column] = costs[row - 1, column - 1] + np.minimum(before, total[row - 1, column - 1])
    path = [(rows, columns)]
    while path[-1] != (1, 1):
        row, column = path[-1]
        # The diagonal comes first, so that of equal paths the shortest is taken.
        path.append(min(((row - 1, column - 1), (row - 1, column), (row, column - 1)), key=total.__getitem__))
    return float(total[-1, -1]), np.array(path[::-1]) - 1


# ------------------------------------------------------------------ is the melody right


def f0_rmse(reference: np.ndarray, hypothesis: np.ndarray, unit: str = "hertz") -> float:
    """Give the root mean square difference of two F0 contours ``(frames,)``, where both are voiced.

    Args:
        reference: Hz; 0 or NaN where there is no voice.
        hypothesis: the same, with the same frames: align the two first.
        unit: "hertz", or "cents" (hundredths of a semitone: ``1200 * log2`` of the ratio).

    Raises:
        InputError: contours of different length, negative F0, or no frame voiced in both.
    Equation: eq-f0-rmse.
    """
    reference, hypothesis = _contours(reference, hypothesis)
    both = (reference > 0) & (hypothesis > 0)
    if not both.any():
        raise InputError("no frame is voiced in both contours, expected at least one. Check the alignment.")
    if unit == "cents":
        difference = 1200 * np.log2(hypothesis[both] / reference[both])
    elif unit == "hertz":
        difference = hypothesis[both] - reference[both]
    else:
        raise InputError(f"unit is {unit!r}, expected 'hertz' or 'cents'.")
    return float(np.sqrt(np.mean(difference**2)))


def voicing_error(reference: np.ndarray, hypothesis: np.ndarray) -> float:
    """Give the share of frames that are voiced in one F0 contour ``(frames,)`` and not in the other.

    Raises:
        InputError: contours of different length, or negative F0.
    Equation: eq-voicing-error.
    """
    reference, hypothesis = _contours(reference, hypothesis)
    return float(np.mean((reference > 0) != (hypothesis > 0)))


# ------------------------------------------------------------------ is it fast enough


def real_time_factor(seconds: float, samples: int, sample_rate: int = 16000) -> float:
    """Divide the seconds of work by the seconds of sound made: below 1 is faster than speaking.

    Raises:
        InputError: no sound was made, or the time is negative.
    Equation: eq-real-time-factor.
    """
    if samples <= 0 or sample_rate <= 0 or not seconds >= 0:
        raise InputError(
            f"{seconds} seconds of work for {samples} samples at {sample_rate} Hz, expected a time of at "
            "least 0 and some sound."
        )
    return seconds * sample_rate / samples


def _matrix(array: np.ndarray, name: str) -> np.ndarray:
    """Return a float64 matrix, or raise InputError."""
    array = np.asarray(array, dtype=np.float64)
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        raise InputError(f"{name} has shape {array.shape}, expected a matrix of finite numbers, not empty.")
    return array


def _contours(*contours: np.ndarray) -> list[np.ndarray]:
    """Return F0 contours with 0 for NaN, or raise InputError."""
    arrays = [np.asarray(contour, dtype=np.float64) for contour in contours]
    checked = [np.where(np.isnan(array), 0.0, array) for array in arrays]
    shapes = [contour.shape for contour in checked]
    if len(set(shapes)) > 1 or checked[0].ndim != 1 or not checked[0].size:
        raise InputError(
            f"the contours have shapes {shapes}, expected (frames,) with equal frames. Align them."
        )
    if any((contour < 0).any() or np.isinf(contour).any() for contour in checked):
        raise InputError(
            "a contour holds negative or infinite F0, expected Hz, with 0 where there is no voice."
        )
    return checked
