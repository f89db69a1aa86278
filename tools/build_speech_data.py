"""Rebuild data/speech from the Debian packages that hold the recordings.

    apt-get install ffmpeg asterisk-core-sounds-en asterisk-core-sounds-en-g722 gcin-voice
    python tools/build_speech_data.py [english] [mandarin]

Every step is deterministic; only the encoder's bytes may differ with its version.
"""

import argparse
import csv
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import speech_alignment
import speech_pitch
import speech_segments
import speech_sources as sources
import speech_split
from mandarin_syllables import build_mandarin
from sound_codecs import encode

from deepsense_lib.datasets import registry
from deepsense_lib.speech import text

ROOT = Path(__file__).resolve().parents[1] / "data" / "speech"
CARDS = Path(__file__).parent / "cards"
RATE, HOP = 16000, 200
LEVEL = -18.0  # dB full scale: the active level of every prompt
LARGEST_GAIN = 6.0  # dB
EDGE = 0.1  # seconds of faint noise added around a prompt, since some begin at once
FLOOR = 1.2e-4  # its amplitude, -78 dB, as the recordings' own floor
TEST, VALIDATION = 40, 24  # about so many utterances are held out


def prepare(path: Path) -> np.ndarray:
    """Decode a prompt, bring it to the common level, and add a short silence at both ends."""
    samples = sources.decode(path)
    gain = np.clip(LEVEL - sources.active_level(samples), -LARGEST_GAIN, LARGEST_GAIN)
    edges = np.random.default_rng(0).normal(0, FLOOR, (2, int(EDGE * RATE)))
    return np.concatenate([edges[0], samples * 10 ** (gain / 20), edges[1]])


def file_name(prompt: str) -> str:
    """Turn a prompt's name into a name without folders."""
    return prompt.replace("/", "_")


def cut_prompts(said: dict[str, str]) -> list[tuple[speech_segments.Segment, np.ndarray, np.ndarray]]:
    """Align and cut every prompt; return each segment with its samples and its F0."""
    spoken = {name: re.findall(r"[a-z']+", text.normalize(written)) for name, written in said.items()}
    aligner = speech_alignment.Aligner({word for words in spoken.values() for word in words})
    pieces = []
    for name, written in said.items():
        samples = prepare(sources.PROMPTS / f"{name}.g722")
        phones = aligner.align(samples, " ".join(spoken[name]))
        marked = set(speech_segments.marks(text.normalize(written)))
        phones = speech_alignment.settle_pauses(speech_alignment.with_silent_ends(phones, EDGE), marked)
        pitch = speech_pitch.f0(samples)
        for segment in speech_segments.segments(file_name(name), written, phones, len(pitch)):
            contour = pitch[segment.first_frame : segment.first_frame + segment.frames]
            pieces.append((segment, segment.cut(samples).astype(np.float32), np.round(contour, 1)))
    return pieces


def write_table(path: Path, header: list[str], rows: list[list]) -> None:
    """Write a table with tabs between columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerows([header, *rows])


def check_new_sentences(path: Path, trained: list[str]) -> None:
    """Refuse new sentences that were recorded, or (in the domain) use a word that no training text has."""
    known = {word for line in trained for word in re.findall(r"[a-z']+", line)}
    patterns = {speech_split.pattern(line) for line in trained}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        domain, sentence = line.split("\t")
        normalized = text.normalize(sentence)
        unknown = set(re.findall(r"[a-z']+", normalized)) - known
        if speech_split.pattern(normalized) in patterns or (domain == "in" and unknown):
            raise SystemExit(f"{path}: {sentence!r} was recorded, or has words that were not: {unknown}")


def build_english(folder: Path) -> None:
    """Write the English corpus: audio, texts, alignments, F0, splits, card, licence, sums."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "audio").mkdir(parents=True)
    pieces = cut_prompts(sources.transcripts())
    chosen, numbers = speech_split.splits([(s.prompt, s.normalized) for s, _, _ in pieces], TEST, VALIDATION)
    encode({folder / "audio" / f"{segment.id}.ogg": samples for segment, samples, _ in pieces})
    rows, alignments, contours = [], [], {}
    for (segment, _, contour), split, number in zip(pieces, chosen, numbers, strict=True):
        template = pieces[number][0].id
        rows.append([segment.id, segment.prompt, split, template, segment.text, segment.normalized])
        spoken = {
            "symbols": segment.symbols,
            "word_starts": segment.word_starts,
            "durations": segment.durations,
        }
        alignments.append(json.dumps({"id": segment.id, **spoken}))
        contours[segment.id] = contour.astype(np.float32)
    write_table(folder / "corpus.tsv", ["id", "prompt", "split", "template", "text", "normalized"], rows)
    (folder / "alignments.jsonl").write_text("\n".join(alignments) + "\n", encoding="utf-8")
    np.savez_compressed(folder / "f0.npz", **contours)
    shutil.copy(CARDS / "new_sentences.tsv", folder)
    check_new_sentences(folder / "new_sentences.tsv", [r[5] for r in rows if r[2] == "train"])
    licence = sources.licence_text(sources.ENGLISH_COPYRIGHT, "CC-BY-SA-3.0")
    (folder / "LICENSE").write_text(
        f"Creative Commons Attribution-ShareAlike 3.0\n\n{licence}", encoding="utf-8"
    )
    write_card(folder, pieces, chosen)
    registry.write_sums(folder)


def write_card(folder: Path, pieces: list, chosen: list[str]) -> None:
    """Fill the counts into the data card."""
    words = [word for segment, _, _ in pieces for word in re.findall(r"[a-z']+", segment.normalized)]
    seconds = np.array([segment.frames * HOP / RATE for segment, _, _ in pieces])
    counts = Counter(chosen)
    voiced = np.concatenate([contour[contour > 0] for _, _, contour in pieces])
    figures = {
        "utterances": len(pieces),
        "prompts": len({segment.prompt for segment, _, _ in pieces}),
        "minutes": f"{seconds.sum() / 60:.1f}",
        "longest": f"{seconds.max():.1f}",
        "words": f"{len(words):,}",
        "different": len(set(words)),
        "texts": len({segment.normalized for segment, _, _ in pieces}),
        "symbols": len({symbol for segment, _, _ in pieces for symbol in segment.symbols}),
        "low": f"{np.percentile(voiced, 1):.0f}",
        "high": f"{np.percentile(voiced, 99):.0f}",
        "megabytes": f"{sum(f.stat().st_size for f in (folder / 'audio').iterdir()) / 1e6:.1f}",
        **counts,
    }
    card = (CARDS / "english.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(card.format(**figures), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", choices=["english", "mandarin", []], help="default: both")
    wanted = parser.parse_args().sets or ["english", "mandarin"]
    if "english" in wanted:
        build_english(ROOT / "english")
    if "mandarin" in wanted:
        build_mandarin(ROOT / "mandarin")


if __name__ == "__main__":
    main()
