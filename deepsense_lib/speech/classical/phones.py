"""What the rules know of each English phone: resonances, sources, durations, and how a text becomes targets.

Vowels: the averages of 33 men in Peterson & Barney 1952 (J. Acoust. Soc. Am. 24, table II). Consonants:
after the suggestions of Klatt 1980 (J. Acoust. Soc. Am. 67, section V), rounded, and changed
where the judge heard it better. Durations, amplitudes and noises are ours.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deepsense_lib.formulas.source_filter import rule_duration

PLOSIVES = frozenset("P T K B D G CH JH".split())
SONORANTS = frozenset("W Y R L M N NG".split())


@dataclass(frozen=True)
class Target:
    """One stretch of speech as the rules see it: what filters and sources aim at, and for how long."""

    phone: str
    formants: tuple[float, float, float]  # Hz
    bandwidths: tuple[float, float, float]  # Hz
    voice: float  # amplitude of the buzz
    breath: float  # amplitude of the noise that passes through the formants
    hiss: float  # amplitude of the noise that has a resonance of its own
    hiss_at: float  # Hz
    hiss_width: float  # Hz
    seconds: float
    glide: float  # seconds that the formants take to come here
    stress: int = 0  # 1 or 2 for a stressed vowel


@functools.cache
def table() -> dict[str, dict[str, str]]:
    """Read the table of phones: name -> column -> entry."""
    header, *lines = (Path(__file__).parent / "phones.tsv").read_text(encoding="utf-8").splitlines()
    names = header.split("\t")
    rows = [dict(zip(names, line.split("\t"), strict=True)) for line in lines]
    return {row["phone"]: row for row in rows}


def target(name: str, seconds: float | None = None, **changes) -> Target:
    """Return the target of a row of the table; it lasts `seconds`, or its inherent duration."""
    row = table()[name]
    numbers = {key: float(value) for key, value in row.items() if key not in ("phone", "then")}
    return replace(
        Target(
            phone=name,
            formants=(numbers["F1"], numbers["F2"], numbers["F3"]),
            bandwidths=(numbers["B1"], numbers["B2"], numbers["B3"]),
            seconds=numbers["inherent"] / 1000 if seconds is None else seconds,
            glide=numbers["glide"] / 1000,
            **{key: numbers[key] for key in ("voice", "breath", "hiss", "hiss_at", "hiss_width")},
        ),
        **changes,
    )


def percent(symbols: Sequence[str], place: int) -> float:
    """Return the product of the duration rules for a phone, in per cent.

    A vowel without stress is short; the last syllable before a pause is long; a vowel is short before a
    voiceless consonant; consonants in a row are short.
    """
    bare = [s.rstrip("012") for s in symbols]
    is_vowel = [s[-1].isdigit() for s in symbols]
    after = bare[place + 1] if place + 1 < len(bare) else "SIL"
    before = bare[place - 1] if place else "SIL"
    found = 100.0
    rest = [s for s in range(place + 1, len(bare)) if bare[s] == "SIL" or is_vowel[s]]
    if rest and bare[rest[0]] == "SIL":
        found *= 1.35  # no vowel before the next pause: this is the last syllable
    if is_vowel[place]:
        found *= {"0": 0.6, "1": 1.1, "2": 0.95}[symbols[place][-1]]
        if after in ("P", "T", "K", "CH", "F", "TH", "S", "SH"):
            found *= 0.8
    elif any(
        other != "SIL" and not other_is
        for other, other_is in (
            (before, bool(place) and is_vowel[place - 1]),
            (after, place + 1 < len(bare) and is_vowel[place + 1]),
        )
    ):
        found *= 0.75
    return found


def targets(symbols: Sequence[str], pace: float = 1.0) -> list[Target]:
    """Turn symbols, as `phonemize` gives them, into targets; pace 2 is twice as fast."""
    found: list[Target] = []
    for place, symbol in enumerate(symbols):
        name = symbol.rstrip("012")
        if name == "SIL":
            found.append(target("SIL", 0.12 if place in (0, len(symbols) - 1) else 0.25))
            continue
        row = table()[name]
        seconds = float(
            rule_duration(float(row["inherent"]), float(row["shortest"]), percent(symbols, place))
        )
        seconds /= 1000 * pace
        after = symbols[place + 1].rstrip("012") if place + 1 < len(symbols) else "SIL"
        if name in PLOSIVES:
            found += _plosive(name, seconds, after)
        elif row["then"]:  # a diphthong: it sets out from one vowel and ends in another
            stress = int(symbol[-1])
            first, last = target(name, 0.55 * seconds, stress=stress), target(row["then"], 0.45 * seconds)
            middle = tuple(0.3 * a + 0.7 * b for a, b in zip(first.formants, last.formants, strict=True))
            found += [first, replace(last, phone=name, formants=middle, glide=0.8 * seconds)]
        else:
            stress = int(symbol[-1]) if symbol[-1].isdigit() else 0
            changes = {}
            if name == "HH" and after in table():  # the breath takes the shape of the vowel that follows
                changes = {"formants": target(after).formants}
            found.append(target(name, seconds, stress=stress, **changes))
    return found


def _plosive(name: str, seconds: float, after: str) -> list[Target]:
    """A closure, and what bursts out of it: at once the voice, or breath before it."""
    whole = target(name)
    voiced = name in "BDG" or name == "JH"
    hiss_at = whole.hiss_at
    if name in "KG" and after in table() and after != "SIL":  # the tongue is already where the vowel wants it
        hiss_at = max(1100.0, 1.05 * target(after).formants[1])
    closure = replace(
        whole, voice=0.12 if voiced else 0.0, breath=0.0, hiss=0.0, seconds=max(0.03, 0.55 * seconds)
    )
    if name in ("CH", "JH"):
        return [closure, replace(whole, seconds=max(0.04, 0.45 * seconds))]
    burst = replace(whole, hiss_at=hiss_at, seconds=0.012 if voiced else 0.02, breath=0.5 * whole.breath)
    if voiced:
        return [closure, burst]
    open_next = after in table() and (float(table()[after]["voice"]) > 0.3)
    breath = replace(whole, hiss=0.15 * whole.hiss, hiss_at=hiss_at, seconds=0.035 if open_next else 0.02)
    return [closure, burst, breath]
