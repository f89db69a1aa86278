"""Unit selection over half phones: a bank of recorded pieces, a search, and joins.

A phone is cut in its middle. Its left half carries the way from the phone before, its right half the way to
the next. A join in the middle of a phone is where diphone synthesis has always put it; a join at the border
is what is left when no recording has the two phones in a row.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.unit_selection import Path, cheapest_path, join_cost, pruned, target_cost

HOP = 200
CLASSES = {  # how a neighbour colours a phone: roughly where and how it is made
    **dict.fromkeys("P B M".split(), 1), **dict.fromkeys("F V".split(), 2),
    **dict.fromkeys("TH DH".split(), 3), **dict.fromkeys("T D N".split(), 4),
    **dict.fromkeys("S Z".split(), 5), **dict.fromkeys("SH CH JH ZH".split(), 6),
    **dict.fromkeys("K G NG".split(), 7), "HH": 8, "L": 9, "R": 10, "ER": 10, "W": 11, "Y": 12,
    **dict.fromkeys("IY IH EY".split(), 13), **dict.fromkeys("EH AE AH".split(), 14),
    **dict.fromkeys("AA AO AY AW OY".split(), 15), **dict.fromkeys("UW UH OW".split(), 16), "SIL": 0,
}  # fmt: skip
# Mismatches: other neighbour, other kind of neighbour, other stress, other place in word, other place in
# phrase.
TARGET_WEIGHTS = np.array([0.5, 1.5, 0.7, 0.3, 1.0])
CEPSTRA = 16
JOIN_WEIGHTS = np.array([0.06] * CEPSTRA + [30.0, 1.0])  # cepstra, ln F0, voiced or not
Columns = tuple[str, ...]


class Description(NamedTuple):
    """Half phones as the search sees them; each is `(units,)`."""

    phone: np.ndarray  # str, without stress
    right: np.ndarray  # bool: the right half
    stress: np.ndarray  # int, -1 for consonants
    neighbour: np.ndarray  # str: the phone before a left half, after a right one
    first: np.ndarray  # bool: of the first phone of a word
    final: np.ndarray  # bool: in the last syllable before a pause


class Bank(NamedTuple):
    """Recorded half phones: what they are, where they are, and what they sound like at their ends."""

    described: Description
    utterance: np.ndarray  # (units,), number of the recording
    start: np.ndarray  # (units,), sample
    end: np.ndarray  # (units,), sample
    head: np.ndarray  # (units, features) at the start
    tail: np.ndarray  # (units, features) at the end


def describe(symbols: Sequence[str], word_starts: Sequence[int]) -> Description:
    """Describe the half phones of a text, two for each symbol."""
    bare = [s.rstrip("012") for s in symbols]
    vowel = [s[-1].isdigit() for s in symbols]
    final, seen = [False] * len(bare), 2
    for place in range(len(bare) - 1, -1, -1):  # backwards: how many vowels since the last pause
        seen = 0 if bare[place] == "SIL" else seen
        final[place] = seen == 0 and bare[place] != "SIL"
        seen += vowel[place]
        final[place] = final[place] or (vowel[place] and seen == 1)
    before, after = ["SIL", *bare[:-1]], [*bare[1:], "SIL"]
    neighbours = [name for pair in zip(before, after, strict=True) for name in pair]
    return Description(
        np.repeat(bare, 2),
        np.tile([False, True], len(bare)),
        np.repeat([int(s[-1]) if s[-1].isdigit() else -1 for s in symbols], 2),
        np.array(neighbours),
        np.repeat(np.asarray(word_starts, bool), 2),
        np.repeat(final, 2),
    )


def cepstra(log_mel: np.ndarray, count: int = CEPSTRA) -> np.ndarray:
    """Return the first mel-cepstra of frames: a discrete cosine transform of the log-mel, orthonormal.

    log_mel: `(frames, mels)`. Returns `(frames, count)`.
    """
    mels = log_mel.shape[1]
    waves = np.cos(np.pi / mels * np.outer(np.arange(count), np.arange(mels) + 0.5)) * np.sqrt(2 / mels)
    waves[0] /= np.sqrt(2)
    return log_mel @ waves.T


def edge_features(log_mel: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """Return what a join should not change, for each frame: mel-cepstra, ln F0 (through gaps), voicing."""
    voiced = f0 > 0
    at = np.arange(len(f0))
    pitch = np.interp(at, at[voiced], np.log(f0[voiced])) if voiced.any() else np.full(len(f0), np.log(200.0))
    return np.column_stack([cepstra(log_mel), pitch, voiced.astype(float)])


def build(utterances: Sequence, log_mels: Sequence[np.ndarray]) -> Bank:
    """Cut recordings into half phones.

    utterances: with symbols, word_starts, durations and f0, as `load_english` gives them; log_mels: one for
    each, `(frames, mels)`.
    Raises: InputError if there is no utterance.
    """
    if not len(utterances):
        raise InputError("found no utterances, expected at least one to cut units from")
    described, places, heads, tails = [], [], [], []
    for number, (u, mel) in enumerate(zip(utterances, log_mels, strict=True)):
        described.append(describe(u.symbols, u.word_starts))
        borders = np.concatenate([[0], np.cumsum(u.durations)]) * HOP
        cuts = np.sort(np.concatenate([borders, (borders[:-1] + borders[1:]) // 2]))
        places += [(number, a, b) for a, b in itertools.pairwise(cuts)]
        features = edge_features(mel, u.f0)
        frames = np.clip(np.round(cuts / HOP).astype(int), 0, len(features) - 1)
        heads.append(features[frames[:-1]])
        tails.append(features[frames[1:]])
    merged = Description(*(np.concatenate(column) for column in zip(*described, strict=True)))
    where = np.array(places)
    return Bank(merged, where[:, 0], where[:, 1], where[:, 2], np.concatenate(heads), np.concatenate(tails))


def mismatches(wanted: Description, place: int, offered: Description, candidates: np.ndarray) -> np.ndarray:
    """Return in which respects candidates are not what a place wants: 0 or 1, `(candidates, 5)`."""
    kinds = np.vectorize(lambda name: CLASSES[name])
    neighbours = offered.neighbour[candidates]
    return np.column_stack(
        [
            neighbours != wanted.neighbour[place],
            kinds(neighbours) != CLASSES[wanted.neighbour[place]],
            offered.stress[candidates] != wanted.stress[place],
            offered.first[candidates] != wanted.first[place],
            offered.final[candidates] != wanted.final[place],
        ]
    ).astype(float)


class Choice(NamedTuple):
    """What the search found."""

    units: np.ndarray  # (places,), numbers in the bank
    cost: float
    seams: int  # joins between pieces that were not neighbours


def select(
    bank: Bank, symbols: Sequence[str], word_starts: Sequence[int], keep: int = 40, *, joins: float = 1.0
) -> Choice:
    """Find the cheapest row of units for a text.

    keep: candidates at a place that survive pruning; those that go on from a survivor stay as well. joins:
    the weight of all joins together, 0 is deaf to them.
    Raises: InputError if the bank has no recording of a phone at all; the message names it.
    """
    wanted = describe(symbols, word_starts)
    chosen, costs = [], []
    for place in range(len(wanted.phone)):
        same = (bank.described.phone == wanted.phone[place]) & (bank.described.right == wanted.right[place])
        candidates = np.flatnonzero(same)
        if not len(candidates):
            raise InputError(
                f"no recording has the phone {wanted.phone[place]}; "
                "unit selection can only say what was recorded"
            )
        cost = target_cost(mismatches(wanted, place, bank.described, candidates), TARGET_WEIGHTS)
        best = pruned(cost, keep)
        if place:  # pieces that follow a survivor in its recording join without a seam
            follows = np.isin(candidates, chosen[-1] + 1)
            best = np.union1d(best, np.flatnonzero(follows & (cost < 3)))
        chosen.append(candidates[best])
        costs.append(cost[best])
    seams = []
    for left, right in itertools.pairwise(chosen):
        natural = (left[:, None] + 1 == right) & (bank.utterance[left][:, None] == bank.utterance[right])
        seams.append(joins * join_cost(bank.tail[left], bank.head[right], natural, JOIN_WEIGHTS))
    path: Path = cheapest_path(costs, seams)
    units = np.array([c[u] for c, u in zip(chosen, path.units, strict=True)])
    return Choice(units, path.cost, int(np.sum(np.diff(units) != 1)))


def runs(units: np.ndarray) -> list[tuple[int, int]]:
    """Group units that follow each other in a recording: (first, last) of each stretch."""
    breaks = np.flatnonzero(np.diff(units) != 1) + 1
    return [(int(part[0]), int(part[-1])) for part in np.split(units, breaks)]


def render(bank: Bank, units: np.ndarray, sound: Callable[[int], np.ndarray], fade: int = 160) -> np.ndarray:
    """Join the chosen pieces.

    sound: gives the samples of a recording by its number; fade: samples that two pieces share at a seam, 0
    for none. The second piece is moved by up to half a fade to where its wave fits best.
    Returns `(samples,)`, float32.
    """
    total = np.zeros(0)
    for first, last in runs(units):
        samples = sound(int(bank.utterance[first]))
        start, end = int(bank.start[first]), min(int(bank.end[last]), len(samples))
        if not len(total) or not fade:
            total = np.concatenate([total, samples[start : end + fade // 2]])
            continue
        begin = _best_start(total[-fade:], samples, start - fade // 2, fade // 2)
        piece = samples[begin : end + fade // 2]
        overlap = min(fade, len(total), len(piece))
        share = (np.arange(overlap) + 0.5) / overlap
        total[-overlap:] = total[-overlap:] * (1 - share) + piece[:overlap] * share
        total = np.concatenate([total, piece[overlap:]])
    return total.astype(np.float32)


def _best_start(before: np.ndarray, samples: np.ndarray, start: int, reach: int) -> int:
    """Find where, near `start`, a recording is most like what came before: so periods fall into step."""
    options = [s for s in range(start - reach, start + reach + 1, 4) if 0 <= s <= len(samples) - len(before)]
    if not options:
        return max(0, min(start, len(samples)))
    pieces = np.stack([samples[s : s + len(before)] for s in options]).astype(float)
    alike = pieces @ before / (np.linalg.norm(pieces, axis=1) + 1e-6)
    return options[int(alike.argmax())]
