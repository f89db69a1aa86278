"""Compare the judge that ships with an external one, and write the figures into its model card.

    python tools/compare_judges.py [--sentences 12] [--checkpoint data/checkpoints/judge] [--write]

Both hear the same held-out recordings: clean, rebuilt from their mels by Griffin-Lim, in noise, and said by
espeak-ng and flite. A judge of speech must at least put the conditions into the same order.
"""

import argparse
import dataclasses
import json
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from judge_speech import Recogniser, judge, words
from scipy.stats import spearmanr

from deepsense_lib import weights
from deepsense_lib.datasets import registry, speech
from deepsense_lib.evaluation.pronunciation import phone_error_rate
from deepsense_lib.pipelines import word_pronunciations
from deepsense_lib.speech import audio, features, vocoding
from deepsense_lib.torch_models.recogniser import PhoneRecogniser

ITERATIONS = (0, 1, 2, 4, 8, 16, 32)
DECIBELS = (20, 10, 5, 0)
PROGRAMS = {
    "espeak-ng": ["espeak-ng", "-v", "en-us", "-w", "{file}", "{text}"],
    "flite slt": ["flite", "-voice", "slt", "-o", "{file}", "-t", "{text}"],
}


def in_noise(samples: np.ndarray, decibels: float, seed: int) -> np.ndarray:
    """Add white noise at a ratio of speech to noise in dB."""
    noise = np.random.default_rng(seed).standard_normal(len(samples)).astype(np.float32)
    return samples + noise * np.sqrt(np.mean(samples**2) / 10 ** (decibels / 10))


def said_by(program: str, text: str) -> np.ndarray:
    """Let an installed program say a text."""
    with tempfile.TemporaryDirectory() as scratch:
        file = str(Path(scratch) / "said.wav")
        subprocess.run([part.format(file=file, text=text) for part in PROGRAMS[program]], check=True)
        return audio.load(file)


def conditions(utterances: list[speech.Utterance]) -> dict[str, list[np.ndarray]]:
    """Return the sounds of every condition, one for each utterance."""
    clean = [utterance.audio() for utterance in utterances]
    made = {"recordings": clean}
    for count in ITERATIONS:
        made[f"Griffin-Lim {count}"] = [vocoding.mel_to_audio(features.log_mel(x), count) for x in clean]
    for decibels in DECIBELS:
        made[f"noise {decibels} dB"] = [in_noise(x, decibels, seed) for seed, x in enumerate(clean)]
    for program in PROGRAMS:
        made[program] = [said_by(program, utterance.text) for utterance in utterances]
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=12)
    parser.add_argument("--checkpoint", type=Path, default=registry.data_dir() / "checkpoints" / "judge")
    parser.add_argument("--write", action="store_true", help="write the figures into the model card")
    options = parser.parse_args()
    arrays, card = weights.load(options.checkpoint)
    model, external = weights.build(PhoneRecogniser, arrays, card), Recogniser()
    held_out = [u for u in speech.load_english("test") if len(words(u.normalized).split()) >= 4]
    sentences = [word_pronunciations(u.normalized) for u in held_out]
    everything = [model.transcribe(features.log_mel(u.audio())) for u in held_out]
    table = {"all held-out recordings": {"per": phone_error_rate(sentences, everything)}}
    print(f"{len(held_out)} held-out recordings: PER {table['all held-out recordings']['per']:.1%}")
    step = max(1, len(held_out) // options.sentences)
    chosen, spoken = held_out[::step][: options.sentences], sentences[::step][: options.sentences]
    pairs = []
    for name, sounds in conditions(chosen).items():
        heard = [model.transcribe(features.log_mel(sound)) for sound in sounds]
        ours = [phone_error_rate([s], [h]) for s, h in zip(spoken, heard, strict=True)]
        verdicts = judge(sounds, [u.normalized for u in chosen], external)
        theirs = [min(1.0, verdict.cer) for verdict in verdicts]
        table[name] = {"per": phone_error_rate(spoken, heard), "external_cer": float(np.mean(theirs))}
        print(f"{name:16} PER {table[name]['per']:6.1%}   external CER {np.mean(theirs):6.1%}", flush=True)
        # The programs have other voices, which the judge does not claim to understand.
        pairs += [] if name in PROGRAMS else list(zip(ours, theirs, strict=True))
    own = [v for k, v in table.items() if "external_cer" in v and k not in PROGRAMS]
    of_conditions = spearmanr([v["per"] for v in own], [v["external_cer"] for v in own]).statistic
    of_sentences = spearmanr(*np.array(pairs).T).statistic
    print(f"rank correlation: {of_conditions:.2f} of conditions, {of_sentences:.2f} of single sounds")
    if options.write:
        figures = {re.sub(r"\W+", "_", k): {n: round(x, 4) for n, x in v.items()} for k, v in table.items()}
        figures["rank_correlation_of_conditions"] = round(float(of_conditions), 2)
        figures["rank_correlation_of_sounds"] = round(float(of_sentences), 2)
        figures["sentences_a_condition"] = len(chosen)
        path = options.checkpoint.with_suffix(".json")
        updated = dataclasses.asdict(dataclasses.replace(card, figures=figures))
        path.write_text(json.dumps(updated, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        registry.write_sums(path.parent)


if __name__ == "__main__":
    main()
