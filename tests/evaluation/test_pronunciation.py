"""Phone errors with alternatives: the best of all combinations, found without trying them all."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation.pronunciation import phone_error_rate, phone_errors, word_errors
from deepsense_lib.evaluation.speech import edit_distance

phones = st.lists(st.sampled_from("ABC"), max_size=4)
words = st.lists(st.lists(phones.filter(bool), min_size=1, max_size=3), max_size=4)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(words, phones)
def test_it_finds_the_best_combination(spoken, heard):
    ways = [list(itertools.chain(*way)) for way in itertools.product(*spoken)]
    errors = [(edit_distance(way, heard), -len(way)) for way in ways]
    best = min(errors)
    assert phone_errors(spoken, heard) == (best[0], -best[1])


def test_by_hand():
    either = [["IY", "DH", "ER"], ["AY", "DH", "ER"]]
    assert phone_errors([either], ["AY", "DH", "ER"]) == (0, 3)
    assert phone_errors([either], ["AY", "D", "ER"]) == (1, 3)
    assert phone_errors([either, [["W", "AH", "N"]]], ["IY", "DH", "ER"]) == (3, 6)


def test_the_rate_is_of_all_sentences_together():
    one, two = [[["A"]]], [[["A", "B", "C"]]]
    assert phone_error_rate([one, two], [["B"], ["A", "B", "C"]]) == pytest.approx(1 / 4)


def test_nothing_to_say_is_refused():
    with pytest.raises(InputError, match="no phones"):
        phone_error_rate([[]], [["A"]])
    with pytest.raises(InputError, match="1 sentences and 2"):
        phone_error_rate([[[["A"]]]], [["A"], ["A"]])


def test_words_are_compared_with_the_nearest_way():
    ways = [[("T", "AH0"), ("T", "EY1")], [("B", "IY1")]]
    assert word_errors([("T", "EY1"), ("B", "IY1")], ways) == (0, 0, (False, False))
    assert word_errors([("T", "EY2"), ("P", "IY1")], ways) == (1, 0.5, (True, True))
    bare = word_errors([("T", "EY2"), ("P", "IY1")], ways, stress=False)
    assert bare == (0.5, 0.25, (False, True))
    assert word_errors([()], [[("T",)]]).phone_error_rate == 1
    for guesses in ([], [("T",)]):
        with pytest.raises(InputError, match="one for each of some words"):
            word_errors(guesses, ways if guesses else [])
