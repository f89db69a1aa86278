"""The Mandarin syllables: file names in zhuyin become pinyin and tone; each sound gets its F0 contour."""

import csv
import shutil
from pathlib import Path

import numpy as np
import sound_codecs
import speech_pitch
import speech_sources as sources

from deepsense_lib.datasets import registry
from deepsense_lib.errors import DataError

CARD = Path(__file__).parent / "cards" / "mandarin.md"
HIGHEST = 600.0  # Hz, above this voice
INITIALS = dict(
    zip(
        "ㄅㄆㄇㄈㄉㄊㄋㄌㄍㄎㄏㄐㄑㄒㄓㄔㄕㄖㄗㄘㄙ",
        "b p m f d t n l g k h j q x zh ch sh r z c s".split(),
        strict=True,
    )
)
RIMES = dict(zip("ㄚㄛㄜㄝㄞㄟㄠㄡㄢㄣㄤㄥㄦ", "a o e ê ai ei ao ou an en ang eng er".split(), strict=True))
# A medial and a rime: after an initial, and standing alone.
MEDIALS = {
    "ㄧ": ("i", "yi"),
    "ㄧㄚ": ("ia", "ya"),
    "ㄧㄛ": ("io", "yo"),
    "ㄧㄝ": ("ie", "ye"),
    "ㄧㄞ": ("iai", "yai"),
    "ㄧㄠ": ("iao", "yao"),
    "ㄧㄡ": ("iu", "you"),
    "ㄧㄢ": ("ian", "yan"),
    "ㄧㄣ": ("in", "yin"),
    "ㄧㄤ": ("iang", "yang"),
    "ㄧㄥ": ("ing", "ying"),
    "ㄨ": ("u", "wu"),
    "ㄨㄚ": ("ua", "wa"),
    "ㄨㄛ": ("uo", "wo"),
    "ㄨㄞ": ("uai", "wai"),
    "ㄨㄟ": ("ui", "wei"),
    "ㄨㄢ": ("uan", "wan"),
    "ㄨㄣ": ("un", "wen"),
    "ㄨㄤ": ("uang", "wang"),
    "ㄨㄥ": ("ong", "weng"),
    "ㄩ": ("ü", "yu"),
    "ㄩㄝ": ("üe", "yue"),
    "ㄩㄢ": ("üan", "yuan"),
    "ㄩㄣ": ("ün", "yun"),
    "ㄩㄥ": ("iong", "yong"),
}


def pinyin(zhuyin: str) -> tuple[str, int]:
    """Turn a syllable in zhuyin into pinyin without tone mark, and its tone 1 to 5.

    The folders write 2, 3 and 4 for those tones, nothing for the first and 1 for the neutral one (5).
    """
    sounds = zhuyin.rstrip("1234")
    tone = {"": 1, "1": 5, "2": 2, "3": 3, "4": 4}[zhuyin[len(sounds) :]]
    initial, final = ("", sounds) if sounds[0] not in INITIALS else (INITIALS[sounds[0]], sounds[1:])
    if not final:
        spelled = "i"  # the buzzing vowel of zhi, chi, shi, ri, zi, ci, si
    elif final in RIMES:
        spelled = RIMES[final]
    elif final in MEDIALS:
        spelled = MEDIALS[final][0 if initial else 1]
    else:
        raise DataError(f"{zhuyin!r} is no syllable in zhuyin: the final {final!r} is not known.")
    if initial in ("j", "q", "x"):
        spelled = spelled.replace("ü", "u")
    return initial + spelled, tone


def build_mandarin(folder: Path) -> None:
    """Write the Mandarin syllables: audio, table, F0, card, licence, sums."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "audio").mkdir(parents=True)
    rows, contours, sounds = [], {}, {}
    for recording in sorted(sources.SYLLABLES.glob("*/5.ogg")):
        zhuyin = recording.parent.name
        syllable, tone = pinyin(zhuyin)
        name = f"{syllable.replace('ü', 'v').replace('ê', 'eh')}{tone}"
        if name in contours:
            raise DataError(f"two recordings are called {name}: the second is {recording}")
        samples = sources.decode(recording)
        sounds[folder / "audio" / f"{name}.ogg"] = samples
        contours[name] = np.round(speech_pitch.f0(samples, high=HIGHEST), 1)
        rows.append([name, zhuyin.rstrip("1234"), syllable, tone])
    if not rows:
        raise DataError(f"no recordings in {sources.SYLLABLES}. Install them: {sources.INSTALL}")
    sound_codecs.encode(sounds, "Opus 48 kbit/s")
    rows.sort()
    with (folder / "syllables.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerows([["id", "zhuyin", "pinyin", "tone"], *rows])
    np.savez_compressed(folder / "f0.npz", **{name: contours[name] for name in sorted(contours)})
    licence = sources.licence_text(sources.MANDARIN_COPYRIGHT, "CC-BY-3")
    (folder / "LICENSE").write_text(f"Creative Commons Attribution 3.0\n\n{licence}", encoding="utf-8")
    write_card(folder, rows, contours)
    registry.write_sums(folder)


def write_card(folder: Path, rows: list, contours: dict[str, np.ndarray]) -> None:
    """Fill the counts into the data card."""
    voiced = np.concatenate([contour[contour > 0] for contour in contours.values()])
    tones = [tone for *_, tone in rows]
    figures = {
        "syllables": f"{len(rows):,}",
        "spellings": len({row[2] for row in rows}),
        "minutes": f"{sum(map(len, contours.values())) / 80 / 60:.1f}",
        "low": f"{np.percentile(voiced, 1):.0f}",
        "high": f"{np.percentile(voiced, 99):.0f}",
        "megabytes": f"{sum(f.stat().st_size for f in (folder / 'audio').iterdir()) / 1e6:.1f}",
        **{f"tone{tone}": tones.count(tone) for tone in range(1, 6)},
    }
    (folder / "README.md").write_text(CARD.read_text(encoding="utf-8").format(**figures), encoding="utf-8")
