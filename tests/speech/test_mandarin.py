"""Mandarin: numbers, syllables against pypinyin, tones in a row, and the promises of every front end."""

# Chinese characters count as two columns, which would tear the tables of cases apart.
# ruff: noqa: E501

import itertools
import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.errors import InputError, MissingDependencyError
from deepsense_lib.speech import front_end, mandarin
from deepsense_lib.speech import mandarin_numbers as numbers

pypinyin = pytest.importorskip("pypinyin")
quick = settings(max_examples=100, derandomize=True, deadline=None)


# ------------------------------------------------------------------ numbers


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "零"), (10, "十"), (12, "十二"), (20, "二十"), (105, "一百零五"), (110, "一百一十"), (1010, "一千零一十"),
        (10001, "一万零一"), (100010, "十万零一十"), (20305, "二万零三百零五"), (100000000, "一亿"), (123456789, "一亿二千三百四十五万六千七百八十九"),
    ],
)  # fmt: skip
def test_cardinals_by_hand(number, said):
    assert numbers.cardinal(number) == said


def value(said: str) -> int:
    """Read a Mandarin number back, by another way than it was written."""
    total = part = digit = 0
    for character in said:
        if character in numbers.DIGITS:
            digit = numbers.DIGITS.index(character)
        elif character in "十百千":
            part += (digit or 1) * 10 ** ("十百千".index(character) + 1)
            digit = 0
        else:
            total = (total + part + digit) * {"万": 10**4, "亿": 10**8}[character]
            part = digit = 0
            # Below one hundred million what came before 亿 is finished.
    return total + part + digit


@quick
@given(st.integers(0, 99_999_999))
def test_cardinals_can_be_read_back(number):
    said = numbers.cardinal(number)
    assert value(said.replace("零", "") or "零") == number
    assert "零零" not in said
    assert not said.endswith("零") or number == 0


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("我有2个苹果。", "我有两个苹果。"),
        ("2026年11月25日", "二零二六年十一月二十五日"),
        ("2026-11-25", "二零二六年十一月二十五日"),
        ("下午3:05开会", "下午三点零五分开会"),
        ("2:00", "两点整"),
        ("打了50%的折", "打了百分之五十的折"),
        ("3/4", "四分之三"),
        ("一共¥99.5", "一共九十九点五元"),
        ("请打13812345678！", "请打幺三八幺二三四五六七八！"),
        ("气温-5度", "气温负五度"),
        ("第1.2.3版", "第一点二点三版"),
        ("007", "零零七"),
        ("１２３，ＯＫ？", "一百二十三？"),
        ("你好,世界!!!", "你好，世界！"),
        ("12,345个人", "一万二千三百四十五个人"),
    ],
)
@pytest.mark.filterwarnings("ignore:left out")
def test_what_is_written_is_said(written, spoken):
    assert mandarin.normalize(written) == spoken


def test_what_is_lost_is_named():
    with pytest.warns(UserWarning, match="no Mandarin reading: 'W'"):
        assert mandarin.normalize("用WiFi上网") == "用 上网"
    for nothing in ("", "  ", None, "hello", "。。。"):
        with pytest.raises(InputError, match=r"empty|nothing in the text"):
            mandarin.normalize(nothing)


# ------------------------------------------------------------------ syllables


def every_syllable():
    from pypinyin.constants import PINYIN_DICT
    from pypinyin.contrib.tone_convert import to_normal

    strange = {"m", "n", "ng", "hm", "hng", "ê", "wong", "yo"}  # cries, and a unit of measure
    found = {
        to_normal(way, v_to_u=False).replace("ü", "v")
        for ways in PINYIN_DICT.values()
        for way in ways.split(",")
    }
    return sorted(found - strange)


def test_every_syllable_is_taken_apart_as_pypinyin_does():
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    syllables = every_syllable()
    assert len(syllables) > 400
    for syllable in syllables:
        initial, final, tone = mandarin.split_syllable(f"{syllable}4")
        assert tone == 4
        assert initial == to_initials(syllable, strict=True), syllable
        assert final.replace("ii", "i") == to_finals(syllable, strict=True, v_to_u=False), syllable


@pytest.mark.parametrize("bad", ["", "1", "lao", "lao6", "xyz1", "hello3", "老3"])
def test_no_syllable_is_refused(bad):
    with pytest.raises(InputError, match="expected pinyin with its tone"):
        mandarin.split_syllable(bad)


def test_spelling_is_undone():
    cases = {"yi1": ("", "i"), "zhi1": ("zh", "ii"), "li1": ("l", "i"), "jiu3": ("j", "iou"), "wen4": ("", "uen"),
             "dun4": ("d", "uen"), "jun1": ("j", "vn"), "xue2": ("x", "ve"), "lv4": ("l", "v"), "lu4": ("l", "u")}  # fmt: skip
    for syllable, parts in cases.items():
        assert mandarin.split_syllable(syllable)[:2] == parts


# ------------------------------------------------------------------ tones in a row


@pytest.mark.parametrize(
    ("text", "tones"),
    [
        ("你好", "23"), ("老师好", "313"), ("展览馆", "223"), ("小老虎", "323"), ("小 老虎", "323"), ("我很好", "223"),
        ("保管好", "223"), ("老 保管", "323"), ("雨伞", "23"), ("五把雨伞", "2323"), ("不对", "24"), ("不好", "43"), ("不", "4"),
        ("我说不", "314"), ("好不好", "353"), ("是不是", "454"), ("一个", "24"), ("一天", "41"), ("一年", "42"), ("一起", "43"),
        ("一", "1"), ("第一", "41"), ("第一个", "414"), ("十一", "21"), ("统一", "31"), ("一月一日", "1414"), ("看一看", "454"),
        ("一百一十一", "43121"), ("不，对", "44"), ("你，好", "33"),
    ],
)  # fmt: skip
def test_tones_by_hand(text, tones):
    said = [syllable for syllable in mandarin.to_pinyin(text) if syllable not in mandarin.PAUSES]
    assert "".join(syllable[-1] for syllable in said) == tones


TONE = st.sampled_from("12345")
ROWS = st.lists(st.lists(TONE, min_size=1, max_size=3), min_size=1, max_size=4)


@quick
@given(ROWS)
def test_sandhi_touches_third_tones_only_and_leaves_no_two_together(rows):
    """Characters that are neither 一 nor 不: only a third tone before a third tone moves."""
    words = ["人" * len(row) for row in rows]
    flat = [tone for row in rows for tone in row]
    said = [s[-1] for s in mandarin.sandhi(words, [f"ma{tone}" for tone in flat])]
    assert all(new == old or (old, new) == ("3", "2") for old, new in zip(flat, said, strict=True))
    assert "33" not in "".join(said)
    # Nothing moves that does not stand before a third tone of the dictionary.
    for place, (old, new) in enumerate(zip(flat, said, strict=True)):
        assert old == new or flat[place + 1] == "3"
    if "33" not in "".join(flat):
        assert said == flat


@quick
@given(ROWS)
def test_one_word_is_the_plain_rule(rows):
    """All but the last of a run of third tones become second tones."""
    flat = [tone for row in rows for tone in row]
    said = mandarin.sandhi(["人" * len(flat)], [f"ma{tone}" for tone in flat])
    expected = re.sub("3(?=3)", "2", "".join(flat))
    assert "".join(s[-1] for s in said) == expected


def test_every_tone_after_yi_and_bu():
    for tone, yi, bu in zip("1234", "4442", "4442", strict=True):
        assert mandarin.sandhi(["一", "人"], ["yi2", f"ma{tone}"])[0] == f"yi{yi}"
        assert mandarin.sandhi(["不", "人"], ["bu2", f"ma{tone}"])[0] == f"bu{bu}"
    with pytest.raises(InputError, match="2 characters and 1 syllables"):
        mandarin.sandhi(["一人"], ["yi1"])


@pytest.mark.parametrize("text", ["你好", "不对", "不好", "一个", "一起", "雨伞"])
def test_pypinyin_agrees_on_single_words(text):
    theirs = pypinyin.lazy_pinyin(
        text, style=pypinyin.Style.TONE3, tone_sandhi=True, neutral_tone_with_five=True
    )
    assert mandarin.to_pinyin(text) == theirs


def test_words_end_at_spaces_and_where_the_list_says():
    assert mandarin.segment("展览馆里有小 老虎") == ["展览馆", "里", "有", "小", "老虎"]
    assert mandarin.segment("  ") == []


def test_without_pypinyin_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pypinyin", None)
    with pytest.raises(MissingDependencyError, match=r"'pypinyin'.*\[run\]"):
        mandarin.to_pinyin("你好")


# ------------------------------------------------------------------ one interface, two languages

TEXTS = {
    "en": st.text("abc XVI.,!?'-/$%:0123456789é½", max_size=30),
    "zh": st.text("你好一不两三老虎个年月日，。！?:/-%¥0123456789０９ab 《", max_size=20),
}


@pytest.mark.parametrize("language", front_end.FRONT_ENDS)
@quick
@given(st.data())
def test_every_front_end_keeps_its_promises(language, data):
    language = front_end.front_end(language)
    written = data.draw(TEXTS[language.language])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            spoken = language.normalize(written)
        except InputError:
            return
        said = language.phonemize(written)
    assert not re.search(r"\d", spoken)
    assert language.normalize(spoken) == spoken
    assert set(said.symbols) <= set(language.symbols)
    assert said.symbols[0] == said.symbols[-1] == "SIL"
    assert len(said.symbols) == len(said.word_starts)
    assert any(said.word_starts)


def test_symbols_are_listed_once():
    for language in front_end.FRONT_ENDS.values():
        assert len(set(language.symbols)) == len(language.symbols)
    with pytest.raises(InputError, match="expected one of en, zh"):
        front_end.front_end("fr")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("我用 Python 3 写程序。", [("zh", "我用 "), ("en", "Python 3 "), ("zh", "写程序。")]),
        ("Only English.", [("en", "Only English.")]),
        ("3 tigers", [("en", "3 tigers")]),
        ("3只老虎", [("zh", "3只老虎")]),
        ("42", [("en", "42")]),
        ("", []),
    ],
)
def test_pieces_by_script(text, pieces):
    assert front_end.by_script(text) == pieces


@quick
@given(st.text("ab1 ,你好。！", max_size=20))
def test_no_character_is_lost_between_scripts(text):
    pieces = front_end.by_script(text)
    assert "".join(piece for _, piece in pieces) == text
    assert all(a[0] != b[0] for a, b in itertools.pairwise(pieces))
