"""Statistical parametric speech: trees of contexts, Gaussians in their leaves, and the curves they ask for.

Each phone is three states, equal thirds of it. (A full system would find the borders of the states by
training a hidden Markov model; here they are given by the alignment.) A tree for each state of each
phone asks about the context and ends in a leaf: mean and variance of the log-mel and of its two differences.
One tree has ln F0, and one for each phone its duration.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from deepsense_lib.errors import InputError, MissingDependencyError
from deepsense_lib.formulas.statistical_tts import (
    global_variance,
    mlpg_banded,
    observations,
    scale_variance,
    state_durations,
)  # fmt: skip
from deepsense_lib.speech.classical.contexts import questions

STATES = 3
FLOOR = 0.01  # smallest variance, as a share of the variance of everything


class Leaves(NamedTuple):
    """A tree and the Gaussians of its leaves; `index` maps a node of the tree to a row."""

    tree: object
    index: dict[int, int]
    mean: np.ndarray  # (leaves, ...)
    variance: np.ndarray  # (leaves, ...)

    def find(self, asked: np.ndarray) -> np.ndarray:
        """Return the row of the leaf for each row of answers."""
        return np.array([self.index[int(node)] for node in self.tree.apply(asked)])


class Voice(NamedTuple):
    """All that was learned."""

    mel: dict[tuple[str, int], Leaves]  # (phone, state): log-mel, (leaves, 3, mels)
    voiced: dict[tuple[str, int], np.ndarray]  # (phone, state): share of voiced frames in each leaf
    pitch: Leaves  # ln F0, (leaves, 3, 1)
    duration: dict[str, Leaves]  # frames, (leaves,)
    variance: np.ndarray  # (mels,), the usual global variance of an utterance


class Curves(NamedTuple):
    """What is to be heard, as Gaussians for each frame, and as curves."""

    mean: np.ndarray  # (3, frames, mels), of log-mel and its differences
    deviation: np.ndarray  # (3, frames, mels)
    log_mel: np.ndarray  # (frames, mels)
    f0: np.ndarray  # (frames,), Hz, 0 where unvoiced
    durations: np.ndarray  # (symbols,), frames


def states_of(durations: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return for each frame the number of its symbol and of its state: thirds, as equal as can be."""
    symbol = np.repeat(np.arange(len(durations)), durations)
    inside = np.concatenate([np.arange(d) for d in durations]) if len(durations) else np.zeros(0)
    length = np.repeat(durations, durations)
    return symbol, ((inside + 0.5) * STATES // np.maximum(length, 1)).astype(int)


def through_gaps(f0: np.ndarray) -> np.ndarray:
    """Return ln F0 with straight lines where there is no pitch, `(frames, 1)`."""
    voiced = np.flatnonzero(f0 > 0)
    if not len(voiced):
        return np.full((len(f0), 1), np.log(200.0))
    return np.interp(np.arange(len(f0)), voiced, np.log(f0[voiced]))[:, None]


def train(
    utterances: Sequence, log_mels: Sequence[np.ndarray], leaf: int = 25, pitch_leaf: int = 60
) -> Voice:
    """Grow the trees.

    utterances: with symbols, word_starts, durations, f0, as `load_english` gives them; log_mels: `(frames,
    mels)` each; leaf: the fewest frames that a leaf may have.
    Raises: InputError if there is no utterance; MissingDependencyError without scikit-learn.
    """
    if not len(utterances):
        raise InputError("found no utterances, expected at least one to learn from")
    asked, phone, state, mel, pitch, voiced, lasted = [], [], [], [], [], [], []
    for u, log_mel in zip(utterances, log_mels, strict=True):
        answers = questions(u.symbols, u.word_starts)
        bare = np.array([s.rstrip("012") for s in u.symbols])
        symbol, part = states_of(u.durations)
        asked.append(answers[symbol])
        phone.append(bare[symbol])
        state.append(part)
        mel.append(observations(log_mel).transpose(1, 0, 2))
        pitch.append(observations(through_gaps(u.f0)).transpose(1, 0, 2))
        voiced.append(u.f0 > 0)
        lasted.append((answers, bare, u.durations))
    asked, phone, state, mel, pitch, voiced = map(np.concatenate, (asked, phone, state, mel, pitch, voiced))
    mel_leaves, mel_voiced, floor = {}, {}, FLOOR * mel.var(0)
    for name in np.unique(phone):
        for part in range(STATES):
            rows = (phone == name) & (state == part)
            if not rows.any():  # one frame is a middle and no edges: then the whole phone stands in
                rows = phone == name
            found, of = grow(asked[rows], mel[rows, 0], mel[rows], leaf, floor)
            counts = np.bincount(of, minlength=len(found.mean))
            mel_leaves[name, part] = found
            mel_voiced[name, part] = np.bincount(of, voiced[rows], len(found.mean)) / counts
    spoken = voiced & (phone != "SIL")
    with_state = np.column_stack([asked, state])
    pitch_leaves, _ = grow(
        with_state[spoken], pitch[spoken, 0], pitch[spoken], pitch_leaf, FLOOR * pitch.var(0)
    )
    answers, bare, frames = (np.concatenate(column) for column in zip(*lasted, strict=True))
    duration = {}
    for name in np.unique(bare):
        rows = bare == name
        d = frames[rows].astype(float)
        duration[name], _ = grow(answers[rows], d[:, None], d, 5, 0.5)
    usual = np.mean([global_variance(m) for m in log_mels], axis=0)
    return Voice(mel_leaves, mel_voiced, pitch_leaves, duration, usual)


def grow(
    asked: np.ndarray, split_by: np.ndarray, values: np.ndarray, leaf: int, floor
) -> tuple[Leaves, np.ndarray]:
    """Grow a tree that makes `split_by` alike within a leaf; return it with the Gaussians of `values`.

    Also returns the row of the leaf of each example. Variances are at least `floor`.
    Raises: MissingDependencyError without scikit-learn.
    """
    try:
        from sklearn.tree import DecisionTreeRegressor
    except ImportError:
        raise MissingDependencyError("scikit-learn") from None
    tree = DecisionTreeRegressor(min_samples_leaf=min(leaf, len(asked)), random_state=0).fit(asked, split_by)
    nodes, of = np.unique(tree.apply(asked), return_inverse=True)
    mean = np.stack([values[of == n].mean(0) for n in range(len(nodes))])
    variance = np.stack([np.maximum(values[of == n].var(0), floor) for n in range(len(nodes))])
    return Leaves(tree, {int(node): n for n, node in enumerate(nodes)}, mean, variance), of


def durations(
    voice: Voice, symbols: Sequence[str], word_starts: Sequence[int], pace: float = 1.0
) -> np.ndarray:
    """Return how many frames each symbol lasts, int64 `(symbols,)`, at least 1; pace 2 is twice as fast.

    Raises: InputError if a phone was never heard.
    """
    asked = questions(symbols, word_starts)
    mean, variance = [], []
    for row, symbol in zip(asked, symbols, strict=True):
        name = symbol.rstrip("012")
        if name not in voice.duration:
            raise InputError(f"the voice has never heard the phone {name}; expected phones of its recordings")
        leaves = voice.duration[name]
        at = leaves.find(row[None])[0]
        mean.append(leaves.mean[at])
        variance.append(leaves.variance[at])
    wanted = state_durations(np.array(mean), np.array(variance), sum(mean) / pace)
    return np.maximum(1, np.round(wanted)).astype(np.int64)


def generate(
    voice: Voice, symbols: Sequence[str], word_starts: Sequence[int], *, pace: float = 1.0,
    smooth: bool = True, lively: float = 0.0,
) -> Curves:  # fmt: skip
    """Return the curves for a text.

    smooth: the most likely curve (MLPG), else the bare means, a step at every state; lively: 0 leaves the
    variance of the curve as it is, 1 stretches it to that of recordings.
    Raises: InputError if a phone was never heard.
    """
    frames = durations(voice, symbols, word_starts, pace)
    symbol, state = states_of(frames)
    asked = questions(symbols, word_starts)
    bare = [s.rstrip("012") for s in symbols]
    mean, variance, voiced = [], [], []
    for s, part in zip(symbol, state, strict=True):
        leaves = voice.mel[bare[s], int(part)]
        at = leaves.find(asked[s][None])[0]
        mean.append(leaves.mean[at])
        variance.append(leaves.variance[at])
        voiced.append(voice.voiced[bare[s], int(part)][at])
    mean, variance = np.stack(mean, axis=1), np.stack(variance, axis=1)
    at = voice.pitch.find(np.column_stack([asked[symbol], state]))
    pitch_mean, pitch_variance = (a[at].transpose(1, 0, 2) for a in (voice.pitch.mean, voice.pitch.variance))
    log_mel = mlpg_banded(mean, variance) if smooth else mean[0]
    pitch = mlpg_banded(pitch_mean, pitch_variance) if smooth else pitch_mean[0]
    if lively:
        found = global_variance(log_mel)
        log_mel = scale_variance(log_mel, found ** (1 - lively) * voice.variance**lively)
    f0 = np.where(np.array(voiced) > 0.5, np.exp(pitch[:, 0]), 0.0)
    return Curves(mean, np.sqrt(variance), log_mel.astype(np.float32), f0.astype(np.float32), frames)
