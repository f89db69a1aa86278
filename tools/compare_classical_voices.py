"""Judge the voices from before deep learning, and the recordings, on the same unseen sentences.

    python tools/compare_classical_voices.py [--sentences 12]

Writes data/experiments/classical_voices.json: character errors of an outside recogniser, DNSMOS, and
mel-cepstral distortion (to the recording, after alignment). The recordings themselves give
the floor of the recogniser.
"""

import argparse
import json

import numpy as np
import torch
from judge_speech import Recogniser, SoundQuality, judge

from deepsense_lib.datasets.registry import data_dir, write_sums
from deepsense_lib.datasets.speech import load_english
from deepsense_lib.evaluation.speech import mel_cepstral_distortion
from deepsense_lib.pipelines import speak, voice
from deepsense_lib.speech.classical import lpc, rules, statistics, units
from deepsense_lib.speech.features import log_mel
from deepsense_lib.speech.phonemes import phonemize


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=12)
    count = parser.parse_args().sentences
    torch.set_num_threads(1)
    train, test = load_english("train"), load_english("test")[:count]
    sounds = [u.audio() for u in train]
    mels = [log_mel(s) for s in sounds]
    bank, trees = units.build(train, mels), statistics.train(train, mels)
    _, vocoder = voice()

    def from_units(u, joins=1.0):
        spoken = phonemize(u.text)
        chosen = units.select(bank, spoken.symbols, spoken.word_starts, joins=joins)
        return units.render(bank, chosen.units, sounds.__getitem__)

    def from_trees(u, **how):
        spoken = phonemize(u.text)
        curves = statistics.generate(trees, spoken.symbols, spoken.word_starts, **how)
        return vocoder.infer(torch.from_numpy(curves.log_mel), torch.from_numpy(curves.f0)).numpy()

    voices = {
        "recording": lambda u: u.audio(),
        "linear prediction of the recording": lambda u: lpc.decode(lpc.code(u.audio(), u.f0)),
        "formants by rule": lambda u: rules.say(u.text),
        "unit selection": from_units,
        "unit selection, deaf to joins": lambda u: from_units(u, joins=0.0),
        "statistics, steps": lambda u: from_trees(u, smooth=False),
        "statistics, MLPG": from_trees,
        "statistics, MLPG and variance": lambda u: from_trees(u, lively=1.0),
        "reference voice": lambda u: speak(u.text)[0],
    }
    recogniser, quality, texts = Recogniser(), SoundQuality(), [u.text for u in test]
    found = {}
    for name, say in voices.items():
        made = [say(u) for u in test]
        verdicts = judge(made, texts, recogniser, quality)
        pairs = [(log_mel(u.audio()), log_mel(m)) for u, m in zip(test, made, strict=True)]
        far = [mel_cepstral_distortion(*pair) for pair in pairs]
        found[name] = {
            "cer": round(float(np.mean([min(v.cer, 1) for v in verdicts])), 4),
            "dnsmos": round(float(np.mean([v.dnsmos for v in verdicts])), 3),
            "mcd_db": round(float(np.mean(far)), 3),
        }
        print(name, found[name], flush=True)
    folder = data_dir() / "experiments"
    result = {"sentences": len(test), "voices": found}
    (folder / "classical_voices.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    write_sums(folder)


if __name__ == "__main__":
    main()
