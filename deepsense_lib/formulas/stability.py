"""Stability: how a model that reads by attention fails, as numbers, and rules that hold it while it speaks.

An alignment is `(steps, symbols)`, rows sum to 1. Its focus at a step is the symbol with most weight. Derived
in the chapter "Stability clinic".
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from deepsense_lib.formulas.attention import coverage


class Rules(NamedTuple):
    """What holds a decoder while it speaks; the default is the stop token alone."""

    threshold: float = 0.5  # the probability that the stop token must exceed
    to_the_end: bool = False  # the stop token counts only while the focus is on the last symbol
    rest: int | None = None  # end after so many steps in a row with the focus on the last symbol
    window: tuple[int, int] | None = None  # symbols behind and ahead of the last focus that may be read


PLAIN = Rules()


class Jumps(NamedTuple):
    """The largest moves of the focus from one step to the next, in symbols."""

    back: int
    ahead: int


class Failures(NamedTuple):
    """Which failures an utterance shows."""

    skipped: bool  # a symbol before the last one that was read was not read
    repeated: bool  # the focus went back by more than the slack
    endless: bool  # it did not end by itself
    early: bool  # it ended before the last symbol was read

    @property
    def any(self) -> bool:
        """Whether there is a failure at all."""
        return self.skipped or self.repeated or self.endless or self.early


def largest_jumps(alignment: np.ndarray) -> Jumps:
    """Return the largest move back and the largest move ahead of the focus, both 0 or more, in symbols.

    alignment: `(steps, symbols)`. A single step has no moves.
    Source: the definition.
    Equation: eq-largest-jumps
    """
    moves = np.diff(np.argmax(alignment, axis=1), prepend=np.argmax(alignment[0]))
    return Jumps(int(max(0, -moves.min())), int(max(0, moves.max())))


def longest_stay(alignment: np.ndarray) -> int:
    """Return the largest number of steps in a row that have their focus on one symbol.

    alignment: `(steps, symbols)`.
    Source: the definition.
    Equation: eq-longest-stay
    """
    moved = np.flatnonzero(np.diff(np.argmax(alignment, axis=1))) + 1
    return int(np.diff(np.concatenate([[0], moved, [len(alignment)]])).max())


def failures(alignment: np.ndarray, stopped: bool, enough: float = 0.5, slack: int = 1) -> Failures:
    """Say which failures an utterance shows: skipped, repeated, endless, early.

    alignment: `(steps, symbols)`; stopped: whether the model ended by itself; enough: the weight over all
    steps that makes a symbol read, as in `coverage`; slack: how many symbols back are forgiven.
    Source: the definition; skipped and repeated words are counted by Ren et al. 2019 (arXiv 1905.09263).
    Equation: eq-failures
    """
    alignment = np.asarray(alignment, float)
    reached = int(np.flatnonzero(alignment.sum(0) >= enough).max(initial=0))
    return Failures(
        skipped=coverage(alignment[:, : reached + 1], enough) < 1,
        repeated=largest_jumps(alignment).back > slack,
        endless=not stopped,
        early=bool(stopped) and reached < alignment.shape[1] - 1,
    )


def ends(stop: float, places: Sequence[int], symbols: int, rules: Rules = PLAIN) -> bool:
    """Say whether an utterance ends with this step.

    stop: the probability of the stop token; places: the focus of every step so far, this one last; symbols:
    how many the text has. See `Rules`.
    Raises: ValueError if there is no step, or the rest is below 1.
    Source: stop token: Shen et al. 2018 (arXiv 1712.05884), section 2.2; the rest: the definition.
    Equation: eq-stop-rule
    """
    if not len(places) or (rules.rest is not None and rules.rest < 1):
        raise ValueError(f"{len(places)} steps, rest {rules.rest}; expected a step, and a rest of 1 or more")
    told = stop > rules.threshold and (not rules.to_the_end or places[-1] == symbols - 1)
    if rules.rest is None:
        return told
    lately = places[-rules.rest :]
    return told or (len(lately) == rules.rest and all(place == symbols - 1 for place in lately))


def window_mask(symbols: int, focus: int, back: int, ahead: int) -> np.ndarray:
    """Return 1 for the symbols that may be read: from `back` behind the last focus to `ahead` of it.

    Returns `(symbols,)`, 0 or 1. Where it is 0, the attention has no weight (equation eq-masked-softmax).
    Raises: ValueError if back or ahead is negative, or the focus is no symbol.
    Source: after the window of Chorowski et al. 2015 (arXiv 1506.07503).
    Equation: eq-attention-window
    """
    if back < 0 or ahead < 0 or not 0 <= focus < symbols:
        raise ValueError(
            f"back {back}, ahead {ahead}, focus {focus} of {symbols} symbols; expected back and ahead of 0 "
            "or more, and a focus that is one of the symbols"
        )
    places = np.arange(symbols)
    return ((places >= focus - back) & (places <= focus + ahead)).astype(float)


def edge_silence(log_mel: np.ndarray, below: float = 35.0) -> tuple[int, int]:
    """Return how many frames at the start and at the end are quieter than the loudest one by `below` dB.

    log_mel: `(frames, mels)`, natural logarithms of magnitudes; the level of a frame is that of the mean
    magnitude of its bands.
    Raises: ValueError if there is no frame, or below is not positive.
    Source: the definition; trimming by a level below the maximum as in librosa (McFee et al. 2015,
    https://doi.org/10.25080/Majora-7b98e3ed-003).
    Equation: eq-edge-silence
    """
    log_mel = np.asarray(log_mel, float)
    if log_mel.ndim != 2 or not log_mel.size or not below > 0:
        raise ValueError(
            f"a log-mel of shape {log_mel.shape}, below {below}; expected (frames, mels), not empty, and a "
            "positive distance in dB"
        )
    level = 20 * np.log10(np.exp(log_mel).mean(1))
    loud = np.flatnonzero(level >= level.max() - below)
    return int(loud[0]), int(len(level) - 1 - loud[-1])
