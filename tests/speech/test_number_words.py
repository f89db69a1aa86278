import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.errors import InputError
from deepsense_lib.speech import number_words
from deepsense_lib.speech.text import normalize

quick = settings(max_examples=200, derandomize=True, deadline=None)
VALUES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen".split()
    )
} | {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
SCALES = {
    word: 1000**power
    for power, word in enumerate(
        "thousand million billion trillion quadrillion quintillion sextillion septillion".split(), 1
    )
}


def value_of(words):
    """Read number words back: another way round, so that the two can only agree by being right."""
    total = group = 0
    for word in words.split():
        if word == "minus":
            return -value_of(words.removeprefix("minus "))
        if word == "hundred":
            group *= 100
        elif word in SCALES:
            total, group = total + group * SCALES[word], 0
        else:
            group += VALUES[word]
    return total + group


@quick
@given(st.integers(-(10**26), 10**26) | st.integers(0, 2000))
def test_numbers_are_read_back(number):
    assert value_of(number_words.cardinal(number)) == number


@quick
@given(st.integers(0, 10**15) | st.integers(0, 2000))
def test_numbers_in_a_text_are_read_back(number):
    assert value_of(normalize(f"{number:,}")) == number
    assert normalize(f"-{number:,}") == "minus " + number_words.cardinal(number)


@quick
@given(st.integers(0, 10**12), st.text("0123456789", min_size=1, max_size=6))
def test_decimals_are_read_digit_by_digit(integer, fraction):
    integer_words, digits = number_words.decimal(f"{integer:,}.{fraction}").split(" point ")
    assert value_of(integer_words) == integer
    assert "".join(str(VALUES[word]) for word in digits.split()) == fraction


@quick
@given(st.integers(1, 10**12))
def test_ordinals_differ_from_cardinals_in_the_last_word(number):
    cardinal, ordinal = number_words.cardinal(number).split(), number_words.ordinal(number).split()
    assert ordinal[:-1] == cardinal[:-1]
    assert ordinal[-1] not in VALUES
    assert ordinal[-1].endswith(("th", "first", "second", "third"))


@quick
@given(st.integers(1001, 9999))
def test_years_are_read_in_pairs_or_whole(year):
    words = number_words.year(year).replace(" oh ", " zero ").replace(" hundred", " zero")
    if "thousand" in words:
        assert value_of(number_words.year(year)) == year
        assert year % 1000 < 10
    else:
        pairs = [int(str(year)[:2]), int(str(year)[2:])]
        assert any(
            [value_of(" ".join(words.split()[:cut])), value_of(" ".join(words.split()[cut:]))] == pairs
            for cut in range(1, len(words.split()))
        )


@pytest.mark.parametrize(
    ("numerator", "denominator", "words"),
    [
        (1, 2, "one half"),
        (3, 2, "three halves"),
        (1, 4, "one quarter"),
        (5, 1, "five over one"),
        (1, 0, "one over zero"),
        (7, 100, "seven one hundredths"),
        (1, 1024, "one over one thousand twenty four"),
        (2, 21, "two twenty firsts"),
    ],
)
def test_fractions(numerator, denominator, words):
    assert number_words.fraction(numerator, denominator) == words


def test_plurals():
    singulars = ["twenty", "six", "five", "day", "inch"]
    assert [number_words.plural(word) for word in singulars] == [
        "twenties",
        "sixes",
        "fives",
        "days",
        "inches",
    ]


def test_a_number_without_a_name_is_refused_but_read_in_a_text():
    with pytest.raises(InputError, match="28 digits"):
        number_words.cardinal(10**27)
    assert normalize("1" * 28) == " ".join(["one"] * 28)
