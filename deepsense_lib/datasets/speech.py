"""The shipped recordings: an English voice with phones, durations and pitch, and Mandarin syllables.

Tables are read at once, sounds when they are asked for. Every file is compared with its SHA-256 first.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepsense_lib.datasets import registry
from deepsense_lib.errors import DataError, InputError
from deepsense_lib.speech import audio as sound
from deepsense_lib.speech.features import FEATURES, frame_count
from deepsense_lib.speech.phonemes import SYMBOLS

SPLITS = ("train", "validation", "test")
DOMAINS = ("in", "outside", "hard")
TONES = (1, 2, 3, 4, 5)
LEARNED = ("audio", "corpus.tsv", "alignments.jsonl", "f0.npz")
_REMEDY = "Restore it with `git checkout -- data`, or rebuild it with `make data`."


@dataclass(frozen=True, eq=False)
class Utterance:
    """One recorded utterance and everything that is known of it; a frame is 200 samples, 12.5 ms.

    `normalized` has a pause mark exactly where the speaker pauses. `symbols` are what was said, so they may
    differ from `phonemize(normalized)` where a word has several pronunciations.
    """

    id: str
    prompt: str  # the recording that it was cut from
    split: str  # train, validation or test
    template: str  # utterances of one sentence pattern share it, and lie in one split
    text: str
    normalized: str
    symbols: tuple[str, ...]  # phones and SIL; the first and the last are SIL
    word_starts: tuple[int, ...]  # (symbols,) 1 where a word begins, else 0
    durations: np.ndarray  # (symbols,) int64, frames
    f0: np.ndarray  # (frames,) float32, Hz, 0 where unvoiced
    path: Path

    @property
    def frames(self) -> int:
        """Return the number of frames."""
        return len(self.f0)

    def audio(self) -> np.ndarray:
        """Decode the recording: float32 ``(samples,)`` at 16 kHz, with ``1 + samples // 200`` frames.

        Raises:
            DataError: the file is missing or damaged; the message names it.
        """
        return _decode(self.path, self.frames)


@dataclass(frozen=True, eq=False)
class Syllable:
    """One Mandarin syllable: pinyin without tone mark, tone 1 to 5 (5: neutral), zhuyin, F0, sound."""

    id: str  # ASCII, tone last, v for ü: "lve4"
    zhuyin: str
    pinyin: str
    tone: int
    f0: np.ndarray  # (frames,) float32, Hz, 0 where unvoiced
    path: Path

    def audio(self) -> np.ndarray:
        """Decode the recording: float32 ``(samples,)`` at 16 kHz. Raises DataError as `Utterance.audio`."""
        return _decode(self.path, len(self.f0))


def load_english(split: str | None = None) -> list[Utterance]:
    """Return the utterances of the English voice: of one split, or all of them.

    Raises:
        InputError: there is no such split.
        DataError: a file is missing or damaged, or two files contradict each other.
    """
    if split is not None and split not in SPLITS:
        raise InputError(f"split is {split!r}, expected one of {', '.join(SPLITS)}, or None for all.")
    folder = _folder("english")
    lines = registry.checked(folder / "alignments.jsonl").read_text(encoding="utf-8").splitlines()
    alignments = {alignment.pop("id"): alignment for alignment in map(json.loads, lines)}
    contours = _contours(folder / "f0.npz")
    utterances = []
    for row in _table(folder / "corpus.tsv"):
        if split in (None, row["split"]):
            spoken = alignments.get(row["id"], {"symbols": (), "word_starts": (), "durations": ()})
            utterance = Utterance(
                **row,
                symbols=tuple(spoken["symbols"]),
                word_starts=tuple(spoken["word_starts"]),
                durations=np.array(spoken["durations"], dtype=np.int64),
                f0=contours.get(row["id"], np.zeros(0, np.float32)),
                path=folder / "audio" / f"{row['id']}.ogg",
            )
            _require_agreement(utterance)
            utterances.append(utterance)
    return utterances


def load_mandarin() -> list[Syllable]:
    """Return the Mandarin syllables, sorted by pinyin and tone; raises DataError as `load_english`."""
    folder = _folder("mandarin")
    contours = _contours(folder / "f0.npz")
    return [
        Syllable(
            id=row["id"],
            zhuyin=row["zhuyin"],
            pinyin=row["pinyin"],
            tone=int(row["tone"]),
            f0=contours[row["id"]],
            path=folder / "audio" / f"{row['id']}.ogg",
        )
        for row in _table(folder / "syllables.tsv")
    ]


def new_sentences(domain: str) -> list[str]:
    """Return sentences that were never recorded, to test a voice with.

    ``"in"``: 50 sentences whose words all occur in the training texts. ``"outside"``: 20 of ordinary English.
    ``"hard"``: 50 that make attention fail: one word, repeated words, long lists, digits, letters.

    Raises:
        InputError: there is no such domain.
        DataError: the list is missing or damaged.
    """
    if domain not in DOMAINS:
        raise InputError(f"domain is {domain!r}, expected one of {', '.join(DOMAINS)}.")
    rows = _table(_folder("english") / "new_sentences.tsv")
    return [row["sentence"] for row in rows if row["domain"] == domain]


def recordings_hash() -> str:
    """Return one SHA-256 for all that a voice learns from: recordings, texts, labels, F0.

    Cards and test sentences may change without it.

    Raises:
        DataError: the list of hashes is missing.
    """
    sums = registry.read_sums(_folder("english"))
    learned = [f"{sums[name]}  {name}" for name in sorted(sums) if name.split("/")[0] in LEARNED]
    return hashlib.sha256("\n".join(learned).encode()).hexdigest()


def _folder(name: str) -> Path:
    return registry.data_dir() / "speech" / name


def _table(path: Path) -> list[dict[str, str]]:
    header, *lines = registry.checked(path).read_text(encoding="utf-8").splitlines()
    names = header.split("\t")
    return [dict(zip(names, line.split("\t"), strict=True)) for line in lines]


def _contours(path: Path) -> dict[str, np.ndarray]:
    with np.load(registry.checked(path), allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def _decode(path: Path, frames: int) -> np.ndarray:
    samples = sound.load(registry.checked(path))
    if frame_count(len(samples)) != frames:
        raise DataError(
            f"'{path}' has {frame_count(len(samples))} frames of {FEATURES.hop} samples, expected {frames}, "
            f"as its F0 has. {_REMEDY}"
        )
    return samples


def _require_agreement(utterance: Utterance) -> None:
    """Refuse an utterance whose tables contradict each other, which no hash can notice."""
    lengths = {len(utterance.symbols), len(utterance.word_starts), len(utterance.durations)}
    unknown = set(utterance.symbols) - set(SYMBOLS)
    total = int(utterance.durations.sum())
    if len(lengths) > 1 or unknown or total != utterance.frames or total == 0:
        raise DataError(
            f"utterance '{utterance.id}': {sorted(lengths)} symbols, word starts and durations, unknown "
            f"symbols {sorted(unknown)}, durations of {total} frames, F0 of {utterance.frames}; expected "
            f"equal lengths, known symbols and equal frames. {_REMEDY}"
        )
