"""Make the sound and the faces of the start page from what ships: `python tools/make_start_page.py`.

Writes book/extra/start/voice.mp3 with the shipped voice, one face a class from the shipped faces, and
card.png, the picture that a link to the book shows elsewhere. Run it again when a checkpoint or a face set
changes.
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


def card() -> None:
    """Write the picture of a link, 1200 x 630 pixels: the title, the sound of the start page, its faces."""
    from matplotlib import pyplot as plt
    from PIL import Image

    from deepsense_lib.book.style import INK, PAPER, SEQUENTIAL, use_style
    from deepsense_lib.speech.audio import load
    from deepsense_lib.speech.features import log_mel

    use_style()
    figure = plt.figure(figsize=(12, 6.3), dpi=100, layout="none", facecolor=PAPER)
    figure.text(0.05, 0.84, "DeepSense", fontsize=54, weight="bold", color=INK)
    figure.text(0.05, 0.74, "Teach a computer to speak, and to read a face", fontsize=25, color=INK)
    sound = figure.add_axes((0.05, 0.4, 0.9, 0.28))
    sound.imshow(log_mel(load(TARGET / "voice.mp3")).T, origin="lower", aspect="auto", cmap=SEQUENTIAL)
    sound.set_axis_off()
    for number, name in enumerate(CLASSES):
        face = figure.add_axes((0.05 + number * 0.9 / 7, 0.08, 0.9 / 7 - 0.01, 0.27))
        face.imshow(np.asarray(Image.open(TARGET / f"{name}.png")))
        face.set_axis_off()
    figure.savefig(TARGET / "card.png")
    picture = Image.open(TARGET / "card.png").convert("RGB").quantize(200)
    picture.save(TARGET / "card.png", optimize=True)


def main(names: list[str]) -> int:
    """Make the named parts, or all."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in names or ("faces", "voice", "card"):
        {"faces": faces, "voice": voice, "card": card}[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
