"""Make the sound and the faces of the start page from what ships: `python tools/make_start_page.py`.

Writes book/extra/start/voice.mp3 with the shipped voice, and one face a class from the shipped faces. Run it
again when a checkpoint or a face set changes.
"""

import sys
from pathlib import Path

import numpy as np

from deepsense_lib.book.markup import png
from deepsense_lib.datasets.faces import CLASSES, faces_available, load_faces
from deepsense_lib.files import write_atomically

TARGET = Path(__file__).resolve().parents[1] / "book" / "extra" / "start"
SENTENCE = "Please leave your name and the number of your room, and we will call you this evening."


def faces() -> None:
    """Write one face a class: well lit, in front view, as many different people as classes."""
    level = "colour" if "colour" in faces_available() else "lesson"
    found = load_faces(level, "test")
    # The clearest picture of each class: near the front, strong, nothing in front of the face.
    badness = np.abs(found.pose).sum(axis=1) - 10 * found.intensity + 100 * (found.occluder != "none")
    used: set[int] = set()
    for number, name in enumerate(CLASSES):
        order = [row for row in np.argsort(badness, kind="stable") if found.labels[row] == number]
        row = next((row for row in order if int(found.identity[row]) not in used), order[0])
        used.add(int(found.identity[row]))
        write_atomically(TARGET / f"{name}.png", png(found.images[row]))


def voice() -> None:
    """Write the sentence of the start page, read by the shipped voice."""
    from deepsense_lib.pipelines import speak
    from deepsense_lib.speech.audio import save

    samples, sample_rate = speak(SENTENCE)
    save(TARGET / "voice.mp3", samples, sample_rate, synthetic=True)


def main(names: list[str]) -> int:
    """Make the named parts, or both."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in names or ("faces", "voice"):
        {"faces": faces, "voice": voice}[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
