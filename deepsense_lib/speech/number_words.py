"""Numbers as English words, American style: no "and", no hyphens."""

from deepsense_lib.errors import InputError

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = "_ thousand million billion trillion quadrillion quintillion sextillion septillion".split()
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LARGEST = 10 ** (3 * len(_SCALES)) - 1  # longer numbers are read digit by digit


def cardinal(number: int) -> str:
    """Say a whole number: 1234 is "one thousand two hundred thirty four".

    Raises:
        InputError: the number has more than 27 digits.
    """
    if number < 0:
        return "minus " + cardinal(-number)
    if number > LARGEST:
        raise InputError(f"a number of {len(str(number))} digits has no name here; read it with `digits`.")
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" {cardinal(rest)}" if rest else "")
    groups = []
    for scale in range(len(_SCALES)):
        number, group = divmod(number, 1000)
        if group:
            groups.append(cardinal(group) + (f" {_SCALES[scale]}" if scale else ""))
    return " ".join(reversed(groups))


def ordinal(number: int) -> str:
    """Say a rank: 21 is "twenty first"."""
    head, _, last = cardinal(number).rpartition(" ")
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return f"{head} {last}".strip()


def digits(text: str) -> str:
    """Say every digit of a string: "0451" is "zero four five one"; other characters are skipped."""
    return " ".join(_ONES[int(character)] for character in text if character in "0123456789")


def whole(text: str) -> str:
    """Say a string of digits as a cardinal, or digit by digit if it begins with 0 or is too long."""
    if (len(text) > 1 and text[0] == "0") or len(text) > len(str(LARGEST)):
        return digits(text)
    return cardinal(int(text))


def decimal(text: str) -> str:
    """Say a number as written, with optional commas and point: "1,204.50" is "... point five zero"."""
    integer, point, fraction = text.replace(",", "").partition(".")
    words = whole(integer) if integer else "zero"
    return f"{words} point {digits(fraction)}" if point and fraction else words


def year(number: int) -> str:
    """Say a year as English speakers do: 1984 "nineteen eighty four", 2005 "two thousand five"."""
    century, rest = divmod(number, 100)
    if not 1000 <= number <= 9999 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    if rest < 10:
        return f"{cardinal(century)} oh {_ONES[rest]}"
    return f"{cardinal(century)} {cardinal(rest)}"


def plural(words: str) -> str:
    """Put the last word into the plural: "nineteen eighty" becomes "nineteen eighties"."""
    if words.endswith("y") and not words.endswith(("ay", "ey", "oy")):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith(("s", "x", "sh", "ch")) else "s")


def fraction(numerator: int, denominator: int) -> str:
    """Say a fraction: 1/2 "one half", 3/4 "three quarters", 5/16 "five sixteenths"."""
    if denominator == 0:
        return f"{cardinal(numerator)} over zero"
    if denominator == 1:
        return f"{cardinal(numerator)} over one"
    if denominator > 100 and denominator % 100:
        return f"{cardinal(numerator)} over {cardinal(denominator)}"
    part = {2: "half", 4: "quarter"}.get(denominator) or ordinal(denominator)
    if numerator != 1:
        part = "halves" if part == "half" else plural(part)
    return f"{cardinal(numerator)} {part}"
