"""Speech synthesis against espeak-ng and one neural peer: seconds of computing for a second of speech.

All systems read the same sentences in turn, several rounds, in one process on one thread, so that a busy
machine slows them alike. The table shows the median real-time factor of each and its ratio to ours. A system
that is not installed is listed as such. `hibari-tts` comes with the extra `bench`; espeak-ng is a program of
its own and starts anew for each sentence, which is part of its time.
"""

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from deepsense_lib.datasets.speech import new_sentences
from deepsense_lib.pipelines import speak
from deepsense_lib.speech import audio

ROUNDS = 5


def ours(text: str) -> float:
    """Speak with the shipped voice and return the length in seconds."""
    samples, rate = speak(text)
    return len(samples) / rate


def espeak(text: str) -> float:
    """Speak with espeak-ng and return the length in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.wav"
        subprocess.run(["espeak-ng", "-w", str(path), text], check=True)
        return len(audio.load(path, None)) / audio.read_rate(path)


def hibari() -> Callable[[str], float]:
    """Return a function that speaks with hibari-tts and returns the length in seconds."""
    from hibari import Hibari

    synthesiser = Hibari(threads=1)
    return lambda text: len(synthesiser(text)) / 24000


def systems() -> dict[str, Callable[[str], float] | None]:
    """Return the systems by name; None stands for one that is not installed."""
    try:
        peer = hibari()
    except ImportError:
        peer = None
    return {
        "DeepSense (voice + vocoder)": ours,
        "espeak-ng": espeak if shutil.which("espeak-ng") else None,
        "hibari-tts": peer,
    }


def main() -> None:
    """Measure all systems and print the table."""
    torch.set_num_threads(1)
    sentences = new_sentences("in")[:10]
    present = {name: system for name, system in systems().items() if system}
    for system in present.values():
        system(sentences[0])
    factors = {name: [] for name in present}
    for _ in range(ROUNDS):
        for sentence in sentences:
            for name, system in present.items():
                start = time.perf_counter()
                seconds = system(sentence)
                factors[name].append((time.perf_counter() - start) / seconds)
    reference = statistics.median(factors["DeepSense (voice + vocoder)"])
    print(f"{'system':<30}{'real-time factor':>18}{'ratio to ours':>16}")
    for name in systems():
        if name in factors:
            median = statistics.median(factors[name])
            print(f"{name:<30}{median:>18.4f}{median / reference:>16.2f}")
        else:
            print(f"{name:<30}{'not installed':>18}")


if __name__ == "__main__":
    main()
