"""How numbers are read aloud: dates, times, money, telephone numbers, units, fractions, ranges.

`RULES` is a list of ``(pattern, reading)``. They are applied from first to last, from the special to
the plain; each replaces what it matches by words, so a later rule never sees it again.
"""

import re

from deepsense_lib.speech.number_words import (
    cardinal,
    decimal,
    digits,
    fraction,
    ordinal,
    plural,
    whole,
    year,
)

MONTHS = "january february march april may june july august september october november december".split()
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_START = r"(?<![\w.])"  # a number starts here, not in the middle of a word or of another number
_MONTH = "(" + "|".join(f"{name[:3].title()}(?:{name[3:]})?" for name in MONTHS) + r"|Sept)\b\.?"
_YEAR = r"(\d{4})(?![\d,]*\d)"
_SCALE = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion", "tn": "trillion"}
_CURRENCIES = {
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "£": ("pound", "penny"),
    "¥": ("yen", "sen"),
    "₹": ("rupee", "paisa"),
    "USD": ("dollar", "cent"),
    "EUR": ("euro", "cent"),
    "GBP": ("pound", "penny"),
    "JPY": ("yen", "sen"),
}
_UNITS = {
    "km": "kilometer", "m": "meter", "cm": "centimeter", "mm": "millimeter", "µm": "micrometer",
    "um": "micrometer", "nm": "nanometer", "mi": "mile", "ft": "foot", "yd": "yard",
    "kg": "kilogram", "g": "gram", "mg": "milligram", "lb": "pound", "lbs": "pound", "oz": "ounce",
    "l": "liter", "L": "liter", "ml": "milliliter", "mL": "milliliter",
    "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute", "s": "second",
    "sec": "second", "secs": "second", "ms": "millisecond", "µs": "microsecond", "ns": "nanosecond",
    "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "dB": "decibel",
    "V": "volt", "mV": "millivolt", "W": "watt", "kW": "kilowatt", "MW": "megawatt", "kWh": "kilowatt hour",
    "mA": "milliampere", "kB": "kilobyte", "KB": "kilobyte", "MB": "megabyte", "GB": "gigabyte",
    "TB": "terabyte", "kbit": "kilobit", "Mbit": "megabit", "px": "pixel", "cal": "calorie",
    "kcal": "kilocalorie", "km²": "square kilometer", "m²": "square meter", "cm²": "square centimeter",
    "m³": "cubic meter", "cm³": "cubic centimeter", "°C": "degree celsius", "°F": "degree fahrenheit",
    "°": "degree", "mph": "mile per hour", "km/h": "kilometer per hour", "kph": "kilometer per hour",
    "m/s": "meter per second", "kbit/s": "kilobit per second", "kbps": "kilobit per second",
    "Mbit/s": "megabit per second", "Mbps": "megabit per second", "Gbps": "gigabit per second",
    "fps": "frame per second", "rpm": "revolution per minute", "dpi": "dot per inch",
}  # fmt: skip
_UNCHANGED = {"hertz", "kilohertz", "megahertz", "gigahertz", "yen", "sen"}
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
# Verbs and other words in -s that follow a year; any other word in -s is taken for a plural noun.
_NOT_PLURAL = "was|is|has|does|this|as|its|us|plus|versus|across|perhaps|always|sees|saw"


def _count(words: str, unit: str, one: bool) -> str:
    """Put a unit after a number, in the singular only after exactly one."""
    first, _, rest = unit.partition(" ")
    if one or first in _UNCHANGED:
        return f"{words} {unit}"
    if first in ("square", "cubic", "kilowatt") and rest:
        return f"{words} {first} {plural(rest)}"
    many = {"foot": "feet", "penny": "pence"}.get(first) or plural(first)
    return f"{words} {many} {rest}".rstrip()


# ------------------------------------------------------------------ dates and times


def _date(month: int, day: int, year_text: str | None = None) -> str | None:
    """Say a date in the American order, or None if there is no such day."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    words = f"{MONTHS[month - 1]} {ordinal(day)}"
    return f"{words} {_year(year_text)}" if year_text else words


def _year(text: str) -> str:
    """Say a year of four digits, or one of two digits as "oh five" and "ninety nine"."""
    if len(text) == 2:
        return f"oh {digits(text[1])}" if text[0] == "0" else cardinal(int(text))
    return year(int(text))


def _month_number(name: str) -> int:
    """Give the number of a month from its first three letters."""
    return [month[:3] for month in MONTHS].index(name[:3].lower()) + 1


def _iso_date(match: re.Match) -> str | None:
    return _date(int(match[2]), int(match[3]), match[1])


def _slash_date(match: re.Match) -> str | None:
    first, second = int(match[1]), int(match[2])
    return _date(first, second, match[3]) or _date(second, first, match[3])


def _dotted_date(match: re.Match) -> str | None:
    return _date(int(match[2]), int(match[1]), match[3])


def _month_day(match: re.Match) -> str | None:
    return _date(_month_number(match[1]), int(match[2]), match[3])


def _day_month(match: re.Match) -> str | None:
    if not 1 <= int(match[1]) <= 31:
        return None
    words = f"the {ordinal(int(match[1]))} of {MONTHS[_month_number(match[2]) - 1]}"
    return f"{words} {_year(match[3])}" if match[3] else words


def _time(match: re.Match) -> str:
    hour, minute, second, half = int(match[1]), int(match[2]), match[3], match[4]
    if minute:
        words = f"{cardinal(hour)} " + (f"oh {cardinal(minute)}" if minute < 10 else cardinal(minute))
    elif half or second:
        words = cardinal(hour)
    else:
        words = f"{cardinal(hour)} o'clock" if 1 <= hour <= 12 else f"{cardinal(hour)} hundred"
    if second:
        words += f" and {_count(cardinal(int(second)), 'second', int(second) == 1)}"
    return f"{words} {half[0].lower()} m" if half else words


# ------------------------------------------------------------------ money, telephones, units


def _money(sign: str, amount: str, scale: str | None) -> str:
    """Say an amount of money: "five dollars and twenty cents"."""
    unit, part = _CURRENCIES[sign]
    if scale:
        return _count(f"{decimal(amount)} {_SCALE.get(scale.lower(), scale.lower())}", unit, one=False)
    main, _, rest = amount.replace(",", "").partition(".")
    if len(rest) not in (0, 2):
        return _count(decimal(amount), unit, one=False)
    hundredths = int(rest or 0)
    parts = []
    if int(main) or not hundredths:
        parts.append(_count(whole(main), unit, int(main) == 1))
    if hundredths:
        parts.append(_count(cardinal(hundredths), part, hundredths == 1))
    return " and ".join(parts)


def _telephone(match: re.Match) -> str:
    groups = re.findall(r"\d+", match[0])
    return ("plus " if match[0].startswith("+") else "") + ", ".join(map(digits, groups))


def _measure(match: re.Match) -> str:
    return _count(decimal(match[1]), _UNITS[match[2]], match[1] == "1")


def _feet_and_inches(match: re.Match) -> str:
    feet = _count(whole(match[1]), "foot", match[1] == "1")
    return f"{feet} {_count(whole(match[2]), 'inch', match[2] == '1')}"


# ------------------------------------------------------------------ fractions, ranges, plain numbers


def _mixed(match: re.Match) -> str:
    part = fraction(int(match[2]), int(match[3]))
    return f"{whole(match[1])} and {re.sub('^one ', 'a ', part)}"


def _version(match: re.Match) -> str:
    groups = match[0].split(".")
    if len(groups) == 4:  # an address of the Internet
        return " dot ".join(map(digits, groups))
    return " point ".join(map(whole, groups))


def _plain(text: str) -> str:
    """Say a short number; four digits that could be a year are read in pairs."""
    return year(int(text)) if len(text) == 4 and "1000" <= text <= "2099" else whole(text)


def _code(match: re.Match) -> str:
    return cardinal(int(match[0])) if len(match[0]) <= 2 and match[0][0] != "0" else digits(match[0])


def _power(match: re.Match) -> str:
    sign = "minus " if match[2] == "-" else ""
    return f"{decimal(match[1])} times ten to the power of {sign}{whole(match[3])}"


def _plural_number(match: re.Match) -> str:
    return plural(year(int(match[1])) if len(match[1]) == 4 else whole(match[1]))


_HALF_DAY = r"\s?([AaPp]\.?\s?[Mm]\b\.?)"
_CLOCK = r"([01]?\d|2[0-4])"
_SIGN = "[$€£¥₹]"
_SIGNS = f"{_SIGN}|USD|EUR|GBP|JPY"
_AMOUNT = rf"({NUMBER})(?:\s?(thousand|million|billion|trillion)\b|([kmKMbB]|bn|tn)\b)?"
RULES = [
    (re.compile(pattern), reading)
    for pattern, reading in [
        # Dates.
        (_START + r"(\d{4})-(\d{1,2})-(\d{1,2})(?![\d-])", _iso_date),
        (_START + r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\d/])", _slash_date),
        (_START + r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?![\d.]\d)(?!\d)", _dotted_date),
        (r"\b(?<=[oO]n )(\d{1,2})/(\d{1,2})()(?![\d/])", _slash_date),
        (rf"\b{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]\d)(?:,? {_YEAR})?", _month_day),
        (rf"\b(?:[tT]he )?(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? {_YEAR})?", _day_month),
        (rf"\b{_MONTH},? {_YEAR}", lambda m: f"{MONTHS[_month_number(m[1]) - 1]} {_year(m[2])}"),
        # Times.
        (r"(?:(?<=:\d\d)|(?<=[ap] m )|(?<=[AaPp][Mm]))\s?-\s?(?=\d)", lambda m: "to"),
        (_START + rf"{_CLOCK}:([0-5]\d)(?::([0-5]\d))?(?!\d|:\d)(?:{_HALF_DAY})?", _time),
        (_START + rf"(1[0-2]|[1-9]){_HALF_DAY}", lambda m: f"{cardinal(int(m[1]))} {m[2][0].lower()} m"),
        (_START + r"(\d+):(\d+)(?!\d)", lambda m: f"{whole(m[1])} to {whole(m[2])}"),
        # Telephone numbers and other strings of digits.
        (r"(?<![\w.])\+\d{1,3}(?:[ .-]?\(?\d{2,4}\)?){2,5}(?!\d)", _telephone),
        (r"(?<![\w.])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\d-])", _telephone),
        (_START + r"\d{3}-\d{4}(?![\d-])", _telephone),
        (_START + r"\d+(?:-\d+){2,}(?![\w-])", _telephone),
        (r"(?i)\b(?<=\bcall |\bdial )(911|411|112|999)\b", lambda m: digits(m[1])),
        (
            r"(?i)\b(extension|ext\.|password|passcode|pin|pin code|zip code|area code|code) (\d{3,})\b",
            lambda m: f"{m[1].lower().replace('ext.', 'extension')} {digits(m[2])}",
        ),
        (_START + r"\d+(?:\.\d+){2,}(?!\w)", _version),
        # Money.
        (rf"(?<![\w)])-(?={_SIGN})", lambda m: "minus"),
        (rf"({_SIGN})(\.\d\d)(?!\d)", lambda m: _money(m[1], f"0{m[2]}", None)),
        (rf"({_SIGN})({NUMBER})\s?-\s?\1?(?=\d)", lambda m: f"{decimal(m[2])} to {m[1]}"),
        (rf"(?:US)?({_SIGNS})\s?{_AMOUNT}", lambda m: _money(m[1], m[2], m[3] or m[4])),
        (_START + rf"{_AMOUNT}\s?({_SIGNS})(?!\w)", lambda m: _money(m[4], m[1], m[2] or m[3])),
        (_START + rf"({NUMBER})\s?¢", lambda m: _count(decimal(m[1]), "cent", m[1] == "1")),
        # Powers of ten, ratios of measure, ranges.
        (_START + rf"({NUMBER})[eE]([+-]?)(\d+)\b", _power),
        (_START + r"(\d{1,2})'\s?(\d{1,2})\"", _feet_and_inches),
        (_START + rf"({NUMBER}) - (?={NUMBER})", lambda m: f"{decimal(m[1])} minus "),
        (
            _START + r"(1[1-9]\d\d|20\d\d)-(1[1-9]\d\d|20\d\d)\b",
            lambda m: f"{year(int(m[1]))} to {year(int(m[2]))}",
        ),
        (_START + rf"({NUMBER}) \* (?={NUMBER})", lambda m: f"{decimal(m[1])} times "),
        (_START + rf"({NUMBER}) / (?={NUMBER})", lambda m: f"{decimal(m[1])} divided by "),
        (_START + r"(1[1-9]\d\d|20\d\d)-(\d\d)\b", lambda m: f"{year(int(m[1]))} to {_year(m[2])}"),
        (_START + rf"({NUMBER})\s?-\s?(?={NUMBER}(?![\w-]*-))", lambda m: f"{decimal(m[1])} to "),
        (_START + r"(\d{1,4})(?:x| x )(\d{1,4})(?!\w)", lambda m: f"{_plain(m[1])} by {_plain(m[2])}"),
        (_START + rf"({NUMBER})x(?!\w)", lambda m: f"{decimal(m[1])} times"),
        (r"(?<=[A-Za-z])-(?=\d)", lambda m: ""),
        (r"(?<![\w)])-(?=\.?\d)", lambda m: "minus"),
        # Fractions.
        (_START + r"24/7(?![\d/])", lambda m: "twenty four seven"),
        (_START + r"50/50(?![\d/])", lambda m: "fifty fifty"),
        (_START + r"9/11(?![\d/])", lambda m: "nine eleven"),
        (_START + r"(\d+)[ -](\d{1,3})/(\d{1,4})(?![\d/])", _mixed),
        (_START + r"(\d{1,15})/(\d{1,15})(?![\d/])", lambda m: fraction(int(m[1]), int(m[2]))),
        # Numbers with something behind them.
        (_START + rf"({NUMBER})\s?%", lambda m: f"{decimal(m[1])} percent"),
        (_START + r"(\d*0)'?[sS]\b", _plural_number),
        (_START + rf"({NUMBER})\s?in\.", lambda m: _count(decimal(m[1]), "inch", m[1] == "1")),
        (_START + rf"({NUMBER})\s?(lbs?|oz|ft|yd|hrs?|mins?|secs?)\.(?= [a-z0-9])", _measure),
        (_START + rf"({NUMBER})\s?({_UNIT})(?![\w°²³']|/\w\b)", _measure),
        (
            _START + r"(\d{1,3}(?:,\d{3})+|\d{1,27})(?:st|nd|rd|th)\b",
            lambda m: ordinal(int(m[1].replace(",", ""))),
        ),
        (_START + r"(\d+)'s\b", lambda m: plural(whole(m[1]))),
        # Plain numbers.
        (
            _START + rf"(\d{{4}})(?![\w,.]*\d)(?!\w)(?! (?!(?:{_NOT_PLURAL})\b)[a-z]+s\b)",
            lambda m: _plain(m[1]),
        ),
        (_START + rf"{NUMBER}(?![\d.]*\d)(?!\w)", lambda m: decimal(m[0])),
        (r"(?<!\w)\.(\d+)(?!\w)", lambda m: f"point {digits(m[1])}"),
        (r"\d+", _code),
    ]
]
