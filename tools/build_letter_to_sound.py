"""Learn letter-to-sound rules from cmudict and write the table that ships with the package.

    python tools/build_letter_to_sound.py [--ngrams 124000] [--order 6]

Three steps: align letters with phonemes by expectation-maximisation; count n-grams of aligned pairs
and smooth them (interpolated Kneser-Ney); keep those that change the model most. Words whose hash
says so (about 5,000) are held out of all three, and the error on them is printed.
"""

import argparse
import collections
import io
import math

import numpy as np

from deepsense_lib.evaluation.pronunciation import word_errors
from deepsense_lib.files import write_atomically
from deepsense_lib.formulas.text_to_phonemes import kneser_ney
from deepsense_lib.speech import letter_to_sound
from deepsense_lib.speech.aligned_dictionary import align, held_out_words, training_words

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
    guesses = [letter_to_sound.pronounce(word) for word in words]
    for stress in (True, False):
        found = word_errors(guesses, list(words.values()), stress)
        print(
            f"{'with' if stress else 'without'} stress: phone error rate {found.phone_error_rate:.4f}, "
            f"word error rate {found.word_error_rate:.4f}"
        )


def main() -> None:
    """Build the table and print how good it is."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--ngrams", type=int, default=124000)
    arguments.add_argument("--order", type=int, default=6)
    options = arguments.parse_args()

    training = training_words()
    aligned = align(training)
    often = collections.Counter(pair for word in aligned for pair in word)
    known = sorted(pair for pair, number in often.items() if number >= 5)
    names = ["#:"] + [f"{letter}:{' '.join(phones)}" for letter, phones in known]
    number = {pair: place for place, pair in enumerate(known, start=1)}
    sequences = [[number[pair] for pair in word] for word in aligned if all(pair in number for pair in word)]
    print(f"{len(training)} words, {len(sequences)} aligned with {len(known)} pairs")

    counts = count(sequences, options.order)
    probability, back_off = kneser_ney(counts, len(names))
    raw = {key: number for level in counts for key, number in level.items()}
    ngrams = prune(probability, back_off, raw, options.ngrams)
    arrays = letter_to_sound.pack(names, ngrams)
    write_table(arrays)
    print(f"{len(ngrams)} n-grams, {letter_to_sound.TABLE.stat().st_size / 1000:.0f} kB")
    test = held_out_words()
    print(f"{len(test)} words held out")
    evaluate(test)


def write_table(arrays: dict[str, np.ndarray]) -> None:
    """Write the table whole or not at all."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_atomically(letter_to_sound.TABLE, buffer.getvalue())


if __name__ == "__main__":
    main()
