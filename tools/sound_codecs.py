"""Encode the shipped recordings, and measure what an encoder costs.

    python tools/sound_codecs.py [--sentences 100] [--json RESULT.json]

judges the same sentences uncompressed and after each encoder (tools/judge_speech.py). The figures stand in
the data card; they decide which encoder `encode` uses.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from deepsense_lib.speech import audio, features

RATE = 16000
ENCODERS = {
    "Opus 24 kbit/s": ("libopus", "-b:a", "24k"),
    "Opus 32 kbit/s": ("libopus", "-b:a", "32k"),
    "Opus 48 kbit/s": ("libopus", "-b:a", "48k"),
    "Vorbis q3": ("libvorbis", "-q:a", "3"),
    "Vorbis q5": ("libvorbis", "-q:a", "5"),
}
SHIPPED = "Opus 32 kbit/s"


def encode(sounds: dict[Path, np.ndarray], encoder: str = SHIPPED, at_once: int = 50) -> None:
    """Write 16 kHz sounds as Ogg files; the same ffmpeg gives the same bytes.

    Starting ffmpeg takes longer than encoding a sentence, so each call encodes many.
    """
    codec, *quality = ENCODERS[encoder]
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
    waiting = list(sounds.items())
    while waiting:
        batch, waiting = waiting[:at_once], waiting[at_once:]
        with tempfile.TemporaryDirectory() as scratch:
            inputs, outputs = [], []
            for number, (path, samples) in enumerate(batch):
                raw = Path(scratch) / str(number)
                raw.write_bytes(samples.astype("<f4").tobytes())
                inputs += ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", str(raw)]
                outputs += ["-map", str(number), "-c:a", codec, *quality, *exact, str(path)]
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *inputs, *outputs], check=True)


def compare(sounds: list[np.ndarray], texts: list[str]) -> dict[str, dict[str, float]]:
    """Judge sounds as they are and after each encoder; also kbit/s and the mean change of the log-mels."""
    from judge_speech import Recogniser, SoundQuality, judge, summary

    recogniser, quality = Recogniser(), SoundQuality()
    table = {"uncompressed": summary(judge(sounds, texts, recogniser, quality))}
    seconds = sum(map(len, sounds)) / RATE
    with tempfile.TemporaryDirectory() as scratch:
        files = [Path(scratch) / f"{number}.ogg" for number in range(len(sounds))]
        for encoder in ENCODERS:
            encode(dict(zip(files, sounds, strict=True)), encoder)
            size = sum(file.stat().st_size for file in files)
            decoded = [audio.load(file) for file in files]
            change = [
                np.abs(features.log_mel(before) - features.log_mel(after)).mean()
                for before, after in zip(sounds, decoded, strict=True)
            ]
            table[encoder] = summary(judge(decoded, texts, recogniser, quality))
            table[encoder] |= {"kbit/s": size * 8 / seconds / 1000, "log-mel change": float(np.mean(change))}
            print(encoder, {name: round(value, 4) for name, value in table[encoder].items()}, flush=True)
    return table


def main() -> None:
    from build_speech_data import cut_prompts
    from speech_sources import transcripts

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    pieces = [p for p in cut_prompts(transcripts()) if len(p[0].normalized.split()) >= 4]
    chosen = pieces[:: max(1, len(pieces) // options.sentences)][: options.sentences]
    table = compare([samples for _, samples, _ in chosen], [segment.normalized for segment, _, _ in chosen])
    print(json.dumps(table, indent=1))
    if options.json:
        options.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
