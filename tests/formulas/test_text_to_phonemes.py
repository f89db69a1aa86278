"""Readings, ranks, unseen words, alignments and n-grams: against brute force, and as properties."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import text_to_phonemes as f

PROPERTY = settings(max_examples=60, derandomize=True, deadline=None)


# ------------------------------------------------------------------ the cheapest reading


def all_readings(length, pieces, at=0):
    """List (cost, labels) of every way from `at` to the end."""
    if at == length:
        return [(0.0, ())]
    return [
        (cost + rest, (label, *labels))
        for start, end, cost, label in pieces
        if start == at
        for rest, labels in all_readings(length, pieces, end)
    ]


@st.composite
def pieces_of_a_text(draw):
    length = draw(st.integers(1, 5))
    piece = st.tuples(st.integers(0, length - 1), st.integers(1, length), st.integers(0, 9)).filter(
        lambda p: p[0] < p[1]
    )
    found = draw(st.lists(piece, max_size=10))
    return length, [(start, end, float(cost), n) for n, (start, end, cost) in enumerate(found)]


@pytest.mark.proves("eq-cheapest-reading")
@PROPERTY
@given(pieces_of_a_text())
def test_no_reading_is_cheaper(case):
    length, pieces = case
    every = all_readings(length, pieces)
    if not every:
        with pytest.raises(ValueError, match="do not cover"):
            f.cheapest_reading(length, pieces)
        return
    found = f.cheapest_reading(length, pieces)
    assert found.cost == min(cost for cost, _ in every)
    assert (found.cost, found.labels) in every


@pytest.mark.proves("eq-cheapest-reading")
def test_many_short_pieces_lose_against_one_long_piece_that_costs_less():
    assert f.cheapest_reading(2, [(0, 1, 2.0, "a"), (1, 2, 2.0, "b"), (0, 2, 3.0, "ab")]).labels == ("ab",)
    assert f.cheapest_reading(2, [(0, 1, 1.0, "a"), (1, 2, 1.0, "b"), (0, 2, 3.0, "ab")]).labels == ("a", "b")
    assert f.cheapest_reading(1, [(0, 1, 1.0, "first"), (0, 1, 1.0, "second")]).labels == ("first",)
    assert f.cheapest_reading(0, []) == (0.0, ())


@pytest.mark.parametrize("piece", [(0, 3, 1.0, "x"), (1, 1, 1.0, "x"), (-1, 1, 1.0, "x"), (0, 1, -1.0, "x")])
def test_impossible_pieces_are_refused(piece):
    with pytest.raises(ValueError, match="piece 'x'"):
        f.cheapest_reading(2, [piece])


# ------------------------------------------------------------------ how often words come


@pytest.mark.proves("eq-zipf")
@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.3])
def test_shares_are_a_straight_line_on_two_logarithmic_scales(exponent):
    shares = f.rank_shares(500, exponent)
    assert shares.sum() == pytest.approx(1)
    slope = np.diff(np.log(shares)) / np.diff(np.log(np.arange(1, 501)))
    np.testing.assert_allclose(slope, -exponent, rtol=1e-6)
    with pytest.raises(ValueError, match="at least one"):
        f.rank_shares(0)


@pytest.mark.proves("eq-unseen-probability")
@PROPERTY
@given(st.text("abcde", min_size=1, max_size=30))
def test_unseen_probability_is_what_leaving_one_word_out_finds(words):
    """Take each word out of the text in turn: how often is it new to the rest?"""
    new = [word not in words[:place] + words[place + 1 :] for place, word in enumerate(words)]
    assert f.unseen_probability(list(Counter(words).values())) == pytest.approx(np.mean(new))


@pytest.mark.parametrize("counts", [[], [1, 0]])
def test_words_that_never_came_have_no_place_in_the_counts(counts):
    with pytest.raises(ValueError, match="at least one word"):
        f.unseen_probability(counts)


# ------------------------------------------------------------------ alignments


def all_alignments(letters, phones):
    """List every way to give each letter its next zero, one or two phonemes."""
    found = []
    for taken in itertools.product(range(f.LONGEST + 1), repeat=len(letters)):
        if sum(taken) == len(phones):
            ends = np.cumsum(taken)
            found.append(
                [(c, tuple(phones[e - n : e])) for c, e, n in zip(letters, ends, taken, strict=True)]
            )
    return found


def weight_of(seed):
    """A random weight for every pair, some of them 0; the same pair always gets the same."""

    def weight(pair):
        random = np.random.default_rng([seed, *map(ord, repr(pair))])
        return 0.0 if random.random() < 0.2 else float(random.random())

    return weight


WORDS = st.tuples(st.text("abc", min_size=1, max_size=5), st.lists(st.sampled_from("XYZ"), max_size=7))


@pytest.mark.proves("eq-spelling-probability")
@PROPERTY
@given(WORDS, st.integers(0, 9))
def test_spelling_probability_is_the_sum_over_all_alignments(word, seed):
    weight = weight_of(seed)
    expected = sum(math.prod(map(weight, pairs)) for pairs in all_alignments(*word))
    assert f.spelling_probability(*word, weight) == pytest.approx(expected)


@pytest.mark.proves("eq-expected-pairs")
@PROPERTY
@given(WORDS, st.integers(0, 9))
def test_expected_pairs_are_the_mean_over_all_alignments(word, seed):
    weight = weight_of(seed)
    expected, total = Counter(), 0.0
    for pairs in all_alignments(*word):
        share = math.prod(map(weight, pairs))
        total += share
        for pair in pairs:
            expected[pair] += share
    found = f.expected_pairs(*word, weight)
    if total == 0:
        assert not found
        return
    assert sum(found.values()) == pytest.approx(len(word[0]))
    for pair in expected.keys() | found.keys():
        assert found[pair] == pytest.approx(expected[pair] / total, abs=1e-12)


@pytest.mark.proves("eq-expected-pairs")
def test_each_round_makes_the_dictionary_more_probable():
    """The promise of expectation-maximisation, on a dictionary of six words."""
    words = [("ab", "AB"), ("ba", "BA"), ("axb", "AXXB"), ("xa", "XXA"), ("abe", "AB"), ("be", "B")]
    shares, before = {}, -math.inf

    def weight(pair):
        return shares.get(pair, 0.0) if shares else (0.2, 1.0, 0.1)[len(pair[1])] / 3

    for _ in range(8):
        likelihood = sum(math.log(f.spelling_probability(*word, weight)) for word in words)
        assert likelihood >= before - 1e-12
        before, counts = likelihood, Counter()
        for word in words:
            counts.update(f.expected_pairs(*word, weight))
        totals = Counter()
        for (letter, _), count in counts.items():
            totals[letter] += count
        shares = {pair: count / totals[pair[0]] for pair, count in counts.items()}
    assert shares["x", ("X", "X")] > 0.9  # nobody told it
    assert shares["e", ()] > 0.9


@pytest.mark.proves("eq-best-alignment")
@PROPERTY
@given(WORDS, st.integers(0, 9))
def test_no_alignment_weighs_more_than_the_best(word, seed):
    weight = weight_of(seed)
    most = max((math.prod(map(weight, pairs)) for pairs in all_alignments(*word)), default=0.0)
    found = f.best_alignment(*word, weight)
    if most == 0:
        assert found is None
        return
    assert math.prod(map(weight, found)) == pytest.approx(most)
    assert "".join(letter for letter, _ in found) == word[0]
    assert [phone for _, phones in found for phone in phones] == list(word[1])


# ------------------------------------------------------------------ n-grams


def counted(text, order):
    """Count n-grams of a text that begins with "#": plain ones of the highest order, else left contexts."""
    plain = [Counter(tuple(text[k : k + n]) for k in range(len(text) - n + 1)) for n in range(1, order + 1)]
    lower = [
        Counter({key: max(1, sum(longer[1:] == key for longer in plain[n])) for key in plain[n - 1]})
        for n in range(1, order)
    ]
    return [*lower, plain[-1]]


@pytest.mark.proves("eq-kneser-ney")
@PROPERTY
@given(st.text("abcd", min_size=3, max_size=40), st.integers(1, 3), st.floats(0.1, 0.9))
def test_what_was_counted_and_what_is_left_add_up_to_one(text, order, discount):
    counts = counted("#" + text, order)
    symbols = sorted({key[0] for key in counts[0]})
    probability, left = f.kneser_ney(counts, len(symbols), discount)

    def p(history, symbol):
        if (*history, symbol) in probability:
            return probability[(*history, symbol)]
        if not history:
            return left[()] / len(symbols)
        return left.get(history, 1.0) * p(history[1:], symbol)

    for history in left:
        assert sum(p(history, symbol) for symbol in symbols) == pytest.approx(1)


@pytest.mark.proves("eq-kneser-ney")
def test_a_symbol_that_follows_one_thing_only_is_rare_elsewhere():
    """ "u" is frequent but always after "q"; "a" is rarer and comes after everything."""
    counts = counted("#" + "qu" * 9 + "bacadaeafa", 2)
    probability, _ = f.kneser_ney(counts, 9)
    assert sum(key == ("u",) for key in counts[0]) == 1
    assert probability["a",] > 3 * probability["u",]
    assert probability["q", "u"] > 0.8


@pytest.mark.proves("eq-kneser-ney")
def test_one_bigram_by_hand():
    """ "#aba" with discount 1/2: P(b|a) = (1 - 1/2)/1 + 1/2 * P(b), P(b) = (1 - 1/2)/3 + (1/2 * 3/3)/3."""
    counts = [
        Counter({("#",): 1, ("a",): 2, ("b",): 1}),
        Counter({("#", "a"): 1, ("a", "b"): 1, ("b", "a"): 1}),
    ]
    probability, left = f.kneser_ney(counts, 3, discount=0.5)
    p_b = 0.5 / 4 + 0.5 * 3 / 4 / 3
    assert probability["b",] == pytest.approx(p_b)
    assert left["a",] == 0.5
    assert probability["a", "b"] == pytest.approx(0.5 + 0.5 * p_b)
