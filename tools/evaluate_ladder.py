"""Measure every shipped voice by one protocol, and let each say the same three sentences.

    python tools/evaluate_ladder.py [--only SYSTEM] [--cache runs/ladder] [--keep]

Each system says the texts of the test recordings, which nothing that ships has learned from; those that
speak from text also say the new sentences, in the domain of the recordings and outside it. The judges are
those of `judge_speech.py`; distortion is measured against the recordings, after time alignment. The figures
go into the model cards as `figures.ladder`, those of systems without a card into
`data/experiments/ladder.json`, and the three sentences into `book/extra/ladders`. What the judges have heard
is kept in the cache. The page "Two ladders" is made of these figures by `tools/ladders.py`.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))  # the judge is a tool beside this one

import judge_speech

from deepsense_lib import weights
from deepsense_lib.datasets.registry import data_dir, write_sums
from deepsense_lib.datasets.speech import Utterance, load_english, new_sentences
from deepsense_lib.evaluation.speech import edit_distance, mel_cepstral_distortion
from deepsense_lib.files import write_atomically
from deepsense_lib.formulas.attention import focus_rate
from deepsense_lib.speech import audio
from deepsense_lib.speech.features import log_mel
from deepsense_lib.speech.phonemes import encode, phonemize
from deepsense_lib.speech.vocoding import mel_to_audio
from deepsense_lib.torch_models.autoencoder import SpeechAutoencoder
from deepsense_lib.torch_models.parallel_tts import ParallelTTS
from deepsense_lib.torch_models.seq2seq import Seq2SeqTTS
from deepsense_lib.torch_models.tacotron import Tacotron
from deepsense_lib.torch_models.vocoder import Vocoder

SOUNDS = Path(__file__).resolve().parents[1] / "book" / "extra" / "ladders"
SHOWN = ("conf-leaderhasleft", "vm-savefolder", "confbridge-lock-no-join")  # test recordings of 2 to 3.5 s
REPLICATES = 2000
CLASSES = {
    "vocoder": Vocoder,
    "vae": SpeechAutoencoder,
    "vq": SpeechAutoencoder,
    "code_voice": ParallelTTS,
    "seq2seq": Seq2SeqTTS,
    "tacotron": Tacotron,
    "voice": ParallelTTS,
}


@dataclasses.dataclass
class Said:
    """A sound, the CPU-seconds that it took, and its alignment where there is attention."""

    samples: np.ndarray
    seconds: float = 0.0
    alignment: np.ndarray | None = None


@dataclasses.dataclass
class System:
    """A rung: the checkpoints it needs, and how it says a recording's content or a text."""

    name: str
    card: str | None  # of the checkpoint that gets the figures
    parts: tuple[str, ...]
    again: Callable[[Utterance], np.ndarray] | None = None  # says a recording once more
    read: Callable[[str], object] | None = None  # says a text: samples, or (samples, alignment)

    def say(self, source: Utterance | str) -> Said:
        """Say it and take the time."""
        text = source if isinstance(source, str) else source.text
        began = time.process_time()
        found = self.again(source) if self.read is None else self.read(text)
        spent = time.process_time() - began
        samples, alignment = found if isinstance(found, tuple) else (found, None)
        return Said(np.asarray(samples, np.float32), spent, alignment)


def systems(folder: Path) -> tuple[list[System], dict[str, torch.nn.Module]]:
    """Return all rungs, from the recordings to the parallel voice, and the models they are built from."""
    models = {name: weights.build(kind, *weights.load(folder / name)) for name, kind in CLASSES.items()}
    vocode = models["vocoder"].infer

    def tensors(u: Utterance):
        return torch.from_numpy(log_mel(u.audio())), torch.from_numpy(u.f0.astype("float32"))

    def coded(name: str, u: Utterance):
        model, (mel, f0) = models[name], tensors(u)
        speech = model.speech_of(model.code_of(mel, f0).code[0])
        return vocode(*(x[: len(mel)] for x in speech)).numpy()

    def inferred(name: str, text: str):
        spoken = phonemize(text)
        symbols, starts = torch.from_numpy(encode(spoken.symbols)), torch.tensor(spoken.word_starts)
        return models[name].infer(symbols, *(() if name == "seq2seq" else (starts,)))

    def spoken(name: str, text: str):
        speech = inferred(name, text)
        if name == "code_voice":
            return vocode(*models["vae"].speech_of(speech.log_mel)).numpy()
        samples = vocode(speech.log_mel, speech.f0).numpy()
        return (samples, speech.alignment.numpy()) if name == "tacotron" else samples

    def reader(name: str):
        return lambda text: spoken(name, text)

    return [
        System("recordings", None, (), again=lambda u: u.audio()),
        System("recordings, vocoder", "vocoder", ("vocoder",), again=lambda u: vocode(*tensors(u)).numpy()),
        System("recordings, Griffin-Lim", None, (), again=lambda u: mel_to_audio(log_mel(u.audio()))),
        System("Gaussian autoencoder", "vae", ("vae", "vocoder"), again=lambda u: coded("vae", u)),
        System("vector-quantised autoencoder", "vq", ("vq", "vocoder"), again=lambda u: coded("vq", u)),
        System("sequence to sequence", "seq2seq", ("seq2seq", "vocoder"), read=reader("seq2seq")),
        System("text to code", "code_voice", ("code_voice", "vae", "vocoder"), read=reader("code_voice")),
        System("attention", "tacotron", ("tacotron", "vocoder"), read=reader("tacotron")),
        System(
            "parallel voice, Griffin-Lim",
            "voice",
            ("voice",),
            read=lambda text: mel_to_audio(inferred("voice", text).log_mel.numpy()),
        ),
        System("parallel voice, vocoder", "voice", ("voice", "vocoder"), read=reader("voice")),
    ], models


def bootstrap(tops: Sequence[float], bottoms: Sequence[float] | None = None) -> list[float]:
    """Mean of `tops`, or sum of tops / sum of bottoms, with the 95 % interval over draws of sentences."""
    tops = np.asarray(tops, float)
    bottoms = np.ones(len(tops)) if bottoms is None else np.asarray(bottoms, float)
    draws = np.random.default_rng(0).integers(len(tops), size=(REPLICATES, len(tops)))
    ratios = tops[draws].sum(1) / bottoms[draws].sum(1)
    found = [tops.sum() / bottoms.sum(), *np.quantile(ratios, [0.025, 0.975])]
    return [round(float(x), 4) for x in found]


def error_rate(verdicts: list[judge_speech.Verdict]) -> list[float]:
    """Character error rate with its interval: edits of all sentences over characters of all sentences."""
    edits = [edit_distance(v.reference, v.heard) for v in verdicts]
    return bootstrap(edits, [len(v.reference) for v in verdicts])


def measure(system: System, models: dict, judges) -> dict:
    """Everything that the page tells of one system."""
    recordings = load_english("test")
    system.say(recordings[0])  # to warm up
    said = [system.say(u) for u in recordings]
    verdicts = judge_speech.judge([s.samples for s in said], [u.text for u in recordings], *judges)
    figures = {
        "parts": list(system.parts),
        "from_text": system.read is not None,
        "parameters": sum(p.numel() for part in system.parts for p in models[part].parameters()),
        "sentences_test": len(recordings),
        "cer_test": error_rate(verdicts),
        "dnsmos": bootstrap([v.dnsmos for v in verdicts]),
    }
    if system.name != "recordings":
        pairs = zip(recordings, said, strict=True)
        figures["mcd_db"] = bootstrap(
            [mel_cepstral_distortion(log_mel(u.audio()), log_mel(s.samples)) for u, s in pairs]
        )
        seconds = sum(len(s.samples) for s in said) / judge_speech.RATE
        figures["real_time_factor_one_core"] = round(sum(s.seconds for s in said) / seconds, 4)
    if said[0].alignment is not None:
        figures["focus_rate"] = round(float(np.mean([focus_rate(s.alignment) for s in said])), 4)
    for domain in ("in", "outside") if system.read else ():
        sentences = new_sentences(domain)
        sounds = [system.say(sentence).samples for sentence in sentences]
        figures[f"sentences_{domain}"] = len(sentences)
        figures[f"cer_{domain}"] = error_rate(judge_speech.judge(sounds, sentences, judges[0]))
    return figures


def file_name(system: str, sentence: str) -> str:
    """Name of the sound file of a system and a sentence, in the folder of the page."""
    return f"{system.lower().replace(', ', '-').replace(' ', '-')}-{sentence}.mp3"


def write_sounds(system: System, folder: Path) -> dict[str, str]:
    """Let a system say the three sentences into MP3 files; give sentence -> file name."""
    shown = {u.id: u for u in load_english("test") if u.id in SHOWN}
    for name in SHOWN:
        samples = judge_speech.at_peak(system.say(shown[name]).samples)
        target = folder / file_name(system.name, name)
        audio.save(target, samples, judge_speech.RATE, synthetic=system.name != "recordings")
    return {name: file_name(system.name, name) for name in SHOWN}


def write_figures(found: dict[str, dict], rungs: list[System], folder: Path, out: Path) -> None:
    """Put the figures into the cards, and those without a card, with the protocol, into `out`."""
    for card_name in sorted({rung.card for rung in rungs if rung.card}):
        path = folder / f"{card_name}.json"
        card = json.loads(path.read_text(encoding="utf-8"))
        mine = {
            rung.name: found[rung.name] for rung in rungs if rung.card == card_name and rung.name in found
        }
        if mine:
            card["figures"]["ladder"] = card["figures"].get("ladder", {}) | mine
            write_atomically(path, (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())
    texts = {u.id: u.text for u in load_english("test") if u.id in SHOWN}
    others = {rung.name: found[rung.name] for rung in rungs if not rung.card and rung.name in found}
    old = json.loads(out.read_text(encoding="utf-8"))["systems"] if out.exists() else {}
    content = {
        "order": [rung.name for rung in rungs],
        "sentences_shown": {name: texts[name] for name in SHOWN},
        "systems": old | others,
    }
    write_atomically(out, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
    write_sums(folder)
    write_sums(out.parent)


def main() -> None:
    """Measure what the cache lacks, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="name of one system")
    parser.add_argument("--cache", type=Path, default=Path("runs/ladder"))
    parser.add_argument("--keep", action="store_true", help="print only, write neither cards nor sounds")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = data_dir() / "checkpoints"
    rungs, models = systems(folder)
    rungs_wanted = [rung for rung in rungs if options.only in (None, rung.name)]
    if not rungs_wanted:
        parser.error(f"no system '{options.only}'; known are {', '.join(rung.name for rung in rungs)}")
    options.cache.mkdir(parents=True, exist_ok=True)
    judges, found = None, {}
    for rung in rungs_wanted:
        kept = options.cache / file_name(rung.name, "figures").replace(".mp3", ".json")
        if not kept.exists():
            judges = judges or (judge_speech.Recogniser(), judge_speech.SoundQuality())
            write_atomically(kept, json.dumps(measure(rung, models, judges)).encode())
        found[rung.name] = json.loads(kept.read_text(encoding="utf-8"))
        print(rung.name, json.dumps(found[rung.name]), flush=True)
        if not options.keep:
            SOUNDS.mkdir(parents=True, exist_ok=True)
            found[rung.name]["sounds"] = write_sounds(rung, SOUNDS)
    if not options.keep:
        write_figures(found, rungs, folder, data_dir() / "experiments" / "ladder.json")


if __name__ == "__main__":
    main()
