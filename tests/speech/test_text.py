import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.errors import InputError
from deepsense_lib.speech.text import normalize, split_sentences

quick = settings(max_examples=150, derandomize=True, deadline=None)

# What is written, and what is said. Grouped by what the rule is about.
SPOKEN = r"""
# plain words and marks
Hello, world! | hello, world!
Is it you? | is it you?
one  two\tthree\nfour | one two three four
Well... I -- uh -- think so | well. i, uh, think so
Stop; wait: go (now) please | stop, wait, go, now, please
"Quoted," he said. | quoted, he said.
What?! No way!!! | what? no way!
rock 'n' roll | rock and roll
don't can't I'm o'clock | don't can't i'm o'clock
It’s the dogs’ bone | it's the dogs bone
'single quotes' | single quotes
well-known full-featured | well known full featured
and/or | and or
He left — she stayed | he left, she stayed
, leading marks | leading marks
snake_case | snake case
# accents, ligatures, other forms of letters
café naïve Zürich | cafe naive zurich
Straße Łódź Ærø | strasse lodz aero
ﬁne ｗｉｄｅ １２ | fine wide twelve
π is a Greek letter | pi is a greek letter
# cardinals
0 | zero
7 | seven
13 | thirteen
40 | forty
99 | ninety nine
100 | one hundred
101 | one hundred one
999 | nine hundred ninety nine
12,345 | twelve thousand three hundred forty five
1,000,000 | one million
1000000000000000 | one quadrillion
1,234,567 people | one million two hundred thirty four thousand five hundred sixty seven people
10001 | ten thousand one
007 | zero zero seven
-5 | minus five
−273.15 | minus two hundred seventy three point one five
3.14 | three point one four
0.05 | zero point zero five
.5 | point five
1,204.50 | one thousand two hundred four point five zero
1e-5 | one times ten to the power of minus five
6.02e23 | six point zero two times ten to the power of twenty three
# ordinals
1st 2nd 3rd 4th | first second third fourth
11th 12th 13th | eleventh twelfth thirteenth
21st 22nd 40th | twenty first twenty second fortieth
100th 1,000th | one hundredth one thousandth
# years
in 1984 | in nineteen eighty four
in 1905, in 1900, in 2000 | in nineteen oh five, in nineteen hundred, in two thousand
in 2005 and 2025 | in two thousand five and twenty twenty five
since 1066 | since ten sixty six
2048 samples | two thousand forty eight samples
1984 was dark | nineteen eighty four was dark
the 1980s and the '90s | the nineteen eighties and the nineties
her 30s | her thirties
1914-1918 | nineteen fourteen to nineteen eighteen
1914–1918 | nineteen fourteen to nineteen eighteen
1990-95 | nineteen ninety to ninety five
800 BC | eight hundred b c
# dates
2025-03-14 | march fourteenth twenty twenty five
3/14/2025 | march fourteenth twenty twenty five
14/3/2025 | march fourteenth twenty twenty five
14.3.2025 | march fourteenth twenty twenty five
3/14/25 | march fourteenth twenty five
on 3/14 | on march fourteenth
March 14 2025 | march fourteenth twenty twenty five
March 14, 2025 | march fourteenth twenty twenty five
Mar. 14, 2025 | march fourteenth twenty twenty five
March 14th | march fourteenth
14 March 2025 | the fourteenth of march twenty twenty five
the 14th of March | the fourteenth of march
May 5 | may fifth
December 2024 | december twenty twenty four
Sept. 3 | september third
July 4, 1776. | july fourth seventeen seventy six.
# times
9:45 | nine forty five
9:05 p.m. | nine oh five p m.
17:30 | seventeen thirty
9:00 | nine o'clock
12:00 | twelve o'clock
17:00 | seventeen hundred
00:30 | zero thirty
10 a.m. sharp | ten a m sharp
9am | nine a m
9:30 AM | nine thirty a m
12:30:15 | twelve thirty and fifteen seconds
16:9 | sixteen to nine
# money
$5 | five dollars
$1 | one dollar
$5.20 | five dollars and twenty cents
$1.01 | one dollar and one cent
$0.99 | ninety nine cents
$0.01 | one cent
$0 | zero dollars
$1.5 million | one point five million dollars
$3.5bn | three point five billion dollars
$10k | ten thousand dollars
$1,000,000.00 | one million dollars
-$5 | minus five dollars
$5-10 | five to ten dollars
$5-$10 | five to ten dollars
£20 | twenty pounds
£5.01 | five pounds and one penny
€20 | twenty euros
5 € | five euros
¥500 | five hundred yen
EUR 5 | five euros
US$7 | seven dollars
50¢ | fifty cents
$5/month | five dollars per month
# percent, fractions, ranges
50% | fifty percent
0.5 % | zero point five percent
50-60% | fifty to sixty percent
1/2 | one half
3/4 | three quarters
1/3 and 2/3 | one third and two thirds
5/16 | five sixteenths
2 1/2 cups | two and a half cups
2½ cups | two and a half cups
¾ | three quarters
24/7 | twenty four seven
5-10 | five to ten
pages 12–15 | pages twelve to fifteen
1.5-2.5 | one point five to two point five
5 - 3 = 2 | five minus three equals two
1920x1080 | nineteen twenty by ten eighty
3 × 4 | three times four
3x faster | three times faster
# units
5 km | five kilometers
1 km | one kilometer
1.0 km | one point zero kilometers
5 ft | five feet
5'11" | five feet eleven inches
3.5kg | three point five kilograms
20°C | twenty degrees celsius
72 °F | seventy two degrees fahrenheit
90° | ninety degrees
44.1 kHz | forty four point one kilohertz
16 GB | sixteen gigabytes
100 km/h | one hundred kilometers per hour
10 m/s | ten meters per second
60 mph | sixty miles per hour
5 m² | five square meters
20 min | twenty minutes
28.8 kbit/s | twenty eight point eight kilobits per second
5 µm | five micrometers
24-bit | twenty four bit
# telephone numbers and other strings of digits
555-0123 | five five five, zero one two three
(555) 123-4567 | five five five, one two three, four five six seven
555-123-4567 | five five five, one two three, four five six seven
1-800-555-0199 | one, eight zero zero, five five five, zero one nine nine
+44 20 7946 0958 | plus four four, two zero, seven nine four six, zero nine five eight
call 911 | call nine one one
extension 1234 | extension one two three four
password 4242 | password four two four two
192.168.0.1 | one nine two dot one six eight dot zero dot one
version 1.2.3 | version one point two point three
# Roman numbers
Henry VIII | henry the eighth
Louis XIV was king | louis the fourteenth was king
World War II | world war two
Chapter IX | chapter nine
Part I. | part one.
the part I liked | the part i liked
the XIX century | the nineteenth century
# abbreviations
Mr. Smith and Mrs. Jones | mister smith and missus jones
Dr. Lee | doctor lee
Elm Dr. | elm drive.
St. Louis | saint louis
Main St. is closed | main street is closed
e.g. this, i.e. that | for example this, that is that
apples, pears, etc. | apples, pears, et cetera.
No. 5 | number five
He said no. | he said no.
Fig. 2 on p. 7 | figure two on page seven
pp. 5-7 | pages five to seven
Acme Inc. makes it | acme incorporated makes it
cats vs. dogs | cats versus dogs
Prof. Ada Byron, Ph.D. | professor ada byron, p h d.
w/o sugar | without sugar
# capitals and letters
PBX and IVR | p b x and i v r
USB, HTML, IBM | u s b, h t m l, i b m
the U.S. Army | the u s army
in the U.S. The end. | in the u s. the end.
NASA and NATO | nasa and nato
this is NOT good | this is not good
STOP! NEVER do it | stop! never do it
HELLO WORLD PRESS ONE NOW | hello world press one now
two CDs | two c d's
the USA's | the u s a's
MP3 3D 5G | m p three three d five g
G722 | g seven two two
COVID-19 | covid nineteen
J. R. R. Tolkien | j r r tolkien
Plan B. Then we go | plan b. then we go
AT&T | a t and t
# addresses
www.example.org | w w w dot example dot org
https://example.org/a-b?x=1 | example dot org slash a dash b question mark x equals one
john.doe+x@mail.example.com | john dot doe plus x at mail dot example dot com
bob42@example.com | bob four two at example dot com
see example.com. | see example dot com.
open file.txt | open file dot txt
end.Next | end. next
# signs
salt & pepper | salt and pepper
2 + 2 = 4 | two plus two equals four
me @ home | me at home
#5 | number five
#hello | hashtag hello
press # or * | press pound or star
C++ and C# | c plus plus and c sharp
**bold** text | bold text
x^2 | x to the power of two
5 ≤ 6 | five is at most six
~20 | about twenty
© 2025 | copyright twenty twenty five
It weighs 2.5 lbs. and 3 oz. net | it weighs two point five pounds and three ounces net
2 in. wide | two inches wide
WWII ended | world war two ended
10 a.m.-5 p.m. | ten a m to five p m.
9am-5pm | nine a m to five p m
Mon.-Fri. 9:00-17:00 | monday to friday nine o'clock to seventeen hundred
8 / 2 = 4 | eight divided by two equals four
5 * 6 = 30 | five times six equals thirty
₹500 | five hundred rupees
$.50 | fifty cents
50/50 | fifty fifty
$20/hr | twenty dollars per hour
Eq. (5) | equation, five,
St. John's St. | saint john's street.
24:00 | twenty four hundred
the UK, the EU, the CIA | the u k, the e u, the c i a
two X-rays, an e-mail | two xrays, an email
I.B.M. | i b m.
R&D, Q&A | r and d, q and a
Nov. 22nd, 2026 | november twenty second twenty twenty six
The '60s too. | the sixties too.
2^10 | two to the power of ten
H2O and CO2 | h two o and c o two
It's 5 min. | it's five minutes.
"""
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
