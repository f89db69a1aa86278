import re
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.errors import InputError
from deepsense_lib.speech.text import normalize, split_sentences

quick = settings(max_examples=150, derandomize=True, deadline=None)

# What is written and what is said, one case a line.
SPOKEN = Path(__file__).with_name("spoken.txt").read_text(encoding="utf-8")
ROWS = [row.split(" | ") for row in SPOKEN.splitlines() if " | " in row]


@pytest.mark.parametrize(("written", "spoken"), ROWS, ids=[row[0] for row in ROWS])
def test_what_is_written_is_said(written, spoken):
    written = written.replace("\\t", "\t").replace("\\n", "\n")
    assert normalize(written) == spoken


def test_the_table_is_long_and_has_no_doubles():
    assert len(ROWS) >= 150
    assert len({row[0] for row in ROWS}) == len(ROWS)


# ------------------------------------------------------------------ properties

WELL_FORMED = re.compile(r"[a-z]+(?:'[a-z]+)*[,.?!]?(?: [a-z]+(?:'[a-z]+)*[,.?!]?)*")
texts = st.text(max_size=60) | st.text(
    "abcIVXDrMst.,:;'’-–/$€%#&@+*=<>()\"0123456789 _^~\n½²°😀é中", max_size=40
)
fragments = st.lists(
    st.sampled_from(
        [row[0] for row in ROWS]
        + "Mr Dr. st. no. St vs etc. e.g. PM U.S. I A 's ' - -- / . .. 1 12 2025 1,000 .5 3/4 % #".split()
        + [" ", "  ", "\n\n", "x", "X", "km", "m²", "th", "°", "Jan", "May ", "é", "中"]
    ),
    max_size=8,
).map("".join)


@quick
@given(texts | fragments)
def test_any_text_gives_clean_words_or_our_error(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            spoken = normalize(text)
        except InputError:
            return
        assert WELL_FORMED.fullmatch(spoken)
        assert normalize(spoken) == spoken


@quick
@given(st.lists(st.sampled_from("the cat sat on a mat where I am not".split()), min_size=1, max_size=12))
def test_plain_words_stay_as_they_are(words):
    assert normalize(" ".join(words)) == " ".join(words).lower()


@quick
@given(texts | fragments, st.integers(100, 300))
def test_pieces_are_short_and_fit_to_speak(text, longest):
    text = text * 5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pieces = split_sentences(text, longest)
        except InputError:
            return
        assert pieces
        assert all(0 < len(normalize(piece)) <= longest for piece in pieces)


def squeezed(text):
    return re.sub(r"\s", "", text)


@quick
@given(
    st.lists(
        st.sampled_from(["One two.", "What?", "Mr. Lee came,", "at 3.5 km.", "No!", "and so on"]), min_size=1
    )
)
def test_no_character_is_lost_in_splitting(parts):
    text = " ".join(parts)
    assert squeezed("".join(split_sentences(text))) == squeezed(text)


# ------------------------------------------------------------------ sentences


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("no full stop", ["no full stop"]),
        ("Dr. Smith met Mrs. Jones. They spoke.", ["Dr. Smith met Mrs. Jones.", "They spoke."]),
        ("It costs 3.50 today. Pay now.", ["It costs 3.50 today.", "Pay now."]),
        ("J. R. R. Tolkien wrote. He did.", ["J. R. R. Tolkien wrote.", "He did."]),
        ("See e.g. Smith. Or not.", ["See e.g. Smith.", "Or not."]),
        ("In the U.S. The end.", ["In the U.S.", "The end."]),
        ("The U.S. Army came.", ["The U.S. Army came."]),
        ("Pears, etc. They are ripe.", ["Pears, etc.", "They are ripe."]),
        ("He said no. She left.", ["He said no.", "She left."]),
        ("See no. 5. Then no. 6.", ["See no. 5.", "Then no. 6."]),
        ('"Is it?" she asked. "Yes."', ['"Is it?"', "she asked.", '"Yes."']),
        ("Wait... what?", ["Wait...", "what?"]),
        ("A title\n\nA paragraph", ["A title", "A paragraph"]),
        ("Hello。World！Yes", ["Hello。", "World！", "Yes"]),
        ("Hi. 😀. ... Bye.", ["Hi.", "Bye."]),
        ("At 9 a.m. we met.", ["At 9 a.m. we met."]),
    ],
)
def test_sentences_end_where_they_end(text, pieces):
    assert split_sentences(text) == pieces


def test_a_long_sentence_is_divided_at_commas_then_at_words():
    clause = "and the caller waits on the line for a very long while"
    at_commas = split_sentences(", ".join([clause] * 9), 200)
    assert len(at_commas) > 2
    assert all(piece.endswith((",", "while")) for piece in at_commas)
    at_words = split_sentences(" ".join([clause] * 9), 200)
    assert squeezed("".join(at_words)) == squeezed(clause * 9)
    assert all(word in clause.split() for piece in at_words for word in piece.split())


def test_five_thousand_characters_are_spoken_whole():
    text = ("Please press 1 to record, or 2 to listen, Mr. Smith. " * 100)[:5000]
    pieces = split_sentences(text)
    assert squeezed("".join(pieces)) == squeezed(text)
    assert " ".join(map(normalize, pieces[:2])) == normalize(" ".join(pieces[:2]))


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize("function", [normalize, split_sentences])
@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u00a0", "\u2003"])
def test_empty_text_is_refused(function, text):
    with pytest.raises(InputError, match=r"the text is empty.*Type a sentence"):
        function(text)


@pytest.mark.parametrize("function", [normalize, split_sentences])
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("😀👍", "GRINNING FACE"),
        ("你好", "CJK UNIFIED IDEOGRAPH-4F60"),
        ("Привет", "CYRILLIC CAPITAL LETTER PE"),
        ("שלום", "HEBREW LETTER SHIN"),
        ("...", "FULL STOP"),
        ("—", "EM DASH"),
        ("\u200b", "ZERO WIDTH SPACE"),
        ("👨\u200d👩", "MAN"),
        ("\x00\x07", "no name"),
    ],
)
def test_text_without_anything_to_speak_names_what_was_found(function, text, name):
    with pytest.raises(
        InputError, match=f"(?s)nothing in the text can be spoken: found .*{name}.*Latin letters"
    ):
        function(text)


def test_characters_without_a_reading_are_left_out_with_a_warning():
    with pytest.warns(UserWarning, match=r"left out.*'😀' \(GRINNING FACE\), '中'"):
        assert normalize("Hi 😀 中 there") == "hi there"


def test_a_text_in_plain_english_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        normalize("Dr. Smith’s café — 20 °C, “fine”…")


@pytest.mark.parametrize("text", [None, 5, b"bytes", ["a"]])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(InputError, match=r"of type \w+, expected a string"):
        normalize(text)


def test_a_limit_too_small_is_refused():
    with pytest.raises(InputError, match="longest is 5"):
        split_sentences("Hello", 5)


REPEATED = [
    *"1 . a. $ 1, 1. 1- 1/ A A. AB' ' '' , -- / : 1: @ a@ a@b. www. 0x 1e 1' ( V. é ½ 中 🙂 +1 1$ 5%".split(),
    *["\n", "1 ", "- ", "1 - ", "AB ", "a b@", "St. ", ".a", "!?", "_a", '5"', "1:1 ", "I. "],
]


@pytest.mark.parametrize("unit", REPEATED, ids=ascii)
def test_repetition_is_read_in_bounded_work(unit):
    """No rule may look again and again at the same text: 5,000 characters must not hang."""
    text = (unit * 5000)[:5000]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            spoken = normalize(text)
        except InputError as error:
            spoken, complaint = "nothing", str(error)
        else:
            complaint = ""
    assert WELL_FORMED.fullmatch(spoken)
    assert len(complaint) < 500
