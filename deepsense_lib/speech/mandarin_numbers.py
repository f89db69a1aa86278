"""How numbers are read aloud in Mandarin: `RULES`, pairs of pattern and reading, applied in this order."""

import re

DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿", "万亿", "亿亿")
_LARGEST = 10**16
# Before these words two is liǎng, not èr.
MEASURES = "个本把张只条件块位次年天周岁点杯瓶辆家间双支台封碗口人"
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_START = r"(?<![\d.])"


def cardinal(number: int) -> str:
    """Say a whole number from 0 on: 105 is 一百零五, 12 is 十二. Numbers of 17 digits and more by digits."""
    if number >= _LARGEST:
        return digits(str(number))
    if number == 0:
        return DIGITS[0]
    said, myriad, gap = "", 0, False
    while number:
        number, part = divmod(number, 10000)
        if part:
            said = _below_myriad(part) + _MYRIADS[myriad] + (DIGITS[0] if gap and said else "") + said
        gap = part < 1000 if part else bool(said)
        myriad += 1
    return said.removeprefix("一") if said.startswith("一十") else said


def _below_myriad(number: int) -> str:
    """Say 1 to 9999; a gap between two digits is one 零."""
    said, gap = "", False
    for place, digit in reversed(list(enumerate(map(int, str(number)[::-1])))):
        if digit:
            said += (DIGITS[0] if gap and said else "") + DIGITS[digit] + _PLACES[place]
        gap = not digit
    return said


def digits(text: str, telephone: bool = False) -> str:
    """Say digits one by one; in telephone numbers one is 幺, so that nobody hears seven."""
    said = "".join(DIGITS[int(digit)] for digit in text if digit.isdigit())
    return said.replace("一", "幺") if telephone else said


def decimal(text: str) -> str:
    """Say a number as it is written: 3.05 is 三点零五, 007 is said by digits."""
    whole, _, rest = text.replace(",", "").partition(".")
    said = digits(whole) if len(whole) > 1 and whole[0] == "0" else cardinal(int(whole))
    return f"{said}点{digits(rest)}" if rest else said


def _counted(text: str) -> str:
    """Say how many: two things are 两."""
    return "两" if text == "2" else decimal(text)


def _clock(match: re.Match) -> str:
    hour, minute = int(match[1]), int(match[2])
    said = f"{_counted(str(hour))}点"
    if minute:
        said += (DIGITS[0] if minute < 10 else "") + cardinal(minute) + "分"
    return said if minute else said + "整"


def _percent(match: re.Match) -> str:
    return f"百分之{decimal(match[1])}"


def _date(match: re.Match) -> str | None:
    if not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31):
        return None
    return f"{digits(match[1])}年{cardinal(int(match[2]))}月{cardinal(int(match[3]))}日"


RULES = [
    (re.compile(pattern), reading)
    for pattern, reading in [
        (_START + r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?![\d/-])", _date),
        (_START + r"(\d{4})(?=年)", lambda m: digits(m[1])),
        (_START + r"([01]?\d|2[0-4]):([0-5]\d)(?![\d:])", _clock),
        (
            _START + r"1\d{10}(?!\d)|" + _START + r"0\d{2,3}-?\d{7,8}(?!\d)",
            lambda m: digits(m[0], telephone=True),
        ),
        (_START + rf"({_NUMBER})\s?%", _percent),
        (_START + r"(\d{1,15})/(\d{1,15})(?![\d/])", lambda m: f"{decimal(m[2])}分之{decimal(m[1])}"),
        (rf"[¥￥]\s?({_NUMBER})", lambda m: f"{_counted(m[1])}元"),
        (_START + r"\d+(?:\.\d+){2,}", lambda m: "点".join(map(decimal, m[0].split(".")))),
        (_START + rf"({_NUMBER})(?=[{MEASURES}])", lambda m: _counted(m[1])),
        (r"(?<![0-9A-Za-z])-(?=\d)", lambda m: "负"),
        (_START + _NUMBER + r"(?!\d)", lambda m: decimal(m[0])),
        (r"\d+", lambda m: digits(m[0])),
    ]
]
